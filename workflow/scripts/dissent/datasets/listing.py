"""Every file in the folders of a data set: an image, a mask, or left out with the reason, so that none vanishes. No torch."""

import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from dissent.config.ends import Ends
from dissent.core.words import nfc, some
from dissent.datasets.decode import EXTENSIONS
from dissent.datasets.naming import OTHER_IMAGES
from dissent.datasets.problems import Problems

JUNK = ("Thumbs.db", "desktop.ini", "__MACOSX")
NO_IMAGE = "no image files"


@dataclass
class Census:
    """What became of each file in the folders that were looked at; what systems leave there (Thumbs.db) is not counted."""

    images: set[Path] = field(default_factory=set)
    masks: set[Path] = field(default_factory=set)
    masked: int = 0
    """images with a mask"""
    left: dict[Path, str] = field(default_factory=dict)
    """files that are not used, with the reason"""
    idle: list[str] = field(default_factory=list)
    """patterns of `leave_out` that fit no file"""

    def told(self) -> str:
        """The counts, which add up, as a line, and a line for each reason to leave files out."""
        used = self.images | self.masks
        left = {path: why for path, why in self.left.items() if path not in used}
        total = len(used) + len(left)
        lines = [
            f"files   {total} files: {len(self.images)} images ({self.masked} with a mask), {len(self.masks)} masks, "
            f"{len(left)} left out"
        ]
        for why in dict.fromkeys(left.values()):
            names = [path.name for path in sorted(left) if left[path] == why]
            lines.append(f"        left out: {len(names)}, {why}: {some(names)}")
        lines += [
            f"        {_leave_out(pattern)} fits no file below the folders: is it misspelt?" for pattern in self.idle
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Looking:
    """How a folder is looked through: the raw folder, patterns to leave out, whether folders in it are entered."""

    raw: Path
    leave_out: Sequence[str] = ()
    nested: bool = True

    def below(self, path: Path) -> str:
        """The path below the raw folder."""
        return path.relative_to(self.raw).as_posix()

    def files(self, folder: str, census: Census, problems: Problems) -> list[Path]:
        """Image files in a folder below the raw one; the others go to `census`, or to `problems`."""
        top = self.raw / folder
        if not top.is_dir():
            problems.append(f"{folder}: there is no such folder")
            return []
        hidden: list[Path] = []
        files, others = walk(top, hidden)
        census.left |= dict.fromkeys((path for path in hidden if path.suffix.lower() in EXTENSIONS), "hidden files")
        for path in others:
            if not self.nested and path.parent != top:
                continue
            if path.is_symlink() and path.is_dir():
                problems.add(self.below(path), "is a link to a folder that this one lies in: remove it")
            elif path.suffix.lower() in EXTENSIONS:
                problems.add(self.below(path), "is no plain file")
        return [path for path in files if self._is_image(path, top, census, problems)]

    def idle(self, census: Census) -> list[str]:
        """Patterns of `leave_out` for which nothing was left out."""
        return [pattern for pattern in self.leave_out if f"as {_leave_out(pattern)} says" not in census.left.values()]

    def _is_image(self, path: Path, top: Path, census: Census, problems: Problems) -> bool:
        name, ending = self.below(path), path.suffix.lower()
        pattern = next((one for one in self.leave_out if fits(name, one)), None)
        if pattern is not None:
            census.left[path] = f"as {_leave_out(pattern)} says"
        elif not self.nested and path.parent != top:
            census.left[path] = "in folders inside, which `recursive: false` passes over"
        elif ending in EXTENSIONS:
            return True
        elif ending in OTHER_IMAGES:
            problems.add(
                name,
                f"{path.suffix} is not read; save it as PNG, JPEG, TIFF or BMP, or say `leave_out: ['*{path.suffix}']` (init: --leave-out)",
            )
        else:
            census.left[path] = NO_IMAGE
        return False


def fits(name: str, pattern: str) -> bool:
    """Whether a pattern means a file: by its path below raw, or by a folder that it lies in; brackets may be letters, too."""
    texts = {nfc(pattern), nfc(pattern).replace("[", "[[]")}
    return any(fnmatchcase(nfc(name), one) for text in texts for one in (text, f"{text.rstrip('/')}/*"))


def _leave_out(pattern: str) -> str:
    return f"`leave_out: {pattern}`"


def walk(folder: Path, hidden: list[Path] | None = None) -> tuple[list[Path], list[Path]]:
    """Plain files below `folder` (links followed, hidden and junk files left out), and what is no file.

    A folder that is reached in two ways has the name that is no link. `hidden` gets the files that were left out.
    """
    files: list[Path] = []
    others: list[Path] = []
    links: list[Path] = []
    todo, seen = [folder], set()
    above = set(Path(os.path.realpath(folder)).parents)
    while todo or links:
        current = (todo or links).pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        for name in sorted(os.listdir(current)):
            path = current / name
            if name.startswith(".") or name in JUNK:
                if hidden is not None:
                    inside = [] if name in JUNK else path.rglob("*")
                    hidden += [one for one in (path, *inside) if one.is_file()]
                continue
            try:
                kind = os.stat(path).st_mode
            except OSError:
                others.append(path)  # a link to nothing or to itself
                continue
            if stat.S_ISDIR(kind) and path.is_symlink() and Path(os.path.realpath(path)) in above:
                others.append(path)  # below it lies what is no part of this folder
            elif stat.S_ISDIR(kind):
                (links if path.is_symlink() else todo).append(path)
                if path.suffix.lower() in EXTENSIONS:
                    others.append(path)
            else:
                (files if stat.S_ISREG(kind) else others).append(path)
    return sorted(files), others


def images_by_key(
    looking: Looking, folder: str, files: Sequence[Path], ends: Ends, problems: Problems
) -> dict[str, Path]:
    """Images by their path below the folder, without extension and `ends`, in NFC.

    An image without them is one all the same, with the key that it has; where it seems to be another file of an
    image that has the suffix (a_depth beside a_rgb) it goes to `problems`.
    """
    found: dict[str, Path] = {}
    plain = []
    for path in files:
        key = _key(path, looking.raw / folder)
        if ends and ends.around(nfc(path.stem)):
            _put(found, ends.off(key), path, looking, problems)
        else:
            plain.append((key, path))
    known = dict(found) if ends.suffix else {}
    for key, path in plain:
        of = next((known[start] for start in _starts(key) if start in known), None)
        if of is None or of.parent != path.parent:
            _put(found, key, path, looking, problems)
            continue
        ending = f"{key[len(ends.off(_key(of, looking.raw / folder))) :]}{path.suffix}"
        problems.add(
            looking.below(path),
            f"does not {ends.told}, and seems to be another file of {of.name}: rename it, or say "
            f"`leave_out: ['*{ending}']` (init: --leave-out)",
        )
    return found


def masks_by_key(
    looking: Looking, folder: str, files: Sequence[Path], ends: Ends, problems: Problems
) -> dict[str, Path]:
    """Masks by their path below the folder, without extension and `ends`; what has not both goes to `problems`."""
    found: dict[str, Path] = {}
    for path in files:
        key = _key(path, looking.raw / folder)
        if not ends or ends.around(nfc(path.stem)):
            _put(found, ends.off(key), path, looking, problems)
            continue
        problems.add(
            looking.below(path),
            f"is a mask whose name does not {ends.told}: rename it if it is misspelt, join it with the other if "
            f"an image has two, or say `leave_out: ['{ending_of(path, ends.suffix)}']` (init: --leave-out)",
        )
    return found


def by_images(masks: dict[str, Path], images: Mapping[str, Path]) -> dict[str, Path]:
    """Masks by the keys of their images, of which the case of letters may be another; one that fits several keeps its own."""
    folded: dict[str, list[str]] = {}
    for key in images:
        folded.setdefault(key.casefold(), []).append(key)
    alike = {key: folded.get(key.casefold(), []) for key in masks if key not in images}
    named = {key: one[0] for key, one in alike.items() if len(one) == 1 and one[0] not in masks}
    taken = Counter(named.values())
    return {key if taken[named.get(key, key)] != 1 else named.get(key, key): path for key, path in masks.items()}


def ending_of(path: Path, suffix: str) -> str:
    """A pattern for files like this one: what follows the last separator that is no part of the suffix."""
    at = path.stem.find(suffix) if suffix else -1
    ending = path.stem[at:] if at > 0 else next(iter(re.findall(r"[-_. ][^-_. ]*$", path.stem)), path.stem)
    return f"*{ending}{path.suffix}"


def further_files(looking: Looking, images: dict[str, Path], masks: dict[str, Path], suffix: str) -> Problems:
    """Images in a folder of images and masks that seem to be masks: a_msk and a_mask_1 beside a, where `_mask` is meant."""
    problems = Problems()
    for key, path in images.items():
        if key in masks:
            continue
        start = next((start for start in _starts(key) if start in images), None)
        if start is None:
            continue
        rest = key[len(start) :] if start else ""
        if rest.startswith(suffix) or rest[1:2].isalpha():
            problems.add(
                looking.below(path),
                f"lies with the masks and seems to be a file of {images[start].name}: rename it if it is a misspelt mask "
                f"(`{suffix}`), say `leave_out: ['*{rest}{path.suffix}']`, or put masks into a folder of their own",
            )
    return problems


def _put(found: dict[str, Path], key: str, path: Path, looking: Looking, problems: Problems) -> None:
    if key in found:
        problems.add(looking.below(path), f"has the same name as {looking.below(found[key])}")
    found[key] = path


def _key(path: Path, top: Path) -> str:
    return nfc(path.relative_to(top).with_name(path.stem).as_posix())


def _starts(key: str) -> list[str]:
    """What a name begins with, up to each separator in its last part: a_1_depth gives a_1 and a."""
    name = PurePosixPath(key).name
    head = key[: len(key) - len(name)]
    return [head + name[: match.start()] for match in reversed(list(re.finditer(r"[-_. ]", name))) if match.start()]
