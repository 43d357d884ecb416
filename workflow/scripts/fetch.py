"""Fetch the raw files of a public data set, or take those that lie there already."""

from dissent.datasets import fetch
from dissent.runtime import job

with job(snakemake):
    fetch(snakemake.params.dataset, raw=snakemake.params.raw, marker=snakemake.output[0])
