# Methods that rate masks before they learn from them: networks that learn to rate, thresholds, and the ratings.


localrules:
    rank_evalnets,


rule train_evalnet:
    input:
        pools=lambda w: friendly(PLAN.quality_pools)(run_of(w)),
        labelled=subset("labelled"),
        val=subset("val"),
    output:
        model="results/{run}/evalnets/{i}/model.safetensors",
        about="results/{run}/evalnets/{i}/model.json",
        history="results/{run}/evalnets/{i}/history.csv",
        metrics="results/{run}/evalnets/{i}/metrics.json",
        cost="results/{run}/evalnets/{i}/cost.json",
    log:
        "logs/{run}/evalnets/train.{i}.log",
    conda:
        "../../envs/dissent.yaml"
    threads: lambda w: run_of(w).evalnet.resources.threads
    resources:
        gpu=1,
        mem_mb=asked("mem_mb", to_train_evalnet),
        runtime=asked("runtime", to_train_evalnet, grows=False),
        checkpoint_seconds=lambda w: run_of(w).evalnet.resources.checkpoint_seconds,
        tensorboard=lambda w: int(run_of(w).evalnet.resources.tensorboard),
    params:
        settings=lambda w: rule_params.evalnet(run_of(w), int(w.i), PLAN.code),
    script:
        "../scripts/train_evalnet.py"


rule rank_evalnets:
    input:
        lambda w: PLAN.evalnets(run_of(w), "model.safetensors", "model.json", "metrics.json"),
    output:
        "results/{run}/evalnets/evalnets.json",
    log:
        "logs/{run}/evalnets/rank.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.ranking_evalnets(run_of(w), PLAN.code),
    script:
        "../scripts/rank_evalnets.py"


rule measure_thresholds:
    input:
        pools=lambda w: friendly(PLAN.quality_pools)(run_of(w)),
        val=subset("val"),
    output:
        "results/{run}/evalnets/thresholds.json",
    log:
        "logs/{run}/evalnets/thresholds.log",
    conda:
        "../../envs/dissent.yaml"
    threads: threads_of
    resources:
        gpu=1,
        mem_mb=asked("mem_mb", to_measure),
        runtime=asked("runtime", to_measure),
    params:
        settings=lambda w: rule_params.thresholds(run_of(w), PLAN.code),
    script:
        "../scripts/measure_thresholds.py"


rule score_pairs:
    input:
        table=lambda w: PLAN.rated(run_of(w), int(w.g)),
        unlabelled=subset("unlabelled"),
        thresholds="results/{run}/evalnets/thresholds.json",
        evalnets=lambda w: f"results/{w.run}/evalnets/evalnets.json" if run_of(w).evalnet else [],
        hidden=lambda w: [] if run_of(w).evalnet else subset("hidden")(w),
        stop=ancient(stop_of),
    output:
        table="results/{run}/gen{g}/scores.csv",
        seal="results/{run}/gen{g}/scores.json",
        cost="results/{run}/gen{g}/costs/score_pairs.json",
    log:
        "logs/{run}/gen{g}/score_pairs.log",
    conda:
        "../../envs/dissent.yaml"
    threads: threads_of
    resources:
        gpu=1,
        mem_mb=asked("mem_mb", to_rate),
        runtime=asked("runtime", to_rate),
    params:
        settings=lambda w: rule_params.rating(run_of(w), PLAN.code),
    script:
        "../scripts/score_pairs.py"
