"""What brings a file back without making it anew: its content, which lies elsewhere, or an editor's changes, undone. No torch."""

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from dissent.core import seal
from dissent.core.checked import strict_json
from dissent.core.words import printable, some

_MARK = b"\xef\xbb\xbf"
LINES = r"sed -i -e '1s/^\xEF\xBB\xBF//' -e 's/\r$//'"
FORM = "python -m json.tool --no-ensure-ascii --indent 1"
WHY = {
    LINES: "has the line ends of Windows, or a mark before its text, as git or an editor writes them; the rest is as it was written",
    FORM: "was written anew by an editor, in another form with the same content",
}


def edited(file: Path) -> str:
    """The command that undoes what git, a copy or an editor did to the form of a text of ours; "" where that is not all."""
    try:
        content = file.read_bytes()
    except OSError:
        return ""
    plain = content.removeprefix(_MARK).replace(b"\r\n", b"\n")
    if plain != content and _is_whole(file, plain):
        return LINES
    return FORM if file.suffix == ".json" and seal.holds(content) is not True and _is_reformed(plain) else ""


def _is_whole(file: Path, content: bytes) -> bool:
    if file.suffix == ".json":
        return seal.holds(content) is True
    if file.suffix == ".html":
        return seal.page_holds(content) is True
    try:
        wanted = seal.kept(file)
    except seal.Broken:
        return False
    return wanted is not None and hashlib.sha256(content).hexdigest() == wanted.sha256


def _is_reformed(content: bytes) -> bool:
    try:
        value = strict_json(content.decode("utf-8"))
        before = value.pop(seal.FIELD)
        text = seal.seal_json(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    except (ValueError, KeyError, AttributeError, TypeError):
        return False
    return json.loads(text)[seal.FIELD] == before


def commands(mended: dict[str, list[Path]]) -> Iterator[str]:
    """Lines for the user, from {command: files that it brings back}."""
    for command, files in mended.items():
        names = [shlex.quote(str(file)) for file in files]
        yield from [f"{command} {' '.join(names)}"] if command == LINES else [f"{command} {one} {one}" for one in names]


def moves(renamed: dict[Path, Path]) -> Iterator[str]:
    """Lines that rename folders, from {folder: where it belongs}. Two may lie in each other's place."""
    for folder, before in renamed.items():
        one, other = shlex.quote(str(folder)), shlex.quote(str(before))
        if before not in renamed:
            yield f"mv {one} {other}"
        elif folder < before:
            yield f"mv {one} {one}.aside && mv {other} {one} && mv {one}.aside {other}"


def copies(found: Iterable[tuple[Path, Path]]) -> Iterator[str]:
    """Lines that say what to copy, from pairs of a file and where its content lies: one for each two folders."""
    pairs = list(found)
    files = {file for file, _ in pairs}
    groups: dict[tuple[Path, Path], list[tuple[Path, Path]]] = {}
    for file, source in pairs:
        groups.setdefault((file.parent, source.parent), []).append((file, source))
    for (folder, other), group in groups.items():
        crossed = "; some are to be overwritten, so put them aside first" * any(source in files for _, source in group)
        names = some(
            [f"{source.name} as {file.name}" if source.name != file.name else file.name for file, source in group]
        )
        yield f"copy into {printable(folder)} from {printable(other)}, where the right files lie{crossed}: {names}"
