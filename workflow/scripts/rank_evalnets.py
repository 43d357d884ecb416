"""Rank the EvalNets of a run: the best of them rate."""

from dissent.generation.rank import rank_students
from dissent.jobs import job

with job(snakemake):
    rank_students(list(snakemake.input), out=snakemake.output[0], **snakemake.params.settings)
