"""Which image a person's list or table means: by its path, the end of its path, its file's name, or its id. No torch."""

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from dissent.datasets.decode import EXTENSIONS

OTHER_IMAGES = (
    ".gif", ".webp", ".heic", ".heif", ".avif", ".jp2", ".jpe", ".jfif", ".dib", ".ppm", ".pgm", ".pbm", ".tga", ".svg",
    ".psd", ".exr", ".hdr", ".dcm", ".nii", ".mha", ".nrrd", ".npy", ".npz", ".mat", ".h5", ".zarr", ".czi", ".nd2",
    ".lif", ".svs", ".cr2", ".nef", ".arw", ".dng", ".raw",
)  # fmt: skip
"""endings of images that are not read"""


def nfc(text: str) -> str:
    """Composed characters, as all names here are compared."""
    return unicodedata.normalize("NFC", text)


def bare(path: str) -> str:
    """A path without the ending of an image: `a.rot` stays, as .rot is none, and a.jpg.png gives a.jpg."""
    ending = PurePosixPath(path).suffix
    return path[: -len(ending)] if ending.lower() in EXTENSIONS + OTHER_IMAGES else path


class Names:
    """The images of a data set by everything that they may be called; `images`: pairs of path below raw and id."""

    def __init__(self, images: Iterable[tuple[str, str]], suffix: str = "") -> None:
        self._paths: dict[str, set[str]] = {}
        self._full: dict[str, set[str]] = {}
        self._bare: dict[str, set[str]] = {}
        self._cases: dict[str, str] = {}
        self._folders: set[str] = set()
        for source, id_ in images:
            path = nfc(source)
            without = bare(path)
            for name in {without, without.removesuffix(suffix)}:
                for tail in _tails(name):
                    self._bare.setdefault(tail, set()).add(source)
            self._paths[path] = {source}
            self._folders.update(_tails(str(PurePosixPath(path).parent)))
            for tail in _tails(path):
                self._full.setdefault(tail, set()).add(source)
            self._bare.setdefault(nfc(id_), set()).add(source)
            self._cases.setdefault(nfc(id_).casefold(), id_)

    def exact(self, text: str) -> set[str]:
        """Paths of the images that `text` names; more than one where it fits several."""
        name = _plain(text)
        if found := self._paths.get(name) or self._full.get(name):
            return found
        # `a.jpg` may be the id of a.jpg.png, or the image a with an ending: where both are there, it names two
        return self._bare.get(name, set()) | self._bare.get(bare(name), set())

    def find(self, text: str) -> set[str]:
        """As `exact`, and paths of another computer or layout by the name of their file alone.

        A path in a folder that is known here means that folder: where the image lacks, another of its name is not meant.
        """
        path = PurePosixPath(_plain(text))
        known = str(path.parent) in self._folders
        return self.exact(text) or (set() if known else self.exact(path.name))

    def hint(self, text: str) -> str:
        """A word where the name differs from an image's in upper and lower case only."""
        close = self._cases.get(PurePosixPath(bare(_plain(text))).name.casefold())
        return f" (but {close} is there: upper and lower case differ)" if close else ""


def _plain(text: str) -> str:
    return nfc(text.strip().replace("\\", "/")).removeprefix("./").strip("/")


def _tails(path: str) -> list[str]:
    """a/b/c, b/c and c."""
    parts = path.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]
