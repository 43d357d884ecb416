"""Predict the unlabelled images with every teacher of the generation before."""

from dissent.runtime import cost, job
from dissent.runtime.devices import lease, prepare_process
from dissent.steps.cost import write_cost
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake), lease() as place:
    device = prepare_process(snakemake.params.settings["threads"], place.device).type
    from dissent.steps.predict import predict  # torch only now: the lease decides which card it sees

    with cost(device) as spent:
        done = predict(
            snakemake.params.settings,
            teachers=snakemake.input.teachers,
            unlabelled=snakemake.input.unlabelled,
            out=snakemake.output.folder,
            table=snakemake.output.table,
            device=device,
        )
    write_cost(snakemake.output.cost, spent, done, snakemake.input, snakemake.output)
