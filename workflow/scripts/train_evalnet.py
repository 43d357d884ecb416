"""Train one EvalNet, which rates masks."""

from pathlib import Path

from dissent.runtime import cost, events_of, job
from dissent.runtime.devices import lease, prepare_process
from dissent.runtime.student_cache import taken_over
from dissent.steps.cost import write_cost

settings, inputs, out = snakemake.params.settings, snakemake.input, Path(snakemake.output.model).parent
with job(snakemake), taken_over(settings, inputs, out) as state:
    if state is not None:
        with lease() as place:
            device = prepare_process(settings["threads"], place.device).type
            from dissent.steps.train_evalnet import train_evalnet  # torch only now: the lease decides what it sees

            with cost(device) as spent:
                done = train_evalnet(
                    settings,
                    pools=list(inputs.pools),
                    labelled=inputs.labelled,
                    val=inputs.val,
                    out=str(out),
                    state=str(state),
                    device=device,
                    checkpoint_seconds=snakemake.resources.checkpoint_seconds,
                    events=events_of(snakemake),
                )
            write_cost(snakemake.output.cost, spent, done, snakemake.input, snakemake.output)
