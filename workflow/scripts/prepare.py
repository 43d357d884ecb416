"""Prepare the images and labels of a data set from its raw files."""

from pathlib import Path

from dissent.datasets import prepare
from dissent.jobs import job

with job(snakemake):
    prepare(
        snakemake.params.dataset,
        name=snakemake.wildcards.dataset,
        raw=snakemake.params.raw,
        out=str(Path(snakemake.output.about).parent),
        threads=snakemake.threads,
    )
