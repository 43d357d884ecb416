"""Divide the images of a data set into labelled, unlabelled, validation and test ones."""

from pathlib import Path

from dissent.datasets import split
from dissent.runtime import job

with job(snakemake):
    split(
        snakemake.params.dataset,
        split=snakemake.wildcards.split,
        folder=str(Path(snakemake.input.about).parent),
        out=str(Path(snakemake.output[0]).parent),
    )
