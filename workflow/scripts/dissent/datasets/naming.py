"""Which image a person's list or table means: by its path, the end of its path, its file's name, or its id. No torch."""

import functools
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from dissent.core.words import nfc, some
from dissent.datasets.decode import EXTENSIONS

OTHER_IMAGES = (
    ".gif", ".webp", ".heic", ".heif", ".avif", ".jp2", ".jpe", ".jfif", ".dib", ".ppm", ".pgm", ".pbm", ".tga", ".svg",
    ".psd", ".exr", ".hdr", ".dcm", ".nii", ".mha", ".nrrd", ".npy", ".npz", ".mat", ".h5", ".zarr", ".czi", ".nd2",
    ".lif", ".svs", ".cr2", ".nef", ".arw", ".dng", ".raw",
)  # fmt: skip
"""endings of images that are not read"""
_JOINERS = "\u200c\u200d"  # they belong to words of some scripts
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)


def odd_character(name: str) -> str:
    """The first character of a name that a table or a terminal does not show as it is, as code; "" if there is none."""
    kinds = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return next((ascii(c) for c in name if unicodedata.category(c) in kinds and c not in _JOINERS), "")


def plain(value: str) -> str:
    """A value as people mean it: without upper case, wide and invisible letters, and zeros that change no number."""
    shown = "".join(c for c in unicodedata.normalize("NFKC", value) if unicodedata.category(c) != "Cf")
    text = " ".join(nfc(shown.casefold()).split())
    if not _NUMBER.fullmatch(text):
        return text
    whole, _, part = text.lstrip("+-").partition(".")
    return "-" * text.startswith("-") + f"{whole.lstrip('0') or '0'}.{part}".rstrip("0").rstrip(".")


def bare(path: str) -> str:
    """A path without the ending of an image: `a.rot` stays, as .rot is none, and a.jpg.png gives a.jpg."""
    ending = PurePosixPath(path).suffix
    return path[: -len(ending)] if ending.lower() in EXTENSIONS + OTHER_IMAGES else path


class Names:
    """The images of a data set by everything that they may be called; `images`: pairs of path below raw and id.

    `root`: what the raw folder is called.
    """

    def __init__(self, images: Iterable[tuple[str, str]], suffix: str = "", root: str = "") -> None:
        self._root = nfc(root)
        self._paths: dict[str, set[str]] = {}
        self._full: dict[str, set[str]] = {}
        self._bare: dict[str, set[str]] = {}
        self._called: list[tuple[str, str]] = []
        self._folders: set[str] = set()
        files: list[str] = []
        for source, id_ in images:
            path = nfc(source)
            without = bare(path)
            for name in {without, without.removesuffix(suffix)}:
                for tail in tails(name):
                    self._bare.setdefault(tail, set()).add(source)
            self._paths[path] = {source}
            files.append(PurePosixPath(without).name)
            self._folders.update(tails(str(PurePosixPath(path).parent)))
            for tail in tails(path):
                self._full.setdefault(tail, set()).add(source)
            self._bare.setdefault(nfc(id_), set()).add(source)
            self._called += [(id_, source), (files[-1], source)]
        self._alone = len(set(files)) == len(files)  # the name of its file tells which image it is

    def exact(self, text: str) -> set[str]:
        """Paths of the images that `text` names; more than one where it fits several."""
        name = _path(text)
        if found := self._paths.get(name) or self._full.get(name):
            return found
        # `a.jpg` may be the id of a.jpg.png, or the image a with an ending: where both are there, it names two
        return self._bare.get(name, set()) | self._bare.get(bare(name), set())

    def find(self, text: str) -> set[str]:
        """Find images as `exact` does, then by the end of a path, at last by the file's name alone: paths may be another computer's.

        A path in a folder that is known here means that folder: where the image lacks, another of its name is not meant.
        Nor is it where several folders have files of one name.
        """
        for tail in tails(_path(text)):
            folder, _, _ = tail.rpartition("/")
            if (folder or self._alone or tail == _path(text)) and (found := self.exact(tail)):
                return found
            if folder in self._folders:
                break
        return set()

    def astray(self, text: str, source: str) -> str:
        """Why the image `source` is not the one that a path means: its folder has another name, where folders tell images apart; "" else."""
        said, here = _named_folders(_path(text)), self._whole(source)
        alike = 0
        while alike < min(len(said), len(here)) and said[-1 - alike] == here[-1 - alike]:
            alike += 1
        same = {whole for whole in self._wholes if whole[len(whole) - alike :] == here[len(here) - alike :]}
        if alike in (len(said), len(here)) or len(same) < 2:
            return ""
        return (
            f"is of {text}, and the image here of that name is {source}: if it is that one, call it {source} there, or by its "
            "name without a folder"
        )

    @functools.cached_property
    def _wholes(self) -> set[tuple[str, ...]]:
        """The folders in which images lie."""
        return {self._whole(source) for sources in self._paths.values() for source in sources}

    def _whole(self, source: str) -> tuple[str, ...]:
        """The folder of an image, from the raw one on."""
        return (self._root, *PurePosixPath(nfc(source)).parts[:-1])

    def hint(self, text: str) -> str:
        """A word on an image whose name differs by its folder alone, by upper and lower case, or by zeros of a number."""
        name = PurePosixPath(bare(_path(text))).name
        close, source = self._alike.get(plain(name), ("", ""))
        if not close or name == close:
            return f" (but {source} is there)" if close else ""
        why = "upper and lower case differ" if name.casefold() == close.casefold() else "write it alike"
        return f" (but {close} is there: {why})"

    @functools.cached_property
    def _alike(self) -> dict[str, tuple[str, str]]:
        """Names as people mean them: name and path of the first image that is called so."""
        return {plain(name): (name, source) for name, source in reversed(self._called)}

    def misfit(self, text: str, found: set[str]) -> str:
        """Why a name of a person's file cannot be followed."""
        if not found:
            return f"{text} is no image of it{self.hint(text)}"
        return f"{text} is the name of several images: {some(sorted(found), 3)}; write the path"


def _path(text: str) -> str:
    return nfc(text.strip().replace("\\", "/")).removeprefix("./").strip("/")


def _named_folders(path: str) -> tuple[str, ...]:
    """The folders of a path, without what `..` takes back."""
    folders = PurePosixPath(path).parts[:-1]
    return folders[len(folders) - folders[::-1].index("..") :] if ".." in folders else folders


def tails(path: str) -> list[str]:
    """A path and the ends of it: a/b/c, b/c and c."""
    parts = path.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]
