"""One folder a label, one channel a label, and data set files that contradict themselves."""

import numpy as np
import pytest
from raw_data import BITS, THREE, dataset, ids, label, one, photo, prepared, reads_as, refused, save

from dissent.core.files import UserError

FULL = {"name": "zero_255"}
TABLE = [[0, 0, 0], [0, 128, 0], [255, 0, 0]]


def folders(raw, layers, *values):
    """0 and 255 in all masks, or 0 and one of `values` in each."""
    save(raw / "images/a.png", photo(1))
    for (name, layer), value in zip(layers.items(), values or [255] * len(layers), strict=True):
        save(raw / "masks" / name / "a.png", layer * np.uint8(value))
    return raw


def test_one_folder_a_label_may_overlap(in_tmp):
    layers = {name: ids(seed) for seed, name in enumerate(BITS["labels"])}
    _, rows = prepared(folders(in_tmp / "raw", layers), in_tmp / "out", task=BITS, mask_encoding={"name": "folders"})
    assert np.array_equal(label(rows, "a"), sum(layer << bit for bit, layer in enumerate(layers.values())))


def test_folders_beside_the_images(in_tmp):
    raw = in_tmp / "raw"
    save(raw / "train/brightfield/a.png", photo(1))
    for seed, name in enumerate(("alive", "dead", "mod_position")):
        save(raw / "train" / name / "a.png", ids(seed) * np.uint8(255))
    parts = [{"name": "train", "images": "train/brightfield", "masks": "train"}]
    encoding = {"name": "folders", "folders": ["alive", "dead", "mod_position"]}
    _, rows = prepared(raw, in_tmp / "out", task=BITS, mask_encoding=encoding, parts=parts)
    assert np.array_equal(label(rows, "a") >> 2, ids(2))


def test_a_label_folder_without_a_file_is_refused_or_empty(in_tmp):
    raw = folders(in_tmp / "raw", {name: ids(seed) for seed, name in enumerate(BITS["labels"])})
    (raw / "masks/dead/a.png").unlink()
    text = refused(raw, in_tmp / "out", task=BITS, mask_encoding={"name": "folders"})
    assert "images/a.png: has no mask in dead" in text
    _, rows = prepared(raw, in_tmp / "out", task=BITS, mask_encoding={"name": "folders", "missing": "empty"})
    assert np.array_equal(label(rows, "a"), ids(0) | ids(2) << 2)


def test_multiclass_folders_do_not_overlap_unless_the_later_wins(in_tmp):
    raw = folders(in_tmp / "raw", {"road": ids(1), "car": ids(2)})
    assert "sets pixels for two labels" in refused(raw, in_tmp / "out", task=THREE, mask_encoding={"name": "folders"})
    _, rows = prepared(raw, in_tmp / "out", task=THREE, mask_encoding={"name": "folders", "overlap": "later"})
    assert np.array_equal(label(rows, "a"), np.where(ids(2) == 1, 2, ids(1)))


def test_label_masks_of_unequal_size_are_named(in_tmp):
    raw = folders(in_tmp / "raw", {name: ids(seed) for seed, name in enumerate(BITS["labels"])})
    save(raw / "masks/dead/a.png", ids(1, height=15))
    assert "its mask 15 x 24" in refused(raw, in_tmp / "out", task=BITS, mask_encoding={"name": "folders"})


def test_channels_are_labels(in_tmp):
    mask = ids(1, 8)
    raw = np.stack([(mask >> bit & 1) * np.uint8(255) for bit in range(3)], 2)
    reads_as(in_tmp, raw, mask, task=BITS, mask_encoding={"name": "channels"})


def test_a_channel_too_many_is_refused(in_tmp):
    two = {"kind": "multilabel", "labels": ["alive", "dead"]}
    raw = np.stack([ids(seed) * np.uint8(255) for seed in range(3)], 2)
    assert "has a channel more than the 2" in refused(
        one(in_tmp / "raw", raw), in_tmp / "out", task=two, mask_encoding={"name": "channels"}
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"task": THREE, "mask_encoding": FULL}, "is for binary tasks"),
        ({"mask_encoding": {"name": "channels"}}, "is for multilabel tasks"),
        ({"mask_encoding": FULL | {"ignore": [255]}}, "255 stands twice"),
        ({"mask_encoding": {"name": "index", "ignore": [1]}}, "1 stands twice"),
        ({"task": THREE, "mask_encoding": {"name": "index", "ids": [1, 2]}}, "2 entries for 3 labels"),
        ({"task": THREE, "mask_encoding": {"name": "colours", "table": TABLE[:2]}}, "2 colours where 3 are needed"),
        ({"task": THREE, "mask_encoding": {"name": "colours", "table": [*TABLE[:2], TABLE[0]]}}, "stands twice"),
        ({"parts": [{"name": "x", "images": "../up"}]}, "without .."),
        ({"parts": [{"name": "x", "images": "a", "masks": "a"}]}, "mask_suffix"),
        ({"keep": {"kind": ["x"]}}, "needs `table`"),
        ({"group": {"column": "a", "pattern": "b"}}, "`column` or `pattern`"),
        ({"group": {"pattern": "("}}, "no regular expression"),
        ({"protocol": "published"}, "zero_255"),
        ({"percentiles": [50, 50]}, "must rise"),
    ],
)
def test_contradictions_are_refused_when_the_file_is_read(keys, said):
    with pytest.raises(UserError, match=r"x\.yaml") as caught:
        dataset(**keys)
    assert said in str(caught.value)


def test_1_and_255_mean_one_thing_in_all_files(in_tmp):
    """White of one folder beside 1 of another: nobody can tell whether both mean that the label is there."""
    layers = {name: ids(seed) for seed, name in enumerate(BITS["labels"])}
    raw = folders(in_tmp / "raw", layers, 1, 255, 1)
    text = refused(raw, in_tmp / "out", task=BITS, mask_encoding={"name": "folders"})
    assert "its masks hold 255" in text and "`threshold: 1`" in text and "`ignore: [255]`" in text
    _, rows = prepared(raw, in_tmp / "set", task=BITS, mask_encoding={"name": "folders", "threshold": 1})
    assert np.array_equal(label(rows, "a"), sum(layer << bit for bit, layer in enumerate(layers.values())))
    _, rows = prepared(raw, in_tmp / "ignored", task=BITS, mask_encoding={"name": "folders", "ignore": [255]})
    assert np.array_equal(label(rows, "a"), np.where(layers["dead"], 255, layers["alive"] + 4 * layers["position"]))
