# The pages that a person opens: a run beside its controls, and each of its images with what its teachers doubted.


rule browse:
    # hidden masks are shown to people here, as in the report: nothing learns from this page
    input:
        templates=expand(f"{workflow.basedir}/workflow/report/browse.{{kind}}", kind=["html.j2", "css", "js"]),
        metrics=lambda w: PLAN.generations(run_of(w), "metrics.json"),
        tables=lambda w: PLAN.generations(run_of(w), "predictions.csv", "masks.csv", "counts.csv", "cost.json"),
        controls=lambda w: PLAN.controls(run_of(w), "metrics.json"),
        control_tables=lambda w: PLAN.controls(run_of(w), "counts.csv"),
        control_costs=lambda w: PLAN.control_costs(run_of(w)),
        files=lambda w: f"data/{run_of(w).dataset_name}/files.csv",
        labelled=subset("labelled"),
        unlabelled=subset("unlabelled"),
        val=subset("val"),
        hidden=subset("hidden"),
    output:
        page="results/{run}/browse.html",
        folder=directory("results/{run}/browse"),
    log:
        "logs/{run}/browse.log",
    conda:
        "../../envs/dissent.yaml"
    threads: threads_of
    resources:
        mem_mb=asked("mem_mb", to_browse),
        runtime=asked("runtime", to_browse),
    params:
        settings=lambda w: browsing.settings(run_of(w), PLAN.config.controls(w.run), PLAN.code),
    script:
        "../scripts/browse.py"


rule report:
    input:
        templates=expand(f"{workflow.basedir}/workflow/report/report.{{kind}}", kind=["html.j2", "css", "js"]),
        metrics=lambda w: PLAN.generations(run_of(w), "metrics.json"),
        browser=lambda w: browsing.page(run_of(w)),
        tables=lambda w: PLAN.generations(
            run_of(w), "counts.csv", "teachers.json", "cost.json", "predictions.csv", "masks.csv", "audit.json"
        ),
        controls=lambda w: PLAN.controls(run_of(w), "metrics.json"),
        control_tables=lambda w: PLAN.controls(run_of(w), "counts.csv", "teachers.json"),
        control_costs=lambda w: PLAN.control_costs(run_of(w)),
        labelled=subset("labelled"),
        unlabelled=subset("unlabelled"),
        val=subset("val"),
        test=subset("test"),
        hidden=subset("hidden"),
    output:
        report(
            "results/{run}/report.html",
            caption="../report/report.rst",
            category="Runs",
            labels=lambda w: {
                "experiment": run_of(w).experiment,
                "method": run_of(w).method_name,
                "seed": run_of(w).seed,
            },
        ),
    log:
        "logs/{run}/report.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: rule_params.report(run_of(w), PLAN.config.controls(w.run), PLAN.code, PLAN.config),
    script:
        "../scripts/report.py"
