"""Compare the pseudo-labels with hidden masks, where these exist."""

from dissent.generation.audit import audit
from dissent.jobs import job

with job(snakemake):
    audit(
        snakemake.params.settings,
        hidden=snakemake.input.hidden,
        masks=snakemake.input.masks,
        predictions=snakemake.input.predictions,
        out=snakemake.output[0],
    )
