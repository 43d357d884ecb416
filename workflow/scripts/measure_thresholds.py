"""Measure between which qualities a method tells masks apart."""

from dissent.runtime import job
from dissent.runtime.devices import lease, prepare_process

with job(snakemake), lease() as place:
    device = prepare_process(snakemake.params.settings["threads"], place.device).type
    from dissent.steps.train_evalnet import measure_thresholds  # torch only now: the lease decides which card it sees

    measure_thresholds(
        snakemake.params.settings,
        pools=list(snakemake.input.pools),
        val=snakemake.input.val,
        out=snakemake.output[0],
        device=device,
    )
