"""`dissent init` on a known name: what came and went is told; validation and test stay; what a person wrote stays."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from dissent.cli.init.holdout import SIMULATED
from dissent.cli.init.write_config import SPLIT, experiment_text, line_of
from dissent.cli.seen import told_files
from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError, read_table, sha256, write_text
from dissent.core.places import SHIPPED
from dissent.core.words import some
from dissent.datasets.listing import Census
from dissent.datasets.naming import Names
from dissent.datasets.raw import Item, Problems, find_items, find_raw
from dissent.datasets.split_files import fixed_lines, list_paths
from dissent.datasets.tables import text_of


@dataclass(frozen=True)
class Files:
    """The three files of settings that `dissent init` writes for a name."""

    settings: Path
    name: str

    @property
    def dataset(self) -> Path:
        """The data set's."""
        return self.settings / "datasets" / f"{self.name}.yaml"

    @property
    def experiment(self) -> Path:
        """The first experiment's."""
        return self.settings / "experiments" / f"{self.name}.yaml"

    @property
    def table(self) -> Path:
        """The table of validation and test images."""
        return self.settings / "datasets" / f"{self.name}.splits.csv"


def put_aside(path: Path) -> Path:
    """Give a file of settings a name under which nothing reads it; the new name."""
    number = next(n for n in count(1) if not path.with_name(f"{path.name}.before{n}").exists())
    return path.rename(path.with_name(f"{path.name}.before{number}"))


@dataclass
class Told:
    """What was found, as lines for the terminal: what was written, what a person has to mend, and the rest."""

    done: list[str] = field(default_factory=list)
    mend: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def update(folder: Path, files: Files, flags: list[str]) -> int:
    """Tell what changed in a known raw folder, and mend what init wrote; 1 where a person has to mend something."""
    dataset = validate(Dataset, read_yaml(files.dataset), files.dataset)
    raw = find_raw(dataset.raw, SHIPPED)
    if raw.resolve() != folder.resolve():
        raise UserError(f"{files.dataset} describes {dataset.raw}, not {folder}; say another --name")
    census, problems = Census(), Problems()
    items = find_items(dataset.model_copy(update={"partial": True}), raw, problems, census)
    problems.stop(raw, "; nothing was changed")
    print(told_files(census, raw, [f for part in dataset.parts for f in (part.images, part.masks) if f is not None]))
    told = Told()
    told.notes += _since(files.name, items)
    _update_sides(dataset, files, items, told)
    _update_settings(dataset, files, items, told)
    if not files.experiment.exists():
        write_text(files.experiment, experiment_text(files.name))
        told.done.append(f"wrote {files.experiment}")
    if flags:
        told.notes.append(
            f"{', '.join(flags)}: not used, as {files.dataset} answers that; change it there, or say --anew"
        )
    lines = [f"updated {line}" for line in told.done] + [f"note    {line}" for line in told.notes]
    lines += [f"mend    {line}" for line in told.mend]
    if not told.done:
        lines.append(f"kept    {files.dataset}, as it is" + (": nothing is to be changed" if not told.mend else ""))
    print("\n".join(lines))
    print(f"`dissent check {files.name}` tells what will be trained anew.")
    return 1 if told.mend else 0


def _since(name: str, items: list[Item]) -> list[str]:
    """What came and went since the data set was prepared the last time."""
    path = Path("data", name, "files.csv")
    if not path.is_file():
        return []
    before = {row["source"]: bool(row["label"]) for row in read_table(path, ("source", "label"))}
    now = {item.source: bool(item.masks) for item in items}
    both = before.keys() & now.keys()
    found = {
        "new images": sorted(now.keys() - before.keys()),
        "images gone": sorted(before.keys() - now.keys()),
        "new masks": sorted(one for one in now if now[one] and not before.get(one)),
        "masks gone": sorted(one for one in both if before[one] and not now[one]),
    }
    return [f"{len(names)} {what} since the last preparation: {some(names)}" for what, names in found.items() if names]


