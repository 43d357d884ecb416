"""Cells: contours, discs and counts as OpenCV gives them (methods, T7), and the score made of them."""

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN
from dissent.evaluation import metrics
from dissent.evaluation.cell_counting import (
    _disc,
    cell_counts,
    positions,
    redraw_for_evaluation,
    redraw_labels,
    redrawn_mask,
    tell_apart,
)
from dissent.evaluation.contours import contour_moments
from dissent.steps.rank_students import rank_students

CELLS = {"position": "position", "states": ["alive", "dead"]}
TASK = TaskSettings(kind="multilabel", labels=["alive", "dead", "position"], cells=CELLS).model_dump(mode="json")
THREE = [(20, 30, 5), (40, 12, 3), (44, 40, 6)]


def discs(*of, size=64):
    """Filled discs (x, y, radius), cut off at the border."""
    plane = np.zeros((size + 40, size + 40), bool)
    for x, y, r in of:
        plane[y + 20 - r : y + 21 + r, x + 20 - r : x + 21 + r] |= _disc(r)
    return plane[20:-20, 20:-20]


def box(rows, columns, size=64):
    plane = np.zeros((size, size), bool)
    plane[slice(*rows), slice(*columns)] = True
    return plane


ALIVE, DEAD = box((20, 40), (10, 30)), box((4, 20), (32, 50))


def grid(text):
    return np.array([[character == "#" for character in row] for row in text.split()])


def found(plane):
    """Area and centre of every contour, sorted."""
    return sorted(
        (area / 2, x / 6 / (area / 2), y / 6 / (area / 2)) for area, x, y in zip(*contour_moments(plane), strict=True)
    )


# T7


@pytest.mark.parametrize("radius", range(3, 9))
def test_a_lone_disc_moves_by_one_and_becomes_small(radius):
    plane = discs((20, 30, radius))
    again = redraw_for_evaluation(plane)
    assert positions(plane).tolist() == [[21, 31]]
    assert again.sum() == 16 and positions(again).tolist() == [[22, 32]]


@pytest.mark.parametrize("radius", [1, 2])
def test_small_discs_vanish(radius):
    assert len(positions(discs((20, 30, radius)))) == 0
    assert not redraw_for_evaluation(discs((20, 30, radius))).any()


def test_three_discs_are_redrawn_for_evaluation():
    again = redraw_for_evaluation(discs(*THREE))
    assert {*map(tuple, positions(discs(*THREE)))} == {(45, 41), (21, 31), (41, 13)}
    assert {*map(tuple, positions(again))} == {(46, 42), (22, 32), (42, 14)}
    assert again.sum() == 264


def test_three_cells_are_told_apart():
    assert tell_apart(positions(redraw_for_evaluation(discs(*THREE))), ALIVE, DEAD) == (1, 1, 1)


def test_windows_move_inside_at_the_border():
    centres = np.array([(1, 1), (63, 63), (3, 3), (61, 61)])
    assert tell_apart(centres, np.ones((64, 64), bool), np.zeros((64, 64), bool)) == (4, 0, 0)


# the redraw of pseudo-labels


def test_pseudo_labels_are_redrawn_with_whole_discs():
    lone = discs((20, 30, 5))
    assert np.array_equal(redraw_labels(lone, "published"), discs((21, 31, 8)))
    assert np.array_equal(redraw_labels(lone, "centred"), discs((20, 30, 8)))
    assert redraw_labels(lone, "none") is lone
    near = discs((20, 30, 4), (36, 30, 4))
    assert np.array_equal(redraw_labels(near, "centred"), near)  # 16 apart: a radius of 4
    assert not redraw_labels(box((0, 0), (0, 0)), "published").any()


def test_centred_positions_stay_where_they_are_over_generations():
    plane, published = discs(*THREE), discs(*THREE)
    for _ in range(4):
        plane, published = redraw_labels(plane, "centred"), redraw_labels(published, "published")
    assert {*map(tuple, positions(plane, shift=0))} == {(44, 40), (20, 30), (40, 12)}
    assert {*map(tuple, positions(published, shift=0))} == {(48, 44), (24, 34), (44, 16)}


def test_a_disc_at_the_corner_is_cut_off():
    cut_off = discs((1, 62, 6))
    [centre] = positions(cut_off, shift=0).tolist()
    assert np.array_equal(redraw_labels(cut_off, "centred"), discs((*centre, 8)))
    assert redraw_labels(cut_off, "centred")[-1, 0]


