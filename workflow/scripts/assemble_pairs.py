"""Assemble the pairs that a generation's students learn from."""

from dissent.runtime import job
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake):
    assemble_pairs(
        snakemake.params.settings,
        labelled=snakemake.input.labelled,
        masks=snakemake.input.masks or None,
        unlabelled=snakemake.input.unlabelled,
        scores=snakemake.input.scores or None,
        hidden=snakemake.input.hidden or None,
        out=snakemake.output[0],
    )
