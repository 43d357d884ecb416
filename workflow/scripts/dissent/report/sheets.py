"""Contact sheets: image, teachers, doubt, label (and hidden truth) side by side, chosen by rule, not by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dissent.files import UNKNOWN, encode_png, read_image, read_mask, read_table
from dissent.seeds import generator

_GAP, _HEAD = 6, 22
_DOUBT = np.array([255, 90, 60], np.float32)


@dataclass(frozen=True)
class Tables:
    """Paths of the tables of one generation from which a sheet is drawn; `hidden` may be None."""

    unlabelled: str
    predictions: str
    masks: str
    hidden: str | None


def choose(rows: Sequence[dict], each: int = 4) -> dict[str, list[dict]]:
    """Rows of masks.csv for the sheets: the most and the least doubtful, random ones, and dropped ones."""
    order = sorted(rows, key=lambda row: (-float(row["doubt_share"]), row["id"]))
    dropped = [row for row in rows if row["kept"] != "1"]
    picked = generator("sheet").permutation(len(rows))[:each]
    groups = {
        "most doubtful": order[:each],
        "least doubtful": order[-each:][::-1],
        "random": [rows[index] for index in sorted(picked)],
        "dropped": dropped[:each],
    }
    return {name: group for name, group in groups.items() if group}


def sheet(rows: Sequence[dict], tables: Tables, palette: Sequence[Sequence[int]], channels: int) -> bytes:
    """PNG bytes: one line an image (rows of masks.csv), one column a view, headed by their names."""
    images = {row["id"]: row["image"] for row in read_table(tables.unlabelled)}
    teachers: dict[str, dict[int, str]] = {}
    for row in read_table(tables.predictions):
        teachers.setdefault(row["id"], {})[int(row["teacher"])] = row["prediction"]
    hidden = {row["id"]: row["label"] for row in read_table(tables.hidden)} if tables.hidden else {}
    lines = []
    for row in rows:
        image = read_image(images[row["id"]], channels)
        image = np.repeat(image, 3, 2) if channels == 1 else image
        doubt = read_mask(row["doubt"]) != 0
        line = {"image": image}
        for k, path in sorted(teachers[row["id"]].items())[:4]:
            line[f"teacher {k}"] = colour(read_mask(path), palette)
        line["doubt"] = _mark(image, doubt)
        line["label"] = np.where(doubt[:, :, None], np.uint8(90), colour(read_mask(row["label"]), palette))
        if row["id"] in hidden:
            line["hidden truth"] = colour(read_mask(hidden[row["id"]]), palette)
        lines.append(line)
    return _compose(lines)


def colour(mask_HW: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Mask bytes as (H, W, 3) RGB; 255 (nobody knows) is grey."""
    table = np.array(palette, np.uint8)
    table[UNKNOWN] = 90
    return table[mask_HW]


def _mark(image: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    dim = image.astype(np.float32) * 0.6
    return np.where(doubt[:, :, None], 0.25 * dim + 0.75 * _DOUBT, dim).astype(np.uint8)


def _compose(lines: Sequence[dict[str, np.ndarray]]) -> bytes:
    names = list(dict.fromkeys(name for line in lines for name in line))
    height, width = next(iter(lines[0].values())).shape[:2]
    factor = max(1, round(128 / min(height, width)))
    height, width = height * factor, width * factor
    page = Image.new("RGB", ((width + _GAP) * len(names) - _GAP, (height + _GAP) * len(lines) - _GAP + _HEAD), "white")
    pen = ImageDraw.Draw(page)
    for column, name in enumerate(names):
        pen.text((column * (width + _GAP) + 2, 3), name, "black", ImageFont.load_default(13))
        for line_number, line in enumerate(lines):
            if name in line:
                tile = Image.fromarray(line[name]).resize((width, height), Image.Resampling.NEAREST)
                page.paste(tile, (column * (width + _GAP), _HEAD + line_number * (height + _GAP)))
    return encode_png(np.array(page))
