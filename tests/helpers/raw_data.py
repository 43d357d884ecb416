"""Small raw data sets that tests write, and the data set file that describes them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dissent.config.base import validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError, read_json, read_mask, read_table
from dissent.datasets import prepare

BINARY = {"kind": "binary", "labels": ["thing"]}
THREE = {"kind": "multiclass", "labels": ["sky", "road", "car"]}
BITS = {"kind": "multilabel", "labels": ["alive", "dead", "position"]}


def photo(seed: int, height: int = 16, width: int = 24, channels: int = 3) -> np.ndarray:
    """Pixels unlike those of any other seed."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def ids(seed: int, values: int = 2, height: int = 16, width: int = 24) -> np.ndarray:
    """A mask in which every value occurs."""
    mask = np.random.default_rng(seed + 1000).integers(0, values, (height, width), dtype=np.uint8)
    mask.ravel()[:values] = np.arange(values)
    return mask


def save(path: Path, pixels: np.ndarray, **options) -> Path:
    """Write an image in the format of its extension."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def pairs(raw: Path, names: list[str], values: int = 2, factor: int = 1) -> Path:
    """images/NAME.png and masks/NAME.png for each name."""
    for seed, name in enumerate(names):
        save(raw / "images" / f"{name}.png", photo(seed))
        save(raw / "masks" / f"{name}.png", ids(seed, values) * np.uint8(factor))
    return raw


def dataset(**keys) -> dict:
    """A data set as JSON; by default binary index masks, RGB, 16 x 24 pixels."""
    splits = keys.pop("splits", {"one": {"labelled": 1, "val": 1}})
    values = {"task": BINARY, "raw": "raw", "size": [16, 24], "splits": splits} | keys
    return validate(Dataset, values, "x.yaml").model_dump(mode="json")


def prepared(raw: Path, out: Path, threads: int = 1, **keys) -> tuple[dict, dict[str, dict]]:
    """Prepare; returns dataset.json and the rows of files.csv by id."""
    prepare(dataset(**keys), "toy", str(raw), str(out), threads=threads)
    rows = read_table(out / "files.csv")
    return read_json(out / "dataset.json"), {row["id"]: row for row in rows}


def label(rows: dict[str, dict], name: str) -> np.ndarray:
    """The prepared mask of one image."""
    return read_mask(rows[name]["label"])


def refused(raw: Path, out: Path, **keys) -> str:
    """The message with which `prepare` refuses a data set, of which nothing may be left."""
    with pytest.raises(UserError) as caught:
        prepared(raw, out, **keys)
    assert not out.exists() or not any(out.iterdir())
    return str(caught.value)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def raw_png(
    path: Path, size: tuple[int, int], bits: int, kind: int, lines: bytes, more: bytes = b"", interlaced: bool = False
) -> None:
    """Write a PNG that Pillow would not: size (H, W), bits a sample, colour type, filtered lines, chunks before them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">IIBBBBB", size[1], size[0], bits, kind, 0, 0, interlaced)
    parts = [chunk(b"IHDR", head), more, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def one(raw: Path, mask: np.ndarray, suffix: str = ".png", **options) -> Path:
    """A raw data set of one image, a."""
    save(raw / "images" / "a.png", photo(1))
    save(raw / "masks" / f"a{suffix}", mask, **options)
    return raw


def reads_as(tmp: Path, mask: np.ndarray, expected: np.ndarray, suffix: str = ".png", options=None, **keys) -> dict:
    """Check what becomes of the one mask of a data set; the rows of files.csv."""
    _, rows = prepared(one(tmp / "raw", mask, suffix, **(options or {})), tmp / "out", **keys)
    assert np.array_equal(label(rows, "a"), expected)
    return rows


def single(pixels: np.ndarray, name: str = "a.png", **options) -> None:
    """raw/images/NAME with raw/masks/a.png of its size, in the working directory."""
    save(Path("raw/images") / name, pixels, **options)
    save(Path("raw/masks/a.png"), ids(1, 2, *pixels.shape[:2]))
