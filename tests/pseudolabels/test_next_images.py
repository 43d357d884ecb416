"""Which images to label next, on made-up numbers: what counts, who is far, groups, duplicates, and words."""

import numpy as np
import pytest
from helpers.learners import TASKS

from dissent.pseudolabels.next_images import features, scores
from dissent.pseudolabels.next_images.choose import choose
from dissent.pseudolabels.next_images.reasons import Facts, percent, reason


def chosen(worth, at, known=(), groups=None, alike=(), number=3) -> list[int]:
    """The numbers of the images that are chosen; `at`: their places on a line."""
    known_M1 = np.array(known, float).reshape(-1, 1)
    groups = groups or [str(one) for one in range(len(worth))]
    found = choose(np.array(worth, float), np.array(at, float)[:, None], known_M1, groups, alike, number)
    return [one.index for one in found]


@pytest.mark.parametrize("kind", TASKS)
def test_what_teachers_say_is_counted_by_label(kind):
    task = TASKS[kind]
    one, other = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    one[0], other[:2] = 1, 1
    found = scores.said([one, other], task)
    first = {"binary": 0, "multiclass": 1, "multilabel": 0}[kind]
    assert found.doubt == 0.25 and found.differs_L[first] == 0.25 and found.said_L[first] == 0.375
    assert found.planes_LHW[first][:3, 0].tolist() == [1, 0.5, 0]
    assert found.differs_L[-1] == (0.25 if task.outputs == 1 else 0)
    assert scores.said([one, one], task).doubt == 0


@pytest.mark.parametrize("kind", TASKS)
def test_unknown_pixels_of_a_label_are_no_share(kind):
    label = np.full((4, 4), 255, np.uint8)
    label[0] = 1
    place = {"binary": 0, "multiclass": 1, "multilabel": 0}[kind]
    shares = scores.share_of([label], TASKS[kind])
    assert shares[place] == 1 and shares.sum() == 1
    assert (scores.share_of([], TASKS[kind]) == 0).all()


def test_labels_that_lack_and_small_labels_count_more():
    needs = scores.need(np.array([0.4, 0.1, 0.0]), np.array([0.4, 0.2, 0.1]))
    assert needs[0] == 1 and 1.9 < needs[1] < 2 and needs[2] == scores.MOST
    differs, said = np.array([[0.1, 0.0], [0.0, 0.1]]), np.array([[0.5, 0.05], [0.5, 0.05]])
    plain = scores.worth(differs, said, np.ones(2)).sum(1)
    assert plain[1] == pytest.approx(10 * plain[0])
    assert scores.worth(differs, said, np.array([3.0, 1.0])).sum(1)[0] == pytest.approx(3 * plain[0])
    assert (scores.worth(np.zeros((2, 2)), said, np.ones(2)) > 0).all()  # one teacher: what is said counts
    assert np.isfinite(scores.worth(np.zeros((2, 2)), np.zeros((2, 2)), np.ones(2))).all()


def test_each_is_far_from_what_is_labelled_and_chosen():
    assert chosen([1, 1, 1, 1], [0.1, 5, 9, 9.5], known=[0]) == [2, 1, 3]
    assert chosen([1, 1, 1, 8], [0.1, 5, 9, 4], known=[0]) == [3, 2, 1]
    assert chosen([1, 3, 2], [0, 0, 7], number=2) == [1, 2]  # nothing is labelled
    assert chosen([1, 1], [1, 2], known=[0], number=9) == [0, 1]
    assert chosen([0] * 4, [1, 5, 5.5, 6], known=[0], number=2) == [
        2,
        0,
    ]  # nothing is worth anything: how they are alike
    [first, second] = choose(np.ones(2), np.array([[1.0], [4.0]]), np.array([[9.0], [0.0]]), ["a", "b"], [], 2)
    assert (first.index, first.nearest, first.distance) == (1, -1, pytest.approx(4 / 2.5))
    assert (second.nearest, second.distance) == (-1, pytest.approx(1 / 2.5))


