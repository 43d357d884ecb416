"""Write the page on which a person looks through the images of a run."""

from dissent.runtime import job

with job(snakemake):
    from pathlib import Path

    from dissent.report.browse import write_browser

    inputs = snakemake.input
    folders = [str(Path(path).parent) for path in inputs.controls]
    write_browser(
        snakemake.params.settings,
        generations=[str(Path(path).parent) for path in inputs.metrics],
        data={subset: getattr(inputs, subset) for subset in ("labelled", "unlabelled", "val", "hidden")},
        files=inputs.files,
        templates=str(Path(inputs.templates[0]).parent),
        out=snakemake.output.page,
        controls=dict(zip(snakemake.params.settings["controls"], folders, strict=True)),
    )
