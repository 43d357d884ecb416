"""Score a generation's students on validation and test images."""

from pathlib import Path

from dissent.runtime import cost, job
from dissent.runtime.devices import lease, prepare_process
from dissent.steps.cost import write_cost
from dissent.steps.skipped import unless_stopped

with job(snakemake), unless_stopped(snakemake), lease() as place:
    device = prepare_process(snakemake.params.settings["threads"], place.device).type
    from dissent.steps.evaluate import evaluate  # torch only now: the lease decides which card it sees

    with cost(device) as spent:
        done = evaluate(
            snakemake.params.settings,
            teachers=snakemake.input.teachers,
            subsets={"val": snakemake.input.val, "test": snakemake.input.test},
            masks=snakemake.input.masks or None,
            labelled=snakemake.input.labelled,
            about=snakemake.input.about,
            out=snakemake.output.metrics,
            table=snakemake.output.counts,
            device=device,
            unlabelled=snakemake.input.unlabelled,
            examples=snakemake.output.examples,
            readme=snakemake.output.readme,
            earlier=[str(folder) for folder in dict.fromkeys(Path(path).parent for path in snakemake.input.earlier)],
        )
    write_cost(snakemake.output.cost, spent, done, snakemake.input, snakemake.output)
