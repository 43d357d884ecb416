"""A5: names of files that shells, tables, spreadsheets or file systems trip over: kept as they are, or refused by name."""

import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image

from dissent.core.files import read_table
from faults import made
from faults.product import dissent, named, refused, went_well
from faults.suite import Injection, Silent

NAMES = {
    "a blank": "a b", "blanks at both ends": " a ", "two blanks": "a  b", "a hash": "a#1", "a percent": "a%20b", "braces": "{x}",
    "double braces": "{{7*7}}", "an apostrophe": "it's", "a quote": 'a"b', "a comma": "a,b", "a semicolon": "a;touch marker;b",
    "a newline": "a\nb", "a tab": "a\tb", "a leading minus": "-rf", "a leading equals": "=cmd()", "a leading plus": "+1", "a leading at": "@sum",
    "a dollar": "$(touch marker)", "backticks": "`touch marker`", "a backslash": "a\\b", "a star": "a*", "a question mark": "a?", "brackets": "[ab]",
    "an ampersand": "a&b", "markup": "<script>alert(1)<", "a pipe": "a|b", "a colon": "C:a", "a tilde": "~root", "250 bytes": "n" * 240,
    "Chinese": "细胞", "Japanese of 3 bytes a letter": "細胞のがぞう", "emoji": "🔬", "right to left": "תא", "an override of direction": "a\u202eb",
    "a zero width blank": "a\u200bb", "NFD": unicodedata.normalize("NFD", "Zürich"), "a Turkish i": "İstanbul", "a number": "0012", "a date": "2024-01-02",
    "1e5": "1e5", "TRUE": "TRUE", "nan": "nan", "NULL": "null", "con": "con", "dots": "a.b.c", "ends like an image": "a.png",
    "a surrogate": "a\udcffb",
}  # fmt: skip
PAIRS = {
    "the same stem, .png and .jpg": ("twin.png", "twin.jpg"),
    "case alone": ("Cell.png", "cell.png"),
    "case of the extension": ("cell.png", "cell.PNG"),
    "NFC beside NFD": ("Zürich.png", unicodedata.normalize("NFD", "Zürich") + ".png"),
    "a dot and more": ("cell.png", "cell.rot.png"),
    "sharp s": ("straße.png", "strasse.png"),
    ".jpg and .jpeg": ("cell.jpg", "cell.jpeg"),
    ".tif and .tiff": ("cell.tif", "cell.tiff"),
}


def injections(seed: int) -> list[Injection]:
    odd = [Injection(title, lambda name=name: one_name(name, seed)) for title, name in NAMES.items()]
    masks = [
        Injection(f"{title}, of the mask alone", lambda name=name: of_mask(name, seed)) for title, name in NAMES.items()
    ]
    twins = [Injection(title, lambda names=names: two_names(*names, seed)) for title, names in PAIRS.items()]
    return odd + masks[seed % 2 :: 4] + twins


def _as_written(name: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def one_name(name: str, seed: int) -> str:
    """Image and mask of this name come through init, check, prepare, split and verify, or are refused."""
    made.raw(12, 12)
    number = seed % 12
    for folder in ("images", "masks"):
        Path(f"raw/{folder}/i{number:02}.png").rename(f"raw/{folder}/{name}.png")
    how = through(name)
    if how == "refused":
        return how
    rows = read_table("data/cells/files.csv")
    row = next((row for row in rows if row["source"].endswith(unicodedata.normalize("NFC", name) + ".png")), None)
    row = row or next(
        (
            row
            for row in rows
            if unicodedata.normalize("NFC", row["source"]).endswith(unicodedata.normalize("NFC", name) + ".png")
        ),
        None,
    )
    image, ids = made.pair(number)
    if row is None or len(rows) != 12 or not (_same(row["image"], image) and _same(row["label"], ids)):
        raise Silent(f"{name!r} is not in files.csv with its pixels: {row}")
    went_well(dissent("verify", "data"))
    return "survived"


def through(*names: str) -> str:
    """init, check, prepare: `refused` where one of them names the file."""
    Path("settings").mkdir()
    for step in (
        lambda: dissent("init", "raw", "--config-dir", "settings", "--name", "cells", "--size", 48, 48),
        lambda: dissent("check", "cells", "--config-dir", "settings"),
        made.prepared,
    ):
        said = step()
        if Path("marker").exists() or Path("raw/marker").exists():
            raise Silent("a name was run by a shell")
        if said.code:
            shown = tuple(
                {
                    part
                    for name in names
                    for part in (name, _as_written(name), ascii(name)[1:-1], repr(name)[1:-1], name[:50])
                }
            )
            return refused(said, shown)
    return "survived"


def _same(path: str, pixels: np.ndarray) -> bool:
    with Image.open(path) as image:
        return np.array_equal(np.array(image), pixels)


def of_mask(name: str, seed: int) -> str:
    """A mask whose name belongs to no image is named by init or check; its image is unlabelled at the most."""
    made.raw(12, 12)
    Path(f"raw/masks/i{seed % 12:02}.png").rename(f"raw/masks/{name}.png")
    Path("settings").mkdir()
    said = dissent("init", "raw", "--config-dir", "settings", "--name", "cells", "--size", 48, 48)
    shown = (name, _as_written(name), ascii(name)[1:-1], repr(name)[1:-1], name[:50])
    if said.code or any(one in said.text for one in shown):
        return named(said, shown)
    return named(dissent("check", "cells", "--config-dir", "settings"), shown)


def two_names(one: str, other: str, seed: int) -> str:
    """Two images whose names are one to some tools: both come through with their own pixels, or both are named."""
    made.raw(12, 10)
    for number, name in ((20 + seed, one), (40 + seed, other)):
        image, ids = made.pair(number)
        made.save(f"raw/images/{name}", image)
        made.save(f"raw/masks/{name.rsplit('.', 1)[0]}.png", ids * np.uint8(255))
    if len(list(Path("raw/images").iterdir())) < 14:
        return "survived"  # this file system takes them for one
    how = through(one, other)
    if how == "refused":
        return how
    rows = read_table("data/cells/files.csv")
    found = {Path(row["source"]).name: row for row in rows}
    for number, name in ((20 + seed, one), (40 + seed, other)):
        if len(rows) != 14 or not _same(found[name]["label"], made.pair(number)[1]):
            raise Silent(f"{name!r} has no row of its own, or not its own mask")
    return "survived"
