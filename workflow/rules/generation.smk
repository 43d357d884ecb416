# One generation: predict with the best students of the one before, find agreement and doubt, assemble pairs, learn.


# seconds of small tables: not worth a place in the queue of a cluster
localrules:
    decide,
    rank_students,
    cost,


rule decide:
    # of `generations: auto`: whether validation says that this generation is to be made. Who trains takes the answer as
    # `ancient`: a score that is computed anew trains nothing anew; another patience does, as the file has another name
    input:
        lambda w: f"results/{w.run}/gen{int(w.g) - 1}/metrics.json",
    output:
        "results/{run}/gen{g}/stop.{patience}.json",
    log:
        "logs/{run}/gen{g}/decide.{patience}.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.deciding(run_of(w), PLAN.code),
    script:
        "../scripts/decide.py"


rule read_teacher:
    # the first job after the split: what is wrong with these masks is told before anything is trained
    input:
        files=lambda w: f"data/{run_of(w).dataset_name}/files.csv",
        unlabelled=subset("unlabelled"),
        val=subset("val"),
    output:
        folder=directory("results/{run}/external/{teacher}"),
        table="results/{run}/external/{teacher}.csv",
        seal="results/{run}/external/{teacher}.json",
    log:
        "logs/{run}/read_teacher.{teacher}.log",
    priority: 1
    conda:
        "../../envs/dissent.yaml"
    threads: 2
    resources:
        mem_mb=asked("mem_mb", to_read),
        runtime=asked("runtime", to_read),
    params:
        settings=lambda w: friendly(outside.settings)(run_of(w), w.teacher, PLAN.code),
    script:
        "../scripts/read_teacher.py"


