"""U2PL: how pixels are split, what is a negative of what, and the contrast. Letters name the test vectors."""

import math

import pytest
import torch
from helpers.learners import TASKS, given, made, views_of

from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.learners.u2pl import entropy, negatives, reliable_loss, split
from dissent.training.unlabelled.contrast import Queues, contrast, info_nce
from dissent.training.unlabelled.targets import targets

FOUR = Task(TaskSettings(kind="multiclass", labels=["background", "a", "b", "c"]).model_dump(mode="json"))
# G: what the teacher says of five pixels, and the student
TEACHER = [[0.97, 0.01, 0.01, 0.01], [0.7, 0.1, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1], [0.25] * 4, [0.55, 0.4, 0.03, 0.02]]
STUDENT = [[2, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 3, 0]]


def row(pixels):
    """(1, classes, 1, pixels)"""
    return torch.tensor(pixels).float().T[None, :, None, :]


def parts(values, share, known=None):
    values = torch.tensor(values).view(1, 1, 1, -1)
    found = split(values, torch.ones_like(values) if known is None else known, share)
    return [one.flatten().int().tolist() for one in found]


def test_g_entropy_and_its_quantiles():
    found = entropy(FOUR.distributions(row(TEACHER)))
    expected = [0.167701, 0.940448, 1.279854, 1.386294, 0.878764]
    assert found.flatten().tolist() == pytest.approx(expected, abs=1e-6)
    for share in (0.2, 0.1, 0.001):
        assert parts(expected, share) == [[1, 1, 1, 0, 1], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0]]


def test_g_reliable_pixels_count_more_the_fewer_they_are():
    given = targets(FOUR, row(TEACHER).log(), 0)
    kept = split(entropy(FOUR.distributions(row(TEACHER))), given.known_B1HW, 0.2).kept
    assert reliable_loss(FOUR, row(STUDENT), given, kept, 0.2).item() == pytest.approx(1.86478, abs=1e-6)
    everything = torch.ones_like(kept)
    plain = FOUR.cross_entropy(row(STUDENT), FOUR.planes(given.label_BHW)[0]).mean()
    assert torch.isclose(reliable_loss(FOUR, row(STUDENT), given, everything, 0.2), plain)
    assert reliable_loss(FOUR, row(STUDENT), given, ~everything, 0.2) == 0


def test_q_limits():
    assert parts([math.log(4)] * 6, 0.2) == [[0] * 6, [1] * 6, [1] * 6]
    assert parts([0.1, 0.2, 0.3, 0.4], 0.0)[0] == [1, 1, 1, 0]
    assert cost_of([1, 1, 1, 0], 0.0) == pytest.approx(math.log(2) * 4 / 3)


def test_pixels_of_one_entropy_do_not_make_the_one_that_is_left_count_for_all():
    assert parts([1.0] * 9 + [0.5], 0.2)[0] == [0] * 9 + [1]
    assert cost_of([0] * 9 + [1], 0.2) == pytest.approx(math.log(2) * 10 / 7)  # and not times 10


def cost_of(kept, share):
    """The loss of a binary task whose student says .5 everywhere."""
    logits = torch.zeros(1, 1, 1, len(kept))
    given = targets(TASKS["binary"], logits, 0)
    return reliable_loss(TASKS["binary"], logits, given, torch.tensor(kept).bool().view_as(logits), share).item()


def test_pixels_beyond_an_image_are_in_no_part_and_move_no_quantile():
    known = torch.tensor([1.0, 1, 1, 1, 1, 0, 0]).view(1, 1, 1, -1)
    split_of = parts([0.1, 0.2, 0.3, 0.4, 0.5, 9.0, 9.0], 0.2, known)
    assert split_of == [[1, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0]]
    assert parts([0.1, 0.2], 0.2, torch.zeros(1, 1, 1, 2)) == [[0, 0]] * 3


def test_labels_that_overlap_are_split_each_by_its_own_entropy():
    values = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5], [5.0, 4, 3, 2, 1]]).view(1, 2, 1, 5)
    found = split(values, torch.ones(1, 1, 1, 5), 0.2)
    assert found.high.flatten().int().tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]


def test_every_kind_is_groups_of_classes_of_which_one_is_right():
    for kind, shape in (("binary", (1, 2)), ("multiclass", (1, 3)), ("multilabel", (3, 2))):
        task = TASKS[kind]
        found = task.distributions(task.probabilities(torch.randn(2, task.outputs, 4, 5)))
        assert found.shape == (2, *shape, 4, 5) and torch.allclose(found.sum(2), torch.ones(()))
    there = TASKS["binary"].distributions(torch.tensor([0.9]).view(1, 1, 1, 1))
    assert there.flatten().tolist() == pytest.approx([0.1, 0.9])


