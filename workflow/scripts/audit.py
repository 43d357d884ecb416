"""Compare the pseudo-labels with hidden masks, where these exist."""

from dissent.generation.audit import audit
from dissent.generation.stopped import unless_stopped
from dissent.jobs import job

with job(snakemake), unless_stopped(snakemake):
    audit(
        snakemake.params.settings,
        hidden=snakemake.input.hidden,
        masks=snakemake.input.masks,
        predictions=snakemake.input.predictions,
        out=snakemake.output[0],
    )
