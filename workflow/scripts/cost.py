"""Add up what the jobs of a generation cost."""

from dissent.generation.cost import add_costs
from dissent.jobs import job

with job(snakemake):
    add_costs([*snakemake.input.students, *snakemake.input.jobs], out=snakemake.output[0])
