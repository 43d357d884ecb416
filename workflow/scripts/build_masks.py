"""Find where the teachers agree (consensus) and where they do not (inconsistency)."""

from dissent.generation.cost import write_cost
from dissent.generation.masks import build_masks
from dissent.generation.stopped import unless_stopped
from dissent.jobs import cost, job

with job(snakemake), unless_stopped(snakemake), cost() as spent:
    done = build_masks(
        snakemake.params.settings,
        predictions=snakemake.input.predictions,
        scores=snakemake.input.scores or None,
        previous=snakemake.input.previous or None,
        consensus=snakemake.output.consensus,
        inconsistency=snakemake.output.inconsistency,
        table=snakemake.output.table,
    )
    write_cost(snakemake.output.cost, spent, done)