def negatives_of(pixels, labels, low_rank, high_rank=20, many=1, high=None, as_released=False, unknown=()):
    """Classes of which each pixel is a negative; the first image is labelled."""
    likely = row(pixels)[:, None].repeat(2, 1, 1, 1, 1)
    own = (
        torch.nn.functional.one_hot(torch.tensor(labels), likely.shape[2])
        .T.bool()[None, None, :, None]
        .repeat(2, 1, 1, 1, 1)
    )
    known = torch.ones(2, 1, 1, 1, len(pixels), dtype=torch.bool)
    known[..., list(unknown)] = False
    high = torch.tensor([True] * len(pixels) if high is None else high).view(1, 1, 1, 1, -1).expand_as(known)
    options = {"high_rank": high_rank, "as_released": as_released}
    found = negatives(likely, own, known, high, many, low_rank, options)
    return [[one[0, :, 0, i].nonzero()[:, 0].tolist() for i in range(len(pixels))] for one in found]


def test_g_negatives_by_rank():
    sure, unsure = [0.4, 0.3, 0.2, 0.1], [0.55, 0.4, 0.03, 0.02]
    assert negatives_of([sure, unsure], [0, 0], 1, 3)[1] == [[1, 2], [1, 2]]
    assert negatives_of([sure, unsure], [0, 0], 3)[0] == [[1, 2], [1, 2]]
    assert negatives_of([sure, unsure], [0, 0], 3)[1] == [[3], [3]]
    assert negatives_of([sure, unsure], [0, 2], 3, high=[True, False], unknown=[1])[0] == [[1, 2], []]
    assert negatives_of([sure, unsure], [0, 0], 1, high=[True, False])[1] == [[1, 2, 3], []]


def test_the_released_rule_leaves_no_negative_of_a_labelled_image():
    pixels, labels = [[0.4, 0.3, 0.2, 0.1], [0.1, 0.4, 0.3, 0.2]], [0, 0]
    labelled, unlabelled = negatives_of(pixels, labels, 1, as_released=True)
    assert labelled == [[], []] and unlabelled == [[], [0]]
    assert negatives_of(pixels, labels, 1)[0] == [[], [1]]


def test_two_classes_leave_a_negative_with_the_rank_that_is_the_default():
    assert [made("u2pl", kind).low_rank for kind in TASKS] == [1, 1, 1]
    assert negatives_of([[0.6, 0.4], [0.3, 0.7]], [0, 0], 1) == [[[], [1]], [[1], [0]]]
    assert negatives_of([[0.6, 0.4], [0.3, 0.7]], [0, 0], 3)[1] == [[], []]


def test_g_the_contrast_of_one_anchor():
    anchor, positive = torch.tensor([[1.0, 0]]), torch.tensor([1.0, 1])
    others = torch.tensor([[[0.0, 1], [-1, 0]]])
    assert info_nce(anchor, positive, others, 0.5).item() == pytest.approx(0.243745, abs=1e-6)
    many = torch.tensor([[-1.0, 0]]).expand(1, 50, 2)
    assert info_nce(anchor, anchor[0], many, 0.5).item() == pytest.approx(0.650126, abs=1e-6)
    assert info_nce(anchor, anchor[0], -many, 0.5).item() == pytest.approx(math.log(51), abs=1e-6)


def test_a_queue_is_a_ring_of_the_last_vectors_and_of_too_many_takes_some():
    queues = Queues(2, 4, 1)
    assert queues.draw(0, 3) is None
    vector = torch.tensor([[1.0]], requires_grad=True)
    queues.push(0, vector)
    queues.push(0, torch.tensor([[2.0], [3.0]]))
    assert queues.keys[0].flatten().tolist() == [1, 2, 3, 0] and not queues.keys.requires_grad
    assert set(queues.draw(0, 50, 2).unique().tolist()) == {1, 2, 3} and queues.draw(0, 50, 2).shape == (50, 2, 1)
    queues.push(0, torch.tensor([[4.0], [5.0]]))
    assert queues.keys[0].flatten().tolist() == [5, 2, 3, 4] and queues.place.tolist() == [1, 0]
    queues.push(0, torch.arange(6.0, 16)[:, None])
    kept = queues.keys[0].flatten().tolist()
    assert len(set(kept)) == 4 and set(kept) < set(range(6, 16)) and queues.share() == 0.5
    again = Queues(2, 4, 1)
    again.load_state_dict(queues.state_dict())
    again.push(0, torch.tensor([[16.0]]))
    kept[1] = 16  # the oldest
    assert again.keys[0].flatten().tolist() == kept
    long = Queues(1, 50, 1)
    long.push(0, torch.arange(100.0)[:, None])
    assert 10 < (long.keys < 50).sum() < 40  # labelled images are in front


