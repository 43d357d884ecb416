"""Train one student of a generation."""

from dissent.devices import lease, prepare_process
from dissent.generation.cost import write_cost
from dissent.jobs import cost, job

with job(snakemake), lease() as place, cost(place.device) as spent:
    device = prepare_process(snakemake.params.settings["threads"], place.device).type
    from pathlib import Path

    from dissent.generation.student import train_student  # torch only now: the lease decides which card it sees

    done = train_student(
        snakemake.params.settings,
        pairs=snakemake.input.pairs,
        val=snakemake.input.val,
        unlabelled=snakemake.input.unlabelled,
        out=str(Path(snakemake.output.model).parent),
        state=f"work/state/{snakemake.wildcards.run}/gen{snakemake.wildcards.g}/{snakemake.wildcards.i}",
        device=device,
        checkpoint_seconds=snakemake.resources.checkpoint_seconds,
    )
    write_cost(snakemake.output.cost, spent, done)
