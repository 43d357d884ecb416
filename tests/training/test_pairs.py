"""What a student sees of its pairs: doubt as the method says, the order, and the share of people's labels."""

import numpy as np
import pytest
import torch

from dissent.core.columns import PAIRS
from dissent.core.files import sha256, write_image, write_mask, write_table
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.training.data import Order, Pairs, apply_doubt


@pytest.mark.parametrize(
    ("rule", "image", "label"),
    [
        ({"input": "block", "target": "background"}, 0, 0),
        ({"input": "keep", "target": "ignore"}, 200, 255),
        ({"input": "mean", "target": "own_class"}, 125, 0),
    ],
)
def test_doubt_as_the_method_says(rule, image, label):
    pixels = np.full((2, 2, 1), 100, np.uint8)
    pixels[0, 0] = 200
    doubt = np.array([[4, 0], [0, 0]], np.uint8)
    seen, target = apply_doubt(pixels, np.full((2, 2), 1, np.uint8), doubt, rule, generator(0))
    assert (seen[0, 0, 0], target[0, 0]) == (image, label)
    assert (seen[1] == 100).all() and (target[1] == 1).all() and pixels[0, 0] == 200


def test_a_label_in_doubt_costs_nothing_and_the_others_are_learned():
    labels = np.array([[0b011, 0b000], [0b100, 0b111]], np.uint8)
    doubt = np.array([[0b100, 0b001], [0b000, 0b111]], np.uint8)
    rule = {"input": "keep", "target": "ignore_label"}
    _, target = apply_doubt(np.zeros((2, 2, 1), np.uint8), labels, doubt, rule, generator(0))
    task = Task(
        {
            "kind": "multilabel",
            "labels": ["a", "b", "c"],
            "score": "iou",
            "doubt_class": False,
            "mse_targets": None,
            "cells": None,
        }
    )
    planes, known = task.planes(torch.from_numpy(target)[None])
    assert known[0].flatten(1).T.tolist() == [[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert (planes * known)[0].flatten(1).T.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]
    nobody = task.planes(torch.full((1, 2, 2), 255, dtype=torch.uint8))[1]
    assert nobody.shape == (1, 3, 2, 2) and not nobody.any()


def test_doubt_as_noise_follows_from_the_key():
    pixels, doubt = np.full((8, 8, 3), 100, np.uint8), np.ones((8, 8), np.uint8)
    rule = {"input": "noise", "target": "ignore"}
    one, two, other = (apply_doubt(pixels, doubt, doubt, rule, generator(key))[0] for key in (1, 1, 2))
    assert (one == two).all() and (one != other).any() and one.std() > 50


def test_the_order_is_a_stream_in_which_all_come_equally_often():
    order = Order(7, 3, ("k",))
    drawn = [index for step in range(14) for index in order(step)]
    assert all(sorted(drawn[start : start + 7]) == list(range(7)) for start in range(0, 42, 7))
    assert Order(7, 3, ("k",))(9) == order(9) and drawn[:7] != drawn[7:14]


def pairs_of(rows, tmp_path, **method):

    write_image("i.png", np.zeros((4, 4, 3), np.uint8))
    write_mask("m.png", np.zeros((4, 4), np.uint8), [[0, 0, 0]])
    files = {"image": "i.png", "label": "m.png", "image_sha256": sha256("i.png"), "label_sha256": sha256("m.png")}
    table = [files | {"doubt": "", "doubt_sha256": ""} | row for row in rows]
    write_table("pairs.csv", table, PAIRS)
    chosen = {
        "keep_originals": True,
        "noise_ramp": 1.0,
        "labelled_subset": 1.0,
        "labelled_batch_fraction": None,
        "inconsistency": {"input": "keep", "target": "ignore"},
    } | method
    return chosen, "pairs.csv"


def test_labelled_batch_fraction_fills_that_part_of_each_batch(in_tmp):
    rows = [{"id": f"l{i}", "origin": "labelled", "noise_copies": 0} for i in range(3)]
    rows += [{"id": f"p{i}", "origin": "pseudo", "noise_copies": 0} for i in range(50)]
    method, table = pairs_of(rows, in_tmp, labelled_batch_fraction=0.5)
    pairs = Pairs(table, 3, method, False, (1, 1), 1, 8)
    for step in range(20):
        names = pairs.batch(step)[2]
        assert sum(name.startswith("l") for name in names) == 4 and len(names) == 8


def test_labelled_subset_draws_another_part_for_each_member(in_tmp):
    rows = [{"id": f"l{i}", "origin": "labelled", "noise_copies": 1} for i in range(20)]
    rows += [{"id": "p", "origin": "pseudo", "noise_copies": 0}]
    method, table = pairs_of(rows, in_tmp, labelled_subset=0.5)
    seen = [{row["id"] for row in Pairs(table, 3, method, False, (1, 1), member, 4).rows} for member in (1, 2)]
    assert all(len(names) == 11 and "p" in names for names in seen) and seen[0] != seen[1]
