"""Compare the pseudo-labels with hidden masks, where these exist."""

from dissent.runtime import job
from dissent.steps.audit import audit
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake):
    audit(
        snakemake.params.settings,
        hidden=snakemake.input.hidden,
        masks=snakemake.input.masks,
        predictions=snakemake.input.predictions,
        out=snakemake.output[0],
    )
