"""Write whether a generation of `generations: auto` is made: what validation said after the one before."""

from dissent.generation.stop import write_stop
from dissent.jobs import job

with job(snakemake):
    write_stop(snakemake.params.settings, before=snakemake.input[0], out=snakemake.output[0])
