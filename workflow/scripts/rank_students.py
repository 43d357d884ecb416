"""Rank a generation's students by their validation score."""

from dissent.generation.rank import rank_students
from dissent.jobs import job

with job(snakemake):
    rank_students(list(snakemake.input), out=snakemake.output[0], **snakemake.params.settings)
