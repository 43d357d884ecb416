"""The papers' splits (methods, section 1), draw by draw."""

import json
from pathlib import Path

import pytest
from split_data import SUBSETS, subsets

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import sha256
from dissent.datasets import sampling, split


@pytest.mark.parametrize(
    ("length", "second", "a", "sum_a", "b", "sum_b"),
    [
        (5, 2, [2, 0, 3], 5, [1, 4], 5),
        (2594, 2335, [1158, 1415, 2348, 1527, 2527], 356643, [211, 2121, 1738, 2292, 1669], 3006478),
        (1525, 153, [316, 277, 15, 780, 374], 1044922, [782, 76, 1009, 1403, 846], 117128),
        (1372, 138, [23, 107, 573, 670, 1157], 847404, [430, 588, 296, 184, 244], 93102),
        (2975, 2678, [1415, 2845, 1527, 2896, 1300], 466130, [2403, 2865, 2159, 507, 2462], 3957695),
        (500, 250, [469, 296, 474, 198, 297], 64699, [361, 73, 374, 155, 104], 60051),
    ],
)
def test_fingerprints_of_the_published_splits(length, second, a, sum_a, b, sum_b):
    first, rest = sampling.permutation_split(length, second, 42)
    assert (first[:5].tolist(), int(first.sum())) == (a, sum_a)
    assert (rest[:5].tolist(), int(rest.sum())) == (b, sum_b)
    assert sorted([*first, *rest]) == list(range(length))


@pytest.mark.parametrize(
    ("length", "share", "rest", "count", "first", "total"),
    [
        (2594, 0.1, True, 259, [1158, 1415, 2348], 356643),  # ISIC: labelled are the first list
        (2975, 0.1, True, 297, [1415, 2845, 1527], 466130),  # Cityscapes
        (1525, 0.1, False, 153, [782, 76, 1009], 117128),  # SUIM: validation, then labelled are the second list
        (1372, 0.1, False, 138, [430, 588, 296], 93102),
        (500, 0.5, False, 250, [361, 73, 374], 60051),
        (2975, 297, True, 297, [1415, 2845, 1527], 466130),
    ],
)
def test_published_shares(length, share, rest, count, first, total):
    rows = [{"group": f"g{i}", "label": "x", "source": f"images/{i:05}.png", "n": i} for i in range(length)]
    taken = [row["n"] for row in sampling.as_sklearn(rows[::-1], share, 42, rest)]
    assert (len(taken), taken[:3], sum(taken)) == (count, first, total)


def test_names_are_sorted_as_windows_does():
    names = ["b.jpg", "A.jpg", "_.jpg", "a1.jpg", "Z.jpg"]
    rows = [{"group": name, "label": "x", "source": name} for name in names]
    taken = [row["source"] for row in sampling.as_sklearn(rows, 0.4, 42, rest=False)]
    order = sorted(names, key=str.upper)
    assert order == ["A.jpg", "a1.jpg", "b.jpg", "Z.jpg", "_.jpg"] and taken == [order[1], order[4]]


def test_scikit_learn_agrees():
    selection = pytest.importorskip("sklearn.model_selection")
    for length, share in ((37, 0.9), (101, 0.25), (10, 3)):
        a, b = selection.train_test_split(list(range(length)), test_size=share, random_state=7)
        first, second = sampling.permutation_split(length, len(b), 7)
        assert (first.tolist(), second.tolist()) == (a, b)


def test_isic_as_published(root, in_tmp):
    """The shipped file on a made-up ISIC of the right size: 259 labelled, 2335 unlabelled, these and no others."""
    path = root / "config" / "datasets" / "isic.yaml"
    isic = validate(Dataset, read_yaml(path), path).model_dump(mode="json")
    names = {"train": [f"ISIC_{i:07}" for i in range(2594)]}
    names |= {"val": [f"ISIC_{i:07}" for i in range(3000, 3100)], "test": [f"ISIC_{i:07}" for i in range(4000, 5000)]}
    columns = "id,image,label,image_sha256,label_sha256,group,part,source,present"
    lines = [f"{n},i/{n}.png,l/{n}.png,{n}i,{n}l,{n},{part},{part}/{n}.jpg,0 1" for part in names for n in names[part]]
    Path("out").mkdir()
    Path("out/files.csv").write_text("\n".join([columns, *sorted(lines)]) + "\n")
    Path("out/dataset.json").write_text(json.dumps({"files": {"sha256": sha256("out/files.csv")}}))
    split(isic, "published", "out", "out/splits/one")
    found = subsets()
    assert [len(found[subset]) for subset in SUBSETS] == [259, 2335, 100, 1000, 2335]
    assert {"ISIC_0001158", "ISIC_0001415", "ISIC_0002348"} <= set(found["labelled"])
    assert sum(int(name[5:]) for name in found["labelled"]) == 356643
