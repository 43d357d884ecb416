"""Ways in which files rot, each a function of the file and of a place in it from 0 to 1: for test_rot.py and the fault suite."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def flip(path: Path, place: float) -> None:
    """One bit is another one."""
    content = bytearray(path.read_bytes())
    bit = int(place * 8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def cut(path: Path, place: float) -> None:
    """The end is missing."""
    content = path.read_bytes()
    path.write_bytes(content[: max(1, int(len(content) * (0.05 + 0.9 * place)))])


def zeros(path: Path, place: float) -> None:
    """A block of zeros, as file systems leave it after a power cut."""
    content = bytearray(path.read_bytes())
    start, length = int(place * len(content) * 0.8), max(16, len(content) // 5)
    while not any(content[start : start + length]):  # zeros already
        start = (start + 1) % len(content)
    content[start : start + length] = bytes(len(content[start : start + length]))
    path.write_bytes(content)


def empty(path: Path, place: float) -> None:
    """Nothing is in it."""
    path.write_bytes(b"")


def delete(path: Path, place: float) -> None:
    """It is gone."""
    path.unlink()


def swap(path: Path, place: float) -> None:
    """Another whole file of its kind lies there, with the old date; one that is alone of its kind is left as it is."""
    date, content = path.stat(), path.read_bytes()
    found = [sorted(Path(path.parts[0]).rglob(path.name)), sorted(path.parent.iterdir())]
    found += [sorted(Path(path.parts[0]).rglob(f"*{path.suffix}"))]
    others = [[one for one in some if one.suffix == path.suffix and one.read_bytes() != content] for some in found]
    if kin := next((some for some in others if some), None):
        shutil.copyfile(kin[int(place * len(kin))], path)
    os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))


def digit(path: Path, place: float) -> None:
    """One digit is another one: what looks like a number still does."""
    content = bytearray(path.read_bytes())
    digits = [at for at, byte in enumerate(content) if 48 <= byte <= 57] or [0]
    at = digits[int(place * len(digits))]
    content[at] = 48 + (content[at] - 47) % 10
    path.write_bytes(content)


def _lines(change: Callable[[list[bytes], int], list[bytes]]) -> Callable[[Path, float], None]:
    """Of a table with its head; one of a head alone is left as it is."""

    def changed(path: Path, place: float) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        if len(lines) > 1:
            path.write_bytes(b"".join(change(lines, 1 + int(place * (len(lines) - 1)))))

    return changed


lose_line = _lines(lambda lines, at: lines[:at] + lines[at + 1 :])
double_line = _lines(lambda lines, at: lines[: at + 1] + lines[at:])
swap_lines = _lines(lambda lines, at: [lines[0], *lines[2:], lines[1]])
