"""Write the page that a person opens after a run."""

from dissent.runtime import job

with job(snakemake):
    from pathlib import Path

    from dissent.core.columns import SIDES
    from dissent.report.page import write_report

    inputs = snakemake.input
    folders = [str(Path(path).parent) for path in inputs.controls]
    write_report(
        snakemake.params.settings,
        generations=[str(Path(path).parent) for path in inputs.metrics],
        controls=dict(zip(snakemake.params.settings["controls"], folders, strict=True)),
        data={side: getattr(inputs, side) for side in SIDES},
        templates=str(Path(inputs.templates[0]).parent),
        out=snakemake.output[0],
    )
