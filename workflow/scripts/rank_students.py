"""Rank a generation's students by their validation score."""

from dissent.runtime import job
from dissent.steps.external_teachers import scored
from dissent.steps.rank_students import rank_students
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake):
    params, inputs = snakemake.params.settings, snakemake.input
    external = scored(list(inputs.outside), inputs.val or None, params["task"], params["score"])
    rank_students(list(inputs.students), params["teachers"], params["score"], snakemake.output[0], external)
