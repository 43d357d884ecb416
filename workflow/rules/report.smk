# The page that a person opens: a run, its controls, and what its teachers doubted.


rule report:
    input:
        template=f"{workflow.basedir}/workflow/report/report.html.j2",
        metrics=lambda w: PLAN.generations(run_of(w), "metrics.json"),
        costs=lambda w: PLAN.generations(run_of(w), "cost.json"),
        audits=lambda w: PLAN.generations(run_of(w), "audit.json"),
        controls=lambda w: PLAN.controls(run_of(w), "metrics.json"),
        control_costs=lambda w: PLAN.controls(run_of(w), "cost.json"),
        unlabelled=side("unlabelled"),
        hidden=side("hidden"),
    output:
        report("results/{run}/report.html", category="runs"),
    log:
        "logs/{run}/report.log",
    conda:
        "../../envs/dissent.yaml"
    params:
        settings=lambda w: slices.report(run_of(w), PLAN.config.controls(w.run)),
    script:
        "../scripts/report.py"