rule predict:
    input:
        teachers=teachers_of,
        unlabelled=subset("unlabelled"),
        stop=ancient(stop_of),
    output:
        folder=directory("results/{run}/gen{g}/predictions"),
        table="results/{run}/gen{g}/predictions.csv",
        seal="results/{run}/gen{g}/predictions.json",
        cost="results/{run}/gen{g}/costs/predict.json",
    log:
        "logs/{run}/gen{g}/predict.log",
    conda:
        "../../envs/dissent.yaml"
    threads: threads_of
    resources:
        gpu=1,
        mem_mb=asked("mem_mb", to_predict),
        runtime=asked("runtime", to_predict),
    params:
        settings=lambda w: rule_params.prediction(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/predict.py"


rule build_masks:
    input:
        predictions="results/{run}/gen{g}/predictions.csv",
        scores=lambda w: PLAN.scores(run_of(w), int(w.g), "predictions"),
        previous=lambda w: f"results/{w.run}/gen{int(w.g) - 1}/masks.csv" if int(w.g) > 1 else [],
        unlabelled=subset("unlabelled"),
        stop=ancient(stop_of),
    output:
        consensus=directory("results/{run}/gen{g}/masks/consensus"),
        inconsistency=directory("results/{run}/gen{g}/masks/inconsistency"),
        overlay=directory("results/{run}/gen{g}/masks/overlay"),
        table="results/{run}/gen{g}/masks.csv",
        seal="results/{run}/gen{g}/masks.json",
        cost="results/{run}/gen{g}/costs/build_masks.json",
    log:
        "logs/{run}/gen{g}/build_masks.log",
    conda:
        "../../envs/dissent.yaml"
    threads: 2
    resources:
        mem_mb=asked("mem_mb", to_mask),
        runtime=asked("runtime", to_mask),
    params:
        settings=lambda w: rule_params.masks(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/build_masks.py"


rule assemble_pairs:
    input:
        labelled=subset("labelled"),
        unlabelled=subset("unlabelled"),
        masks=lambda w: f"results/{w.run}/gen{w.g}/masks.csv" if int(w.g) else [],
        scores=lambda w: PLAN.scores(run_of(w), int(w.g), "masks"),
        hidden=lambda w: PLAN.hidden(run_of(w), int(w.g)),
        stop=ancient(stop_of),
    output:
        "results/{run}/gen{g}/pairs.csv",
        seal="results/{run}/gen{g}/pairs.json",
    log:
        "logs/{run}/gen{g}/assemble_pairs.log",
    conda:
        "../../envs/dissent.yaml"
    resources:
        mem_mb=asked("mem_mb", to_assemble),
        runtime=asked("runtime", to_assemble),
    params:
        settings=lambda w: rule_params.pairs(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/assemble_pairs.py"


rule train:
    input:
        pairs="results/{run}/gen{g}/pairs.csv",
        unlabelled=subset("unlabelled"),
        val=subset("val"),
        prepared=ancient(levels_of),
        stop=ancient(stop_of),
    output:
        model="results/{run}/gen{g}/students/{i}/model.safetensors",
        about="results/{run}/gen{g}/students/{i}/model.json",
        history="results/{run}/gen{g}/students/{i}/history.csv",
        metrics="results/{run}/gen{g}/students/{i}/metrics.json",
        cost="results/{run}/gen{g}/students/{i}/cost.json",
    log:
        "logs/{run}/gen{g}/train.{i}.log",
    conda:
        "../../envs/dissent.yaml"
    threads: lambda w: threads_of(w) * run_of(w).network.resources.gpus
    resources:
        gpu=lambda w: run_of(w).network.resources.gpus,
        mem_mb=asked("mem_mb", to_train),
        runtime=asked("runtime", to_train, grows=False),  # what ran out of time goes on from its checkpoint
        checkpoint_seconds=lambda w: run_of(w).network.resources.checkpoint_seconds,
        tensorboard=lambda w: int(run_of(w).network.resources.tensorboard),
    params:
        settings=lambda w: rule_params.student(run_of(w), int(w.g), int(w.i), PLAN.code),
    script:
        "../scripts/train.py"


rule rank_students:
    input:
        students=lambda w: PLAN.students(run_of(w), int(w.g), "model.safetensors", "model.json", "metrics.json"),
        outside=lambda w: outside.tables(run_of(w)),
        val=lambda w: subset("val")(w) if run_of(w).external_teachers else [],
        stop=ancient(stop_of),
    output:
        "results/{run}/gen{g}/teachers.json",
    log:
        "logs/{run}/gen{g}/rank_students.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.ranking(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/rank_students.py"


rule evaluate:
    input:
        teachers="results/{run}/gen{g}/teachers.json",
        about=lambda w: f"data/{run_of(w).dataset_name}/dataset.json",
        labelled=subset("labelled"),
        unlabelled=subset("unlabelled"),
        val=subset("val"),
        test=subset("test"),
        masks=lambda w: f"results/{w.run}/gen{w.g}/masks.csv" if int(w.g) else [],
        earlier=lambda w: PLAN.earlier(run_of(w), int(w.g)),
        stop=stop_of,
    output:
        metrics="results/{run}/gen{g}/metrics.json",
        counts="results/{run}/gen{g}/counts.csv",
        examples=directory("results/{run}/gen{g}/examples"),
        readme="results/{run}/gen{g}/README.md",
        cost="results/{run}/gen{g}/costs/evaluate.json",
    log:
        "logs/{run}/gen{g}/evaluate.log",
    conda:
        "../../envs/dissent.yaml"
    threads: threads_of
    resources:
        gpu=1,
        mem_mb=asked("mem_mb", to_evaluate),
        runtime=asked("runtime", to_evaluate),
    params:
        settings=lambda w: rule_params.evaluation(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/evaluate.py"


rule cost:
    input:
        lambda w: PLAN.costs(run_of(w), int(w.g)),
    output:
        "results/{run}/gen{g}/cost.json",
    log:
        "logs/{run}/gen{g}/cost.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.costing(PLAN.code),
    script:
        "../scripts/cost.py"


rule audit:
    # after training, and nothing trains on what it says: hidden masks are read here and by upper bounds alone
    input:
        teachers="results/{run}/gen{g}/teachers.json",
        hidden=subset("hidden"),
        masks="results/{run}/gen{g}/masks.csv",
        predictions="results/{run}/gen{g}/predictions.csv",
        stop=stop_of,
    output:
        "results/{run}/gen{g}/audit.json",
    log:
        "logs/{run}/gen{g}/audit.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.auditing(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/audit.py"


rule show_pairs:
    # on request: the pairs as a student sees them
    input:
        pairs="results/{run}/gen{g}/pairs.csv",
        stop=ancient(stop_of),
    output:
        directory("results/{run}/gen{g}/pairs"),
    log:
        "logs/{run}/gen{g}/show_pairs.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.showing(run_of(w), int(w.g), PLAN.code),
    script:
        "../scripts/show_pairs.py"
