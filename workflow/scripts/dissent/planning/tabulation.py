"""What the table of a study is made from, as one plain dict for its scripts. No torch."""

from dissent.config.as_published import published_ways
from dissent.config.resolve import Config, Run
from dissent.config.study import Block
from dissent.config.unlabelled import Options
from dissent.core import arguments
from dissent.planning.published import beside
from dissent.planning.rule_params import Code, settings_option


def tabulation(config: Config, name: str, code: Code, rule: str = "tabulate_study") -> arguments.Study:
    """What the rules tabulate_study and plot_labels (`rule`) are told.

    A block is an experiment under one label fraction. It has a row a method.
    """
    study, shared = config.study(name)
    return {
        "study": name,
        "blocks": [_block(config, name, block) for block in study.blocks],
        "command": f"snakemake --cores 2 results/studies/{name}/table.html{settings_option(config)}",
        "settings": study.model_dump(mode="json", exclude_defaults=True) | shared,
        "code": code(rule),
    }


def _block(config: Config, name: str, block: Block) -> dict:
    study, _ = config.study(name)
    runs = {
        method: [config.run(f"{name}.{block.name}.{method}.s{seed}") for seed in study.seeds_of(method)]
        for method in study.methods
    }
    first = next(iter(runs.values()))[0]
    return {
        "name": block.name,
        "experiment": block.experiment,
        "share": block.share,
        "curve": study.curve_of(block),
        "dataset": first.dataset_name,
        "split": first.split,
        "protocol": first.dataset.protocol,
        "labelled": f"data/{first.dataset_name}/splits/{first.split}/labelled.csv",
        "task": first.dataset.task.model_dump(mode="json"),
        "rows": [_row(method, of_seeds) for method, of_seeds in runs.items()],
        "more_seeds": {"methods": list(study.more_seeds), "by": study.more_seeds_by},
        "published": beside(config, {method: of_seeds[0] for method, of_seeds in runs.items()}),
    }


def _row(name: str, runs: list[Run]) -> dict:
    method = runs[0].method
    return {
        "method": name,
        "upper_bound": method.upper_bound,
        "remark": method.learn.remark,
        "labels_alone": not method.last and method.learn.name == "supervised",
        "generations": method.last,
        "unlabelled": [_unlabelled(runs[0].learner(g)) for g in range(method.last + 1)],
        "as_published": published_ways(runs[0]),
        "folders": {str(run.seed): f"results/{run.name}" for run in runs},
    }


def _unlabelled(learn: Options) -> float:
    """Unlabelled images that a training learns from, as a multiple of the images of its pairs."""
    return getattr(learn, "ratio", 0.0) * (1 - getattr(learn, "pairs_first", 0.0))
