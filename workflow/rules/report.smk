# The page that a person opens: a run, its controls, and what its teachers doubted.


rule report:
    input:
        template=workflow.basedir + "/workflow/report/report.html.j2",
        metrics=lambda w: generation_files(w, "metrics.json"),
        costs=lambda w: generation_files(w, "cost.json"),
        audits=lambda w: generation_files(w, "audit.json"),
        controls=lambda w: control_files(w, "metrics.json"),
        control_costs=lambda w: control_files(w, "cost.json"),
        unlabelled=side("unlabelled"),
        hidden=side("hidden"),
    output:
        report("results/{run}/report.html", category="runs"),
    log:
        "logs/{run}/report.log",
    params:
        settings=lambda w: slices.report(run_of(w), CONFIG.controls(w.run)),
    conda:
        "../../envs/dissent.yaml"
    script:
        "../scripts/report.py"
