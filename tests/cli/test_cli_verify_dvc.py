"""`dissent verify` and what DVC keeps: objects that are damaged, lost or empty, and a lock that is not whole."""

import hashlib
import json
from pathlib import Path

import yaml
from cli_data import dissent

from dissent.core.files import write_text


def test_what_dvc_keeps(copied, capsys):
    right = Path(".dvc/cache/files/md5/09/8f6bcd4621d373cade4e832627b4f6")  # MD5 of "test"
    right.parent.mkdir(parents=True)
    right.write_bytes(b"test")
    assert dissent("verify") == 0
    right.write_bytes(b"tesu")
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert str(right) in out and "dvc pull" in out


def kept(content, name=None):
    """An object of DVC's cache."""
    name = name or hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = Path(".dvc/cache/files/md5", name[:2], name[2:])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path, name


def test_an_object_of_dvc_may_be_of_empty_files(copied, capsys):
    kept(b"")  # Snakemake puts an empty .snakemake_timestamp into folders
    assert dissent("verify") == 0
    path, _ = kept(b"", "098f6bcd4621d373cade4e832627b4f6")
    assert dissent("verify") == 1 and f"empty  {path}" in capsys.readouterr().out


def test_what_dvc_names_is_there_and_the_lock_is_whole(copied, capsys):
    model, named = kept(b"weights")
    listing = json.dumps([{"md5": named, "relpath": "1/model.safetensors"}]).encode()
    folder, _ = kept(listing, hashlib.md5(listing, usedforsecurity=False).hexdigest() + ".dir")
    scores = Path("results/tiny/gen1/metrics.json")
    digest = hashlib.md5(scores.read_bytes(), usedforsecurity=False).hexdigest()
    outs = [
        {"path": "models", "md5": "".join(folder.parts[-2:]), "hash": "md5", "size": len(listing), "nfiles": 1},
        {"path": str(scores), "md5": digest, "hash": "md5", "size": scores.stat().st_size},
    ]
    write_text("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": {"gen1": {"cmd": "x", "outs": outs}}}))
    write_text(
        "dvc.yaml",
        yaml.safe_dump({"stages": {"gen1": {"outs": ["models"], "metrics": [{str(scores): {"cache": False}}]}}}),
    )
    assert dissent("verify") == 0
    lock = Path("dvc.lock").read_text()
    other = lambda text: ("0" if text[0] != "0" else "1") + text[1:]  # noqa: E731
    for harm, name in (
        (lambda: model.unlink(), model),
        (lambda: folder.unlink(), folder),
        (lambda: folder.write_bytes(listing[:-1]), folder),
        (lambda: Path("dvc.lock").write_text(lock.replace(digest, other(digest))), "dvc.lock"),
        (lambda: Path("dvc.lock").write_text(lock.replace(folder.parts[-1], other(folder.parts[-1]), 1)), "dvc.lock"),
        (lambda: Path("dvc.lock").write_text(lock.replace(f"size: {scores.stat().st_size}", "size: 7")), "dvc.lock"),
        (lambda: Path("dvc.lock").write_text(lock[: len(lock) // 2]), "dvc.lock"),
        (lambda: Path("dvc.lock").write_text("[" * 9000), "dvc.lock"),
        (lambda: Path("dvc.lock").write_text(""), "dvc.lock"),
    ):  # fmt: skip
        harm()
        assert dissent("verify") == 1, name
        out = capsys.readouterr().out
        assert str(name) in out and "dvc commit -f" in out
        model.write_bytes(b"weights")
        folder.write_bytes(listing)
        Path("dvc.lock").write_text(lock)
    assert dissent("verify") == 0
