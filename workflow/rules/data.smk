# From raw files to prepared images, labels and splits. Nothing here knows a method.


rule fetch:
    output:
        "data/raw/{dataset}/fetched.json",
    log:
        "logs/data/{dataset}/fetch.log",
    params:
        dataset=lambda w: dataset_of(w).model_dump(mode="json"),
        raw=lambda w: f"data/raw/{w.dataset}",
    retries: 0
    conda:
        "../../envs/dissent.yaml"
    script:
        "../scripts/fetch.py"


rule prepare:
    input:
        lambda w: f"data/raw/{w.dataset}/fetched.json" if dataset_of(w).fetch else [],
    output:
        images=directory("data/{dataset}/images"),
        labels=directory("data/{dataset}/labels"),
        table="data/{dataset}/files.csv",
        about="data/{dataset}/dataset.json",
    log:
        "logs/data/{dataset}/prepare.log",
    params:
        dataset=lambda w: dataset_of(w).model_dump(mode="json", exclude={"splits", "free_rotation"}),
        raw=raw_of,
        digest=lambda w: raw_digest_of(w),
        code=code("datasets"),
    threads: 2
    conda:
        "../../envs/dissent.yaml"
    script:
        "../scripts/prepare.py"


rule split:
    input:
        table="data/{dataset}/files.csv",
        about="data/{dataset}/dataset.json",
    output:
        expand(
            "data/{{dataset}}/splits/{{split}}/{side}.csv",
            side=["labelled", "unlabelled", "val", "test", "hidden"],
        ),
    log:
        "logs/data/{dataset}/split.{split}.log",
    params:
        dataset=lambda w: dataset_of(w).model_dump(mode="json"),
        code=code("datasets"),
    conda:
        "../../envs/dissent.yaml"
    script:
        "../scripts/split.py"
