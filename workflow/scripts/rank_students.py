"""Rank a generation's students by their validation score."""

from dissent.runtime import job
from dissent.steps.rank_students import rank_students
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake):
    params = snakemake.params.settings
    rank_students(list(snakemake.input.students), params["teachers"], params["score"], snakemake.output[0])
