"""Write whether a generation of `generations: auto` is made: what validation said after the one before."""

from dissent.runtime import job
from dissent.steps.decide import write_stop

with job(snakemake):
    write_stop(snakemake.params.settings, before=snakemake.input[0], out=snakemake.output[0])
