"""Train one student of a generation."""

from pathlib import Path

from dissent.runtime import cost, events_of, job
from dissent.runtime.devices import lease, prepare_process
from dissent.runtime.student_cache import taken_over
from dissent.steps.cost import write_cost
from dissent.steps.levels import with_levels
from dissent.steps.skipped import unless_stopped

inputs, out = snakemake.input, Path(snakemake.output.model).parent
seen = [inputs.pairs, inputs.unlabelled, inputs.val]
with job(snakemake), unless_stopped(snakemake):
    settings = with_levels(snakemake.params.settings, inputs.prepared)
    with taken_over(settings, seen, out) as state:
        if state is not None:
            with lease(cards := int(snakemake.resources.gpu)) as place:
                device = prepare_process(settings["threads"], place.device).type
                from dissent.steps.train import train_student  # torch only now: the lease decides what it sees

                with cost(device) as spent:
                    done = train_student(
                        settings,
                        pairs=inputs.pairs,
                        val=inputs.val,
                        unlabelled=inputs.unlabelled,
                        out=str(out),
                        state=str(state),
                        device=device,
                        checkpoint_seconds=snakemake.resources.checkpoint_seconds,
                        cards=cards if device == "cuda" else 1,
                        events=events_of(snakemake),
                    )
                write_cost(snakemake.output.cost, spent, done, snakemake.input, snakemake.output)
