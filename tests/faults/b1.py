"""B1: archives and downloads that do harm or are something else: nothing lands outside, and the user's own files stay."""

import hashlib
import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
from fetch_server import Server, official

from dissent.datasets import download, fetch
from dissent.datasets.unpack import unpack
from faults import made
from faults.product import called, refused, went_well
from faults.suite import Injection, Lost, Silent

PLAIN = stat.S_IFREG | 0o644


def _zip(*entries: tuple[str, int, bytes]) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, mode, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            opened.writestr(info, content)
    return stream.getvalue()


def _one(name: str, mode: int = PLAIN, content: bytes = b"x") -> Callable[[int], bytes]:
    return lambda seed: _zip((name, mode, content))


def _lying(seed: int) -> bytes:
    content = bytearray(_zip(("set/a.png", PLAIN, bytes(50_000))))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", content, content.index(signature) + offset, 10)
    return bytes(content)


def _whole() -> bytes:
    return _zip(*[(f"set/{i}.png", PLAIN, np.random.default_rng(i).bytes(3000)) for i in range(4)])


def _flipped(place: int) -> Callable[[int], bytes]:
    def make(seed: int) -> bytes:
        content = bytearray(_whole())
        bit = int(np.random.default_rng([seed, place]).integers(100 * 8, 12_000 * 8))
        content[bit // 8] ^= 1 << bit % 8
        return bytes(content)

    return make


ARCHIVES: dict[str, Callable[[int], bytes]] = {
    "../ in a name": _one("set/../../out.png"),
    "an absolute name": lambda seed: _zip((f"{Path.cwd()}/escaped.png", PLAIN, b"x")),
    "backslashes": _one("set\\..\\..\\out.png"),
    "a drive": _one("C:/out.png"),
    "a folder beside": _one("other/out.png"),
    "no folder": _one("out.png"),
    "a symbolic link": _one("set/link", stat.S_IFLNK | 0o777, b"/etc"),
    "a link and a file behind it": lambda seed: _zip(
        ("set/l", stat.S_IFLNK | 0o777, b"../.."), ("set/l/out.png", PLAIN, b"x")
    ),
    "a device": _one("set/null", stat.S_IFCHR | 0o666, b""),
    "a pipe": _one("set/pipe", stat.S_IFIFO | 0o666, b""),
    "a socket": _one("set/socket", stat.S_IFSOCK | 0o666, b""),
    "a name twice": lambda seed: _zip(("set/a.png", PLAIN, b"x"), ("set/a.png", PLAIN, b"y")),
    "a name twice but for case": lambda seed: _zip(("set/a.png", PLAIN, b"x"), ("set/A.png", PLAIN, b"y")),
    "a file that is a folder too": lambda seed: _zip(("set/a", PLAIN, b"x"), ("set/a/b.png", PLAIN, b"y")),
    "a name of 300 bytes": _one(f"set/{'n' * 300}.png"),
    "a NUL in a name": lambda seed: _zip(("set/a_b.png", PLAIN, b"x")).replace(b"a_b", b"a\0b"),
    "nothing": lambda seed: _zip(),
    "20,000 entries": lambda seed: _zip(*[(f"set/{i}", PLAIN, b"") for i in range(20_000)]),
    "a bomb": _one("set/a.png", PLAIN, bytes(120 << 20)),
    "sizes that are lies": _lying,
    "no zip at all": lambda seed: b"\x1f\x8b" + bytes(500),
    "half a zip": lambda seed: _whole()[:6000],
    "a zip without its last byte": lambda seed: _whole()[:-1],
    **{f"a flipped bit ({place})": _flipped(place) for place in range(6)},
}


def archive(make: Callable[[int], bytes], seed: int) -> str:
    """It is refused by name, and leaves nothing behind."""
    Path("home").mkdir()
    Path("home/mine.txt").write_text("mine")
    Path("home/x.zip").write_bytes(make(seed))
    before = made.snapshot(".")
    said = called(unpack, Path("home/x.zip"), Path("home/target/set"), 4)
    after = made.snapshot(".")
    if set(after) != set(before):
        raise Lost(f"files that should not be: {sorted(set(after) - set(before))[:5]}")
    return refused(said, "x.zip")


def _described(server: Server, archives: dict[str, bytes], urls: list[str] | None = None) -> dict:
    entries = [
        {
            "name": name, "folder": name.removesuffix(".zip"), "files": 4, "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(), "urls": [f"{base}/{name}" for base in urls or [server.url]],
        }
        for name, content in archives.items()
    ]  # fmt: skip
    return {"fetch": {"title": "Toy", "page": "https://example.org/toy", "licence": "CC-0", "archives": entries}}


def _fetching(server: Server, urls: list[str] | None = None):
    archives = official()
    server.files = server.files or archives
    return called(fetch, _described(server, archives, urls), "data/raw/toy", "data/raw/toy/fetched.json")


def _good(server: Server, urls: list[str] | None = None) -> str:
    """Everything is there, and as it was published."""
    went_well(_fetching(server, urls))
    for name, content in official().items():
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for entry in opened.namelist():
                if entry.endswith((".jpg", ".png")) and opened.read(entry) != Path("data/raw/toy", entry).read_bytes():
                    raise Silent(f"{entry} of {name} is another file")
    return "survived"


def _bad(server: Server, *names: str) -> str:
    """Nothing is taken for the data set, and no file of ours is left that would be."""
    said = _fetching(server)
    if Path("data/raw/toy/fetched.json").exists():
        raise Silent(f"was taken for the data set: {said.text[-300:]}")
    return refused(said, *names)


def _faults(*faults: str, ranges: bool = True) -> Callable[[Server], None]:
    def act(server: Server) -> None:
        server.faults, server.ranges = list(faults), ranges

    return act


def _begun(content: Callable[[bytes], bytes]) -> Callable[[Server], None]:
    def act(server: Server) -> None:
        name, whole = next(iter(official().items()))
        Path("data/raw/toy").mkdir(parents=True)
        Path("data/raw/toy", f"{name}.part").write_bytes(content(whole))

    return act


def _other_files(change: Callable[[bytes], bytes]) -> Callable[[Server], None]:
    def act(server: Server) -> None:
        archives = official()
        name = next(iter(archives))
        server.files = archives | {name: change(archives[name])}

    return act


def _full_disk(server: Server) -> None:
    server.patch = mock.patch("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))


GOOD: dict[str, Callable[[Server], object]] = {
    "a download that breaks": _faults("break"),
    "a server without ranges": _faults("break", ranges=False),
    "a range that begins elsewhere": _faults("break", "wrong range", "break"),
    "an error, then the file": _faults("error"),
    "a beginning of an earlier run": _begun(lambda whole: whole[:1000]),
    "a damaged beginning": _begun(lambda whole: b"PK" + bytes(998)),
}
BAD: dict[str, tuple[Callable[[Server], object], tuple]] = {
    "a login page": (_faults("page"), ("web page",)),
    "a login page that says it is a zip": (_faults("typeless page"), ("no zip",)),
    "errors for ever": (_faults(*["error"] * 20), ("503", "ISIC2018")),
    "another file of the same size": (_other_files(lambda whole: whole[:-1] + b"\xff"), ("SHA-256",)),
    "a longer file": (_other_files(lambda whole: whole + bytes(10**6)), ("offers", "ISIC2018")),
    "a shorter file": (_other_files(lambda whole: whole[:-9]), ("ISIC2018",)),
    "a disk that is too small": (_full_disk, ("data/raw/toy", "free")),
}


def loaded(act: Callable[[Server], object], names: tuple | None) -> str:
    """A download from a server on this machine that misbehaves."""
    server = Server()
    try:
        act(server)
        with (
            mock.patch.object(download.time, "sleep", lambda seconds: None),
            getattr(server, "patch", mock.patch("os.sync")),
        ):
            return _good(server, [server.url, server.url]) if names is None else _bad(server, *names)
    finally:
        server.close()


def own_archive(change: Callable[[bytes], bytes]) -> str:
    """A zip of the user's that is not the published one is named, and stays."""
    server = Server()
    try:
        name, content = next(iter(official().items()))
        path = Path("data/raw/toy", name)
        path.parent.mkdir(parents=True)
        path.write_bytes(change(content))
        how = _bad(server, str(path))
        if path.read_bytes() != change(content):
            raise Lost(f"{path} was the user's")
        return how
    finally:
        server.close()


OWN = {
    "a login page in place of the user's zip": lambda whole: b"<html>log in</html>",
    "a zip of the user's cut off": lambda whole: whole[: len(whole) // 2],
    "a zip of the user's with one other byte": lambda whole: whole[:-1] + b"\xff",
}


def injections(seed: int) -> list[Injection]:
    return [
        *[Injection(f"a zip: {title}", lambda make=make: archive(make, seed)) for title, make in ARCHIVES.items()],
        *[Injection(title, lambda act=act: loaded(act, None)) for title, act in GOOD.items()],
        *[Injection(title, lambda act=act, names=names: loaded(act, names)) for title, (act, names) in BAD.items()],
        *[Injection(title, lambda change=change: own_archive(change)) for title, change in OWN.items()],
    ]
