"""Scores: the tables of section 11, two independent references, unknown pixels, empty sets, bootstrap intervals."""

import itertools
from typing import get_args

import numpy as np
import pytest
import sklearn.metrics
import torch
import torchmetrics.functional.classification as reference

from dissent.config.task import Score, TaskSettings
from dissent.evaluation.metrics import SCORES, counts, scorer

BINARY = TaskSettings(kind="binary", labels=["nucleus"]).model_dump(mode="json")
CLASSES = TaskSettings(kind="multiclass", labels=["background", "a", "b", "c", "d"]).model_dump(mode="json")
LABELS = TaskSettings(kind="multilabel", labels=["a", "b", "c"]).model_dump(mode="json")
WITH_DOUBT = TaskSettings(kind="multiclass", labels=["doubt", "a", "b", "c", "d"], doubt_class=True).model_dump(
    mode="json"
)
TASKS = {"binary": BINARY, "multiclass": CLASSES, "multilabel": LABELS}
VALUES = {"binary": 2, "multiclass": 5, "multilabel": 8}


def cases(*choices):
    return list(itertools.product(*choices))


def grid(text):
    return np.array([[int(digit) for digit in row] for row in text.split("/")], np.uint8)


def score(name, pairs, task):
    """Score of (prediction, target) pairs, each a mask or `11/01`."""
    masks = [[grid(m) if isinstance(m, str) else np.asarray(m, np.uint8) for m in pair] for pair in pairs]
    return scorer(name, task)(np.stack([counts(*pair, task) for pair in masks]))


def random_pairs(kind, number=6, seed=0, unknown=0.1):
    """Masks of which two thirds of the pixels agree, some unknown, and the last value in one image alone."""
    rng = np.random.default_rng(seed)
    pairs = []
    for index in range(number):
        high = VALUES[kind] - (index > 0)
        target = rng.integers(0, max(high, 2), (13, 17)).astype(np.uint8)
        prediction = np.where(rng.random(target.shape) < 0.6, target, rng.integers(0, max(high, 2), target.shape))
        target[rng.random(target.shape) < unknown] = 255
        pairs.append((prediction.astype(np.uint8), target))
    return pairs


def plane(mask, kind, label):
    """Where `pseudo_label` is in a mask, by the rule of its kind."""
    return {"binary": mask == 1, "multiclass": mask == label, "multilabel": (mask >> label) % 2 == 1}[kind]


def test_the_registry_has_the_scores_that_a_task_may_name():
    assert set(SCORES) == set(get_args(Score))
    with pytest.raises(ValueError, match=r"`iuo` is no score; there are iou, dice, published_iou"):
        scorer("iuo", BINARY)


def test_t4_published_binary_scores():
    empty = "00/00"
    assert score("published_iou", [(empty, empty)], BINARY)["value"] == 0
    assert score("published_dice", [(empty, empty)], BINARY)["value"] == 1
    assert score("iou", [(empty, empty)], BINARY) == {"value": None, "per_label": [None]}
    grey = np.array([[0, 40, 255], [0, 200, 255]])
    prediction = np.array([[0, 0, 255], [0, 255, 255]]) > 127
    assert score("published_iou", [(prediction, grey > 0)], BINARY)["value"] == 0.75
    assert score("published_dice", [(prediction, grey >= 128)], BINARY)["value"] == 1


def test_t5_published_multiclass_scores():
    task = CLASSES | {"labels": [*"012345", "6"]}
    pairs = [("1122/3012/4516", "1122/3112/4415")]
    got = score("published_iou", pairs, task)
    assert got == {"value": 0.66, "per_label": [None, 0.8, 1.0, 1.0, 0.5, 0.0, None]}
    assert score("pixel_accuracy", pairs, task)["value"] == 0.75


def test_published_scores_round_each_image_to_4_and_the_mean_to_3_decimals():
    def one(tp, fp):
        return np.array([[tp, fp, 0, 0]])

    iou, dice = scorer("published_iou", BINARY), scorer("published_dice", BINARY)
    assert iou(one(1, 2)[None])["value"] == 0.333
    assert dice(one(1, 2)[None])["value"] == 0.6
    # 0.33346 becomes 0.3335 and then 0.334; rounded once it would be 0.333
    assert iou(one(867, 1733)[None])["value"] == 0.334
    classes = np.zeros((1, 5, 4), int)
    classes[0, 0, 1], classes[0, 1] = 1733, (867, 0, 1733, 0)
    assert scorer("published_iou", CLASSES)(classes)["value"] == 0.334


