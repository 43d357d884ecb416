"""Archives that would do harm leave nothing behind."""

import hashlib
import os
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from fetch_server import archive_of

from dissent.core.files import UserError, sha256
from dissent.datasets.unpack import unpack


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def hostile(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile("x.zip", "w") as opened:
        warnings.simplefilter("ignore")  # of names that stand twice
        for info, content in entries:
            opened.writestr(info, content)
    return Path("x.zip")


HOSTILE = {
    "up": ([(entry("set/../../out.png"), b"x")], "points out of the archive"),
    "absolute": ([(entry("/escaped/out.png"), b"x")], "points out of the archive"),
    "backslash": ([(entry("set\\..\\..\\out.png"), b"x")], "points out of the archive"),
    "drive": ([(entry("C:/out.png"), b"x")], "points out of the archive"),
    "beside": ([(entry("other/out.png"), b"x")], "is not in the folder set"),
    "at the top": ([(entry("out.png"), b"x")], "is not in the folder set"),
    "symbolic link": ([(entry("set/link", stat.S_IFLNK | 0o777), b"/etc")], "is a link or a device"),
    "device": ([(entry("set/null", stat.S_IFCHR | 0o666), b"")], "is a link or a device"),
    "pipe": ([(entry("set/pipe", stat.S_IFIFO | 0o666), b"")], "is a link or a device"),
    "twice": ([(entry("set/a.png"), b"x"), (entry("set/a.png"), b"y")], "stands in it twice"),
    "twice but for case": ([(entry("set/a.png"), b"x"), (entry("set/A.png"), b"y")], "stands in it twice"),
    "a file as folder": ([(entry("set/a"), b"x"), (entry("set/A/b.png"), b"y")], "lies in a folder that is a file too"),
    "a name of 300 bytes": ([(entry("set/" + "n" * 300), b"x")], "this disk cannot hold its entry"),
    "empty": ([], "holds no files"),
    "many": ([(entry(f"set/{i}"), b"") for i in range(1100)], "1100 entries where 4 files are expected"),
    "bomb": ([(entry("set/a.png"), bytes(120 << 20))], "a decompression bomb"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_archives_leave_nothing(in_tmp, what):
    entries, said = HOSTILE[what]
    archive = hostile(entries)
    before = sorted(os.listdir("."))
    with pytest.raises(UserError, match=r"x\.zip") as caught:
        unpack(archive, Path("target/set"), 4)
    assert said in str(caught.value)
    assert sorted(set(os.listdir(".")) - {"target"}) == before and not any(Path("target").glob("*"))
    assert not Path("/escaped/out.png").exists()


def test_a_nul_in_a_name_is_refused(in_tmp):
    archive = hostile([(entry("set/a_b.png"), b"x")])
    archive.write_bytes(archive.read_bytes().replace(b"a_b", b"a\0b"))
    with pytest.raises(UserError, match=r"x\.zip: its entry 'set/a' has a NUL in its name"):
        unpack(archive, Path("target/set"), 4)
    assert not any(Path("target").glob("*"))


def test_an_archive_that_lies_about_sizes_is_refused(in_tmp):
    archive = hostile([(entry("set/a.png"), bytes(50_000))])
    content = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", content, content.index(signature) + offset, 10)
    archive.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.zip is damaged"):
        unpack(archive, Path("target/set"), 4)
    assert not Path("target/set").exists()


@pytest.mark.parametrize("cut", [1, 30, 0.5])
def test_a_truncated_archive_is_refused(in_tmp, cut):
    archive = hostile([(entry("set/a.png"), bytes(range(256)) * 40)])
    content = archive.read_bytes()
    archive.write_bytes(content[: -cut if cut >= 1 else int(len(content) * cut)])
    with pytest.raises(UserError, match=r"x\.zip is damaged or no zip archive"):
        unpack(archive, Path("target/set"), 4)


def test_flipped_bits_are_found(in_tmp):
    archive = hostile([(entry("set/a.png"), bytes(range(256)) * 40)])
    content = bytearray(archive.read_bytes())
    content[80] ^= 4
    archive.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.zip is damaged"):
        unpack(archive, Path("target/set"), 4)
    assert not Path("target/set").exists()


def test_a_good_archive_unpacks_whole(in_tmp):
    Path("x.zip").write_bytes(archive_of("set", {"a.png": b"1", "b.png": b"22"}))
    Path("target/.set.unpacking").mkdir(parents=True)  # of a run that was killed
    Path("target/.set.unpacking/old").write_bytes(b"old")
    unpack(Path("x.zip"), Path("target/set"), 2)
    assert sorted(os.listdir("target")) == ["set"]
    assert sorted(os.listdir("target/set")) == ["LICENSE.txt", "a.png", "b.png"]
    assert sha256("target/set/b.png") == hashlib.sha256(b"22").hexdigest()
