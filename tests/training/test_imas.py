"""iMAS: how hard an image is, and what that drives. Letters name the test vectors."""

from typing import get_args

import pytest
import torch
from helpers.learners import TASKS, given, made, views_of

from dissent.config.averaged import COLOURFUL, Operation
from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.learners import imas
from dissent.training.learners.imas import cut, ease, opposite
from dissent.training.unlabelled.operations import OPERATIONS, disturbed
from dissent.training.unlabelled.targets import Targets, loss

ALL = list(OPERATIONS)
# H: two maps of 2x4 pixels, and how sure the student and the teacher are
STUDENT = [[0, 0, 1, 1], [0, 0, 1, 1]], [[0.9, 0.8, 0.6, 0.9], [0.95, 0.9, 0.72, 0.8]]
TEACHER = [[0, 0, 0, 1], [0, 0, 1, 1]], [[0.9, 0.75, 0.65, 0.9], [0.6, 0.9, 0.9, 0.8]]


def sure_of(labels, confidence):
    """Logits of a binary task."""
    labels, confidence = torch.tensor(labels), torch.tensor(confidence)
    return torch.where(labels == 1, confidence, 1 - confidence).logit()[None, None]


def of_classes(labels, classes=3, strength=20.0):
    """Logits of a task of classes, sure of these."""
    return strength * torch.nn.functional.one_hot(torch.tensor(labels), classes).permute(2, 0, 1)[None].float()


def eased(task, first, second, threshold=0.7, background=False, version="v1"):
    known = torch.ones_like(first[:, :1])
    return ease(task, first, second, threshold, background, version, known)


@pytest.mark.parametrize(
    ("background", "threshold", "version", "value"),
    [
        (True, 0.5, "v1", 0.778125),
        (True, 0.7, "v1", 0.632031),
        (False, 0.5, "v1", 0.75),
        (False, 0.7, "v1", 0.609375),
        (True, 0.7, "v2", 0.777885),
        (False, 0.7, "v2", 0.75),
    ],
)
def test_h_agreement_and_sureness_become_one_number(background, threshold, version, value):
    first, second = sure_of(*STUDENT), sure_of(*TEACHER)
    found = [
        eased(TASKS["binary"], *pair, threshold, background, version) for pair in ((first, second), (second, first))
    ]
    assert found[0].item() == pytest.approx(value, abs=1e-6) and torch.equal(*found)
    two = Task(TaskSettings(kind="multiclass", labels=["background", "a"]).model_dump(mode="json"))
    logits = [torch.cat([-one / 2, one / 2], 1) for one in (first, second)]
    assert eased(two, *logits, threshold, background, version).item() == pytest.approx(value, abs=1e-6)


def test_classes_weigh_as_they_are_predicted():
    task = Task(TaskSettings(kind="multiclass", labels=["a", "b", "c"], background=None).model_dump(mode="json"))
    first, second = of_classes([[1, 1], [2, 2]]), of_classes([[1, 1], [1, 2]])
    assert eased(task, first, second).item() == pytest.approx(29 / 48)
    assert eased(task, first, first).item() == 1


def test_labels_that_overlap_weigh_by_their_pixels():
    """Label a agrees on 1 of 2 pixels, label b on 2 of 2; the first network sees 2 and 2, the second 1 and 2."""
    first = torch.tensor([[[[9.0, 9]], [[9.0, 9]], [[-9.0, -9]]]])
    second = torch.tensor([[[[9.0, -9]], [[9.0, 9]], [[-9.0, -9]]]])
    expected = ((0.5 * 2 + 1 * 2) / 4 + (0.5 * 1 + 1 * 2) / 3) / 2
    assert eased(TASKS["multilabel"], first, second).item() == pytest.approx(expected)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nothing_seen_by_both_is_agreement_and_nobody_sure_is_none(version):
    task, nothing, something = TASKS["binary"], torch.full((1, 1, 2, 2), -9.0), torch.full((1, 1, 2, 2), 9.0)
    assert eased(task, nothing, nothing, version=version) == 1
    assert eased(task, nothing, something, version=version) == 0
    assert eased(task, nothing / 90, nothing / 90, version=version) == 0  # the released v2 is 0/0 here


def test_h_partners_are_the_easy_for_the_hard():
    assert opposite(torch.tensor([0.2, 0.9, 0.5, 0.7])).tolist() == [1, 0, 3, 2]
    assert opposite(torch.tensor([0.3, 0.1, 0.8])).tolist() == [0, 2, 1]


def test_h_an_image_counts_by_its_ease(monkeypatch):
    costs = torch.tensor([[0.5, 1, 2, 0.1], [0.2, 0.2, 0.2, 0.2]]).view(2, 1, 1, 4)
    sure = torch.tensor([[1.0, 0, 1, 1], [1, 0, 0, 1]]).view(2, 1, 1, 4)
    task = TASKS["binary"]
    monkeypatch.setattr(task, "cross_entropy", lambda logits, planes: logits)
    given = Targets(torch.zeros(2, 1, 4, dtype=torch.uint8), sure, torch.ones_like(costs))
    ease_B = torch.tensor([0.5, 1.0]).view(2, 1, 1, 1)
    assert loss(task, costs, given.scaled(ease_B)).item() == pytest.approx(0.2125)
    halved = loss(task, costs, given.scaled(ease_B * torch.tensor([0.5, 1]).view(2, 1, 1, 1)))
    assert halved.item() == pytest.approx(0.2125 - 0.5 / 2 * (0.5 + 2 + 0.1) / 8)


