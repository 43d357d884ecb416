"""What a student sees of its pairs: doubt as the method says, the order, and the share of people's labels."""

import numpy as np
import pytest
import torch
from learners import TASKS

from dissent.core.columns import PAIRS
from dissent.core.files import sha256, write_image, write_mask, write_table
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.training.data import apply_doubt
from dissent.training.order import Order, RareClasses
from dissent.training.pairs import Pairs


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


def drawn_by_class(kind, labels, batch=8, steps=200, key=("k",), **options):
    """How often each label is drawn, and what draws it."""
    given = {"share": 1.0, "temperature": 0.01, "least_pixels": 1} | options
    order = RareClasses(TASKS[kind], given).order([np.array(label, np.uint8) for label in labels], batch, key)
    drawn = [index for step in range(steps) for index in order(step)]
    return [drawn.count(index) / len(drawn) for index in range(len(labels))], order


def test_images_of_rare_classes_are_drawn_more_often():
    """P(c) ~ exp((1 - f_c) / T), DAFormer's equation 6; of three classes with .7, .2 and .1 of the pixels."""
    labels = [[[0] * 10], [[0] * 10], [[0] * 7 + [1] * 3], [[0] * 1 + [1] * 5 + [2] * 4]]
    chances = np.exp((1 - np.array([28, 8, 4]) / 40) / 0.1)
    often, rare, rarest = chances / chances.sum()
    found, order = drawn_by_class("multiclass", labels, temperature=0.1, steps=2000)
    expected = [often / 4, often / 4, often / 4 + rare / 2, often / 4 + rare / 2 + rarest]
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert order(7) == drawn_by_class("multiclass", labels, temperature=0.1)[1](7), "a step needs no history"
    assert order(7) != order(8)
    alike, _ = drawn_by_class("multiclass", labels, temperature=1e6, steps=2000)
    np.testing.assert_allclose(alike, [1 / 12, 1 / 12, 1 / 12 + 1 / 6, 1 / 12 + 1 / 6 + 1 / 3], atol=0.01)
    few, _ = drawn_by_class("multiclass", labels, least_pixels=5)
    assert few == [0, 0, 0, 1], "four pixels of the rarest class, and three of the second, are too few"


def test_labels_that_overlap_are_drawn_each_by_itself_and_unknown_ones_are_none():
    labels = [[[0b001] * 8], [[0b010] * 1 + [0b001] * 7], [[0b110_0110] * 2 + [255] * 6], [[0] * 8]]
    found, _ = drawn_by_class("multilabel", labels)
    assert found == [0, 1, 0, 0], "of the third image nobody knows whether it has the second and the third label"
    assert RareClasses(TASKS["multilabel"], {"least_pixels": 1}).order([np.full((2, 2), 255, np.uint8)], 4, ()) is None
    doubted = Task(TASKS["multiclass"].spec | {"doubt_class": True})
    order = RareClasses(doubted, {"share": 1, "temperature": 1, "least_pixels": 1})
    assert set(order.order([np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)], 9, ())(1)) == {1}


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


def test_a_share_of_each_origins_part_of_a_batch_is_drawn_by_rare_classes(in_tmp):
    """Three of four of people's labels, three of four of the teachers'; the others come as they ever do."""
    rows = [
        {"id": f"{origin}{n}", "origin": origin, "noise_copies": 0}
        for origin in ("labelled", "pseudo")
        for n in range(5)
    ]
    method, table = pairs_of(rows, in_tmp, labelled_batch_fraction=0.5)
    plain, drawn = (
        Pairs(table, 3, method, False, (1, 1), 1, 8, rare)
        for rare in (None, RareClasses(TASKS["binary"], {"share": 0.75, "temperature": 0.01, "least_pixels": 1}))
    )
    found = [drawn.names(drawn.chosen(step)) for step in range(4)]
    assert all([name.startswith("labelled") for name in names] == [True] * 4 + [False] * 4 for names in found)
    alone = [(members, order(step)) for members, order in drawn._orders for step in (0,) if isinstance(order, Order)]
    assert [len(chosen) for _, chosen in alone] == [1, 1]
    assert [len(members) for members, _ in drawn._orders] == [5, 5, 5, 5]
    assert plain.chosen(0) != drawn.chosen(0) and drawn.chosen(3) == drawn.chosen(3)


def test_the_last_steps_draw_of_annotators_pairs_alone(in_tmp):
    """As the method says, and as before until then; gen0, which has no others, draws as ever."""
    rows = [{"id": f"l{i}", "origin": "labelled", "noise_copies": 1} for i in range(3)]
    rows += [{"id": f"p{i}", "origin": "pseudo", "noise_copies": 0} for i in range(9)]
    method, table = pairs_of(rows, in_tmp, noise={"alpha": 0, "beta": 0, "blur": 0, "noise": 0})
    plain, ending = (Pairs(table, 3, method, False, (1, 1), 1, 4) for _ in range(2))
    ending.end_on_labels(8)
    assert all(ending.chosen(step) == plain.chosen(step) for step in range(8))
    last = [ending.chosen(step) for step in range(8, 20)]
    assert {index for chosen in last for index in chosen} == set(range(6)) and all(len(one) == 4 for one in last)
    assert any(name.startswith("p") for step in range(8, 20) for name in plain.batch(step)[2])
    method, table = pairs_of(rows[:3], in_tmp, noise=method["noise"])
    plain, ending = (Pairs(table, 3, method, False, (1, 0), 1, 4) for _ in range(2))
    ending.end_on_labels(0)
    assert all(ending.chosen(step) == plain.chosen(step) for step in range(8))
