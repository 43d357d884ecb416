"""Rank the EvalNets of a run: the best of them rate."""

from dissent.runtime import job
from dissent.steps.rank_students import rank_students

with job(snakemake):
    rank_students(list(snakemake.input), out=snakemake.output[0], **snakemake.params.settings)