def test_published_multiclass_scores_average_over_the_classes_of_each_images_target():
    # first image: classes 1 and 2 in the target, 3 only predicted; second: class 4 alone
    pairs = [("1233", "1222"), ("44", "44")]
    got = score("published_iou", pairs, CLASSES)
    assert got["per_label"] == [None, 1.0, 0.333, None, 1.0]
    assert got["value"] == round((round((1 + 1 / 3) / 2, 4) + 1) / 2, 3)
    dice = score("published_dice", pairs, CLASSES)
    assert dice["per_label"] == [None, 1.0, 0.6, None, 1.0]
    assert dice["value"] == round((0.8 + 1) / 2, 3)


def test_published_multilabel_scores():
    # label a: 1 of 2 pixels; label b: empty and empty, which counts 0; label c: right
    pairs = [(np.array([[1, 4, 0]]), np.array([[1, 5, 0]]))]
    assert score("published_iou", pairs, LABELS) == {"value": 0.5, "per_label": [0.5, 0.0, 1.0]}
    dice = score("published_dice", pairs, LABELS)
    assert dice["per_label"] == [0.75, None, 1.0]
    assert dice["value"] == round((0.75 + 1) / 2, 3)


def test_iou_of_a_set_sums_over_images_before_it_divides():
    # class 1: (2 + 0) / (2 + 2); class 0: (0 + 2) / (0 + 4); the image means would be 1/2 and others
    assert score("iou", [("11", "11"), ("0011", "0000")], BINARY)["value"] == 0.5
    got = score("iou", [("11", "11"), ("0011", "0000")], CLASSES)
    assert got == {"value": 0.5, "per_label": [0.5, 0.5, None, None, None]}
    # a class that is predicted and nowhere in the target counts with 0
    assert score("iou", [("12", "11")], CLASSES)["per_label"] == [None, 0.5, 0.0, None, None]


def test_the_class_kept_for_doubt_is_not_scored_but_its_pixels_are_errors_of_the_others():
    pairs = [("0112", "1112")]
    assert score("iou", pairs, CLASSES)["per_label"] == [0.0, 2 / 3, 1.0, None, None]
    got = score("iou", pairs, WITH_DOUBT)
    assert got == {"value": (2 / 3 + 1) / 2, "per_label": [None, 2 / 3, 1.0, None, None]}
    assert "id 0" in scorer("dice", WITH_DOUBT).definition
    assert score("pixel_accuracy", pairs, WITH_DOUBT)["value"] == 0.75


@pytest.mark.parametrize("kind", TASKS)
def test_counts_agree_with_a_loop_over_pixels(kind):
    task = TASKS[kind]
    for prediction, target in random_pairs(kind):
        expected = np.zeros((len(task["labels"]), 4), int)
        for p, t in zip(prediction.ravel(), target.ravel(), strict=True):
            for label in range(len(expected)):
                if t != 255:
                    said, true = plane(np.array(p), kind, label), plane(np.array(t), kind, label)
                    expected[label, {(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[int(said), int(true)]] += 1
        got = counts(prediction, target, task)
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", TASKS)
def test_set_scores_agree_with_sklearn(kind):
    pairs, task = random_pairs(kind), TASKS[kind]
    known = np.concatenate([target.ravel() != 255 for _, target in pairs])
    prediction, target = (np.concatenate([pair[i].ravel() for pair in pairs])[known] for i in (0, 1))
    planes = [(plane(target, kind, label), plane(prediction, kind, label)) for label in range(len(task["labels"]))]
    for name, function in (("iou", sklearn.metrics.jaccard_score), ("dice", sklearn.metrics.f1_score)):
        got = score(name, pairs, task)
        np.testing.assert_allclose(got["per_label"], [function(*each) for each in planes], rtol=1e-12)
        assert got["value"] == pytest.approx(np.mean(got["per_label"]), rel=1e-12)
    accuracy = score("pixel_accuracy", pairs, task)
    each = [sklearn.metrics.accuracy_score(*each) for each in planes]
    recall = [sklearn.metrics.recall_score(*each) for each in planes]
    assert accuracy["per_label"] == pytest.approx(recall if kind == "multiclass" else each)
    whole = sklearn.metrics.accuracy_score(target, prediction) if kind == "multiclass" else np.mean(each)
    assert accuracy["value"] == pytest.approx(whole)


def test_set_scores_agree_with_torchmetrics():
    def tensors(kind):
        return (torch.from_numpy(np.stack(masks)).long() for masks in zip(*random_pairs(kind), strict=True))

    prediction, target = tensors("binary")
    expected = reference.binary_jaccard_index(prediction, target, ignore_index=255)
    assert score("iou", random_pairs("binary"), BINARY)["value"] == pytest.approx(expected.item(), rel=1e-5)
    prediction, target = tensors("multiclass")
    expected = reference.multiclass_jaccard_index(prediction, target, 5, ignore_index=255)
    assert score("iou", random_pairs("multiclass"), CLASSES)["value"] == pytest.approx(expected.item(), rel=1e-5)
    expected = reference.multiclass_f1_score(prediction, target, 5, average="none", ignore_index=255)
    got = score("dice", random_pairs("multiclass"), CLASSES)["per_label"]
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-5)
    prediction, target = tensors("multilabel")
    bits = [torch.stack([(mask >> bit) & 1 for bit in range(3)], 1) for mask in (prediction, target)]
    bits[1][(target == 255)[:, None].expand_as(bits[1])] = 255
    expected = reference.multilabel_jaccard_index(*bits, 3, average="none", ignore_index=255)
    got = score("iou", random_pairs("multilabel"), LABELS)["per_label"]
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-5)


