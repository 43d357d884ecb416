"""Put the tables of a generation's shards together."""

from dissent.core.files import join_tables
from dissent.runtime import job

with job(snakemake):
    join_tables(list(snakemake.input), out=snakemake.output[0])
