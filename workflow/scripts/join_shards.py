"""Put the tables of a generation's shards together."""

from dissent.files import join_tables
from dissent.jobs import job

with job(snakemake):
    join_tables(list(snakemake.input), out=snakemake.output[0])
