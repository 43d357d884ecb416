"""Labelers beside agreement, selectors beside the area rule, and voters that are views of one teacher."""

import numpy as np
import pytest
import torch
from test_generation import PALETTE, TASKS, ids, predictions, settings

from dissent.core.files import read_mask, read_table, sha256, write_mask, write_table
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.pseudolabels import tta
from dissent.pseudolabels.aggregate import LABELERS
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.build_masks import build_masks
from dissent.training import offline_augment

THREE = np.stack([ids("1122/3002"), ids("1222/3012"), ids("1120/4000")])


def test_majority_doubts_ties_alone():
    label, doubt, doubted, _ = LABELERS["majority"](THREE, "multiclass")
    assert (label == ids("1122/3002")).all() and not doubt.any() and doubted == 5
    label, doubt, _, _ = LABELERS["majority"](THREE[:2], "multiclass")
    assert (label == ids("1022/3002")).all() and (doubt == ids("0100/0010")).all()
    overlapping = np.array([[[[1, 0]], [[1, 1]]], [[[1, 1]], [[0, 1]]]], np.uint8)  # 2 teachers, 2 labels, 1 x 2
    label, doubt, _, _ = LABELERS["majority"](overlapping, "multilabel")
    assert label.tolist() == [[[1, 0]], [[0, 1]]] and doubt.tolist() == [[1, 1]]


def test_unanimity_is_agreement_without_doubt():
    label, doubt, doubted, agreed = LABELERS["unanimous"](THREE, "multiclass")
    assert (label == ids("1020/0000")).all() and not doubt.any() and (doubted, agreed) == (5, 2)


@pytest.mark.parametrize("rule", ["mean", "best", "scored"])
def test_a_chosen_mask_is_the_label_and_the_others_say_how_far_they_disagree(rule):
    label, doubt, doubted, _ = LABELERS[rule](np.stack([THREE[2], *THREE[:2]]), "multiclass")
    assert (label == THREE[2]).all() and not doubt.any() and doubted == 2
    assert LABELERS[rule](np.stack([THREE[0], THREE[0]]), "multiclass")[2] == 0


def build(images, label, select, previous=None, scores=None):
    params = settings("binary", select=select) | {"pseudo_label": label}
    build_masks(params, predictions(images), previous, "consensus", "inconsistency", "masks.csv", scores)
    return {row["id"]: row for row in read_table("masks.csv")}


def test_the_mean_is_the_mask_that_predict_wrote_as_teacher_0(in_tmp):
    path = predictions({"a": [ids("10/00"), ids("11/00")]})
    write_mask("mean.png", ids("01/11"), PALETTE)
    mean = {"id": "a", "teacher": 0, "prediction": "mean.png", "sha256": sha256("mean.png")}
    write_table(path, [mean, *read_table(path)], ("id", "teacher", "prediction", "sha256"))
    build_masks(settings("binary") | {"pseudo_label": "mean"}, path, None, "consensus", "inconsistency", "masks.csv")
    assert (read_mask("consensus/a.png") == ids("01/11")).all() and not read_mask("inconsistency/a.png").any()
    assert read_table("masks.csv")[0]["doubt_pixels"] == "1"


def rate(**scores):
    """{image: score of each teacher}; what reaches .75 passes."""
    rows = [
        {"id": name, "teacher": k, "score": f"{score:.6f}", "noise_copies": 1, "passes": int(score >= 0.75)}
        for name, of in scores.items()
        for k, score in enumerate(of, 1)
    ]
    write_table("scores.csv", rows, ("id", "teacher", "score", "noise_copies", "passes"))
    return "scores.csv"


def test_the_prediction_that_is_rated_best_is_chosen_and_kept_where_it_passes(in_tmp):
    images = {name: [ids("10/00"), ids("11/00")] for name in "abc"}
    rows = build(images, "scored", "scored", scores=rate(a=[0.5, 0.8], b=[0.7, 0.6], c=[0.9, 0.9]))
    assert [(rows[name]["kept"], float(rows[name]["score"])) for name in "abc"] == [("1", 0.8), ("0", 0.7), ("1", 0.9)]
    assert rows["b"]["why"] == "estimated quality 0.700 is below the threshold"
    assert (read_mask("consensus/a.png") == ids("11/00")).all() and (read_mask("consensus/c.png") == ids("10/00")).all()


