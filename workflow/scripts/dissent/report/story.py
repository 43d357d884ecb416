"""What a run and its controls left behind, read once for all parts of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dissent.files import read_json, read_table

UPPER_BOUND = "upper bound: reads hidden masks"


@dataclass(frozen=True)
class Generation:
    """The tables of one generation's folder."""

    folder: Path

    @cached_property
    def metrics(self) -> dict:
        """metrics.json."""
        return read_json(self.folder / "metrics.json")

    @cached_property
    def cost(self) -> dict:
        """cost.json."""
        return read_json(self.folder / "cost.json")

    @cached_property
    def audit(self) -> dict:
        """audit.json; from gen1 on."""
        return read_json(self.folder / "audit.json")

    @cached_property
    def masks(self) -> list[dict]:
        """masks.csv: what became of each unlabelled image; from gen1 on."""
        return read_table(self.folder / "masks.csv")

    @cached_property
    def predictions(self) -> dict[str, dict[int, dict]]:
        """predictions.csv: image id -> number of the teacher -> its row; from gen1 on."""
        found: dict[str, dict[int, dict]] = {}
        for row in read_table(self.folder / "predictions.csv"):
            found.setdefault(row["id"], {})[int(row["teacher"])] = row
        return found

    @property
    def number(self) -> int:
        """0 for gen0."""
        return self.metrics["generation"]

    @property
    def steps(self) -> list[int]:
        """Steps of each student."""
        return [job["steps"] for name, job in self.cost["jobs"].items() if name.startswith("train ")]

    @property
    def steps_told(self) -> str:
        """Steps a student, in words."""
        few, many = min(self.steps), max(self.steps)
        return f"{few:,}" if few == many else f"{few:,} to {many:,}"


@dataclass(frozen=True)
class Story:
    """A run: its generations, its controls, and the tables of its split."""

    params: dict
    """`spec.slices.report`"""
    generations: list[Generation]
    controls: dict[str, Generation]
    """the last generation of each control"""
    data: dict[str, str]
    """side of the split (labelled, unlabelled, val, test, hidden) -> its table"""

    @classmethod
    def read(
        cls, params: dict, generations: Sequence[str], controls: Mapping[str, str], data: Mapping[str, str]
    ) -> "Story":
        """From the folders of the generations and of each control's last one."""
        others = {name: Generation(Path(folder)) for name, folder in controls.items()}
        return cls(params, [Generation(Path(folder)) for folder in generations], others, dict(data))

    @property
    def last(self) -> Generation:
        """The last generation."""
        return self.generations[-1]

    @property
    def labelled_by_teachers(self) -> list[Generation]:
        """Those with pseudo-labels."""
        return self.generations[1:]

    @property
    def score(self) -> str:
        """The task's score."""
        return self.last.metrics["score"]

    @property
    def sides(self) -> list[str]:
        """val and test, where there are images."""
        return [side for side in ("val", "test") if self.last.metrics[side]]

    @property
    def upper_bounds(self) -> list[str]:
        """Methods that read hidden masks."""
        return self.params["run"]["upper_bounds"]

    def control_generations(self, name: str) -> list[Generation]:
        """All generations of a control."""
        last = self.controls[name]
        return [Generation(last.folder.parent / f"gen{number}") for number in range(last.number)] + [last]

    def shown(self, name: str) -> str:
        """A method's name, marked where it is an upper bound."""
        return f"{name} ({UPPER_BOUND})" if name in self.upper_bounds else name