def test_an_image_that_stands_for_many_comes_before_an_odd_one():
    """Ten images lie close together, one far from all: the farthest is odd, and one of the ten is chosen first."""
    places = [5 + 0.1 * k for k in range(10)] + [9]
    worth = [1.0] * 11
    first, second = chosen(worth, places, known=[0], number=2)
    assert first in (3, 4, 5, 6) and second == 10
    assert chosen([*worth[:10], 40.0], places, known=[0], number=1) == [10]  # if labels are worth much there
    choices = choose(np.ones(11), np.array(places)[:, None], np.zeros((1, 1)), [str(k) for k in range(11)], [], 2)
    assert [one.stands_for for one in choices] == [10, 0]


def test_images_that_are_all_the_same_are_chosen_by_worth():
    assert chosen([1, 3, 2], [4, 4, 4], known=[4]) == [1, 2, 0]


def test_one_group_does_not_fill_the_list():
    groups = ["video"] * 8 + ["a", "b", "c"]
    found = chosen([9] * 8 + [1] * 3, range(11), known=[-1], groups=groups, number=4)
    assert sum(index < 8 for index in found) == 2 and len(found) == 4
    assert len(chosen([1] * 8, range(8), groups=["video"] * 8, number=4)) == 4
    found = chosen([9] * 8 + [1] * 2, range(10), groups=["video"] * 8 + ["a", "b"], number=8)
    assert sum(index < 8 for index in found) == 6 and len(found) == 8
    assert len(chosen([1] * 8 + [1], range(9), groups=["video"] * 8 + ["a"], number=9)) == 9  # others have none left


def test_of_duplicates_one_is_taken():
    assert chosen([3, 2, 1], [1, 1.1, 9], alike=[(0, 1)]) == [0, 2]
    assert chosen([3, 2, 1], [1, 5, 9], alike=[(1, 0), (1, 2)]) == [0, 2]


def test_features_tell_where_labels_lie_and_how_images_look():
    planes = np.zeros((2, 8, 6), np.float32)
    planes[1, :2, :1] = 1
    found = features.of_labels(planes).reshape(2, 4, 4)
    assert found[1, 0, 0] == 1 and found.sum() == 1
    assert features.of_labels(np.ones((1, 3, 5), np.float32)).tolist() == [1] * 16  # smaller than the grid
    image = np.full((8, 8, 1), 7, np.uint8)
    assert features.of_pixels(image).tolist() == [7] * 16 + [0] * 16
    loud, quiet = np.array([[0.0], [1000.0], [500.0]]), np.array([[0.0], [0.001], [0.0005]])
    pool, known = features.together([loud[:2], quiet[:2]], [loud[2:], quiet[2:]])
    assert pool.shape == (2, 2) and known.shape == (1, 2) and pool[:, 0] == pytest.approx(pool[:, 1])
    assert (features.together([np.ones((2, 3))], [np.ones((1, 3))])[0] == 0).all()


def test_reasons_are_plain():
    facts = Facts(["sky", "car"], 0.01, np.array([0.5, 0.004]), np.array([0.5, 0.012]), np.array([1.0, 2.6]))
    assert reason(facts, 0.041, np.array([0.1, 0.3]), 12, 1.5, "i07") == (
        "teachers differ on 4.1 % of its pixels (usual: 1.0 %), most of all about car; labelled images have little car: 0.4 % of their pixels, "
        "the others 1.2 %; 12 other unlabelled images look most like it; not like any labelled image or any above; the nearest is i07, 1.5 times "
        "as far as usual"
    )
    assert (
        reason(facts, 0.0, np.array([0.1, 0.0]), 0, 0.8, "i07")
        == "teachers see sky in it; the nearest one that is labelled or above is i07, 0.8 times as far as usual"
    )
    assert reason(facts, 0.0, np.zeros(2), 0, None, "") == "nothing tells it apart from the others"
    assert percent(0.0004) == "0.040 %"
