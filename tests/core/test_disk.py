"""A disk that is full or read-only: the message has the file, what was wanted, what is free, and what to do."""

import errno
import os

import pytest

from dissent.core import atomic
from dissent.core.disk import REMEDIES, refusal
from dissent.core.files import UserError, write_atomic, writing
from dissent.planning.command_line import check_writable


def refusing(number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", REMEDIES)
def test_what_the_disk_refuses_is_named_with_sizes_and_the_old_file_stays(tmp_path, monkeypatch, number):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(atomic.os, "fsync", refusing(number))
    with pytest.raises(UserError) as told:
        write_atomic(path, b"x" * 1234)
    words = str(told.value)
    assert words.startswith(f"{path}: {os.strerror(number)}") and words.endswith(REMEDIES[number])
    full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    assert ("(1,234 bytes wanted, " in words and " MB free)" in words) == full
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.csv"]


def test_a_folder_that_cannot_be_made_or_written_is_told_by_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.tempfile, "mkstemp", refusing(errno.EROFS))
    with pytest.raises(UserError, match=r"new/a\.csv: Read-only file system; let your user read and write there"):
        write_atomic(tmp_path / "new" / "a.csv", b"x")


def test_folders_without_rights_are_named_before_jobs_begin(in_tmp, monkeypatch):
    (in_tmp / "logs/mine/gen0").mkdir(parents=True)
    check_writable()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, how: "gen0" not in str(path) and real(path, how))
    with pytest.raises(UserError, match=r"logs/mine/gen0: no file can be made in this folder; let your user"):
        check_writable()


def test_an_error_of_another_file_is_not_told_as_one_of_this(tmp_path):
    with pytest.raises(PermissionError), writing(tmp_path / "a.csv"):
        raise PermissionError(errno.EACCES, "Permission denied", "input.csv")
    with pytest.raises(FileNotFoundError), writing(tmp_path / "a.csv"):
        (tmp_path / "none").read_bytes()
    assert not os.listdir(tmp_path)
    assert refusal(FileNotFoundError(errno.ENOENT, "No such file", "a"), "a") == ""
