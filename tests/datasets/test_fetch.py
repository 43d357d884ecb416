"""Fetching against a server on this machine: resumes, checks, and refuses what is something else."""

import hashlib
import io
import json
import logging
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from fetch_server import PARTS, Server, official
from raw_data import BINARY, dataset

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError, read_image
from dissent.datasets import download as download_module
from dissent.datasets import fetch, prepare
from dissent.datasets.download import Progress, amount

MARKER = "data/raw/toy/fetched.json"


@pytest.fixture
def server(monkeypatch):
    one = Server()
    monkeypatch.setattr(download_module.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield one
    one.close()


def described(server: Server, archives: dict[str, bytes], urls: list[str] | None = None) -> dict:
    """A data set file like config/datasets/isic.yaml for these archives."""
    entries = [
        {
            "name": name,
            "folder": name.removesuffix(".zip"),
            "files": 4,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "urls": [f"{base}/{name}" for base in urls or [server.url]],
        }
        for name, content in archives.items()
    ]
    parts = [
        {"name": p.lower(), "images": f"ISIC2018_Task1-2_{p}_Input", "masks": f"ISIC2018_Task1_{p}_GroundTruth"}
        for p in PARTS
    ]
    source = {"title": "Toy", "page": "https://example.org/toy", "licence": "CC-0", "archives": entries}
    keys = {
        "task": BINARY,
        "mask_encoding": {"name": "zero_255"},
        "mask_suffix": "_segmentation",
        "protocol": "published",
    }
    return dataset(raw="data/raw/toy", parts=parts, fetch=source, **keys)


def refused(described: dict) -> str:
    with pytest.raises(UserError) as caught:
        fetch(described, "data/raw/toy", MARKER)
    assert not Path(MARKER).exists()
    return str(caught.value)


def test_all_is_fetched_and_can_be_prepared(in_tmp, server, caplog):
    caplog.set_level(logging.INFO)
    server.files = official()
    toy = described(server, server.files)
    fetch(toy, "data/raw/toy", MARKER)
    total = sum(map(len, server.files.values()))
    said = [record.message for record in caplog.records]
    assert said[0] == f"Toy: {amount(total)} to download (6 files, 0 bytes here already)"  # before anything else
    assert "licence: CC-0" in said[1] and any("100 %" in line for line in said)
    marker = json.loads(Path(MARKER).read_text())
    assert [entry["files"] for entry in marker["folders"]] == [4] * 6
    assert not list(Path("data/raw/toy").glob("*.zip*")) and not list(Path("data/raw/toy").glob(".*"))
    prepare(toy, "toy", "data/raw/toy", "data/toy")
    assert read_image("data/toy/images/ISIC_00.png", 3).shape == (16, 24, 3)
    assert len(list(Path("data/toy/labels_half").iterdir())) == 12


def test_what_is_there_is_not_fetched_again(in_tmp, server):
    server.files = official()
    toy = described(server, server.files)
    fetch(toy, "data/raw/toy", MARKER)
    first, count = Path(MARKER).read_bytes(), len(server.requests)
    Path(MARKER).unlink()
    fetch(toy, "data/raw/toy", MARKER)
    assert len(server.requests) == count and Path(MARKER).read_bytes() == first


def test_official_zips_and_unpacked_folders_need_no_network(in_tmp, server):
    archives = official()
    raw = Path("data/raw/toy")
    raw.mkdir(parents=True)
    for number, (name, content) in enumerate(archives.items()):
        if number % 2:
            zipfile.ZipFile(io.BytesIO(content)).extractall(raw)
        else:
            (raw / name).write_bytes(content)
    fetch(described(server, archives), str(raw), MARKER)
    assert Path(MARKER).is_file() and not server.requests
    assert len(list(raw.glob("*.zip"))) == 3  # the user's own stay


def test_a_broken_download_is_continued(in_tmp, server):
    server.files = official()
    server.faults = ["break"]
    fetch(described(server, server.files), "data/raw/toy", MARKER)
    name, content = next(iter(server.files.items()))
    assert server.requests[0] == (f"/{name}", None)
    assert server.requests[1] == (f"/{name}", f"bytes={len(content) * 2 // 3}-")


def test_what_an_earlier_run_left_is_continued(in_tmp, server, caplog):
    caplog.set_level(logging.INFO)
    server.files = official()
    name, content = next(iter(server.files.items()))
    Path("data/raw/toy").mkdir(parents=True)
    Path("data/raw/toy", f"{name}.part").write_bytes(content[:1000])
    fetch(described(server, server.files), "data/raw/toy", MARKER)
    assert server.requests[0] == (f"/{name}", "bytes=1000-") and "1.0 kB here already" in caplog.text


def test_a_server_without_ranges_starts_again(in_tmp, server):
    server.files, server.ranges = official(), False
    server.faults = ["break"]
    fetch(described(server, server.files), "data/raw/toy", MARKER)
    assert Path(MARKER).is_file() and server.requests[1][1] is not None


def test_a_damaged_beginning_is_thrown_away(in_tmp, server, caplog):
    server.files = official()
    name = next(iter(server.files))
    Path("data/raw/toy").mkdir(parents=True)
    Path("data/raw/toy", f"{name}.part").write_bytes(b"PK" + bytes(998))
    fetch(described(server, server.files), "data/raw/toy", MARKER)
    assert "does not fit together" in caplog.text and Path(MARKER).is_file()


def test_a_beginning_that_is_too_long_is_thrown_away(in_tmp, server):
    server.files = official()
    name, content = next(iter(server.files.items()))
    Path("data/raw/toy").mkdir(parents=True)
    Path("data/raw/toy", f"{name}.part").write_bytes(content + b"more")
    with pytest.raises(UserError, match="gives more than"):
        fetch(described(server, server.files), "data/raw/toy", MARKER)
    fetch(described(server, server.files), "data/raw/toy", MARKER)


@pytest.mark.parametrize("fault", ["error", "break", "wrong range"])
def test_the_next_address_is_tried(in_tmp, server, fault):
    server.files = official()
    server.faults = {"error": ["error"] * 2, "break": ["break"], "wrong range": ["break", "wrong range"]}[fault]
    toy = described(server, server.files, urls=[f"{server.url}/gone", server.url, server.url])
    fetch(toy, "data/raw/toy", MARKER)
    assert Path(MARKER).is_file()


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["page"], "gives a web page (a login or an error page?)"),
        (["typeless page"], "gives no zip archive (a login or an error page?)"),
        (["error"] * 9, "answers 503"),
    ],
)
def test_something_else_is_not_kept(in_tmp, server, faults, said):
    server.files = official()
    server.faults = faults
    text = refused(described(server, server.files))
    assert said in text and "Toy could not be downloaded" in text
    assert not any(Path("data/raw/toy").iterdir())


