# From raw files to prepared images, labels and splits. Nothing here knows a method.


# nodes of a cluster seldom reach the internet
localrules:
    fetch,


rule fetch:
    output:
        "data/raw/{raw}/fetched.json",
    log:
        "logs/data/{raw}/fetch.log",
    retries: 0
    conda:
        "../../envs/dissent.yaml"
    params:
        dataset=lambda w: friendly(PLAN.fetched)(f"data/raw/{w.raw}"),
        raw="data/raw/{raw}",
    script:
        "../scripts/fetch.py"


rule prepare:
    input:
        to_prepare,
    output:
        images=directory("data/{dataset}/images"),
        labels=directory("data/{dataset}/labels"),
        table="data/{dataset}/files.csv",
        about="data/{dataset}/dataset.json",
    log:
        "logs/data/{dataset}/prepare.log",
    retries: 0
    conda:
        "../../envs/dissent.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=720,
    params:
        settings=lambda w: friendly(PLAN.preparing)(w.dataset),
    script:
        "../scripts/prepare.py"


rule split:
    input:
        table="data/{dataset}/files.csv",
        about="data/{dataset}/dataset.json",
        lists=lambda w: friendly(PLAN.lists)(w.dataset, w.split),
    output:
        expand(
            "data/{{dataset}}/splits/{{split}}/{subset}.csv",
            subset=SUBSETS,
        ),
        seal="data/{dataset}/splits/{split}/split.json",
    log:
        "logs/data/{dataset}/split.{split}.log",
    retries: 0
    conda:
        "../../envs/dissent.yaml"
    resources:
        mem_mb=lambda w, input: demand.listing(demand.rows_about(input.table)).mem_mb,
        runtime=lambda w, input: demand.listing(demand.rows_about(input.table)).runtime,
    params:
        dataset=lambda w: friendly(PLAN.dividing)(w.dataset, w.split),
        code=lambda w: PLAN.code("split"),
    script:
        "../scripts/split.py"
