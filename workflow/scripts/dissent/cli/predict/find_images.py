"""New images in a folder: found, named and read. No torch."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from dissent.core.files import UserError
from dissent.datasets.convert import to_bytes
from dissent.datasets.decode import EXTENSIONS, read_header, read_photo, turned, turned_size
from dissent.datasets.listing import walk
from dissent.datasets.naming import OTHER_IMAGES, odd_character

_LONGEST = 255  # bytes of a file's name


@dataclass(frozen=True)
class Photo:
    """An image: where it is, its path below the folder, and the path of its mask below OUT/masks."""

    path: Path
    shown: str
    mask: str


@dataclass(frozen=True)
class Upright:
    """An image as it is meant to be looked at: uint8 `pixels` (H, W) or (H, W, 3), which may come at a fraction of its
    `shape` (H, W), and the `orientation` (1 to 8) from which it was turned."""

    pixels: np.ndarray
    shape: tuple[int, int]
    orientation: int
    faded: bool
    """it has colours, which a network of grey images does not see"""


def read_upright(
    path: Path, channels: int, depth: int, levels: tuple[int, int] | None, turn: bool, enough: tuple[int, int] | None
) -> Upright:
    """Read an image; ValueError says why it cannot be used.

    `levels`: the grey levels of a 16-bit image that become 0 and 255. `turn`: heed its EXIF tag. `enough`: a JPEG may come
    at a fraction of its size that is still at least twice this (H, W), as it does when a data set is prepared.
    """
    orientation = read_header(path).orientation if turn else 1
    smallest = turned_size((2 * enough[0], 2 * enough[1]), orientation) if enough else None
    header, pixels, faded = read_photo(path, channels, smallest)
    found = 8 * pixels.dtype.itemsize
    if found != depth and not (found == 16 and levels):
        remedy = (
            "say with `dissent predict --levels LOW HIGH` which grey levels become 0 and 255"
            if found == 16
            else "give it images of 16 bits, as they were recorded"
        )
        raise ValueError(f"has {found} bits a sample, and the network learned from {depth}-bit images: {remedy}")
    seen = to_bytes(turned(pixels, orientation), levels if found == 16 else None)
    return Upright(seen, turned_size(header.size, orientation), orientation, faded)


def pixels_of(path: Path) -> int:
    """How many pixels an image says it has; 0 where it does not say."""
    try:
        height, width = read_header(path).size
    except ValueError:
        return 0
    return height * width


def find_photos(folder: Path, out: Path) -> tuple[list[Photo], list[tuple[str, str]], list[str]]:
    """All images below `folder` (or the one file) by name, (name, reason) of what looks like one but is none, other files.

    What lies in `out` is passed over. UserError when there is no image at all.
    """
    if not folder.exists():
        raise UserError(f"{folder} does not exist; name a folder of images, or one image")
    base = folder if folder.is_dir() else folder.parent
    if base.resolve() == out.resolve() or (out.resolve() in base.resolve().parents and folder.is_dir()):
        raise UserError(f"{folder} lies in {out}, where the masks are to go; name another folder for them")
    left: list[Path] = []  # hidden files are among them
    files, others = walk(folder, left) if folder.is_dir() else ([folder], [])
    inside = out.resolve()
    bad = [(path, "is no plain file") for path in others if path.suffix.lower() in EXTENSIONS]
    found = []
    for path in files:
        ending = path.suffix.lower()
        if inside in path.resolve().parents:
            continue
        if ending in OTHER_IMAGES:
            bad.append((path, f"{ending} is not read; save it as PNG, JPEG, TIFF or BMP"))
        elif ending in EXTENSIONS:
            why = _unfit(path.relative_to(base))
            if why:
                bad.append((path, why))
            else:
                found.append(path)
        else:
            left.append(path)
    if not found and not bad:
        raise UserError(f"{folder} has no images ({', '.join(EXTENSIONS)})")
    names = names_of([PurePosixPath(path.relative_to(base).as_posix()) for path in found])
    photos = [Photo(path, str(name), f"{mask}.png") for path, (name, mask) in zip(found, names.items(), strict=True)]
    return (
        photos,
        [(path.relative_to(base).as_posix(), why) for path, why in bad],
        sorted(path.relative_to(base).as_posix() for path in left),
    )


def names_of(paths: list[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Names without extension; with it where two would otherwise be one (a.png and a.jpg), upper and lower case alike."""
    names = {path: path.with_suffix("") for path in paths}
    while True:
        count = Counter(_folded(name) for name in names.values())
        twice = [path for path, name in names.items() if count[_folded(name)] > 1 and name != path]
        if not twice:
            return names
        names |= {path: path for path in twice}


def _folded(name: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(name)).casefold()


def _unfit(path: Path) -> str:
    """What is wrong with a name: characters that no table can hold or that change how it is shown, or its length."""
    if bad := odd_character(path.as_posix()):
        return f"its name has the character {bad}; rename it"
    return "its name is too long; rename it" if len(f"{path.name}.png".encode()) > _LONGEST else ""