def test_boxes_have_one_size_and_are_cut_at_the_edge():
    torch.manual_seed(1)
    several = [cut(40, 32, 64) for _ in range(20)]
    for boxes in several:
        rows, columns = boxes.any(2).sum(1), boxes.any(1).sum(1)
        assert torch.equal(boxes.sum((1, 2)), rows * columns)
        assert rows.max() <= 0.9 * 32 and columns.max() <= 0.9 * 64
        assert abs(int(columns.max()) - 2 * int(rows.max())) <= 4
    assert min(int(boxes.sum((1, 2)).max()) for boxes in several) < 200


def test_the_operations_are_the_twelve_of_the_options():
    assert tuple(ALL) == get_args(Operation) and len(ALL) == 12


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ALL)
def test_an_operation_keeps_an_image_an_image(name, channels):
    torch.manual_seed(2)
    images = torch.randint(20, 200, (2, channels, 24, 24)).float()
    if channels == 1 and name in COLOURFUL:
        assert torch.equal(disturbed(images, ["identity", name]), images)  # it is left out
        return
    seen = disturbed(images, [name], 1)
    assert seen.shape == images.shape and seen.dtype == images.dtype
    assert seen.min() >= 0 and seen.max() <= 255 and torch.equal(seen, seen.round())
    assert torch.equal(seen, images) == (name == "identity")


def test_what_is_seen_does_not_change_with_the_precision():
    images = torch.randint(0, 256, (12, 3, 16, 16)).float()
    torch.manual_seed(4)
    expected = disturbed(images, ["sharpness", "blur"])
    torch.manual_seed(4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(disturbed(images, ["sharpness", "blur"]), expected)


def test_each_image_is_disturbed_by_two_operations_of_its_own():
    torch.manual_seed(3)
    images = torch.randint(0, 256, (1, 3, 16, 16)).float().expand(30, -1, -1, -1)
    kinds = {tuple(one.flatten().tolist()) for one in disturbed(images, ALL)}
    assert len(kinds) > 20
    assert torch.equal(disturbed(images, ["invert"], 2), images)  # twice is nothing
    assert torch.equal(disturbed(images, ["invert"], 1), 255 - images)


def seen_by(one, monkeypatch, agreed):
    """What the network sees where images agree as given, and the loss of unlabelled images."""
    seen = []
    forward = one.network.forward
    monkeypatch.setattr(imas, "ease", lambda *_: torch.tensor(agreed))
    monkeypatch.setattr(imas, "disturbed", lambda images, names: 255 - images)
    monkeypatch.setattr(one.network, "forward", lambda x: seen.append(x) or forward(x))
    _, numbers = one.loss(given(), views_of(one), 0)
    return seen, numbers


def test_an_image_that_is_not_agreed_on_is_left_as_it_is_and_teaches_nothing(monkeypatch):
    torch.manual_seed(1)
    one = made("imas", threshold=0.0)
    weak = views_of(one)["weak"]
    (together,), numbers = seen_by(one, monkeypatch, [0.0] * 4)
    assert torch.equal(together[3:], weak) and numbers["unlabelled_loss"] == 0


def test_an_image_that_is_agreed_on_is_disturbed_and_has_a_box_of_another(monkeypatch):
    torch.manual_seed(1)
    one = made("imas", threshold=0.0)
    weak = views_of(one)["weak"]
    (together,), numbers = seen_by(one, monkeypatch, [1.0] * 4)
    strong, boxed = together[3:7], together[7:]
    assert torch.equal(strong, 255 - weak) and numbers["unlabelled_loss"] > 0 and numbers["ease"] == 1
    assert len(boxed) == 4 and not torch.equal(boxed, weak)
    (together,), _ = seen_by(made("imas"), monkeypatch, [0.25] * 4)
    assert torch.allclose(together[3:7], 0.25 * (255 - weak) + 0.75 * weak)


def test_student_and_teacher_are_one_in_the_first_period_and_are_looked_at_once(monkeypatch):
    one = made("imas")  # of six steps and two an epoch: one step
    assert one.course.period == 1
    looks = []
    monkeypatch.setattr(imas, "eval_logits", lambda network, images: looks.append(1) or network(images).detach())
    optimizer = torch.optim.SGD(one.network.parameters(), 0.5)
    for step, equal in enumerate((True, False, False)):
        optimizer.zero_grad()
        one.loss(given(), views_of(one), step)[0].backward()
        optimizer.step()
        one.after(step)
        pairs = zip(one.network.state_dict().values(), one.result().state_dict().values(), strict=True)
        assert all(torch.equal(*pair) for pair in pairs) == equal
    assert len(looks) == 1


def test_looking_at_the_weak_view_moves_no_statistics(monkeypatch):
    one = made("imas")
    one.train()
    seen = []
    monkeypatch.setattr(
        imas, "ease", lambda *_: seen.append(one.network.stem[-1].running_mean.clone()) or torch.zeros(4)
    )
    before = one.network.stem[-1].running_mean.clone()
    one.loss(given(), views_of(one), 5)
    assert torch.equal(seen[0], before) and one.network.training
