"""What learners share, against numbers from the papers' definitions: letters name the test vectors."""

import math

import pytest
import torch
from torch import nn

from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.learners.base import Course, Learner
from dissent.training.unlabelled.perturb import complementary, dropped
from dissent.training.unlabelled.targets import Targets, agreement, dice, divergence, loss, mix, targets
from dissent.training.unlabelled.teacher import Teacher


def task(kind, *labels):
    return Task(TaskSettings(kind=kind, labels=list(labels)).model_dump(mode="json"))


def row(*pixels):
    """Pixels with a logit for each class, as logits of an image of one row."""
    return torch.tensor(pixels).float().T[None, :, None, :]


# A: logits of a weak and a strong view, of which the last pixel lies beyond the image
WEAK = row((4, 0, 0), (0, 3, 0), (0, 0, 1), (1, 1, 0), (2, 0, 0), (0, 5, 0))
STRONG = row((2, 0, 0), (1, 1, 0), (0, 2, 0), (0, 0, 0), (0, 2, 0), (0, 1, 0))
KNOWN = torch.tensor([1.0, 1, 1, 1, 1, 0]).view(1, 1, 1, 6)


@pytest.mark.parametrize(
    ("threshold", "kept", "value"),
    [(0, 5, 1.335848), (0.5, 4, 1.116126), (0.75, 3, 0.668217), (0.9, 2, 0.220308), (0.95, 1, 0.047909)],
)
def test_a_sure_pixels_are_taught_and_all_known_ones_divide(threshold, kept, value):
    kind = task("multiclass", "a", "b", "c")
    given = targets(kind, WEAK, threshold, KNOWN)
    assert given.label_BHW.flatten().tolist() == [0, 1, 2, 0, 0, 1]  # of equals the first
    assert (given.weight_BCHW * given.known_B1HW).sum() == kept and given.share() == torch.tensor(kept / 5)
    assert loss(kind, STRONG, given).item() == pytest.approx(value, abs=2e-6)


def test_what_lies_beyond_an_image_neither_costs_nor_divides():
    kind = task("multiclass", "a", "b", "c")
    whole, cut = targets(kind, WEAK, 0, KNOWN), targets(kind, WEAK[..., :5], 0)
    assert torch.isclose(loss(kind, STRONG, whole), loss(kind, STRONG[..., :5], cut))
    assert loss(kind, STRONG, targets(kind, WEAK, 0, torch.zeros_like(KNOWN))) == 0


def test_no_gradient_reaches_the_weak_view_nor_an_unsure_pixel():
    kind = task("multiclass", "a", "b", "c")
    weak, strong = WEAK.clone().requires_grad_(), STRONG.clone().requires_grad_()
    loss(kind, strong, targets(kind, weak, 0.9, KNOWN)).backward()
    assert weak.grad is None
    assert strong.grad.abs().sum(1).flatten().gt(0).tolist() == [True, True, False, False, False, False]


def test_b_a_box_takes_the_label_and_the_weight_of_the_reversed_batch():
    labels = torch.tensor([[[0, 1, 1, 2]], [[2, 2, 0, 0]]], dtype=torch.uint8)
    weight = torch.tensor([[[[0.9, 0.8, 0.7, 0.6]]], [[[0.99, 0.5, 0.4, 0.3]]]])
    known = torch.tensor([[[[1.0, 1, 1, 0]]], [[[0.0, 0, 1, 1]]]])
    boxes = torch.tensor([[[False, True, True, False]]] * 2)
    mixed = Targets(labels, weight, known).mixed(boxes)
    assert mixed.label_BHW[:, 0].tolist() == [[0, 2, 0, 2], [2, 1, 1, 0]]
    assert torch.equal(mixed.weight_BCHW[:, 0, 0], torch.tensor([[0.9, 0.5, 0.4, 0.6], [0.99, 0.8, 0.7, 0.3]]))
    assert mixed.known_B1HW[:, 0, 0].tolist() == [[1, 0, 1, 0], [0, 1, 1, 1]]
    many = torch.rand(2, 3, 1, 4)
    assert torch.equal(
        mix(many, boxes)[0, :, 0], torch.stack([many[i, :, 0, j] for i, j in ((0, 0), (1, 1), (1, 2), (0, 3))], 1)
    )


def step_by_step(teacher, values, **how):
    student = nn.BatchNorm1d(1)
    for step, value in enumerate(values):
        nn.init.constant_(student.weight, value)
        student.running_mean.fill_(value)
        teacher.follow(student, step, **how)
    return teacher.network.weight.item(), teacher.network.running_mean.item()


def test_e_an_averaged_teacher_starts_as_a_running_mean():
    zero = nn.BatchNorm1d(1)
    nn.init.zeros_(zero.weight)
    assert step_by_step(Teacher(zero, 0.996), (1, 2, 3, 4, 5)) == (3, 3)
    assert step_by_step(Teacher(zero, 0.996), (1, 2, 3, 4, 5), decay=0.996) == pytest.approx((0.059681,) * 2, abs=1e-6)
    weight, mean = step_by_step(Teacher(zero, 0.99), [1.0] * 300)
    assert weight == mean == 1


