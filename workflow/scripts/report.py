"""Write the page that a person opens after a run."""

from dissent.runtime import job

with job(snakemake):
    from pathlib import Path

    from dissent.core.columns import SUBSETS
    from dissent.report.page import write_report

    inputs = snakemake.input
    folders = [str(Path(path).parent) for path in inputs.controls]
    write_report(
        snakemake.params.settings,
        generations=[str(Path(path).parent) for path in inputs.metrics],
        controls=dict(zip(snakemake.params.settings["controls"], folders, strict=True)),
        data={subset: getattr(inputs, subset) for subset in SUBSETS},
        templates=str(Path(inputs.templates[0]).parent),
        out=snakemake.output[0],
        browser=next(iter(inputs.browser), ""),
    )
