"""Write the pairs of a generation as its students see them, for people."""

from dissent.generation.show import show_pairs
from dissent.jobs import job

with job(snakemake):
    show_pairs(snakemake.params.settings, pairs=snakemake.input.pairs, out=snakemake.output[0])
