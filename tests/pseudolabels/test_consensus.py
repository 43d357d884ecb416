"""The consensus function: every table of section 11 of the method notes, OpenCV's borders, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dissent.consensus import areas, block, compare, consensus, dilated, eroded, morphology, union

KINDS = ("binary", "multiclass", "multilabel")


def grid(text):
    """`11/01` -> [[1, 1], [0, 1]] as uint8."""
    return np.array([[int(digit) for digit in row] for row in text.split("/")], np.uint8)


def stack(*texts):
    return np.stack([grid(text) for text in texts])


def check(predictions, kind, label, inconsistent):
    got = consensus(predictions, kind)
    assert all(part.dtype == np.uint8 for part in got)
    np.testing.assert_array_equal(got[0], label)
    np.testing.assert_array_equal(got[1], inconsistent)


A, B, C = "1100/1100/0110/0000", "1110/1000/0110/0001", "1100/1100/0100/0000"


@pytest.mark.parametrize(
    "teachers, label, inconsistent, sizes",
    [
        ((A, B), "1100/1000/0110/0000", "0010/0100/0000/0001", (3, 5)),
        ((A, B, C), "1100/1000/0100/0000", "0010/0100/0010/0001", (4, 4)),
    ],
)
def test_t1_binary(teachers, label, inconsistent, sizes):
    predictions = stack(*teachers)
    check(predictions, "binary", grid(label), grid(inconsistent))
    assert areas(predictions, "binary") == sizes


IDS = ("1122/3002/4405", "1222/3012/4405", "1122/3002/4500", "1122/3302/4405")


@pytest.mark.parametrize(
    "count, label, inconsistent, im_size",
    [
        (2, "1022/3002/4405", "0100/0010/0000", 2),
        (3, "1022/3002/4000", "0100/0010/0101", 4),
        (4, "1022/3002/4000", "0100/0110/0101", 5),
    ],
)
def test_t2_multiclass(count, label, inconsistent, im_size):
    predictions = stack(*IDS[:count])
    check(predictions, "multiclass", grid(label), grid(inconsistent))
    assert areas(predictions, "multiclass") == (im_size, np.count_nonzero(grid(label)))


def test_t3_multilabel():
    predictions = np.stack([stack("110/001", "001/010", "100/010"), stack("100/001", "001/011", "100/110")])
    check(predictions, "multilabel", stack("100/001", "001/010", "100/010"), grid("010/101"))
    assert areas(predictions, "multilabel")[0] == 3
    blocked = block(*consensus(predictions, "multilabel"))
    np.testing.assert_array_equal(blocked, stack("100/000", "001/010", "100/010"))


def test_t9_opening():
    mask = np.zeros((7, 7), np.uint8)
    mask[2:5, 2:5] = 1
    mask[0, 6] = 1
    teachers = np.stack([mask, np.zeros_like(mask)])
    assert np.argwhere(consensus(teachers, "binary", erode=3)[1]).tolist() == [[3, 3]]
    opened = consensus(teachers, "binary", erode=3, dilate=3)[1]
    assert opened.sum() == 9
    assert opened[2:5, 2:5].all()


@pytest.mark.parametrize("count, expected", [(2, (137, 64)), (3, (198, 30)), (4, (230, 13))])
def test_seeded_binary(count, expected):
    assert areas(np.random.default_rng(100 + count).random((count, 16, 16)) > 0.5, "binary") == expected


@pytest.mark.parametrize(
    "count, im_size, histogram", [(2, 195, [210, 17, 17, 12]), (3, 243, [248, 5, 0, 3]), (4, 249, [250, 0, 5, 1])]
)
def test_seeded_multiclass(count, im_size, histogram):
    predictions = np.random.default_rng(200 + count).integers(0, 4, (count, 16, 16))
    label, inconsistent = consensus(predictions, "multiclass")
    assert inconsistent.sum() == im_size == areas(predictions, "multiclass")[0]
    assert np.bincount(label.ravel(), minlength=4).tolist() == histogram


@pytest.mark.parametrize(
    "count, im_size, doubted, agreed, blocked",
    [
        (2, 381, 225, [67, 66, 67], [19, 17, 18]),
        (3, 578, 252, [39, 32, 26], [3, 1, 2]),
        (4, 684, 256, [11, 13, 17], [0, 0, 0]),
    ],
)
def test_seeded_multilabel(count, im_size, doubted, agreed, blocked):
    predictions = (np.random.default_rng(300 + count).random((count, 16, 16, 3)) >= 0.5).transpose(0, 3, 1, 2)
    label, inconsistent = consensus(predictions, "multilabel")
    assert areas(predictions, "multilabel") == (im_size, sum(agreed))
    assert inconsistent.sum() == doubted
    assert label.sum(axis=(1, 2)).tolist() == agreed
    assert block(label, inconsistent).sum(axis=(1, 2)).tolist() == blocked


# What cv2.dilate and cv2.erode (OpenCV 5.0, k x k ones, default anchor and border) make of one pixel of a 6x6 image.
@pytest.mark.parametrize(
    "side, rows, columns", [(1, (2, 3), (3, 4)), (2, (2, 4), (3, 5)), (3, (1, 4), (2, 5)), (4, (1, 5), (2, 6))]
)
def test_squares_lie_as_in_opencv(side, rows, columns):
    mask = np.zeros((6, 6), np.uint8)
    mask[2, 3] = 1
    expected = np.zeros_like(mask)
    expected[slice(*rows), slice(*columns)] = 1
    np.testing.assert_array_equal(dilated(mask, side), expected)
    np.testing.assert_array_equal(eroded(1 - mask, side), 1 - expected)


def test_outside_the_image_is_doubt_for_erosion_and_none_for_dilation():
    full = np.ones((4, 4), np.uint8)
    assert eroded(full, 3).all()
    assert eroded(full, 31).all()
    assert not dilated(1 - full, 31).any()


@pytest.mark.parametrize(
    "one, other, label",
    [
        # doubt between class 2 and class 1 is filled from both sides; in the middle the later class wins
        ("20100/00000/00000", "23100/00000/00000", "22110/22110/00000"),
        # classes grow from where they were agreed, so a thin class 2 survives that class 1 has grown over it
        ("01200/00000/00003", "01200/00000/00000", "12220/12220/00000"),
    ],
)
def test_erosion_refills_classes_in_ascending_order_over_their_neighbours(one, other, label):
    got, inconsistent = consensus(stack(one, other), "multiclass", erode=3)
    assert not inconsistent.any()
    np.testing.assert_array_equal(got, grid(label))


def test_erosion_refills_each_label_of_a_multilabel_task_and_none_of_a_binary_one():
    # the only doubt is one pixel of label 1, and a 3x3 erosion frees it
    one, other = stack("100/000/000", "000/000/001"), stack("100/000/000", "010/000/001")
    label, inconsistent = consensus(np.stack([one, other]), "multilabel", erode=3)
    assert not inconsistent.any()
    np.testing.assert_array_equal(label, stack("110/110/000", "000/011/011"))
    label, inconsistent = consensus(np.stack([one[0], grid("101/000/000")]), "binary", erode=3)
    assert not inconsistent.any()
    np.testing.assert_array_equal(label, one[0])


def test_dilation_leaves_the_label_to_be_blocked_later():
    one, other = grid("1110/1110/0000"), grid("1110/1100/0000")
    label, inconsistent = consensus(np.stack([one, other]), "binary", dilate=3)
    np.testing.assert_array_equal(label, other)
    np.testing.assert_array_equal(inconsistent, grid("0111/0111/0111"))
    np.testing.assert_array_equal(block(label, inconsistent), grid("1000/1000/0000"))


@st.composite
def predictions(draw, kind):
    """(K, [L,] H, W) masks that agree often enough for all cases to occur."""
    count, height, width = draw(st.integers(2, 5)), draw(st.integers(1, 7)), draw(st.integers(1, 7))
    labels = {"binary": (), "multiclass": (), "multilabel": (draw(st.integers(1, 4)),)}[kind]
    largest = {"binary": 1, "multiclass": 4, "multilabel": 1}[kind]
    return draw(arrays(np.uint8, (count, *labels, height, width), elements=st.integers(0, largest)))


def any_case():
    return st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), predictions(kind)))


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


quick = settings(max_examples=60, deadline=None, derandomize=True)


@quick
@given(any_case(), st.randoms(use_true_random=False), st.integers(0, 4), st.integers(0, 4))
def test_the_order_of_teachers_does_not_matter(case, random, erode, dilate):
    kind, masks = case
    order = random.sample(range(len(masks)), len(masks))
    assert same(consensus(masks, kind, erode, dilate), consensus(masks[order], kind, erode, dilate))
    assert areas(masks, kind) == areas(masks[order], kind)


@quick
@given(any_case())
def test_identical_teachers_leave_no_doubt(case):
    kind, masks = case
    masks = np.repeat(masks[:1], 3, axis=0)
    label, inconsistent = consensus(masks, kind)
    assert not inconsistent.any()
    assert np.array_equal(label, masks[0])
    assert areas(masks, kind) == (0, np.count_nonzero(masks[0]))


@quick
@given(any_case(), st.data())
def test_one_more_teacher_never_shrinks_the_doubt(case, data):
    kind, masks = case
    more = data.draw(arrays(np.uint8, masks.shape[1:], elements=st.integers(0, 1)))
    before, after = consensus(masks, kind)[1], consensus(np.concatenate([masks, more[None]]), kind)[1]
    assert (after >= before).all()


@quick
@given(any_case())
def test_label_and_doubt_are_disjoint_and_blocking_twice_is_blocking_once(case):
    kind, masks = case
    label, doubt = compare(masks, kind)
    assert not (label.astype(bool) & doubt.astype(bool)).any()
    assert doubt.max() <= 1
    inconsistent = union(doubt, kind)
    blocked = block(label, inconsistent)
    assert not blocked[..., inconsistent != 0].any()
    assert np.array_equal(block(blocked, inconsistent), blocked)


@quick
@given(predictions("binary"))
def test_binary_pixels_are_foreground_doubt_or_agreed_background(masks):
    im_size, pred_size = areas(masks, "binary")
    assert im_size + pred_size + np.count_nonzero((masks == 0).all(axis=0)) == masks[0].size


@quick
@given(predictions("binary"))
def test_one_label_and_two_classes_are_the_binary_case(masks):
    binary = consensus(masks, "binary")
    assert same(binary, consensus(masks, "multiclass"))
    label, inconsistent = consensus(masks[:, None], "multilabel")
    assert same(binary, (label[0], inconsistent))
    assert areas(masks, "binary") == areas(masks[:, None], "multilabel")


@quick
@given(any_case(), st.integers(0, 5), st.integers(0, 5))
def test_morphology_may_be_done_later_on_stored_masks(case, erode, dilate):
    kind, masks = case
    before = masks.copy()
    stored = consensus(masks, kind)
    copies = [part.copy() for part in stored]
    assert same(consensus(masks, kind, erode, dilate), morphology(*stored, kind, erode, dilate))
    assert same(stored, copies)
    assert np.array_equal(masks, before)


@quick
@given(any_case(), st.sampled_from([np.int64, np.int32, np.uint16]))
def test_the_type_of_integer_does_not_matter(case, dtype):
    kind, masks = case
    assert same(consensus(masks, kind), consensus(masks.astype(dtype), kind))


ZEROS = np.zeros((2, 3, 3), np.uint8)


@pytest.mark.parametrize(
    "masks, kind, options, message",
    [
        (ZEROS[:1], "binary", {}, r"K >= 2.*\(1, 3, 3\)"),
        (ZEROS[0], "multiclass", {}, r"\(K, H, W\).*\(3, 3\)"),
        (ZEROS, "multilabel", {}, r"\(K, L, H, W\).*\(2, 3, 3\)"),
        (ZEROS[None], "binary", {}, r"\(K, H, W\).*\(1, 2, 3, 3\)"),
        (ZEROS[:, :0], "binary", {}, "at least one pixel"),
        (ZEROS + 2, "binary", {}, "0 to 1, not 2"),
        (ZEROS + 255, "multiclass", {}, "0 to 254, not 255"),
        (ZEROS[:, None] + 3, "multilabel", {}, "0 to 1, not 3"),
        (ZEROS.astype(int) - 1, "binary", {}, "0 to 1, not -1"),
        (ZEROS.astype(int) + 256, "multiclass", {}, "0 to 254, not 256"),
        (ZEROS + 0.5, "binary", {}, "integers.*float64"),
        (ZEROS, "binry", {}, "binry.*binary, multiclass, multilabel"),
        (ZEROS, "binary", {"erode": -1}, "erode.*-1"),
        (ZEROS, "binary", {"dilate": -2}, "dilate.*-2"),
    ],
)
def test_bad_input_is_refused_with_what_is_expected(masks, kind, options, message):
    with pytest.raises(ValueError, match=message):
        consensus(masks, kind, **options)
