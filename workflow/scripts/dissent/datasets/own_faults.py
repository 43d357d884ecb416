"""Masks of ours that are not what their record says: gone, changed, unknown, of another image, or not named by the settings. No torch."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from dissent.config.dataset import Source
from dissent.core.files import read_json, sha256
from dissent.datasets.own_masks import MASKS, RECORD, OwnMasks, place_for

Fault = tuple[Path, str, str]
"""file, how, why"""


def faults(
    own: OwnMasks, raw: Path, images: Mapping[str, Path], known: Mapping[str, str] | None = None
) -> Iterator[Fault]:
    """Of masks, and of files that they came from, those that are not what they were; `raw`: the folder of the images.

    `images`: {key: image} of all that the data set uses. `known`: SHA-256 of raw files by their path below `raw`, where they were computed already.
    """
    for key in own.record[MASKS]:
        yield from _of_mask(own, key, raw)
    strange = strangers(own, raw, images, known or {})
    moves = _moves(own, strange)
    for key, new in strange.items():
        yield _of_stranger(own, key, new, key in moves)
    named = set(own.paths().values())
    for path in sorted((own.folder / MASKS).rglob("*.png")):
        if path not in named:
            yield (
                path,
                "unknown",
                f"lies among the masks, and {own.folder / RECORD} does not name it, so it does not count: import it again, or move "
                "it away",
            )
    for name, sha in (own.record["converted"] or {}).get("sources", {}).items():
        if not (raw / name).is_file():
            yield (
                raw / name,
                "gone",
                "was converted into masks, and is not there any more: put it back, or `dissent import` its folder",
            )
        elif sha256(raw / name) != sha:
            yield (
                raw / name,
                "edited",
                "was changed since it was converted into masks: `dissent import` of its folder takes the change",
            )


def stale(own: OwnMasks, key: str, raw: Path, image: Path) -> bool:
    """Whether a mask, its image, or a raw mask that it took the place of, is not what the record says."""
    made_for = own.record[MASKS][key].get("image_sha256")
    return (made_for is not None and made_for != sha256(image)) or any(_of_mask(own, key, raw))


def strangers(own: OwnMasks, raw: Path, images: Mapping[str, Path], known: Mapping[str, str]) -> dict[str, str | None]:
    """{key of a mask: key of the image that it was made for, or None}, where the image under its name is another one.

    A mask whose image is gone is among them only where the image is found under another name.
    """
    digests: dict[str, str] = {}

    def digest(key: str) -> str:
        if key not in digests:
            name = images[key].relative_to(raw).as_posix()
            digests[key] = known.get(name) or sha256(images[key])
        return digests[key]

    wanted = {key: about["image_sha256"] for key, about in own.record[MASKS].items() if "image_sha256" in about}
    other = {key: sha for key, sha in wanted.items() if key not in images or digest(key) != sha}
    if not other:
        return {}
    places: dict[str, list[str]] = {}
    for key in images:
        places.setdefault(digest(key), []).append(key)
    found = {key: places.get(sha, []) for key, sha in other.items()}
    return {key: new[0] if len(new) == 1 else None for key, new in found.items() if new or key in images}


def follow(own: OwnMasks, raw: Path, images: Mapping[str, Path]) -> dict[str, str]:
    """Let masks go with images that were renamed; {key: new key} of those that went.

    A mask whose own image is gone gives way, and is kept in `replaced`. No other mask does: where one is in the way, both stay, and are told.
    """
    moves = _moves(own, strangers(own, raw, images, {}))
    if moves:
        own.move(moves, raw)
    return moves


def _moves(own: OwnMasks, strange: Mapping[str, str | None]) -> dict[str, str]:
    """Those of the strangers that can go where their image is."""
    moves = {key: new for key, new in strange.items() if new is not None}
    gone = {key for key, new in strange.items() if new is None}
    before = -1
    while len(moves) != before:  # one that stays may be in the way of the next
        before, stay = len(moves), own.record[MASKS].keys() - moves.keys() - gone
        wanted = Counter(moves.values())
        moves = {key: new for key, new in moves.items() if new not in stay and wanted[new] == 1}
    return moves


def unnamed(source: Source, name: str) -> list[str]:
    """A fault where masks of a data set lie in their usual place, and its settings do not name them."""
    record = place_for(name) / RECORD
    if source.own_masks is not None or not record.is_file():
        return []
    masks = read_json(record)[MASKS]
    if not masks:
        return []
    return [
        f"{place_for(name)} holds {len(masks)} masks that `dissent` took for {name}, and the settings do not name them, so they "
        f"would not count: write `own_masks: {place_for(name).as_posix()}` into the file {name}.yaml of its settings, or move that "
        "folder away"
    ]


def _of_stranger(own: OwnMasks, key: str, new: str | None, goes: bool) -> Fault:
    if goes:
        return (
            own.path(key),
            "renamed",
            f"is the mask of an image that is called {new} now: `dissent init` of its folder lets the mask go with it",
        )
    if new is not None:
        return (
            own.path(key),
            "other",
            f"is the mask of an image that is called {new} now, for which another mask is there: import the right mask of {key}",
        )
    return (
        own.path(key),
        "other",
        f"was made for another image than the one that is called {key} now (its SHA-256 differs): if it fits all the same, say "
        f"`dissent import {own.folder} --format png` with `--into` and the data set; else import the right mask",
    )


def _of_mask(own: OwnMasks, key: str, raw: Path) -> Iterator[Fault]:
    path, about = own.path(key), own.record[MASKS][key]
    if not path.is_file():
        yield (
            path,
            "gone",
            f"is gone, and {own.folder / RECORD} names it: put it back from a copy, or import it again",
        )
    elif sha256(path) != about["sha256"]:
        yield (
            path,
            "changed",
            f"is not the mask that {own.folder / RECORD} names: put it back, or bring the change in with `dissent import`",
        )
    for name, sha in about.get("instead_of", {}).items():
        if (raw / name).is_file() and sha256(raw / name) != sha:
            yield (
                raw / name,
                "edited",
                f"was changed after {path} took its place: import it again, so that it counts, or put it back",
            )
