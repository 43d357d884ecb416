"""Write the pairs of a generation as its students see them, for people."""

from dissent.runtime import job
from dissent.steps.show_pairs import show_pairs
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake):
    show_pairs(snakemake.params.settings, pairs=snakemake.input.pairs, out=snakemake.output[0])
