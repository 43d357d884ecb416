"""Tables, images, masks and digests on disk: read strictly, written atomically. No torch.

Everything that the workflow hands from one job to the next goes through this file, so that a reader never meets half a
file: a writer makes a temporary name beside the target, flushes it to the disk and renames it. The masks of a table are
flushed together, before the table is written.
"""

import csv
import hashlib
import io
import itertools
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os.path import relpath
from pathlib import Path

import numpy as np
from PIL import Image

from dissent.core import png, seal
from dissent.core.atomic import flush as flush
from dissent.core.atomic import write_atomic as write_atomic
from dissent.core.atomic import write_text as write_text
from dissent.core.atomic import writing as writing
from dissent.core.checked import check_json, check_table, quoted, unquoted
from dissent.core.errors import UserError as UserError
from dissent.core.rebuild_hint import again

UNKNOWN = 255  # in a label: nobody knows what this pixel is
DOUBT_PALETTE = [[0, 0, 0]] + [[255, 90, 60]] * 255  # of an inconsistency mask: black where there is none, else red
MOST_BY_LABEL = 4  # labels that overlap; if there are no more, bit 4 + l of a target byte says that label l is unknown


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as readable JSON, keys in the order given; NaN is refused because JSON has none.

    An object gets one key more, `seal`: the digest of what stands before it, which `read_json` checks and takes off.
    """
    assert not (isinstance(value, Mapping) and seal.FIELD in value), f"`{seal.FIELD}` is a key of the file itself"
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, seal.seal_json(text) if isinstance(value, Mapping) else text)


def read_json(path: str | Path, sealed: bool = True) -> dict:
    """Read a JSON file; UserError names the file when it is absent, damaged, or not what `write_json` wrote.

    `sealed`: whether one of ours is expected; one without a seal, of an earlier version, is read with a warning.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; {again(path)}") from None
    return check_json(path, content, sealed)


def read_prepared(about: str | Path) -> dict:
    """What a dataset.json says; UserError where it is another whole JSON file, put in its place."""
    value = read_json(about)
    if "files" not in value:
        raise UserError(f"{about} says of no `files`, so it is another file, put in its place; {again(about)}")
    return value


def write_table(path: str | Path, rows: Iterable[Mapping], columns: Sequence[str], keeper: bool = True) -> dict:
    """Write rows as CSV with exactly these columns, as they come; one with a missing or an extra key is our bug (ValueError).

    Returns {"rows", "sha256"} for `tables` of a JSON of the step; with `keeper` that JSON is written here, beside the
    table and called like it, unless another one is meant to hold it (`seal.keepers`). Text that a spreadsheet would run as a formula gets
    a quote before it, which `read_table` takes off.
    """
    count = 0
    with writing(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        writer, careful = (
            csv.DictWriter(text, columns, extrasaction="raise", lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        writer.writeheader()
        for row in rows:
            count += 1
            missing = [column for column in columns if column not in row]
            if missing:
                raise ValueError(f"row {row} lacks {missing}")
            cells = {column: quoted(cell) for column, cell in row.items()}
            # the writer leaves a lone carriage return bare, and every reader ends the line there
            (careful if any("\r" in str(cell) for cell in cells.values()) else writer).writerow(cells)
        text.detach()  # flushes, and leaves the stream to `writing`
    return _keep(path, count, keeper)


def _keep(path: str | Path, rows: int, keeper: bool) -> dict:
    about = {"rows": rows, "sha256": sha256(path)}
    if keeper and seal.has_own_keeper(Path(path)):
        write_json(seal.keepers(Path(path))[0], {"tables": {Path(path).name: about}})
    return about


def read_table(path: str | Path, columns: Sequence[str] = (), sealed: bool = True) -> list[dict[str, str]]:
    """Read a CSV as a list of dicts of text; UserError names the file and what lacks. `sealed`: of `read_rows`."""
    return list(read_rows(path, columns, sealed=sealed))


def read_rows(
    path: str | Path, columns: Sequence[str] = (), part: Sequence[int] = (1, 1), sealed: bool = True
) -> Iterator[dict[str, str]]:
    """The rows of a CSV one by one, as `read_table` has them; `part` = (s, n): the s-th of n parts of (almost) one length.

    `sealed`: a table of ours, which must be the one that was written; False for a user's.
    """
    if sealed:
        check_table(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            first, last = 0, None
            if tuple(part) != (1, 1):
                count = sum(1 for _ in csv.reader(stream)) - 1
                first, last = (count * shard // part[1] for shard in (part[0] - 1, part[0]))
                stream.seek(0)
            reader = csv.DictReader(stream)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                names = ", ".join(reader.fieldnames or ["none"])
                raise UserError(f"{path} has no column {', '.join(missing)}; it has {names}")
            rows = itertools.islice(reader, first, last)
            yield from map(_plain, rows) if sealed else rows
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; {again(path)}" if sealed else f"{path} does not exist") from None


def _plain(row: dict) -> dict:
    return {name: unquoted(cell) if isinstance(cell, str) else cell for name, cell in row.items()}


def join_tables(paths: Sequence[str | Path], out: str | Path) -> None:
    """Write the tables one below the other under one header; UserError names one that is damaged or has another header."""
    rows = 0
    with writing(out) as stream:
        header = None
        for path in paths:
            check_table(path)
            rows += sum(1 for _ in read_rows(path, sealed=False))
            with open(path, "rb") as table:
                first = table.readline()
                if header is None:
                    stream.write(first)
                header = header or first
                if first != header:
                    raise UserError(f"{path} has other columns than {paths[0]}; {again(path)}")
                shutil.copyfileobj(table, stream)
    _keep(out, rows, True)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file as 64 hex digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digests(files: Iterable[str | Path], beside: str | Path) -> dict[str, str]:
    """{path as seen from the folder of `beside`: SHA-256} of the tables and JSON files among `files`, for a record of what a job read or wrote."""
    tables = [Path(file) for file in files if Path(file).suffix in (".csv", ".json") and Path(file) != Path(beside)]
    return {Path(relpath(file, Path(beside).parent)).as_posix(): sha256(file) for file in tables}


def digest(*values: object) -> str:
    """SHA-256 (64 hex digits) of values that JSON can hold: the same values give the same digest on any machine."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def verify(path: str | Path, expected: str, table: str | Path) -> None:
    """Raise UserError when `path` is not the file that `table` means; an empty expectation is refused too."""
    if not Path(path).is_file():
        raise UserError(f"{path} is named in {table} but does not exist; {again(path)}")
    if sha256(path) != expected:
        raise UserError(
            f"{path} is not the file that {table} names (its SHA-256 differs): it was changed or damaged since; "
            f"{again(path)}"
        )


def encode_png(pixels: np.ndarray, palette: Sequence[Sequence[int]] | None = None) -> bytes:
    """PNG bytes of (H, W) or (H, W, 3) uint8, or of (H, W) uint16; with a palette (up to 256 RGB triples) pixels are its indices."""
    assert pixels.dtype == np.uint8 or (pixels.dtype == np.uint16 and pixels.ndim == 2), pixels.dtype
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
        raise UserError(f"{path} cannot be decoded ({error}); {again(path)}") from None
