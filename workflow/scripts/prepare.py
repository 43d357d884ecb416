"""Prepare the images and labels of a data set from its raw files."""

from pathlib import Path

from dissent.datasets import prepare
from dissent.datasets.made import remember
from dissent.runtime import job

with job(snakemake):
    out, settings = Path(snakemake.output.about).parent, snakemake.params.settings
    prepare(
        settings["dataset"],
        name=snakemake.wildcards.dataset,
        raw=settings["raw"],
        out=str(out),
        threads=snakemake.threads,
    )
    remember(out, settings)
