# Studies: many methods, data sets and seeds as one table, and score against labels.


wildcard_constraints:
    study="[A-Za-z0-9_][A-Za-z0-9_-]*",


def cells_of(*files):
    """An input function: these files of every generation of every run of the study."""
    return lambda w: [path for run in friendly(PLAN.cells)(w.study) for path in PLAN.generations(run, *files)]


def labelled_of(w):
    """Tables of the labelled images of the study's runs."""
    return sorted({PLAN.side(run, "labelled") for run in friendly(PLAN.cells)(w.study)})


rule tabulate_study:
    input:
        templates=expand(f"{workflow.basedir}/workflow/report/{{name}}", name=["study.html.j2", "report.css"]),
        metrics=cells_of("metrics.json"),
        counts=cells_of("counts.csv"),
        costs=cells_of("cost.json"),
        labelled=labelled_of,
    output:
        html=report(
            "results/{study}/table.html",
            caption="../report/study.rst",
            category="Studies",
            labels={"study": "{study}"},
        ),
        md="results/{study}/table.md",
        csv="results/{study}/table.csv",
        tex="results/{study}/table.tex",
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
        metrics=cells_of("metrics.json"),
        counts=cells_of("counts.csv"),
        labelled=labelled_of,
    output:
        svg="results/{study}/labels.svg",
        png="results/{study}/labels.png",
        csv="results/{study}/labels.csv",
    log:
        "logs/{study}/plot_labels.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: friendly(tabulation)(PLAN.config, w.study, PLAN.code),
    script:
        "../scripts/plot_labels.py"