def test_a_wrong_hash_is_refused(in_tmp, server):
    archives = official()
    toy = described(server, archives)
    name = next(iter(archives))
    server.files = archives | {name: archives[name][:-1] + b"\xff"}
    text = refused(toy)
    assert "with another SHA-256" in text and not list(Path("data/raw/toy").glob("ISIC*"))


def test_a_wrong_size_is_refused_before_it_is_loaded(in_tmp, server):
    archives = official()
    toy = described(server, archives)
    server.files = {name: content + bytes(10**6) for name, content in archives.items()}
    assert "offers 1" in refused(toy)


def test_without_network_and_data_one_message_says_what_to_do(in_tmp, server):
    archives = official()
    toy = described(server, archives, urls=["http://127.0.0.1:9"])
    first = next(iter(archives))
    Path("data/raw/toy").mkdir(parents=True)
    Path("data/raw/toy", first).write_bytes(archives[first])
    text = refused(toy)
    lines = text.splitlines()
    assert (
        lines[0].startswith("Toy could not be downloaded")
        and "put them (or the folders in them) into data/raw/toy/" in lines[0]
    )
    assert first not in text and sum(".zip" in line and "http://127.0.0.1:9/" in line for line in lines[1:6]) == 5
    assert "in all" in text and "https://example.org/toy" in text and "cannot be reached" in text
    for name in list(archives)[1:]:
        assert amount(len(archives[name])) in text and name in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>please log in</html>", "is no zip archive (a saved login page?)"),
        (b"PK\x03\x04 too short", "bytes where the published one has"),
        (None, "its SHA-256 is"),
    ],
)
def test_a_wrong_archive_of_the_users_is_named_and_left_alone(in_tmp, server, content, said):
    archives = official()
    name = next(iter(archives))
    path = Path("data/raw/toy") / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content or archives[name][:-1] + b"\xff")
    text = refused(described(server, archives))
    assert said in text and str(path) in text and path.exists() and not server.requests


def test_a_folder_that_is_not_whole_is_named(in_tmp, server):
    server.files = official()
    folder = Path("data/raw/toy") / next(iter(server.files)).removesuffix(".zip")
    folder.mkdir(parents=True)
    (folder / "ISIC_00.jpg").write_bytes(b"x")
    assert f"{folder} holds 1 images where" in refused(described(server, server.files))


def test_a_disk_too_small_is_said_before_anything_is_loaded(in_tmp, server, monkeypatch):
    server.files = official()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    assert "1.0 kB are free" in refused(described(server, server.files)) and not server.requests


def test_progress_tells_rate_and_time_left(caplog):
    caplog.set_level(logging.INFO)
    now = [0.0]
    progress = Progress("x.zip", 0, 10**9, clock=lambda: now[0])
    now[0] = 2.0
    progress.add(10**7)
    assert not caplog.records  # neither ten seconds nor a twentieth
    now[0] = 10.0
    progress.add(9 * 10**7)
    assert caplog.records[-1].message == "x.zip: 100.0 MB of 1.0 GB (10 %), 10.0 MB a second, 1 min 30 s left"


def test_shipped_addresses_sizes_and_digests(root):
    path = root / "config" / "datasets" / "isic.yaml"
    archives = validate(Dataset, read_yaml(path), path).fetch.archives
    assert sum(archive.bytes for archive in archives) == 13_812_889_765
    assert [archive.files for archive in archives] == [2594, 2594, 100, 100, 1000, 1000]
    assert all(url.endswith("/" + archive.name) for archive in archives for url in archive.urls)
    assert all(archive.folder + ".zip" == archive.name and len(archive.urls) == 2 for archive in archives)
