"""The table of validation and test images, when `dissent init` runs again: it follows images that were renamed or edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dissent.cli.init.holdout import TEST_FROM, table_bytes
from dissent.config.dataset import Dataset
from dissent.core.files import UserError, read_json, read_table, write_atomic
from dissent.datasets.contents import contents
from dissent.datasets.items import Item
from dissent.datasets.naming import Names
from dissent.datasets.record import read_record
from dissent.datasets.split_files import fixed_lines, fixed_with, follow, list_paths
from dissent.datasets.tables import Line

_FEW = 20  # masks for one image of validation, or of the test


@dataclass
class Told:
    """What was found, as lines for the terminal; and the files to be written, once nothing can be refused any more."""

    done: list[str] = field(default_factory=list)
    mend: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[Path, bytes] = field(default_factory=dict)


def update_subsets(dataset: Dataset, name: str, own: Path, raw: Path, items: list[Item], told: Told) -> None:
    """Follow images of val and test; name lines that cannot be followed. `own`: the table that init writes for a name."""
    tables: dict[Path, None] = {}
    for split, plan in dataset.splits.items():
        if plan.fixed is not None:
            if Path(plan.fixed).resolve() == own.resolve() and not own.is_file():
                _restore(own, Path("data", name), raw, split, told)
            tables[list_paths(dataset, plan)["fixed"]] = None
    if not tables:
        told.notes.append(
            "no split of the settings names validation and test images (`fixed`): they may move as masks come and go; "
            "--anew draws them once and names them"
        )
    names = Names([(item.source, item.id) for item in items], dataset.image_suffix)
    for table in tables:
        _follow(table, names, raw, items, told)


def _follow(table: Path, names: Names, raw: Path, items: list[Item], told: Told) -> None:
    lines = fixed_lines(table)
    renamed, edited, added = _moved(lines, names, raw, items)
    for line in lines:
        where, name, subset = f"{table}, line {line.number}", line.cells["image"], line.cells["subset"]
        if new := renamed.get(line.number):
            told.done.append(f"{where}: {name} is called {new} now, and stays in {subset}")
        if line.number in edited:
            told.done.append(
                f"{where}: {name} of {subset} shows another picture than before (its new sha256 is noted); scores of {subset} "
                "before and after it cannot be compared"
            )
    cells = {number: {"image": new} for number, new in renamed.items()}
    cells |= {number: {"sha256": sha} for number, sha in edited.items()}
    if cells:
        told.files[table] = fixed_with(table, cells)
    if added and "sha256" in lines[0].cells:
        try:
            told.files[table] = fixed_with(table, cells | {number: {"sha256": sha} for number, sha in added.items()})
            told.done.append(
                f"{table}: the sha256 of lines without one is noted, so that their images are found when renamed"
            )
        except UserError:
            pass  # a table that is hard to change; nothing in it is wrong
    masked = {item.source for item in items if item.masks}
    followed = [replace(line, cells=line.cells | cells.get(line.number, {})) for line in lines]
    subsets, faults = follow(followed, names, masked)
    told.mend += [f"{table}, line {number}: {why}" for number, why in faults.items()]
    held = {subset: sum(line.cells["subset"] == subset for line in lines) for subset in subsets}
    told.notes.append(f"{held['val']} images for validation and {held['test']} for the test stay as {table} says")
    for subset, least in (("val", 1), ("test", TEST_FROM)):
        if len(masked) >= least and len(masked) > _FEW * held[subset]:
            told.notes.append(
                f"few images for {subset} ({held[subset]}) beside {len(masked)} masks: add lines with an image and `{subset}` to {table}"
            )


def _moved(lines: list[Line], names: Names, raw: Path, items: list[Item]) -> tuple[dict[int, str], ...]:
    """{line: new name} of pictures that have another name now, {line: new digest} of those that are nowhere any more, and
    {line: digest} of lines that have none."""
    images = {item.source: item.image for item in items}
    then = {line.number: line.cells.get("sha256", "") for line in lines}
    found = {line.number: next(iter(names.exact(line.cells["image"])), "") for line in lines}
    now = contents(raw, [images[source] for source in found.values() if source])
    changed = [number for number, source in found.items() if then[number] and now.get(source) != then[number]]
    if changed:  # only then every image is read
        now = contents(raw, list(images.values()))
    renamed, edited = {}, {}
    for number in changed:
        called = [source for source, sha in now.items() if sha == then[number]]
        if len(called) == 1 and called[0] not in found.values():
            renamed[number] = called[0]
        elif not called and found[number]:
            edited[number] = now[found[number]]
    return renamed, edited, {number: now[source] for number, source in found.items() if source and not then[number]}


def _restore(table: Path, data: Path, raw: Path, split: str, told: Told) -> None:
    """Write a table that is gone again, from the subsets that were prepared last."""
    try:
        if Path(read_json(data / "dataset.json")["raw"]["folder"]).resolve() != raw.resolve():
            raise UserError(f"{data} was prepared from another folder")
        rows = {row["id"]: row["source"] for row in read_table(data / "files.csv", ("id", "source"))}
        subsets = {
            s: [rows[row["id"]] for row in read_table(data / "splits" / split / f"{s}.csv")] for s in ("val", "test")
        }
    except (UserError, KeyError):
        raise UserError(
            f"{table}, which names the images of val and test (`fixed`), is gone, and {data}/splits/{split}, from which it "
            "could be written again, is not there, damaged or of another folder: put it back, or say --anew to draw val and test anew"
        ) from None
    shas = {path: row["sha256"] for path, row in read_record(data).items()}
    once = {source: subset for subset, sources in subsets.items() for source in sources}
    write_atomic(table, table_bytes([_row(source, subset, shas) for source, subset in once.items()]))
    told.done.append(f"wrote {table} again, which was gone: val and test are those that were prepared last")


def _row(source: str, subset: str, shas: Mapping[str, str]) -> dict[str, str]:
    return {"image": source, "subset": subset, "sha256": shas.get(source, "")}
