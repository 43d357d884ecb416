"""Which images of a run the browser shows, and what its tables say of each. Tables are read a row at a time."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dissent.core.files import digest, read_rows
from dissent.report.run_results import Generation

_BESIDE = 1000  # labelled images, and validation images, at most
_DOUBTED = 0.8  # of the unlabelled images that are shown, where these are too many


@dataclass
class Seen:
    """An image with what is known of it."""

    id: str
    subset: str
    image: str
    image_sha256: str
    table: str
    """which names the image"""
    group: str = ""
    truth: str = ""
    """path of the true mask, where there is one"""
    masks: dict[int, dict] = field(default_factory=dict)
    """generation -> row of masks.csv"""
    predictions: dict[int, dict[int, dict]] = field(default_factory=dict)
    """generation -> number of the teacher -> row of predictions.csv"""
    folders: dict[int, str] = field(default_factory=dict)
    """generation -> its folder"""


@dataclass(frozen=True)
class Found:
    """The images in the order in which their thumbnails lie, and of each subset how many are shown of how many."""

    images: list[Seen]
    counts: dict[str, dict[str, int]]

    def said(self, generation: int) -> Iterable[dict[int, dict]]:
        """The predictions of each image of a generation."""
        return (image.predictions[generation] for image in self.images if generation in image.predictions)


def find(
    made: Sequence[Generation],
    kept: int,
    data: Mapping[str, str],
    files: str,
    most: int,
    share_of: Callable[[Mapping], float],
) -> Found:
    """Unlabelled images first, the most doubted by generation `kept` before the others; then labelled and validation images.

    `share_of`: a row of masks.csv -> the share of its pixels on which teachers disagree.

    Test images are not among them: nothing is to be chosen by what is seen of them.
    """
    ids, counts = {}, {}
    shares = _shares(next((one for one in made if one.number == kept), None), data["unlabelled"], share_of)
    ids["unlabelled"], counts["unlabelled"] = _few(shares, most, lambda one: -one[1])
    for subset in ("labelled", "val"):
        ids[subset], counts[subset] = _few(_shares(None, data[subset], share_of), _BESIDE, None)
    images = {subset: _images(subset, data[subset], ids[subset]) for subset in ids}
    every = {**images["labelled"], **images["val"], **images["unlabelled"]}
    for row in read_rows(data["hidden"]):
        if row["id"] in images["unlabelled"]:
            every[row["id"]].truth = row["label"]
    for row in read_rows(files):
        if row["id"] in every:
            every[row["id"]].group = row["group"]
    for one in made:
        for row in read_rows(one.folder / "masks.csv"):
            if row["id"] in every:
                every[row["id"]].masks[one.number] = row
                every[row["id"]].folders[one.number] = one.folder.as_posix()
        for row in read_rows(one.folder / "predictions.csv"):
            if row["id"] in every:
                every[row["id"]].predictions.setdefault(one.number, {})[int(row["teacher"])] = row
    order = [image for subset in ("unlabelled", "labelled", "val") for image in images[subset].values()]
    return Found(order, counts)


def _shares(
    generation: Generation | None, table: str, share_of: Callable[[Mapping], float]
) -> Iterable[tuple[str, float]]:
    """(id, share of doubted pixels) of every image, by the masks of a generation; without one by a table of the split."""
    if generation is None:
        return ((row["id"], 0.0) for row in read_rows(table))
    return ((row["id"], share_of(row)) for row in read_rows(generation.folder / "masks.csv"))


def _few(
    shares: Iterable[tuple[str, float]], most: int, key: Callable[[tuple[str, float]], float] | None
) -> tuple[list[str], dict[str, int]]:
    """At most so many ids: the first by `key`, and some by chance; with how many these are of how many."""
    every = list(shares)
    first = int(most * _DOUBTED) if key else 0
    chosen = every
    if len(every) > most:
        top = heapq.nsmallest(first, every, key=key) if key else []
        ids = {one for one, _ in top}
        # by digests of names: whichever images there are beside it, an image is drawn or not
        drawn = heapq.nsmallest(most, every, key=lambda one: digest("browse", one[0]))
        chosen = top + [one for one in drawn if one[0] not in ids][: most - len(top)]
    ordered = sorted(chosen, key=lambda one: (key(one) if key else 0, one[0]))
    return [one for one, _ in ordered], {"shown": len(chosen), "all": len(every)}


def _images(subset: str, table: str, ids: list[str]) -> dict[str, Seen]:
    found: dict[str, Seen | None] = dict.fromkeys(ids)
    for row in read_rows(table):
        if row["id"] in found:
            found[row["id"]] = Seen(
                row["id"], subset, row["image"], row["image_sha256"], table, truth=row.get("label", "")
            )
    return {name: one for name, one in found.items() if one is not None}
