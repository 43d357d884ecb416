"""Write the page that a person opens after a run."""

from dissent.jobs import job

with job(snakemake):
    from pathlib import Path

    from dissent.report.page import write_report

    folders = [str(Path(path).parent) for path in snakemake.input.controls]
    write_report(
        snakemake.params.settings,
        generations=[str(Path(path).parent) for path in snakemake.input.metrics],
        controls=dict(zip(snakemake.params.settings["controls"], folders, strict=True)),
        data={"unlabelled": snakemake.input.unlabelled, "hidden": snakemake.input.hidden},
        template=snakemake.input.template,
        out=snakemake.output[0],
    )
