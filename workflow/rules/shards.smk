# The unlabelled images in parts, each a job of its own (`shards` of an experiment): the same bytes as in one piece.


rule predict_shard:
    input:
        teachers=teachers_of,
        unlabelled=subset("unlabelled"),
        stop=ancient(stop_of),
    output:
        folder=directory("results/{run}/gen{g}/predictions/shard{s}"),
        table="results/{run}/gen{g}/predictions/shard{s}.csv",
        seal="results/{run}/gen{g}/predictions/shard{s}.json",
        cost="results/{run}/gen{g}/costs/predict/shard{s}.json",
    log:
        "logs/{run}/gen{g}/predict.shard{s}.log",
    conda:
        "../../envs/dissent.yaml"
    threads: threads_of
    resources:
        gpu=1,
        mem_mb=asked("mem_mb", to_predict),
        runtime=asked("runtime", to_predict),
    params:
        settings=lambda w: rule_params.prediction(run_of(w), int(w.g), PLAN.code, int(w.s)),
    script:
        "../scripts/predict.py"


rule build_masks_shard:
    input:
        predictions="results/{run}/gen{g}/predictions/shard{s}.csv",
        scores=lambda w: PLAN.scores(run_of(w), int(w.g), "predictions"),
        previous=lambda w: f"results/{w.run}/gen{int(w.g) - 1}/masks/shard{w.s}.csv" if int(w.g) > 1 else [],
        unlabelled=subset("unlabelled"),
        stop=ancient(stop_of),
    output:
        consensus=directory("results/{run}/gen{g}/masks/shard{s}/consensus"),
        inconsistency=directory("results/{run}/gen{g}/masks/shard{s}/inconsistency"),
        overlay=directory("results/{run}/gen{g}/masks/shard{s}/overlay"),
        table="results/{run}/gen{g}/masks/shard{s}.csv",
        seal="results/{run}/gen{g}/masks/shard{s}.json",
        cost="results/{run}/gen{g}/costs/build_masks/shard{s}.json",
    log:
        "logs/{run}/gen{g}/build_masks.shard{s}.log",
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


rule join_shards:
    input:
        lambda w: PLAN.shard_tables(run_of(w), int(w.g), w.table),
    output:
        "results/{run}/gen{g}/{table}.csv",
        seal="results/{run}/gen{g}/{table}.json",
    log:
        "logs/{run}/gen{g}/join_shards.{table}.log",
    wildcard_constraints:
        table="predictions|masks",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.joining(PLAN.code),
    script:
        "../scripts/join_shards.py"


# of a run with shards the table is theirs joined; of one without, join_shards has no input and the other makes it
ruleorder: join_shards > predict
ruleorder: join_shards > build_masks