def test_a_mask_that_passed_stays_until_a_better_one_comes(in_tmp):
    images = {name: [ids("10/00"), ids("11/00")] for name in "abc"}
    build(images, "scored", "scored", scores=rate(a=[0.5, 0.8], b=[0.7, 0.6], c=[0.8, 0.1]))
    for name in ("masks.csv", "consensus", "inconsistency"):
        (in_tmp / name).rename(in_tmp / f"old_{name}")
    old = read_table("old_masks.csv")
    moved = [row | {"label": f"old_{row['label']}", "doubt": f"old_{row['doubt']}"} for row in old]
    write_table("old_masks.csv", moved, tuple(old[0]))
    later = {name: [ids("00/01"), ids("00/11")] for name in "abc"}
    scores = rate(a=[0.1, 0.2], b=[0.2, 0.1], c=[0.1, 0.95])
    rows = build(later, "scored", "scored", previous="old_masks.csv", scores=scores)
    assert [rows[name]["kept"] for name in "abc"] == ["1", "0", "1"]
    assert (read_mask("consensus/a.png") == ids("11/00")).all() and rows["a"]["changed_share"] == "0.0"
    assert (read_mask("consensus/c.png") == ids("00/11")).all() and float(rows["c"]["score"]) == 0.95


def test_what_an_erosion_takes_away_is_dropped_in_binary_tasks(in_tmp):
    small, large = np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint8)
    small[2:6, 2:7], large[2:7, 2:7] = 1, 1
    rows = build({"small": [small, small], "large": [large, large]}, "unanimous", "eroded")
    assert (rows["small"]["kept"], rows["large"]["kept"]) == ("0", "1")
    assert rows["small"]["why"] == "no foreground outlasts an erosion by a square of 5"


def test_copies_follow_the_scores_of_the_masks(in_tmp):
    masks = [
        {"id": name, "kept": "1", "label": "l", "doubt": "d", "label_sha256": "x", "doubt_sha256": "y"} for name in "ab"
    ]
    write_table("masks.csv", masks, tuple(masks[0]))
    write_table(
        "u.csv", [{"id": name, "image": name, "image_sha256": "z"} for name in "ab"], ("id", "image", "image_sha256")
    )
    write_table("l.csv", [], ("id", "image", "label", "image_sha256", "label_sha256"))
    write_table("scores.csv", [{"id": "a", "noise_copies": 4}, {"id": "b", "noise_copies": 1}], ("id", "noise_copies"))
    assemble_pairs(
        {"noise_copies": 5, "labelled_noise_copies": 0}, "l.csv", "masks.csv", "u.csv", None, "pairs.csv", "scores.csv"
    )
    assert [(row["id"], row["noise_copies"]) for row in read_table("pairs.csv")] == [("a", "4"), ("b", "1")]


NOTHING = {"alpha": 0.0, "beta": 0.0, "blur": 0, "noise": 0}


@pytest.mark.parametrize("shape", [(16, 16), (16, 24)])
def test_turned_views_come_back_to_their_place(shape):
    """A network that gives back its input: without noise, every view's answer is the image again."""
    task = Task(TASKS["binary"])
    images = np.random.default_rng(1).integers(0, 256, (5, *shape, 1), dtype=np.uint8)
    params = {
        "tta": {"mode": "turned", "number": 4, "noise": NOTHING},
        "precision": "fp32",
        "batch_size": 2,
        "seed": 1,
        "generation": 1,
    }
    echo = torch.nn.Identity()
    found = list(tta.ballots([echo], images, list("abcde"), task, params, "cpu"))
    assert [len(several) for several in found] == [4, 4, 4]
    for k in range(4):
        answer = torch.cat([several[k] for several in found])
        assert torch.equal(answer, torch.as_tensor(images).permute(0, 3, 1, 2).float().sigmoid())
    moves = {move for _, move in tta._views(images[0], params["tta"], generator(3))}
    assert len(moves) > 1 and all(turns in ((1, 2, 3) if shape[0] == shape[1] else (2,)) for _, _, turns in moves)


def test_cumulative_views_add_up_and_are_one_more_than_said():
    image = np.full((8, 8, 1), 100, np.uint8)
    strength = {"alpha": 0.0, "beta": 0.0, "blur": 0, "noise": 4}
    views = tta._views(image, {"mode": "cumulative", "number": 3, "noise": strength}, generator(1))
    spread = [float(np.std(view.astype(float))) for view, _ in views]
    assert len(views) == 4 and spread == sorted(spread) and spread[0] > 0


def test_parts_of_a_strength_are_the_published_ramp():
    full = {"alpha": 0.5, "beta": 25.0, "blur": 3, "noise": 25}
    ramp = [offline_augment.part_of(full, part) for part in (0.2, 0.4, 0.6, 0.8, 1)]
    assert [one["blur"] for one in ramp] == [0, 1, 1, 2, 3] and [one["noise"] for one in ramp] == [5, 10, 15, 20, 25]
    assert [round(one["alpha"], 3) for one in ramp] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert [one["beta"] for one in ramp] == [5, 10, 15, 20, 25]
