"""Add up what the jobs of a generation cost."""

from dissent.runtime import job
from dissent.steps.cost import add_costs

with job(snakemake):
    add_costs(list(snakemake.input), out=snakemake.output[0])
