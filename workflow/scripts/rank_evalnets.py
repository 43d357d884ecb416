"""Rank the EvalNets of a run: the best of them rate."""

from dissent.runtime import job
from dissent.steps.rank_students import rank_students

with job(snakemake):
    params = snakemake.params.settings
    rank_students(list(snakemake.input), params["teachers"], params["score"], snakemake.output[0])
