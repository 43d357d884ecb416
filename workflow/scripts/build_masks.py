"""Find where the teachers agree (consensus) and where they do not (inconsistency)."""

from dissent.runtime import cost, job
from dissent.steps.build_masks import build_masks
from dissent.steps.cost import write_cost
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake), cost() as spent:
    done = build_masks(
        snakemake.params.settings,
        predictions=snakemake.input.predictions,
        scores=snakemake.input.scores or None,
        previous=snakemake.input.previous or None,
        consensus=snakemake.output.consensus,
        inconsistency=snakemake.output.inconsistency,
        table=snakemake.output.table,
        images=snakemake.input.unlabelled,
        overlay=snakemake.output.overlay,
    )
    write_cost(snakemake.output.cost, spent, done, snakemake.input, snakemake.output)
