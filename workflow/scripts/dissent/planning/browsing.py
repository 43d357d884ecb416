"""What the rules ask of browse.html, the page on which a person looks through the images of a run."""

from collections.abc import Callable, Sequence

from dissent.config.resolve import Run
from dissent.core import arguments
from dissent.planning.resources import BROWSED


def page(run: Run) -> list[str]:
    """The page that the report of a run leads to; none where no teacher labels anything."""
    return [f"results/{run.name}/browse.html"] if run.method.last else []


def settings(run: Run, controls: Sequence[Run], code: Callable[..., str]) -> arguments.Browser:
    """What the rule `browse` is told."""
    task = run.dataset.task
    return {
        "run": {"name": run.name, "method": run.method_name, "dataset": run.dataset_name},
        "controls": [one.method_name for one in controls],
        "voters": [run.voter_names(g) for g in range(1, run.method.last + 1)],
        "first": run.first(min(1, run.method.last)),  # gen0 may be of another method (`start`)
        "pseudo_label": run.method.pseudo_label,
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "channels": run.dataset.channels,
        "most": BROWSED,
        "threads": run.network.resources.threads,
        "code": code("browse"),
    }
