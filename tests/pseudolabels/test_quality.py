"""True quality, copies by quality (table T6), the rating of masks by EvalNets, and what thresholds are."""

import numpy as np
import pytest
import torch

from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, UserError, encode_png, sha256, write_atomic, write_json, write_table
from dissent.core.task import Task
from dissent.networks.evalnet import EvalNet
from dissent.pseudolabels import quality
from dissent.steps.score_pairs import _true_score, score_pairs

BINARY = Task(TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json"))
CLASSES = Task(TaskSettings(kind="multiclass", labels=["doubt", "a", "b"], doubt_class=True).model_dump(mode="json"))
PALETTE = [[0, 0, 0]] * 256
PLAIN = Task(TaskSettings(kind="multiclass", labels=["a", "b", "c"]).model_dump(mode="json"))
LABELS = Task(TaskSettings(kind="multilabel", labels=["p", "q"]).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("score", "copies"), [(0.70, 1), (0.721, 1), (0.7265, 2), (0.7325, 3), (0.7385, 4), (0.7445, 5), (0.76, 5)]
)
def test_t6(score, copies):
    assert quality.copies(score, 0.72, 0.75) == copies


def test_truth_of_a_binary_mask_knows_nothing_where_nobody_knows():
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 1]], np.uint8)
    label = np.array([[1, 0, 0, 0], [1, 1, 0, 255]], np.uint8)
    told = quality.truth(mask, label, None, BINARY)
    assert told.iou == pytest.approx([2 / 4]) and told.detected.tolist() == [1.0]
    empty = quality.truth(mask * 0, label * 0, None, BINARY)
    assert empty.iou.tolist() == [0.0] and empty.detected.tolist() == [0.0]


def test_truth_of_classes_that_the_label_lacks_is_0_and_doubt_is_right_by_definition():
    mask = np.array([[1, 1, 2, 2]], np.uint8)
    label = np.array([[1, 1, 1, 1]], np.uint8)
    told = quality.truth(mask, label, None, PLAIN)
    assert told.iou.tolist() == [0.0, 0.5, 0.0] and told.detected.tolist() == [0.0, 1.0, 0.0]
    doubt = np.array([[0, 0, 1, 1]], np.uint8)
    told = quality.truth(np.where(doubt, 0, mask).astype(np.uint8), label, doubt, CLASSES)
    assert told.iou.tolist() == [1.0, 0.5, 0.0] and told.detected.tolist() == [1.0, 1.0, 0.0]


def test_a_class_of_which_doubt_leaves_little_is_not_detected():
    label = np.zeros((10, 10), np.uint8)
    label[0] = 1  # ten pixels, of which two are left: less than .3 of it, less than a tenth of the image
    doubt = np.zeros((10, 10), np.uint8)
    doubt[0, 2:] = 1
    mask = np.where(doubt, 0, label).astype(np.uint8)
    assert quality.truth(mask, label, doubt, PLAIN).detected.tolist() == [1.0, 0.0, 0.0]
    doubt[0, 2:4] = 0
    assert quality.truth(mask, label, doubt, PLAIN).detected.tolist() == [1.0, 1.0, 0.0]


def test_truth_of_labels_that_overlap():
    mask, label = np.array([[1, 3, 2, 0]], np.uint8), np.array([[1, 1, 3, 0]], np.uint8)
    told = quality.truth(mask, label, None, LABELS)
    assert told.iou == pytest.approx([2 / 3, 1 / 2])


def test_rating_is_the_mean_of_what_is_detected():
    told = np.array([[0.9, 0.5, 0.7], [0.8, 0.5, 0.2]])
    assert quality.rating(told) == pytest.approx(0.7)
    assert quality.rating(told, skip_doubt=True) == pytest.approx(0.5)
    assert quality.rating(told * [[1], [0]]) == 0.0
    assert quality.rating(np.array([[0.3]])) == pytest.approx(0.3)


def test_a_class_that_a_mask_misses_counts_as_0_in_its_true_rating():
    label = np.array([[0, 0, 1, 1]], np.uint8)
    assert quality.rating(quality.truth(label, label, None, PLAIN).heads) == 1.0
    assert quality.rating(quality.truth(label * 0, label, None, PLAIN).heads) == pytest.approx((0.5 + 0) / 2)


def test_the_true_score_leaves_out_what_nobody_knows(in_tmp):
    label = np.array([[1, 1, 2, UNKNOWN]], np.uint8)
    write_atomic("label.png", encode_png(label, PALETTE))
    write_atomic("mask.png", encode_png(np.where(label == UNKNOWN, 0, label).astype(np.uint8), PALETTE))
    row = {"id": "a", "prediction": "mask.png", "sha256": sha256("mask.png"), "teacher": "1"}
    hidden = {"id": "a", "label": "label.png", "label_sha256": sha256("label.png")}
    assert _true_score(row, hidden, PLAIN, "predictions.csv", "hidden.csv") == 1.0  # no class 0 among what is known


def test_an_image_without_a_hidden_mask_is_told(in_tmp):
    for name, rows, columns in (
        ("predictions.csv", [{"id": "a", "teacher": 1}], ("id", "teacher")),
        ("hidden.csv", [], ("id", "label")),
        ("unlabelled.csv", [{"id": "a"}], ("id",)),
    ):
        write_table(name, rows, columns)
    write_json("thresholds.json", {"low": 0.5, "high": 0.9})
    params = {"task": TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json")}
    with pytest.raises(UserError, match=r"hidden.csv has no mask of a: `quality.by: truth`.*by: evalnets"):
        score_pairs(
            params, "predictions.csv", "unlabelled.csv", "thresholds.json", None, "hidden.csv", "out.csv", "cpu"
        )


@pytest.mark.parametrize(
    ("width", "masks", "channels", "trained", "all_of_them"),
    [(1, 1, 3, 491_233, 492_353), (2, 3, 1, 1_962_438, 1_964_678), (2, 9, 3, 1_968_850, 1_971_090), (2, 35, 3, 1_996_358, 1_998_598)],
)  # fmt: skip
def test_parameter_counts_of_evalnets(width, masks, channels, trained, all_of_them):
    network = EvalNet(width, masks, channels)
    found = sum(p.numel() for p in network.parameters())
    running = sum(value.numel() for name, value in network.state_dict().items() if "running" in name)
    assert (found, found + running) == (trained, all_of_them)


@pytest.mark.parametrize(("masks", "heads"), [(1, 1), (4, 2)])
def test_an_evalnet_sees_image_and_mask(masks, heads):
    torch.manual_seed(0)
    network = EvalNet(0.25, masks, 3).eval()
    x = torch.rand(2, 3 + masks, 64, 96) * 255
    x[:, 3:] = (x[:, 3:] > 127).float()
    told = network(x)
    assert told.shape == (2, heads, masks)
    for part in (slice(0, 3), slice(3, None)):
        other = x.clone()
        other[:, part] = 0
        assert not torch.allclose(network(other), told)
