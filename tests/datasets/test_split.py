"""Draws that nest, and what must not be in two subsets."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_data import dataset, pairs, photo, prepared, save
from split_data import NAMES, SUBSETS, divided, lists, not_divided

from dissent.core.files import UserError, read_table, sha256
from dissent.datasets import sampling


@pytest.fixture
def twenty(in_tmp):
    """Twenty prepared images."""
    prepared(pairs(Path("raw"), NAMES), Path("out"))


def test_tables(twenty):
    found = divided({"labelled": 3, "val": 4, "test": 5})
    assert {subset: len(names) for subset, names in found.items()} == dict(zip(SUBSETS, (3, 8, 4, 5, 8), strict=True))
    everything = [name for subset in SUBSETS[:4] for name in found[subset]]
    assert sorted(everything) == NAMES and all(names == sorted(names) for names in found.values())
    assert found["hidden"] == found["unlabelled"]
    head = Path("out/splits/one/unlabelled.csv").read_text().splitlines()[0]
    assert head == "id,image,image_sha256"  # training never learns where hidden masks are
    row = read_table("out/splits/one/labelled.csv")[0]
    assert list(row) == ["id", "image", "label", "image_sha256", "label_sha256"]
    assert row["image_sha256"] == sha256(row["image"]) and row["label_sha256"] == sha256(row["label"])


def test_the_same_seed_gives_the_same_bytes_and_another_another_split(twenty):
    first = divided({"labelled": 3, "val": 4, "seed": 7})
    assert divided({"labelled": 3, "val": 4, "seed": 7}) == first
    assert divided({"labelled": 3, "val": 4, "seed": 8}) != first


def test_test_may_be_empty(twenty):
    assert divided({"labelled": 0.5, "val": 2})["test"] == []
    assert Path("out/splits/one/test.csv").read_text() == "id,image,label,image_sha256,label_sha256\n"


def test_fractions_are_of_what_is_left(twenty):
    found = divided({"test": 0.2, "val": 0.25, "labelled": 0.25})
    assert [len(found[subset]) for subset in SUBSETS[:4]] == [3, 9, 4, 4]


def test_all_labelled(twenty):
    found = divided({"labelled": 1.0, "val": 2})
    assert len(found["labelled"]) == 18 and found["unlabelled"] == found["hidden"] == []


def test_the_unlabelled_pool_can_be_limited(twenty, caplog):
    caplog.set_level("INFO")
    found = divided({"labelled": 3, "val": 4, "unlabelled": 6})
    assert len(found["unlabelled"]) == 6 and "7 images unused" in caplog.text
    more = divided({"labelled": 3, "val": 4, "unlabelled": 9})
    assert set(found["unlabelled"]) < set(more["unlabelled"])


def test_less_of_a_seed_is_part_of_more(twenty):
    shares = [1, 2, 0.25, 0.5, 12, 1.0]
    found = [set(divided({"labelled": share, "val": 4})["labelled"]) for share in shares]
    assert all(less < more for less, more in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=12), st.integers(0, 9), st.data())
def test_draws_nest_and_keep_groups_whole(sizes, seed, data):
    rows = [{"id": f"{g}_{i}", "group": str(g), "label": "x"} for g, n in enumerate(sizes) for i in range(n)]
    counts = sorted(data.draw(st.lists(st.integers(0, len(rows)), min_size=2, max_size=5)))
    taken = [{row["id"] for row in sampling.nested(rows, count, seed, "labelled")} for count in counts]
    for names, count in zip(taken, counts, strict=True):
        assert all(len({n for n in names if n.startswith(f"{g}_")}) in (0, size) for g, size in enumerate(sizes))
        assert abs(len(names) - count) <= max(sizes) and bool(names) == bool(count)
    assert all(less <= more for less, more in pairwise(taken))


# what must not be


def test_overlap_is_refused_with_names(twenty):
    text = not_divided(lists(labelled=NAMES[:3], unlabelled=NAMES[2:6], val=NAMES[5:8], test=NAMES[7:9]))
    lines = text.splitlines()[1:]
    assert lines == [
        "  image n02: in labelled and in unlabelled",
        "  image n05: in unlabelled and in val",
        "  image n07: in val and in test",
    ]


def test_identical_images_on_two_subsets_are_refused_with_names(in_tmp):
    raw = pairs(Path("raw"), NAMES)
    save(raw / "images/n05.png", photo(0))
    save(raw / "images/n13.bmp", photo(0))
    (raw / "images/n13.png").unlink()
    prepared(raw, Path("out"))
    text = not_divided(lists(labelled=NAMES[:3], unlabelled=NAMES[3:10], val=NAMES[10:12], test=NAMES[12:]))
    assert "the same pixels: n00 and n05: in labelled and in unlabelled" in text
    assert "the same pixels: n00 and n13: in labelled and in test" in text and len(text.splitlines()) == 3
    found = divided(lists(labelled=[*NAMES[:3], "n05", "n13"], val=NAMES[10:12], unlabelled=NAMES[3:5]))
    assert "n13" in found["labelled"]  # twice in one subset is not a leak


def test_images_without_masks_go_to_the_unlabelled_subset(in_tmp):
    raw = pairs(Path("raw"), NAMES)
    for name in NAMES[:12]:
        (raw / f"masks/{name}.png").unlink()
    prepared(raw, Path("out"), allow_unlabelled=True)
    found = divided({"labelled": 3, "val": 2, "test": 2}, allow_unlabelled=True)
    assert set(NAMES[:12]) <= set(found["unlabelled"]) and len(found["unlabelled"]) == 13 and len(found["hidden"]) == 1
    text = not_divided({"labelled": 9, "val": 2}, allow_unlabelled=True)
    assert "`labelled: 9` in split `one`" in text and "9 images are asked for, and 6 are there" in text
    text = not_divided(lists(labelled=["n00"], val=["n13"]), allow_unlabelled=True)
    assert "image n00: is in labelled and has no mask" in text


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"val": 2}, "`labelled` is needed"),
        ({"labelled": 0, "val": 2}, "`labelled` is needed"),
        ({"labelled": 2}, "`val` is needed"),
        ({"labelled": ["a"], "unlabelled": [], "val": ["b"]}, "say which with `column`"),
        ({"labelled": 1.5, "val": 1}, "give a count"),
        ({"labelled": True, "val": 1}, "give a count"),
        ({"column": "part", "labelled": 2, "val": ["train"]}, "given to two subsets"),
        ({"column": "part", "labelled": ["a"], "val": ["b"]}, "`unlabelled` must, too"),
        ({"column": "part", "labelled": ["a"], "unlabelled": [], "val": 3}, "`val` and `test` must, too"),
        ({"lists": {"labelled": "a", "val": "b"}, "val": 3}, "leave `val` out"),
        ({"column": "video", "labelled": 2, "val": 3}, "needs `table`"),
    ],
)
def test_plans_that_mean_nothing_are_refused(plan, said):
    with pytest.raises(UserError, match=r"x\.yaml") as caught:
        dataset(splits={"one": plan})
    assert said in str(caught.value)


def test_few_and_too_many(twenty):
    assert len(divided({"labelled": 1, "val": 1})["labelled"]) == 1
    assert "`val: 30` in split `one`" in not_divided({"labelled": 1, "val": 30})


def test_an_empty_subset_is_refused(in_tmp):
    prepared(pairs(Path("raw"), ["a", "b"]), Path("out"))
    assert "`val` is empty" in not_divided(lists(labelled=["a"], val=[]))


def test_a_table_that_was_changed_is_refused(twenty):
    Path("out/files.csv").write_text(Path("out/files.csv").read_text().replace("n00", "n99"))
    assert "out/files.csv is not the file that out/dataset.json names" in not_divided({"labelled": 1, "val": 1})


def test_another_json_file_in_the_place_of_dataset_json_is_refused(twenty):
    Path("out/dataset.json").write_bytes(Path("out/raw.json").read_bytes())
    assert "out/dataset.json says of no `files`, so it is another file" in not_divided(
        {"labelled": 3, "val": 2, "test": 2}
    )


def test_labels_that_a_subset_does_not_show_are_warned_of(in_tmp, caplog):
    raw = pairs(Path("raw"), ["a", "b"])
    save(raw / "masks/a.png", np.zeros((16, 24), np.uint8))
    prepared(raw, Path("out"))
    divided(lists(labelled=["a"], val=["b"]))
    assert "no labelled image shows thing" in caplog.text
