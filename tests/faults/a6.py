"""A6: subsets of a split that share what they must not, and lists and tables that say something else than they seem to."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from dissent.core.columns import SUBSETS
from dissent.core.files import read_table
from faults import made, own
from faults.product import dissent, named, refused
from faults.suite import Injection, Silent, Unnamed

TABLE = (
    made.DATASET.split("splits:")[0]
    + "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: subset, labelled: [labelled], unlabelled: [pool], val: [val], test: [test]}\n"
)
LISTS = made.DATASET.split("splits:")[0] + "splits:\n  few: {lists: {labelled: labelled.txt, val: val.txt}}\n"
SUBSET = 96
COUNTS = {"labelled": 6, "pool": 8, "val": 4, "test": 4}
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "the same bytes": lambda image: image,
    "resized": lambda image: image.resize((80, 80), Image.Resampling.LANCZOS),
    "enlarged": lambda image: image.resize((150, 150), Image.Resampling.BICUBIC),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "half turned": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "brighter": lambda image: image.point(lambda value: min(255, int(value * 1.15) + 8)),
    "cropped by a tenth": lambda image: image.crop((5, 5, SUBSET - 5, SUBSET - 5)).resize(
        (SUBSET, SUBSET), Image.Resampling.BICUBIC
    ),
}


def _picture(number: int) -> tuple[Image.Image, Image.Image]:
    """An image that is like no other: soft light of its own under its discs, as photographs have."""
    random = np.random.default_rng([number, 99])
    coarse = random.uniform(20, 160, (6, 6, 3)).astype(np.uint8)
    light = np.array(Image.fromarray(coarse).resize((SUBSET, SUBSET), Image.Resampling.BICUBIC)).astype(int)
    _, ids = made.pair(number, SUBSET)
    pixels = light + 70 * ids[..., None] + random.normal(0, 4, (SUBSET, SUBSET, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), Image.fromarray(ids * np.uint8(255))


def tabled(seed: int, more: Callable[[list[str]], None]) -> None:
    """raw/ with a table of subsets, to which `more` adds rows and files."""
    rows, number = ["image,subset"], 0
    for subset, count in COUNTS.items():
        for _ in range(count):
            _write(number, *_picture(1000 * seed + number))
            rows.append(f"i{number:02}.png,{subset}")
            number += 1
    more(rows)
    Path("raw/splits.csv").write_text("\n".join(rows) + "\n")
    made.settings(TABLE)


def _write(number: int, image: Image.Image, mask: Image.Image, end: str = ".png", **options) -> str:
    Path("raw/images").mkdir(parents=True, exist_ok=True)
    Path("raw/masks").mkdir(parents=True, exist_ok=True)
    image.save(f"raw/images/i{number:02}{end}", **options)
    mask.save(f"raw/masks/i{number:02}.png")
    return f"i{number:02}{end}"


def twin(seed: int, change: str, of: str, subset: str) -> str:
    """An image of one subset comes again on another: check names both."""
    first = {"labelled": 0, "pool": 6, "val": 14}[of] + int(np.random.default_rng([seed, len(change)]).integers(3))

    def more(rows: list[str]) -> None:
        pictures = _picture(1000 * seed + first)
        if change.startswith("JPEG"):
            name = _write(90, *pictures, ".jpg", quality=int(change.split()[1]))
        else:
            image, mask = pictures
            shape = mask if change == "brighter" else CHANGES[change](mask)
            name = _write(90, CHANGES[change](image), shape.point(lambda value: 255 * (value > 127)))
        rows.append(f"{name},{subset}")

    tabled(seed, more)
    return named(dissent("check", "cells", "--config-dir", "settings"), f"i{first:02}", "i90")


def alone(seed: int) -> str:
    """Images that are not alike are not called so."""
    tabled(seed, lambda rows: None)
    said = dissent("check", "cells", "--config-dir", "settings")
    if said.code or "nearly the same" in said.text:
        raise Unnamed(f"images that are not alike are called so: {said.text[-800:]}")
    return "survived"


def grouped(seed: int) -> str:
    """Half of the frames of each patient have masks: a patient is in one subset, and its masks are used or told."""
    for patient in range(10):
        for frame in range(6):
            image, ids = made.pair(1000 * seed + patient * 6 + frame)
            made.save(f"raw/images/pat{patient:02}_f{frame}.png", image)
            if frame < 3:
                made.save(f"raw/masks/pat{patient:02}_f{frame}.png", ids * np.uint8(255))
    end = own.way("--group", r"^(pat\d+)")
    if end.stage != "done":
        return named(end.said, "group") and "refused"
    subsets = _subsets("data/cells")
    homes: dict[str, set] = {}
    for subset, names in subsets.items():
        for name in names:
            homes.setdefault(name[:5], set()).add("train" if subset in ("labelled", "unlabelled") else subset)
    if any(len(one) > 1 for one in homes.values()):
        raise Silent(f"patients in two subsets: {homes}")
    used = [name for name in subsets["labelled"] + subsets["val"] + subsets["test"] if name[-1] in "012"]
    if len(used) < 30 and not any(word in end.text for word in ("not used", "hidden", "left out")):
        raise Silent(f"{30 - len(used)} of 30 masks are not used, without a word")
    return "survived"


def _subsets(out: str) -> dict[str, list[str]]:
    folder = next(Path(out, "splits").iterdir())
    return {
        subset: [row["id"] for row in read_table(folder / f"{subset}.csv")] for subset in SUBSETS if subset != "hidden"
    }


def listed(
    seed: int,
    labelled: list[str],
    val: list[str],
    right: dict[str, list[str]] | None,
    words: tuple,
    names: tuple[str, ...],
) -> str:
    """Lists of a split: they mean what they say, or the line is named."""
    for number, name in enumerate(names):
        image, ids = made.pair(1000 * seed + number)
        made.save(f"raw/images/{name}.png", image)
        made.save(f"raw/masks/{name}.png", ids * np.uint8(255))
    Path("raw/labelled.txt").write_text("\n".join(labelled) + "\n")
    Path("raw/val.txt").write_text("\n".join(val) + "\n")
    made.settings(LISTS.replace("labelled.txt", "raw/labelled.txt").replace("val.txt", "raw/val.txt"))
    said = made.prepared()
    if said.code:
        return refused(said, *words)
    found = {subset: sorted(names) for subset, names in _subsets("data/cells").items()}
    if right is None or any(found[subset] != sorted(ids) for subset, ids in right.items()):
        raise Silent(f"the subsets are {found}")
    return "survived"


DOTS = ("a", "a.rot", "b", "b.rot", "c", "d", "e")
LISTED: dict[str, tuple] = {
    "ids with dots": (
        ["a.rot", "b.rot"],
        ["c", "d"],
        {"labelled": ["a.rot", "b.rot"], "val": ["c", "d"]},
        ("a.rot",),
        DOTS,
    ),
    "ids with dots and an extension": (
        ["a.rot.png", "b.png"],
        ["c.png", "d"],
        {"labelled": ["a.rot", "b"], "val": ["c", "d"]},
        ("a.rot",),
        DOTS,
    ),
    "an image that is not there": (["a", "zz"], ["c", "d"], None, ("zz",), DOTS),
    "an image twice in a list": (
        ["a", "a", "b"],
        ["c", "d"],
        {"labelled": ["a", "b"], "val": ["c", "d"]},
        ("a",),
        DOTS,
    ),
    "an image in two subsets": (["a", "b"], ["b", "c"], None, ("b",), DOTS),
    "image and mask on a line": (
        ["images/a.png masks/a.png", "images/b.png masks/b.png"],
        ["images/c.png masks/c.png"],
        {"labelled": ["a", "b"], "val": ["c"]},
        ("a",),
        DOTS,
    ),
    "empty lines": (["a", "", "  ", "b"], ["", "c"], {"labelled": ["a", "b"], "val": ["c"]}, ("line", "empty"), DOTS),
    "a list without images": ([""], ["c"], None, ("labelled",), DOTS),
    "ends of lines of Windows": (["a\r", "b\r"], ["c\r"], {"labelled": ["a", "b"], "val": ["c"]}, ("a",), DOTS),
}


def encoded(
    seed: int, content: Callable[[list[str]], bytes], rows: Callable[[list[str]], list[str]], words: tuple
) -> str:
    """A table in another encoding, or with odd rows: the right subsets, or a message that names it."""
    tabled(seed, lambda lines: None)
    lines = Path("raw/splits.csv").read_text().splitlines()
    lines = rows([lines[0] + ",site"] + [line + ",Köln" for line in lines[1:]])
    Path("raw/splits.csv").write_bytes(content(lines))
    said = dissent("check", "cells", "--config-dir", "settings")
    if said.code:
        return refused(said, *words)
    made.prepared()
    if {subset: len(names) for subset, names in _subsets("data/cells").items()} != {
        "labelled": 6,
        "unlabelled": 8,
        "val": 4,
        "test": 4,
    }:
        raise Silent(f"the subsets are {_subsets('data/cells')}")
    if "Köln" not in Path("data/cells/files.csv").read_text("utf-8"):
        raise Silent("Köln is another word in files.csv")
    return "survived"


def _same(lines: list[str]) -> list[str]:
    return lines


def _in(encoding: str, end: str = "\n") -> Callable[[list[str]], bytes]:
    return lambda lines: (end.join(lines) + end).encode(encoding)


TABLES: dict[str, tuple] = {
    "cp1252": (_in("cp1252", "\r\n"), _same, ("splits.csv",)),
    "UTF-16": (_in("utf-16"), _same, ("splits.csv",)),
    "UTF-16 without a mark": (_in("utf-16-le"), _same, ("splits.csv",)),
    "UTF-8 with a mark": (_in("utf-8-sig"), _same, ("splits.csv",)),
    "UTF-32": (_in("utf-32"), _same, ("splits.csv",)),
    "ends of lines of an old Mac": (_in("utf-8", "\r"), _same, ("splits.csv",)),
    "semicolons": (_in("utf-8"), lambda lines: [line.replace(",", ";") for line in lines], ("splits.csv",)),
    "tabs": (_in("utf-8"), lambda lines: [line.replace(",", "\t") for line in lines], ("splits.csv",)),
    "empty rows": (_in("utf-8"), lambda lines: [*lines[:4], "", ",,", *lines[4:], ""], ("splits.csv",)),
    "paths for names": (_in("utf-8"), lambda lines: [lines[0], *[f"images/{line}" for line in lines[1:]]], ("splits.csv", ("images/", "i00"))),
    "absolute paths for names": (_in("utf-8"), lambda lines: [lines[0], *[f"C:\\data\\{line}" for line in lines[1:]]], ("splits.csv",)),
    "a row twice": (_in("utf-8"), lambda lines: [*lines, lines[3]], ("splits.csv", "i02")),
    "a row too few": (_in("utf-8"), lambda lines: lines[:5] + lines[6:], ("splits.csv", "i04")),
    "a row too many": (_in("utf-8"), lambda lines: [*lines, "i99.png,test,Köln"], ("splits.csv", "i99")),
    "a column too many in a row": (_in("utf-8"), lambda lines: [*lines[:3], lines[3] + ",x", *lines[4:]], ("splits.csv", ("i02", "line 4"))),
    "an open quote": (_in("utf-8"), lambda lines: [*lines[:3], '"' + lines[3], *lines[4:]], ("splits.csv",)),
    "a column twice": (_in("utf-8"), lambda lines: [lines[0] + ",subset", *[line + ",test" for line in lines[1:]]], ("splits.csv", "subset")),
    "a NUL in a row": (_in("utf-8"), lambda lines: [*lines[:3], lines[3][:4] + "\0" + lines[3][4:], *lines[4:]], ("splits.csv",)),
    "no table but a page": (lambda lines: b"<html>log in</html>", _same, ("splits.csv",)),
    "an empty table": (lambda lines: b"", _same, ("splits.csv",)),
    "a spreadsheet": (lambda lines: b"PK\x03\x04" + bytes(range(256)), _same, ("splits.csv",)),
}  # fmt: skip


def few(seed: int, labelled: int, val: int) -> str:
    """Fewer masks than a split needs: told, with the number."""
    made.raw(12, labelled + val)
    made.settings(
        made.DATASET.replace(
            "{seed: 1, labelled: 3, val: 2, test: 2}", f"{{seed: {seed}, labelled: {labelled}, val: {val}}}"
        )
    )
    return named(dissent("check", "cells", "--config-dir", "settings"), ("labelled", "val"))


def empty_validation(seed: int) -> str:
    """No validation image shows an object: nothing can be chosen on them."""

    def more(rows: list[str]) -> None:
        for number in range(14, 22):
            made.save(f"raw/masks/i{number:02}.png", np.zeros((SUBSET, SUBSET), np.uint8))

    tabled(seed, more)
    return named(dissent("check", "cells", "--config-dir", "settings"), ("val", "validation"), ("object", "cell"))


def injections(seed: int) -> list[Injection]:
    found = []
    for change in [*CHANGES, "JPEG 80", "JPEG 40"]:
        subsets = (
            [("labelled", "test"), ("pool", "test"), ("labelled", "val")]
            if change != "cropped by a tenth"
            else [("labelled", "test")]
        )
        for of, subset in subsets:
            found.append(
                Injection(f"an image of {of} in {subset}, {change}", lambda a=(seed, change, of, subset): twin(*a))
            )
    found += [Injection(f"a list: {title}", lambda one=one: listed(seed, *one)) for title, one in LISTED.items()]
    found += [Injection(f"a table: {title}", lambda one=one: encoded(seed, *one)) for title, one in TABLES.items()]
    found += [
        Injection(f"{n} labelled, {v} for validation", lambda n=n, v=v: few(seed, n, v))
        for n, v in ((0, 2), (1, 2), (2, 0), (3, 1), (1, 0))
    ]
    return [
        *found,
        Injection("frames of patients, half of them labelled", lambda: grouped(seed)),
        Injection("validation images without an object", lambda: empty_validation(seed)),
        Injection("no image comes twice", lambda: alone(seed)),
    ]
