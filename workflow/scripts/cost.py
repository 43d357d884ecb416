"""Add up what the jobs of a generation cost."""

from dissent.generation.cost import add_costs
from dissent.jobs import job

with job(snakemake):
    add_costs(list(snakemake.input), out=snakemake.output[0])