# contours, as OpenCV counts them


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("###", []),  # a line has no area
        ("## ##", [(1, 0.5, 0.5)]),
        ("### #.# ###", [(2, 1, 1), (4, 1, 1)]),  # a hole's contour runs on the pixels around it
        ("##. .## ...", [(1, 1, 0.5)]),  # two triangles
        (".#. ### .#.", [(2, 1, 1)]),
        ("##.. ##.. ..## ..##", [(2, 1.5, 1.5)]),  # corners that touch make one blob
        ("#####.. #...#.. #.#.#.. #...#.. #####..", [(14, 2, 2), (16, 2, 2)]),
    ],
)
def test_contours(picture, expected):
    contours = found(grid(picture))
    assert len(contours) == len(expected) and np.allclose(contours, expected)


def test_blobs_in_holes_count_of_their_own():
    plane = box((5, 30), (5, 30)) & ~box((8, 27), (8, 27)) | box((15, 20), (12, 17))
    areas = [area for area, *_ in found(plane)]
    assert areas == [16, 398, 576]  # the inner square, the hole as its ring of pixels without corners, the outer square
    assert found(plane)[0][1:] == (14, 17)


def test_an_image_of_one_value():
    assert found(np.zeros((9, 9), bool)) == []
    assert found(np.ones((9, 9), bool)) == [(64, 4, 4)]


# counts and the score


def mask(alive, dead, position):
    return (alive + 2 * dead + 4 * position).astype(np.uint8)


def test_counts_of_cells_in_each_state():
    truth = mask(ALIVE, DEAD, discs(*THREE))
    assert cell_counts(truth, truth, TASK["labels"], CELLS).tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    all_dead = mask(ALIVE & False, DEAD | ALIVE, discs(*THREE))
    assert cell_counts(all_dead, truth, TASK["labels"], CELLS)[:2].tolist() == [[0, 0, 1, 0], [1, 1, 0, 0]]
    unknown = np.full((64, 64), UNKNOWN, np.uint8)
    assert not cell_counts(truth, unknown, TASK["labels"], CELLS).any()


def test_mcce_is_the_mean_error_in_counting():
    counts = np.zeros((4, 3, 4), int)
    counts[0, 0], counts[0, 1] = (3, 2, 0, 0), (5, 0, 1, 0)
    counts[1, 1] = (0, 0, 4, 0)
    score = metrics.scorer("mcce", TASK)
    assert score(counts) == {"value": 1.75, "per_label": [0.5, 1.25, None]}
    assert score(counts[:3])["value"] == 2.333  # rounded as published; images without cells and errors count
    assert score(counts[:0]) == {"value": None, "per_label": [None] * 3}
    assert "lower is better" in score.definition


def test_only_tasks_that_mark_cells_have_it():
    plain = TaskSettings(kind="multilabel", labels=["a", "b", "c"]).model_dump(mode="json")
    assert metrics.names_for(TASK)[-1] == "mcce" and "mcce" not in metrics.names_for(plain)
    with pytest.raises(ValueError, match="`mcce` is no score"):
        metrics.scorer("mcce", plain)


def test_predicted_positions_are_redrawn_for_the_published_iou():
    given = mask(ALIVE, DEAD, discs((20, 30, 7)))
    redrawn = redrawn_mask(given, TASK["labels"], CELLS)
    assert np.array_equal(redrawn & 3, given & 3)
    assert np.array_equal(redrawn >> 2 & 1 == 1, redraw_for_evaluation(discs((20, 30, 7))))


def test_fewer_errors_rank_first(in_tmp):
    from dissent.core.files import read_json, write_json, write_text

    for number, errors in ((1, 4.0), (2, 0.5), (3, None)):
        folder = in_tmp / f"students/{number}"
        write_json(folder / "metrics.json", {"val": {"mcce": {"value": errors}}})
        write_text(folder / "model.json", "{}")
        write_text(folder / "model.safetensors", "")
    rank_students(list(map(str, in_tmp.glob("students/*/model.json"))), 2, "mcce", "teachers.json")
    assert [row["student"] for row in read_json("teachers.json")["pool"]] == [2, 1, 3]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cells": {"position": "a", "states": ["b", "d"]}}, "must name three of the labels a, b, c, not a, b, d"),
        ({"cells": {"position": "a", "states": ["b", "a"]}}, "must name three of the labels"),
        ({"rank_by": "mcce"}, "say which labels mark them with `cells`"),
        ({"mse_targets": [1, 3]}, "2 entries for 3 labels"),
        ({"kind": "multiclass", "cells": {"position": "a", "states": ["b", "c"]}}, "for multilabel tasks"),
    ],
)
def test_tasks_that_cannot_be_counted_are_refused(values, words):
    with pytest.raises(ValueError, match=words):
        TaskSettings(**({"kind": "multilabel", "labels": ["a", "b", "c"]} | values))