def loop_published(name, pairs, task):
    """Sections 6.1 to 6.3 on masks, an image and a label at a time."""
    kind, means = task["kind"], []
    for prediction, target in pairs:
        known, values = target != 255, []
        for label in range(len(task["labels"])):
            a, b = plane(prediction, kind, label)[known], plane(target, kind, label)[known]
            inside, union, total = (a & b).sum(), (a | b).sum(), a.sum() + b.sum()
            value = inside / (union + 1e-7) if name == "published_iou" else (2 * inside + 1) / (total + 1)
            only_present = kind == "multiclass" or (kind == "multilabel" and name == "published_dice")
            if b.any() or not only_present:
                values.append(value if only_present else round(float(value), 4))
        means.append(round(float(np.mean(values)), 4) if only_present else np.mean(values))
    return round(float(np.mean(means)), 3)


@pytest.mark.parametrize("name, kind, seed", cases(["published_iou", "published_dice"], TASKS, range(3)))
def test_published_scores_agree_with_a_loop_over_images(name, kind, seed):
    pairs = random_pairs(kind, seed=seed)
    assert score(name, pairs, TASKS[kind])["value"] == loop_published(name, pairs, TASKS[kind])


@pytest.mark.parametrize("name, kind", cases(SCORES, TASKS))
def test_unknown_pixels_change_no_score(name, kind):
    pairs, rng = random_pairs(kind), np.random.default_rng(1)
    before = score(name, pairs, TASKS[kind])
    for prediction, target in pairs:
        noise = rng.integers(0, VALUES[kind], target.shape).astype(np.uint8)
        prediction[target == 255] = noise[target == 255]
    unknown = np.full((13, 17), 255, np.uint8)
    assert score(name, [*pairs, (np.zeros_like(unknown), unknown)], TASKS[kind]) == before


@pytest.mark.parametrize(
    "prediction, target, task, message",
    [
        ("11", "1", BINARY, r"\(1, 2\).*\(1, 1\)"),
        ("12", "11", BINARY, "prediction.*binary.*0 to 1, not 2"),
        ("11", "12", BINARY, "target.*binary.*0 to 1, not 2"),
        ("15", "11", CLASSES, "prediction.*multiclass.*0 to 4, not 5"),
        ("17", "18", LABELS, "target.*multilabel.*0 to 7, not 8"),
    ],
)
def test_masks_that_are_not_of_the_task_are_refused(prediction, target, task, message):
    with pytest.raises(ValueError, match=message):
        counts(grid(prediction), grid(target), task)


def test_a_prediction_does_not_know_unknown():
    with pytest.raises(ValueError, match="0 to 7, not 255"):
        counts(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8), LABELS)
    with pytest.raises(ValueError, match="0 to 1, not -1"):
        counts(np.full((2, 2), -1), np.zeros((2, 2), np.uint8), BINARY)
    with pytest.raises(ValueError, match=r"\(images, labels, 4\), not \(1, 4\)"):
        scorer("iou", BINARY)(np.zeros((1, 4)))
