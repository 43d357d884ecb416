"""Rate the masks of unlabelled images before pairs are made of them."""

from dissent.runtime import cost, job
from dissent.runtime.devices import lease, prepare_process
from dissent.steps.cost import write_cost
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake), lease() as place:
    device = prepare_process(snakemake.params.settings["threads"], place.device).type
    from dissent.steps.score_pairs import score_pairs  # torch only now: the lease decides which card it sees

    with cost(device) as spent:
        done = score_pairs(
            snakemake.params.settings,
            table=snakemake.input.table,
            unlabelled=snakemake.input.unlabelled,
            thresholds=snakemake.input.thresholds,
            evalnets=snakemake.input.evalnets or None,
            hidden=snakemake.input.hidden or None,
            out=snakemake.output.table,
            device=device,
        )
    write_cost(snakemake.output.cost, spent, done, snakemake.input, snakemake.output)
