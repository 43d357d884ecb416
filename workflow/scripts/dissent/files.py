"""Tables, images, masks and digests on disk: read strictly, written atomically. No torch.

Everything that the workflow hands from one job to the next goes through this file, so that a reader never meets half a
file: a writer makes a temporary name beside the target, flushes it to the disk and renames it.
"""

import contextlib
import csv
import hashlib
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from dissent import disk, png

UNKNOWN = 255  # in a label: nobody knows what this pixel is
MOST_BY_LABEL = 4  # labels that overlap; if there are no more, bit 4 + l of a target byte says that label l is unknown

# pairs.csv; the SHA-256 of each file stands beside its path
PAIR_COLUMNS = (
    "id", "image", "label", "doubt", "origin", "copies", "image_sha256", "label_sha256", "doubt_sha256",
)  # fmt: skip


class UserError(ValueError):
    """A mistake the user can mend: the message names the file, the value and the remedy; shown without traceback."""


def write_atomic(path: str | Path, content: bytes) -> None:
    """Write `content` to `path` in one go: readers see the old file or the whole new one, never a part."""
    with writing(path, len(content)) as stream:
        stream.write(content)


@contextlib.contextmanager
def writing(path: str | Path, size: int | None = None) -> Iterator[BinaryIO]:
    """A stream whose bytes are `path` when the block ends well; until then, and if it fails, `path` is what it was.

    `size`: bytes that will come, where that is known. UserError, with that, where the disk is full or may not be written.
    """
    path, temporary = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        # of another file that the block reads while it writes this one, its name tells
        ours = error.filename is None or Path(error.filename) in (path.parent, Path(temporary or path), path)
        if not (words := disk.refusal(error, path, size) if ours or temporary is None else ""):
            raise
        raise UserError(words) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_atomic(path, text.encode("utf-8"))


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as readable JSON, keys in the order given; NaN is refused because JSON has none."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> dict:
    """Read a JSON file; UserError names the file when it is absent or damaged."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not readable JSON ({error}); delete it and run the same command again") from None


def write_table(path: str | Path, rows: Iterable[Mapping], columns: Sequence[str]) -> None:
    """Write rows as CSV with exactly these columns, as they come; one with a missing or an extra key is our bug (ValueError)."""
    with writing(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        writer = csv.DictWriter(text, columns, extrasaction="raise", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            missing = [column for column in columns if column not in row]
            if missing:
                raise ValueError(f"row {row} lacks {missing}")
            writer.writerow(row)
        text.detach()  # flushes, and leaves the stream to `writing`


def read_table(path: str | Path, columns: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read a CSV as a list of dicts of text; UserError names the file and what lacks."""
    return list(read_rows(path, columns))


def read_rows(
    path: str | Path, columns: Sequence[str] = (), part: tuple[int, int] = (1, 1)
) -> Iterator[dict[str, str]]:
    """The rows of a CSV one by one, as `read_table` has them; `part` = (s, n): the s-th of n parts of (almost) one length."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            first, last = 0, None
            if part != (1, 1):
                count = sum(1 for _ in csv.reader(stream)) - 1
                first, last = (count * shard // part[1] for shard in (part[0] - 1, part[0]))
                stream.seek(0)
            reader = csv.DictReader(stream)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                names = ", ".join(reader.fieldnames or ["none"])
                raise UserError(f"{path} has no column {', '.join(missing)}; it has {names}")
            yield from itertools.islice(reader, first, last)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None


def join_tables(paths: Sequence[str | Path], out: str | Path) -> None:
    """Write the tables one below the other under one header; UserError names one whose header is another."""
    with writing(out) as stream:
        header = None
        for path in paths:
            with open(path, "rb") as table:
                first = table.readline()
                if header is None:
                    stream.write(first)
                header = header or first
                if first != header:
                    raise UserError(
                        f"{path} has other columns than {paths[0]}; delete it and run the same command again"
                    )
                shutil.copyfileobj(table, stream)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file as 64 hex digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(*values: object) -> str:
    """SHA-256 (64 hex digits) of values that JSON can hold: the same values give the same digest on any machine."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def verify(path: str | Path, expected: str, table: str | Path) -> None:
    """Raise UserError when `path` is not the file that `table` means; an empty expectation is refused too."""
    if not Path(path).is_file():
        raise UserError(f"{path} is named in {table} but does not exist; delete {table} and run the same command again")
    if sha256(path) != expected:
        raise UserError(
            f"{path} is not the file that {table} names (its SHA-256 differs): it was changed or damaged since; "
            f"delete it together with {table} and run the same command again"
        )


def encode_png(pixels: np.ndarray, palette: Sequence[Sequence[int]] | None = None) -> bytes:
    """PNG bytes of (H, W) or (H, W, 3) uint8; with a palette (up to 256 RGB triples) pixels are its indices."""
    assert pixels.dtype == np.uint8, pixels.dtype
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette([channel for colour in palette for channel in colour])
    stream = io.BytesIO()
    # level 1: three times faster than the default and at most a fifth larger on the masks measured
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def write_image(path: str | Path, pixels: np.ndarray) -> None:
    """Write an (H, W) or (H, W, 3) uint8 image as PNG."""
    write_atomic(path, encode_png(pixels))


def write_mask(path: str | Path, ids: np.ndarray, palette: Sequence[Sequence[int]]) -> None:
    """Write (H, W) uint8 ids as a palette PNG: viewers show colours, `np.array` gives the ids back."""
    write_atomic(path, encode_png(ids, palette))


def read_image(path: str | Path, channels: int) -> np.ndarray:
    """Read a prepared image as (H, W, channels) uint8; UserError when it is damaged or has other channels."""
    pixels = _read(path)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] != channels:
        raise UserError(f"{path} has {pixels.shape[2]} channels where its data set has {channels}; prepare it again")
    return pixels


def read_mask(path: str | Path) -> np.ndarray:
    """Read a prepared mask as (H, W) uint8 ids."""
    pixels = _read(path)
    if pixels.ndim != 2:
        raise UserError(f"{path} is a colour image where a mask of one byte a pixel is expected")
    return pixels


def _read(path: str | Path) -> np.ndarray:
    try:
        content = Path(path).read_bytes()
        if fault := png.fault(content):
            raise ValueError(fault)
        with Image.open(io.BytesIO(content)) as image:
            return np.array(image)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path} cannot be decoded ({error}); delete it and run the same command again") from None
