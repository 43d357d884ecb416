# Studies: many methods, data sets and seeds as one table, and score against labels.


wildcard_constraints:
    study="[A-Za-z0-9_][A-Za-z0-9_-]*",


rule tabulate_study:
    input:
        templates=expand(f"{workflow.basedir}/workflow/report/{{name}}", name=["study.html.j2", "report.css"]),
        metrics=lambda w: friendly(PLAN.of_study)(w.study, "metrics.json"),
        counts=lambda w: friendly(PLAN.of_study)(w.study, "counts.csv"),
        costs=lambda w: friendly(PLAN.of_study)(w.study, "cost.json"),
        labelled=lambda w: friendly(PLAN.labelled)(w.study),
    output:
        html=report(
            "results/studies/{study}/table.html",
            caption="../report/study.rst",
            category="Studies",
            labels={"study": "{study}"},
        ),
        md="results/studies/{study}/table.md",
        csv="results/studies/{study}/table.csv",
        tex="results/studies/{study}/table.tex",
        json="results/studies/{study}/table.json",
    log:
        "logs/{study}/tabulate_study.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: friendly(tabulation)(PLAN.config, w.study, PLAN.code),
    script:
        "../scripts/tabulate_study.py"


rule plot_labels:
    input:
        metrics=lambda w: friendly(PLAN.of_study)(w.study, "metrics.json"),
        counts=lambda w: friendly(PLAN.of_study)(w.study, "counts.csv"),
        labelled=lambda w: friendly(PLAN.labelled)(w.study),
    output:
        svg="results/studies/{study}/labels.svg",
        png="results/studies/{study}/labels.png",
        csv="results/studies/{study}/labels.csv",
        json="results/studies/{study}/labels.json",
    log:
        "logs/{study}/plot_labels.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: friendly(tabulation)(PLAN.config, w.study, PLAN.code, "plot_labels"),
    script:
        "../scripts/plot_labels.py"
