"""Prepare the images and labels of a data set from its raw files."""

from pathlib import Path

from dissent.datasets import prepare
from dissent.datasets.made import remember
from dissent.runtime import job

with job(snakemake):
    out = Path(snakemake.output.about).parent
    prepare(
        snakemake.params.dataset,
        name=snakemake.wildcards.dataset,
        raw=snakemake.params.raw,
        out=str(out),
        threads=snakemake.threads,
    )
    remember(out, snakemake.params)
