"""Rank a generation's students by their validation score."""

from dissent.generation.rank import rank_students
from dissent.generation.stopped import unless_stopped
from dissent.jobs import job

with job(snakemake), unless_stopped(snakemake):
    rank_students(list(snakemake.input.students), out=snakemake.output[0], **snakemake.params.settings)
