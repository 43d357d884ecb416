"""Groups of which some images have masks, and validation and test images that a table fixes by name."""

from pathlib import Path

import pytest
from raw_data import dataset, pairs, prepared
from split_data import divided, not_divided

from dissent.datasets import lists_of, sampling

NAMES = [f"p{patient}_f{frame}" for patient in range(6) for frame in range(4)]
MASKED = [name for name in NAMES if name[-1] in "01"]
GROUP = {"group": {"pattern": "^(p[0-9]+)_"}, "allow_unlabelled": True}


def scans(masked=MASKED, **keys) -> None:
    """Six patients of four frames, two of which have a mask, in out/."""
    raw = pairs(Path("raw"), NAMES)
    for name in set(NAMES) - set(masked):
        (raw / f"masks/{name}.png").unlink()
    prepared(raw, Path("out"), **(GROUP | keys))


def of_patients(names: list[str]) -> set[str]:
    return {name.split("_")[0] for name in names}


def test_partly_labelled_groups_are_used(in_tmp, caplog):
    """A patient is in one subset; every mask of a training patient is labelled, its other frames are unlabelled."""
    scans()
    found = divided({"labelled": "all", "val": 2, "test": 2}, **GROUP)
    train = of_patients(found["labelled"])
    assert len(train) == 4 and train.isdisjoint(of_patients(found["val"] + found["test"]))
    assert found["labelled"] == [name for name in MASKED if name[:2] in train]
    assert found["unlabelled"] == [name for name in NAMES if name[:2] in train and name not in MASKED]
    assert len(found["val"]) == len(found["test"]) == 2 and found["hidden"] == []
    assert "4 images without a mask are left out of everything" in caplog.text


def test_fewer_labels_than_masks_are_said(in_tmp, caplog):
    scans()
    found = divided({"labelled": 4, "val": 2}, **GROUP)
    assert len(found["labelled"]) == 4 and len(found["hidden"]) == 6
    assert "6 images have masks that nothing is learned from (`labelled: 4`)" in caplog.text


def test_labelled_and_unlabelled_apart(in_tmp, caplog):
    scans()
    found = divided({"labelled": 4, "val": 2, "mixed_groups": False}, **GROUP)
    assert (
        of_patients(found["labelled"]).isdisjoint(of_patients(found["unlabelled"])) and len(found["unlabelled"]) == 12
    )
    assert "4 images are left out, as others of their groups are labelled" in caplog.text


def test_more_is_asked_than_groups_have(in_tmp):
    scans()
    assert "`val: 13` in split `one`" in not_divided({"labelled": "all", "val": 13}, **GROUP)


def test_tiles_are_called_tiles(in_tmp, caplog):
    raw = pairs(Path("raw"), NAMES)
    for name in set(NAMES) - set(MASKED):
        (raw / f"masks/{name}.png").unlink()
    keys = GROUP | {"size": [16, 12], "geometry": {"name": "tiles", "overlap": 0}}
    prepared(raw, Path("out"), **keys)
    assert "99 tiles are asked for" in not_divided({"labelled": "all", "val": 99}, **keys)
    divided({"labelled": "all", "val": 4}, **keys)
    assert "4 tiles without a mask are left out" in caplog.text


# by name


def fixed(**lines) -> dict:
    """own.csv, which names the images of val and test; the plan that reads it."""
    rows = [f"{name},{subset}" for subset, names in lines.items() for name in names]
    Path("own.csv").write_text("\n".join(["image,subset", *rows]) + "\n")
    return {"labelled": "all", "fixed": "own.csv"}


def test_a_table_fixes_val_and_test(in_tmp):
    scans()
    plan = fixed(val=["images/p0_f0.png"], test=["p1_f1"])
    found = divided(plan, **GROUP)
    assert (found["val"], found["test"]) == (["p0_f0"], ["p1_f1"])
    assert found["labelled"] == [name for name in MASKED if name[:2] not in ("p0", "p1")]
    assert lists_of(dataset(splits={"one": plan}), "one") == ["own.csv"]


def test_val_and_test_stay_when_masks_come_and_go(in_tmp, caplog):
    scans()
    plan = fixed(val=["p0_f0", "p0_f1"], test=["p1_f0"])
    first = divided(plan, **GROUP)
    scans(masked=[*MASKED, "p2_f2", "p0_f3"])
    more = divided(plan, **GROUP)
    assert all(more[subset] == first[subset] for subset in ("val", "test"))
    assert set(more["labelled"]) - set(first["labelled"]) == {"p2_f2"}
    assert "2 images with a mask are not used, as others of their groups are in val or test" in caplog.text
    scans(masked=[name for name in MASKED if name != "p2_f0"])
    assert set(first["labelled"]) - set(divided(plan, **GROUP)["labelled"]) == {"p2_f0"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"val": ["p0_f2"]}, "line 2: p0_f2 is in val and has no mask: put one there, or delete"),
        ({"val": ["p9_f0"]}, "line 2: p9_f0 is no image any more: put it back, give its new name"),
        ({"val": ["p0_f0"], "test": ["images/p0_f0.png"]}, "line 3: images/p0_f0.png stands twice in it"),
        ({"labelled": ["p0_f0"]}, "subset 'labelled' is neither val nor test"),
        ({"val": ["p0_f0"], "test": ["p0_f1"]}, "group p0: in test and in val"),
        ({"test": ["p0_f1"]}, "`val` is empty"),
    ],
)
def test_tables_that_cannot_be_followed(in_tmp, lines, said):
    scans()
    assert said in not_divided(fixed(**lines), **GROUP)


@pytest.mark.parametrize(
    "more", [{"val": 2}, {"column": "part", "labelled": ["all"], "unlabelled": []}, {"by": "crop"}]
)
def test_a_fixed_table_leaves_nothing_else_to_say(in_tmp, more):
    scans()
    with pytest.raises(ValueError, match="fixed"):
        divided(fixed(val=["p0_f0"]) | more, **GROUP)


def test_a_table_that_is_gone_is_named(in_tmp):
    scans()
    assert "gone.csv, which names the images of val and test (`fixed`), does not exist" in not_divided(
        {"labelled": "all", "fixed": "gone.csv"}, **GROUP
    )


def test_draws_of_data_sets_with_all_masks_are_what_they_were():
    rows = [{"id": f"{g}_{i}", "group": f"g{g}", "label": "x"} for g in range(12) for i in range(1 + g % 3)]
    taken = [sorted({row["group"] for row in sampling.nested(rows, share, 42, "val")}) for share in (3, 0.5)]
    assert taken == [["g2"], ["g0", "g1", "g10", "g11", "g2"]]
