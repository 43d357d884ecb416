"""Write the pairs of a generation as its students see them, for people."""

from dissent.generation.show import show_pairs
from dissent.generation.stopped import unless_stopped
from dissent.jobs import job

with job(snakemake), unless_stopped(snakemake):
    show_pairs(snakemake.params.settings, pairs=snakemake.input.pairs, out=snakemake.output[0])