def test_an_averaged_teacher_judges_and_does_not_learn():
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    teacher = Teacher(net, 0.9)
    nn.ModuleList([teacher]).train()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    assert not teacher(torch.rand(2, 1, 4, 4)).requires_grad
    assert not any(part.training for part in teacher.modules())
    assert not any(weight.requires_grad for weight in teacher.parameters())
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())


def test_e_the_unlabelled_weight_rises_and_stays():
    def weight(step):
        learner = Learner(nn.Identity(), None, {"weight": 2.0, "warmup": 0.3}, Course(100, 1, nn.Identity))
        return learner.weight(step) / 2

    steps = [0, 1, 5, 10, 15, 20, 29, 30, 40]
    expected = [0.006738, 0.009351, 0.031048, 0.108368, 0.286505, 0.573753, 0.994460, 1, 1]
    assert [weight(step) for step in steps] == pytest.approx(expected, abs=1e-6)
    assert Learner(nn.Identity(), None, {"weight": 1.0, "warmup": 0.0}, Course(9, 1, nn.Identity)).weight(0) == 1


def test_perturbed_features_lack_whole_channels_of_each_image_and_level():
    torch.manual_seed(1)
    levels = [torch.ones(3, 200, 4, 4), torch.ones(3, 100, 2, 2)]
    found = dropped(levels, 0.5)
    for level, one in zip(levels, found, strict=True):
        assert one.shape == level.shape and set(one.unique().tolist()) == {0, 2}
        assert torch.equal(one, one[..., :1, :1].expand_as(one))
        assert one.mean().item() == pytest.approx(1, abs=0.2)
        assert not torch.equal(one[0], one[1])
    assert not torch.equal(found[0][:, :100, 0, 0], found[1][..., 0, 0])
    assert all(torch.equal(one, level) for one, level in zip(dropped(levels, 0.0), levels, strict=True))


def test_f_complementary_views_have_doubled_what_the_other_lacks(monkeypatch):
    draws = torch.tensor([[0.0, 1, 1, 0], [1, 0, 0, 1]])
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: draws)
    monkeypatch.setattr(torch, "randperm", lambda *_, **__: torch.tensor([1, 0]))
    (found,) = complementary([torch.ones(5, 4, 2, 2)], False, before=1)
    assert found[:, :, 0, 0].tolist() == [[1] * 4, [2, 0, 0, 2], [1] * 4, [0, 2, 2, 0], [1] * 4]
    assert torch.equal(found, found[..., :1, :1].expand_as(found))


@pytest.mark.parametrize("same", [True, False])
def test_complementary_views_add_up_and_half_of_the_images_stay_whole(same):
    torch.manual_seed(1)
    levels = [torch.ones(6, 200, 4, 4), torch.ones(6, 200, 2, 2)]
    drawn = [one[..., 0, 0] for one in complementary(levels, same)]
    for one in drawn:
        first, second = one.chunk(2)
        assert (first + second == 2).all() and set(one.unique().tolist()) == {0, 1, 2}
        assert ((first == 1).all(1) & (second == 1).all(1)).sum() == 1  # of three
        assert first.mean().item() == pytest.approx(1, abs=0.1)
    assert torch.equal(*drawn) == same
    assert torch.equal((drawn[0] == 1).all(1), (drawn[1] == 1).all(1))
    (one,) = complementary([torch.ones(2, 50, 1, 1)], same)  # of one image none
    assert not (one == 1).any()


def test_two_agree_where_they_decide_alike_on_what_is_known():
    kind = task("multiclass", "a", "b", "c")
    given = targets(kind, WEAK, 0, KNOWN)  # 0 1 2 0 0, against 0 0 1 0 1
    assert agreement(kind, STRONG, given).item() == pytest.approx(2 / 5)


FOREGROUND = torch.tensor([0.9, 0.2, 0.6, 0.7]).view(1, 1, 1, 4)
LABEL = torch.tensor([1, 0, 1, 0], dtype=torch.uint8).view(1, 1, 4)


