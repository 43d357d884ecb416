"""browse.html of a small run, as its rule makes it."""

from pathlib import Path

import pytest
from untrained_run import HOSTILE, Untrained, code, probabilities

from dissent.planning import browsing
from dissent.report.browse import write_browser
from dissent.steps import evaluate

SECOND = {24 / (1 + g) + 6 * 2 for g in range(3)}
"""what stands for the second student of each generation in `Untrained`"""


def browse(run: Untrained, generations: int = 2, name: str = "", **more: object) -> Path:
    """The page of a run whose generations are there; `more`: other arguments of the rule."""
    made = run.config.run(name or run.name)
    subsets = {name: path for name, path in run.subsets.items() if name != "test"}
    write_browser(
        browsing.settings(made, [], code) | more,
        generations=[f"results/{made.name}/gen{g}" for g in range(generations + 1)],
        data=subsets,
        files=f"data/{made.dataset_name}/files.csv",
        templates=str(run.root / "workflow" / "report"),
        out=f"results/{made.name}/browse.html",
    )
    return Path(f"results/{made.name}/browse.html")


def browsed(folder: Path, root: Path, kind: str) -> Path:
    """A run below `folder`, two of whose names try to become markup, and its page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = Untrained(root, patch, kind, names=lambda name: name + HOSTILE if name in ("i05", "i11") else name)
        patch.setattr(evaluate.inference, "probabilities", _of_two_minds)
        run.build(run.name, 2)
        return folder / browse(run)


def _of_two_minds(pool, images, task, *more):
    """As the networks of `Untrained`, but that the second one takes the last two labels for each other in the right half."""
    for found in probabilities(pool, images, task, *more):
        for offset, planes in zip(pool, found, strict=True):
            if task.outputs > 1 and offset in SECOND:
                right = planes[..., planes.shape[-1] // 2 :]
                right[:, -2:] = right[:, -2:].flip(1)
        yield found
