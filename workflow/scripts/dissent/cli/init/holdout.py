"""Which images `dissent init` holds back for validation and test: drawn once, and named in a table, so that they stay."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dissent.cli.init.pairing import Pairs
from dissent.config.dataset import Source
from dissent.core.files import UserError, sha256
from dissent.core.seeds import count_of
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.geometry import windows
from dissent.datasets.groups import group_of, told_apart
from dissent.datasets.problems import Problems
from dissent.datasets.sampling import nested

SEED = 42
SIMULATED = 0.2  # of what is left for training, where all images have masks
COLUMNS = ("image", "subset", "sha256")
"""of the table; the digest tells an image that was renamed from one that is gone"""
LEAST = 3
HELD_BACK = 0.2  # of the images with masks, for validation and for the test each
TEST_FROM = 10
"""images with masks, of which some are held back for a test"""

Row = dict[str, Any]
Labelled = Literal["all"] | float
"""how many masks are learned from: all, or a share or count of the training images"""


@dataclass(frozen=True)
class Held:
    """The images of each subset, and of those that are in no subset, as rows with `id` (path), `group`, `label`, `tiles`."""

    subsets: dict[str, list[Row]]
    left_out: list[Row]

    @property
    def counts(self) -> dict[str, int]:
        """Images, or tiles, of each subset, hidden masks too."""
        hidden = [row for row in self.subsets["unlabelled"] if row["label"]]
        return {
            subset: sum(row["tiles"] for row in rows) for subset, rows in (self.subsets | {"hidden": hidden}).items()
        }

    def table(self, raw: Path) -> bytes:
        """The table of val and test."""
        rows = [(row["id"], subset) for subset in ("val", "test") for row in self.subsets[subset]]
        return table_bytes([{"image": path, "subset": subset, "sha256": sha256(raw / path)} for path, subset in rows])


def table_bytes(rows: Sequence[dict[str, str]]) -> bytes:
    """Rows of val and test as CSV."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["subset"] != "val", row["image"])))
    return stream.getvalue().encode()


def held_back(pairs: Pairs, headers: Sequence[Header], source: Source, labelled: Labelled) -> Held:
    """Validation and test images, a fifth of those with a mask each, in whole groups; UserError where too few are left."""
    rows = rows_of(pairs, headers, source)
    masked = [row for row in rows if row["label"]]
    groups = {row["group"] for row in masked}
    if len(masked) < LEAST or len(groups) < 2:
        told = "" if len(groups) == len(masked) else f" in {_number(len(groups), 'group')}"
        need = f"{LEAST} at least are needed{', in 2 groups' if told else ''}: to learn, to choose, and to spare"
        raise UserError(f"{len(masked)} images{told} have masks; {need}")
    held = count_of(HELD_BACK, len(masked))
    subsets: dict[str, list[Row]] = {"val": [], "test": []}
    for subset in ("test", "val"):
        free = [row for row in masked if row["group"] not in _groups(subsets)]
        spare = len({row["group"] for row in free}) - (2 if subset == "test" else 1)
        if spare < 1 or (subset == "test" and len(masked) < TEST_FROM):
            continue
        subsets[subset] = _few_groups(nested(free, min(held, len(free)), SEED, subset), spare)
    taken = _groups(subsets)
    rest = [row for row in rows if row["group"] not in taken]
    with_mask = [row for row in rest if row["label"]]
    tiles = [row for row in rest for _ in range(row["tiles"])]  # the workflow counts tiles where it draws a share
    chosen = with_mask if labelled == "all" else _once(nested(tiles, labelled, SEED, "labelled"))
    ids = {row["id"] for row in chosen}
    subsets |= {"labelled": chosen, "unlabelled": [row for row in rest if row["id"] not in ids]}
    used = {row["id"] for subset in subsets.values() for row in subset}
    return Held(subsets, [row for row in rows if row["id"] not in used])


def _groups(subsets: dict[str, list[Row]]) -> set[str]:
    return {row["group"] for chosen in subsets.values() for row in chosen}


def _once(rows: list[Row]) -> list[Row]:
    return list({row["id"]: row for row in rows}.values())


def _few_groups(rows: list[Row], most: int) -> list[Row]:
    """The rows of the first `most` groups: the others are needed elsewhere."""
    kept = list(dict.fromkeys(row["group"] for row in rows))[:most]
    return [row for row in rows if row["group"] in kept]


def rows_of(pairs: Pairs, headers: Sequence[Header], source: Source) -> list[Row]:
    """A row for each image: `id` (path), `group`, `label`, `tiles`; UserError names those that cannot be cut or grouped."""
    problems = Problems()
    rows: list[Row] = []
    alone = set(pairs.alone)
    high, wide = source.size
    for (key, path), header in zip(pairs.images.items(), headers, strict=True):
        name = path.relative_to(pairs.raw).as_posix()
        group = group_of(source, *pairs.place(key), {}, name, problems)
        try:
            tiles = len(windows(*turned_size(header.size, header.orientation), source.geometry, (high, wide), False))
        except ValueError as error:
            problems.add(name, str(error))
            continue
        rows.append({"id": name, "group": group, "label": "" if key in alone else "mask", "tiles": tiles})
    if source.group is not None:
        told_apart(((row["group"], row["id"]) for row in rows), "is of group", problems)
    problems.stop(pairs.raw)
    return rows


def told_subsets(held: Held, where: str, labelled: Labelled, simulated: bool) -> str:
    """Lines for the terminal: how many images each subset has, and what is not used, with the reason; `where`: who says so."""
    subsets, test = held.subsets, held.subsets["test"]
    lines = [
        f"split   {counted(subsets['val'])} for validation, {counted(test) if test else 'none'} for the test: {where}",
        f"        {counted(subsets['labelled'])} labelled, {counted(subsets['unlabelled'])} unlabelled",
    ]
    hidden = [row for row in subsets["unlabelled"] if row["label"]]
    if hidden:
        why = "every image has a mask, so this run measures what pseudo-labels are worth" if simulated else "as you say"
        lines.append(
            f"        masks of {counted(hidden)} are hidden on purpose (`labelled: {labelled}`): {why}; `--labelled all` "
            "learns from every mask"
        )
    if held.left_out:
        lines.append(
            f"        {counted(held.left_out)} left out of everything: they have no mask, and others of their groups are "
            "held back"
        )
    if not test:
        lines.append("        too few masks for a test: add lines IMAGE,test to that table when there are more")
    return "\n".join(lines)


def counted(rows: list[Row]) -> str:
    """Images, tiles and groups in words."""
    tiles, groups = sum(row["tiles"] for row in rows), len({row["group"] for row in rows})
    more = [_number(tiles, "tile")] * (tiles != len(rows)) + [_number(groups, "group")] * (groups != len(rows))
    return _number(len(rows), "image") + (f" ({', '.join(more)})" if more else "")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
