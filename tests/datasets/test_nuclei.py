"""The embedded demo set: three views of one thing, and subsets that share no source image."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import read_mask, read_table
from dissent.datasets import prepare, split

VIEWS = {"nuclei": "binary", "nuclei_multiclass": "multiclass", "nuclei_multilabel": "multilabel"}
COUNTS = {"labelled": 14, "unlabelled": 74, "val": 24, "test": 48}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The three data sets as the shipped files describe them: {name: folder}."""
    root = Path(__file__).resolve().parents[2]
    folders = {}
    for name in VIEWS:
        path = root / "config" / "datasets" / f"{name}.yaml"
        described = validate(Dataset, read_yaml(path), path).model_dump(mode="json")
        folders[name] = tmp_path_factory.mktemp("data") / name
        prepare(described, name, str(root / described["raw"]), str(folders[name]), threads=2)
        split(described, "few", str(folders[name]), str(folders[name] / "splits/few"))
    return folders


def labels(folder) -> dict[str, np.ndarray]:
    return {path.stem: read_mask(path) for path in sorted((folder / "labels").iterdir())}


def test_subsets(made):
    tables = {subset: read_table(made["nuclei"] / f"splits/few/{subset}.csv") for subset in (*COUNTS, "hidden")}
    assert {subset: len(tables[subset]) for subset in COUNTS} == COUNTS and len(tables["hidden"]) == 74
    sources = {subset: {row["id"].split("_")[0] for row in tables[subset]} for subset in COUNTS}
    assert {subset: len(names) for subset, names in sources.items()} == COUNTS | {"unlabelled": 37}
    assert len(set.union(*sources.values())) == sum(map(len, sources.values())) == 123
    groups = {row["id"]: row["group"] for row in read_table(made["nuclei"] / "files.csv")}
    assert all(group == name.split("_")[0] for name, group in groups.items())


def test_the_views_agree(made):
    binary, classes, bits = (labels(made[name]) for name in VIEWS)
    assert len(binary) == 160
    for name, nucleus in binary.items():
        interior, border = classes[name] == 1, classes[name] == 2
        body, outline, position = (bits[name] >> bit & 1 == 1 for bit in range(3))
        assert np.array_equal(nucleus == 1, interior | border) and np.array_equal(body, nucleus == 1)
        assert not (border & ~outline).any()  # the multilabel border is the multiclass one and a pixel outside
        assert (outline & body).any() and (outline & ~body).any() and (position & body).any()
        assert nucleus.mean() > 0.04 and set(np.unique(classes[name])) <= {0, 1, 2}


def test_every_class_is_in_every_subset(made):
    for name in VIEWS:
        rows = {row["id"]: row for row in read_table(made[name] / "files.csv")}
        for subset in COUNTS:
            chosen = [row["id"] for row in read_table(made[name] / f"splits/few/{subset}.csv")]
            present = set().union(*[rows[id_]["present"].split() for id_ in chosen])
            assert present == {"0", "1"} if name == "nuclei" else present == {"0", "1", "2"}


def test_images_are_grey_bright_enough_and_unlike_each_other(root, made):
    raw = root / "workflow" / "resources" / "nuclei"
    seen = set()
    for path in sorted((raw / "images").iterdir()):
        with Image.open(path) as image:
            assert image.mode == "L" and image.size == (128, 128)
            pixels = np.array(image)
        assert pixels.max() > 60
        assert np.array_equal(pixels, np.array(Image.open(made["nuclei"] / "images" / path.name)))
        seen.add(pixels.tobytes())
    assert len(seen) == 160


def test_it_is_small_and_says_where_it_is_from(root):
    raw = root / "workflow" / "resources" / "nuclei"
    assert sum(path.stat().st_size for path in raw.rglob("*")) < 3_000_000
    text = (raw / "README.md").read_text("utf-8")
    assert "CC0 1.0" in text and "30354551efef351c1241da7c6d48cf938d76f02a" in text and "make.py" in text


@pytest.mark.slow
def test_the_script_makes_the_same_again(root, tmp_path):
    shared = root.parent / "shared" / "data" / "dsb2018"
    if not shared.is_dir():
        pytest.skip("../shared/data/dsb2018 is not here")
    raw = root / "workflow" / "resources" / "nuclei"
    subprocess.run([sys.executable, raw / "make.py", shared, tmp_path], check=True)
    made = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 641 and made.keys() == {
        path.relative_to(raw) for path in raw.rglob("*") if path.is_file() and path.name not in ("make.py", "README.md")
    }
    for name, path in made.items():
        if path.suffix == ".csv":
            assert path.read_bytes() == (raw / name).read_bytes()
        else:  # another zlib may pack the same pixels in other bytes
            assert np.array_equal(np.array(Image.open(path)), np.array(Image.open(raw / name)))
