"""What a run and its controls left behind, read once for all parts of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dissent.core.files import read_json, read_table

if TYPE_CHECKING:
    from dissent.core import arguments

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

    @cached_property
    def weights(self) -> list[str]:
        """The SHA-256 of each student's weights: generations that have the same ones are one and the same."""
        pool = read_json(self.folder / "teachers.json")["pool"]
        return sorted(row["sha256"]["model.safetensors"] for row in pool)

    @cached_property
    def histories(self) -> list[list[dict]]:
        """history.csv of each student that has one here: results that were fetched may lack them."""
        folders = sorted(self.folder.glob("students/*"), key=lambda folder: int(folder.name))
        return [read_table(folder / "history.csv") for folder in folders if (folder / "history.csv").is_file()]

    @property
    def number(self) -> int:
        """0 for gen0."""
        return self.metrics["generation"]

    @property
    def made(self) -> int:
        """How many generations after gen0 its run has made, up to this one: fewer than its number where the run stopped before."""
        stopped = self.metrics.get("stopping", {}).get("stopped_at")
        return self.number if stopped is None else stopped

    @property
    def kept(self) -> "Generation":
        """The generation that stands for the run whose last generation this is.

        Only `generations: auto` makes it another one.
        """
        return Generation(Path(self.metrics["stopping"]["kept_folder"])) if "stopping" in self.metrics else self

    @property
    def steps(self) -> list[int]:
        """Steps of each student."""
        return [job["steps"] for name, job in self.cost["jobs"].items() if name.startswith("train ")]

    @property
    def learned(self) -> int:
        """Images of pairs that all students learned from, each as often as it was seen; unlabelled ones are not among them."""
        return sum(job["images"] for name, job in self.cost["jobs"].items() if name.startswith("train "))

    def counted(self, subset: str) -> str:
        """How many images of a subset were scored, and of how many groups, in words: "48 test windows of 12 images"."""
        part = self.metrics[subset]
        drawn = part.get("drawn", {"groups": part["images"], "unit": "images", "of": "groups"})
        groups = drawn["of"] if drawn["groups"] > 1 else drawn["of"].removesuffix("s")
        of = f" of {drawn['groups']:,} {groups}" if drawn["groups"] < part["images"] else ""
        return f"{part['images']:,} {subset} {drawn['unit']}{of}"

    @property
    def steps_told(self) -> str:
        """Steps a student, in words."""
        few, many = min(self.steps), max(self.steps)
        return f"{few:,}" if few == many else f"{few:,} to {many:,}"


@dataclass(frozen=True)
class Story:
    """A run: its generations, its controls, and the tables of its split."""

    params: "arguments.Report"
    generations: list[Generation]
    """those that were made"""
    planned: Generation
    """the last that was planned, made or not: it knows which is kept"""
    controls: dict[str, Generation]
    """the generation that stands for each control: its last, or the one that is kept"""
    ends: dict[str, Generation]
    """the last that was planned of each control"""
    data: dict[str, str]
    """subset of the split (labelled, unlabelled, val, test, hidden) -> its table"""

    @classmethod
    def read(
        cls,
        params: "arguments.Report",
        generations: Sequence[str],
        controls: Mapping[str, str],
        data: Mapping[str, str],
    ) -> "Story":
        """Read the folders of all generations, and the last generation of each control."""
        ends = {name: Generation(Path(folder)) for name, folder in controls.items()}
        planned = [Generation(Path(folder)) for folder in generations]
        made = planned[: planned[-1].made + 1]
        return cls(params, made, planned[-1], {name: end.kept for name, end in ends.items()}, ends, dict(data))

    @property
    def last(self) -> Generation:
        """The generation that stands for the run: the last one, or the one that `generations: auto` keeps."""
        kept = self.planned.kept.number
        return self.generations[kept] if "stopping" in self.planned.metrics else self.generations[-1]

    @property
    def pictured(self) -> Generation:
        """The generation whose masks are shown: `last`, but where gen0 is kept, which has none."""
        return self.last if self.last.number else self.generations[-1]

    @property
    def stopped(self) -> str:
        """Why `generations: auto` made no more, which it keeps, and what that saved; "" of other runs."""
        told = self.planned.metrics.get("stopping")
        if not told:
            return ""
        saved = told.get("saved") or {"generations": 0}
        if not saved["generations"]:
            return f"generations: auto: {told['why']}."
        seconds = saved["generations"] * self.generations[-1].cost["total"]["seconds"]
        return (
            f"generations: auto: {told['why']}. Not made: {saved['generations']} generations with {saved['students']} students, "
            f"about {saved['steps']:,} steps of training and {seconds / 60:,.0f} minutes, as the last one's took."
        )

    @property
    def alarms(self) -> list[dict]:
        """Each alarm once: what was seen when it was raised last, its cause and remedy, and the generations that raised it."""
        found: dict[str, dict] = {}
        for one in self.generations:
            for alarm in one.metrics["alarms"]:
                before = found.get(alarm["alarm"], {"generations": []})["generations"]
                found[alarm["alarm"]] = alarm | {"generations": [*before, f"gen{one.number}"]}
        return list(found.values())

    @property
    def labelled_by_teachers(self) -> list[Generation]:
        """Those with pseudo-labels."""
        return self.generations[1:]

    @property
    def seconds(self) -> float:
        """What all generations of the run and its controls took."""
        every = [*self.generations, *(one for name in self.ends for one in self.control_generations(name))]
        return sum(one.cost["total"]["seconds"] for one in every)

    @property
    def score(self) -> str:
        """The task's score."""
        return self.last.metrics["score"]

    @property
    def subsets(self) -> list[str]:
        """val and test, where there are images."""
        return [subset for subset in ("val", "test") if self.last.metrics[subset]]

    @property
    def upper_bounds(self) -> list[str]:
        """Methods that read hidden masks."""
        return self.params["run"]["upper_bounds"]

    def twins(self, one: Generation) -> list[str]:
        """Controls whose students are those of a generation, byte for byte: such as labels only, where gen0 has as many steps."""
        return [name for name, control in self.controls.items() if control.weights == one.weights]

    @property
    def own_controls(self) -> dict[str, Generation]:
        """Controls that have students of their own, which no generation of the run has."""
        known = [one.weights for one in self.generations]
        return {name: one for name, one in self.controls.items() if one.weights not in known}

    def control_generations(self, name: str) -> list[Generation]:
        """All generations of a control that were made."""
        end = self.ends[name]
        return [Generation(end.folder.parent / f"gen{number}") for number in range(end.made + 1)]

    def shown(self, name: str) -> str:
        """A method's name, marked where it is an upper bound."""
        return f"{name} ({UPPER_BOUND})" if name in self.upper_bounds else name


def standing_for(run: Path) -> Path | None:
    """Folder of the generation that stands for a run: the last one, or what `generations: auto` keeps; None where `run` has none."""
    ranked = [path.parent for path in run.glob("gen*/teachers.json") if path.parent.name[3:].isdigit()]
    if not ranked:
        return None
    last = max(ranked, key=lambda folder: int(folder.name[3:]))
    kept = Generation(last).kept.folder.name if (last / "metrics.json").is_file() else last.name
    return run / kept