def _update_sides(dataset: Dataset, files: Files, items: list[Item], told: Told) -> None:
    """Follow renamed images of val and test; name those that are gone or have lost their mask."""
    split = dataset.splits.get(SPLIT)
    if split is None or split.fixed is None:
        told.notes.append(
            f"{files.dataset} names no validation and test images (`fixed` of `{SPLIT}`): they may move as masks come and go; "
            "--anew draws them once and names them"
        )
        return
    table = list_paths(dataset, split)["fixed"]
    names = Names([(item.source, item.id) for item in items], dataset.image_suffix)
    by_source = {item.source: item for item in items}
    lines = fixed_lines(table)
    found = {line.number: names.exact(line.cells["image"]) for line in lines}
    known = {source for sources in found.values() for source in sources}
    lost = [line for line in lines if not found[line.number]]
    digests = {sha256(item.image): item.source for item in items if item.source not in known} if lost else {}
    renamed: dict[int, tuple[str, str]] = {}
    for line in lines:
        name, side = line.cells["image"], line.cells["side"]
        where = f"{table}, line {line.number}"
        new = digests.get(line.cells.get("sha256", ""))
        if line in lost and new is not None:
            renamed[line.number] = (name, new)
            told.done.append(f"{where}: {name} is called {new} now, and stays in {side}")
        elif line in lost:
            told.mend.append(f"{where}: {name} of {side} is not there any more: put it back, or delete the line")
        if any(
            not by_source[source].masks for source in {*found[line.number], *([new] if line in lost and new else [])}
        ):
            told.mend.append(f"{where}: {name} of {side} has no mask any more: put the mask back, or delete the line")
    if renamed:
        _rename(table, renamed)
    counts = Counter(line.cells["side"] for line in lines)
    masked = sum(bool(item.masks) for item in items)
    told.notes.append(f"{counts['val']} images for validation and {counts['test']} for the test stay as {table} says")
    if masked > 20 * min(counts["val"], counts["test"]):
        told.notes.append(f"that is few for {masked} masks: add lines IMAGE,val or IMAGE,test to {table} for more")


def _rename(table: Path, renamed: dict[int, tuple[str, str]]) -> None:
    """Write new names into lines of the table, whose other characters stay."""
    lines = text_of(table).splitlines(keepends=True)
    for number, (old, new) in renamed.items():
        if any(c in new for c in ',;"\t') or old not in lines[number - 1]:
            raise UserError(
                f"{table}, line {number}: write {new} in place of {old} there, and run the same command again"
            )
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
    write_text(table, "".join(lines))


def _update_settings(dataset: Dataset, files: Files, items: list[Item], told: Told) -> None:
    """Where unlabelled images came to a data set that had none: change the lines that init wrote, name the others."""
    if all(item.masks for item in items):
        return
    text = before = files.dataset.read_text("utf-8")
    if not dataset.partial:
        lines = text.splitlines(keepends=True)
        at = next((i for i, line in enumerate(lines) if line.startswith("splits:")), None)
        if "partial:" in text or at is None:
            told.mend.append(f"{files.dataset}: write `partial: true`, as some images have no mask")
        else:
            text = "".join([*lines[:at], "partial: true\n", *lines[at:]])
            told.done.append(f"{files.dataset}: `partial: true`, as some images have no mask now")
    split = dataset.splits.get(SPLIT)
    if split is not None and split.labelled == SIMULATED:
        keys = {"seed": split.seed, "labelled": SIMULATED, "fixed": split.fixed}
        line, new = (f"  {line_of(SPLIT, keys | {'labelled': value})}\n" for value in (SIMULATED, "all"))
        if line in text:
            text = text.replace(line, new)
            told.done.append(f"{files.dataset}: `labelled: all`, as images without masks are there to label now")
        else:
            told.notes.append(
                f"{files.dataset}: `labelled: {SIMULATED}` of `{SPLIT}` hides masks; `all` learns from each"
            )
    if text != before:
        write_text(files.dataset, text)
        validate(Dataset, read_yaml(files.dataset), files.dataset)