def test_l_dice_is_over_the_pixels_that_count():
    one, two = task("binary", "cell"), task("multiclass", "background", "cell")
    keep, all_known = torch.tensor([1.0, 1, 1, 0]).view(1, 1, 1, 4), torch.ones(1, 1, 1, 4)
    both = torch.cat([1 - FOREGROUND, FOREGROUND], 1).log().requires_grad_()
    assert dice(one, FOREGROUND.logit(), Targets(LABEL, keep, all_known)).item() == pytest.approx(0.065420, abs=1e-6)
    assert dice(two, both, Targets(LABEL, keep, all_known)).item() == pytest.approx(0.090721, abs=1e-6)
    assert dice(two, both, Targets(LABEL, all_known, keep)).item() == pytest.approx(0.090721, abs=1e-6)
    assert dice(two, both, Targets(LABEL, all_known, all_known)).item() == pytest.approx(0.215284, abs=1e-6)
    cut = Targets(LABEL[..., :3], all_known[..., :3], all_known[..., :3])
    assert torch.isclose(dice(two, both, Targets(LABEL, keep, all_known)), dice(two, both[..., :3], cut))
    nothing = dice(two, both, Targets(LABEL, 0 * keep, all_known))
    nothing.backward()
    assert nothing == 0 and not both.grad.any()


def test_r_dice_is_over_the_whole_batch():
    probabilities = torch.tensor([[0.9, 0.8, 0.1, 0.2], [0.1, 0.1, 0.1, 0.1]]).view(2, 1, 1, 4)
    label = torch.tensor([[[1, 1, 0, 0]], [[0, 0, 0, 0]]], dtype=torch.uint8)
    given = Targets(label, torch.ones(2, 1, 1, 4), torch.ones(2, 1, 1, 4))
    for smooth, value in ((1e-5, 0.039548), (1e-4, 0.039547)):
        assert dice(task("binary", "cell"), probabilities.logit(), given, smooth).item() == pytest.approx(
            value, abs=6e-7
        )


def test_dice_of_labels_that_overlap_is_of_each_over_its_own_pixels():
    kind = task("multilabel", "a", "b")
    probabilities = torch.cat([FOREGROUND, FOREGROUND], 1)
    given = Targets(LABEL | LABEL << 1, torch.tensor([[1.0, 1, 1, 0], [0, 0, 0, 0]]).view(1, 2, 1, 4), FOREGROUND**0)
    assert dice(kind, probabilities.logit(), given).item() == pytest.approx(0.065420 / 2, abs=1e-6)


def test_probabilities_diverge_from_others_that_get_no_gradient():
    """Of .5 from .8: .8 ln(.8 / .5) + .2 ln(.2 / .5), for a label, its two classes, and on average with one that is equal."""
    expected = 0.8 * math.log(1.6) + 0.2 * math.log(0.4)
    own, other, known = torch.zeros(1, 1, 1, 1), torch.tensor(0.8).logit().view(1, 1, 1, 1), torch.ones(1, 1, 1, 1)
    other.requires_grad_()
    nothing, pair = torch.zeros_like(other), torch.cat([-other / 2, other / 2], 1)
    assert divergence(task("binary", "cell"), own, other, known).item() == pytest.approx(expected, abs=1e-6)
    both = torch.cat([own, own], 1).requires_grad_()
    found = divergence(task("multiclass", "background", "cell"), both, pair, known)
    assert found.item() == pytest.approx(expected, abs=1e-6)
    found.backward()
    assert both.grad.any() and other.grad is None
    overlapping = divergence(task("multilabel", "a", "b"), both, torch.cat([other, nothing], 1), known)
    assert overlapping.item() == pytest.approx(expected / 2, abs=1e-6)
    assert divergence(task("binary", "cell"), own, other, 0 * known) == 0


def test_m_a_binary_task_is_sure_on_both_sides():
    kind = task("binary", "cell")
    given = targets(kind, torch.tensor([3.0, -2.0, 0.4]).view(1, 1, 1, 3), 0.88)
    assert given.label_BHW.flatten().tolist() == [1, 0, 1] and given.weight_BCHW.flatten().tolist() == [1, 1, 0]
    two = task("multiclass", "background", "cell")
    logits = torch.tensor([3.0, -2.0, 0.4])
    pair = torch.stack([-logits / 2, logits / 2])[None, :, None]
    other = targets(two, pair, 0.88)
    assert torch.equal(other.weight_BCHW, given.weight_BCHW) and torch.equal(other.label_BHW, given.label_BHW)
    taught = torch.tensor([1.0, -1.0, 2.0])
    one = loss(kind, taught.view(1, 1, 1, 3), given)
    assert torch.isclose(one, loss(two, torch.stack([-taught / 2, taught / 2])[None, :, None], other))


def test_n_labels_that_overlap_are_sure_or_not_each_on_its_own():
    kind = task("multilabel", "a", "b")
    probabilities = torch.tensor([[0.97, 0.02], [0.6, 0.5]]).view(1, 2, 1, 2)
    logits = torch.logit(probabilities)
    given = targets(kind, logits, 0.95)
    assert given.weight_BCHW[0, :, 0].tolist() == [[1, 1], [0, 0]]
    taught = torch.full((1, 2, 1, 2), 1e-6, requires_grad=True)
    loss(kind, taught, given).backward()
    assert taught.grad[0, 0].abs().min() > 0 and not taught.grad[0, 1].any()
    assert loss(kind, taught, given).item() == pytest.approx(math.log(2) / 2)