HOW = {"anchors": 8, "negatives": 4, "temperature": 0.5}


def test_a_class_is_compared_with_its_own_mean_though_another_is_absent():
    """Class 1 occurs nowhere. Pixels of classes 0 and 2 lie on their own means and opposite to their negatives: the least loss."""
    student = torch.tensor([[1.0, 0], [0, 1]], requires_grad=True)
    own = torch.tensor([[True, False], [False, False], [False, True]])
    queues = Queues(3, 8, 2)
    for number, vector in enumerate(([-1.0, 0], [1.0, 1], [0, -1.0])):
        queues.push(number, torch.tensor([vector]))
    found = contrast(student, student.detach(), own, own, queues, 0, HOW)
    assert found.item() == pytest.approx(math.log(1 + 4 * math.exp(-4)), abs=1e-6)
    alone = contrast(student, student.detach(), own[:1], own[:1], queues, 0, HOW)
    assert alone == 0 and alone.requires_grad
    assert contrast(student, student.detach(), own & False, own, queues, 0, HOW) == 0


@pytest.mark.parametrize("kind", TASKS)
def test_the_contrast_does_not_vanish_and_reaches_the_student_alone(kind):
    torch.manual_seed(5)
    one = made("u2pl", kind, contrast=1.0, warmup=0.0, weight=0.0, anchor_probability=0.0)
    one.train()
    before = one.queues.share()
    total, numbers = one.loss(given(kind), views_of(one), 1)
    total.backward()
    assert numbers["contrast_loss"] > 0 and before == 0 and one.queues.share() > 0
    assert all(weight.grad.abs().sum() > 0 for weight in (one.head[0].weight, one.head[-1].weight))
    assert not any(weight.requires_grad for weight in [*one.teacher.parameters(), *one.teacher_head.parameters()])


def test_queues_hold_what_the_teacher_says(monkeypatch):
    one = made("u2pl", dimensions=8, cutmix=0.0)
    monkeypatch.setattr(one.teacher_head, "forward", lambda x: torch.full((len(x), 8, 4, 5), 7.0))
    one.loss(given(), views_of(one), 1)
    filled = [keys[:count] for keys, count in zip(one.queues.keys, one.queues.filled.tolist(), strict=True)]
    assert sum(map(len, filled)) and all((keys == 7).all() for keys in filled)


def test_only_images_with_a_box_are_looked_at_again(monkeypatch):
    looks = []
    for cutmix in (0.0, 1.0):
        one = made("u2pl", cutmix=cutmix)
        encode = one.teacher.network.encode
        monkeypatch.setattr(one.teacher.network, "encode", lambda x, encode=encode: looks.append(len(x)) or encode(x))
        one.loss(given(), views_of(one), 1)
    assert looks == [7, 7, 4]


def test_pairs_come_first_and_then_student_and_teacher_are_one_for_a_period():
    one = made("u2pl")
    one.course = one.course.__class__(20, 2, one.course.build)  # two steps of pairs, five as one
    assert (one.first, one.course.period) == (2, 5)
    optimizer = torch.optim.SGD(one.parameters(), 0.1)
    for step in range(9):
        one.train()
        optimizer.zero_grad()
        loss, numbers = one.loss(given(), views_of(one), step)
        loss.backward()
        optimizer.step()
        one.after(step)
        assert bool(numbers) == (step >= 2)
        for student, teacher in ((one.network, one.teacher.network), (one.head, one.teacher_head.network)):
            same = [torch.equal(*pair) for pair in zip(student.parameters(), teacher.parameters(), strict=True)]
            assert all(same) == (step < 7)


def test_the_unreliable_share_falls_to_nothing():
    one = made("u2pl")
    one.course = one.course.__class__(1000, 2, one.course.build)
    shares = [1 - one.loss(given(), views_of(one), step)[1]["sure"].item() for step in (100, 550, 999)]
    assert shares == pytest.approx([0.2, 0.1, 0], abs=0.01)
