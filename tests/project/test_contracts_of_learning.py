"""What every loss and learner gives, in every kind of task; a learner that is killed resumes to the same bytes."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.learners import SMALL, TASKS, given, images, made, masks, views_of
from test_contracts import every, twice

from dissent.core.columns import HISTORY
from dissent.runtime import Interrupted, Stop
from dissent.training import augment
from dissent.training.checkpoint import Checkpoints
from dissent.training.data import Batch
from dissent.training.learners import LEARNERS
from dissent.training.loop import fit
from dissent.training.losses import LOSSES, Loss

torch.set_num_threads(1)


@every(LOSSES)
def test_a_loss_falls_towards_the_target_and_leaves_unknown_pixels_out(kind, name):
    task, target = TASKS[kind], torch.as_tensor(masks(kind, unknown=True))
    loss = Loss(task, [name])
    right = 20 * (task.planes(target)[0] - 0.5)
    logits = torch.zeros_like(right, requires_grad=True)
    cost = twice(loss, logits, target)
    assert cost.shape == () and cost.dtype == torch.float32
    assert 0 <= loss(right, target) < cost < loss(-right, target)
    cost.backward()
    unknown = (target == 255)[:, None].expand_as(logits)
    assert not logits.grad[unknown].any() and logits.grad[~unknown].any()
    assert loss(logits, torch.full_like(target, 255)) == 0


def documented(table: str) -> set[str]:
    """The columns of a table by docs/reference/files.md."""
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "files.md"
    part = page.read_text("utf-8").split(f"\n### Columns of {table}\n")[1].split("\n#")[0]
    return set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))


def test_the_page_of_files_has_the_columns_of_a_training_and_no_other():
    several = [made(name) for name in LEARNERS]
    told = [one.loss(given(), views_of(one), 1)[1] for one in several]
    scores = {f"{name}_score" for one in several for name in one.others()}
    assert documented("history.csv") == {*HISTORY, *scores}.union(*told)


@every(LEARNERS)
def test_a_killed_learner_resumes_to_the_same_bytes(kind, name, tmp_path):
    """Killed after the third of six steps, in the middle between two validations."""
    target = torch.as_tensor(masks(kind))

    def trained(folder, stop_at=None):
        torch.manual_seed(3)
        one, stop = made(name, kind), Stop()

        def draw(step):
            stop.requested = step + 1 == stop_at
            views = augment.views_of_images(images(4), one.views, False, torch.Generator().manual_seed(step))
            return Batch(images(3), target, ["a", "b", "c"]), views if one.views else {}

        def score(network):
            return float(network.eval()(images(3)).square().mean().detach())

        return fit(one, SMALL, 6, draw, score, Checkpoints(tmp_path / folder, "a"), stop, ("a", 1), "cpu")

    with pytest.raises(Interrupted):
        trained("killed", stop_at=3)
    whole, resumed = trained("whole"), trained("killed")
    assert resumed.history == whole.history and [row["step"] for row in whole.history] == [2, 4, 6]
    assert resumed.best_step == whole.best_step
    assert all(torch.equal(whole.best[key], value) for key, value in resumed.best.items())


@every(LEARNERS)
def test_a_learner_gives_a_loss_and_a_network(kind, name):
    target = torch.as_tensor(masks(kind, unknown=True))

    def step(given, target, views):
        """A learner's first step, without its optimiser."""
        learner = made(name, kind)
        loss, numbers = learner.loss(Batch(given, target, ["a", "b", "c"]), views, 1)
        loss.backward()
        learner.after(1)
        learns = [part for network in learner.trained() for part in network.modules()]
        assert all(part.training for part in learns)  # a learner that looks without training sets it back
        gradients = [one.grad for one in learner.parameters() if one.requires_grad]
        return loss, {key: float(value) for key, value in numbers.items()}, gradients, learner.result()(given)

    wanted = made(name, kind).views
    assert {view.rstrip("23") for view in wanted} <= set(augment.GEOMETRY)
    views = augment.views_of_images(images(4), wanted, False, torch.Generator().manual_seed(1)) if wanted else {}
    for labels in (target, torch.full_like(target, 255)):
        loss, numbers, gradients, logits = twice(step, images(3), labels, views)
        assert loss.shape == () and torch.isfinite(loss) and np.isfinite(list(numbers.values())).all()
        assert all(one is not None and torch.isfinite(one).all() for one in gradients)
        assert logits.shape == (3, TASKS[kind].outputs, 16, 20)


@every(LEARNERS)
def test_all_that_a_learner_keeps_is_weights_and_buffers(kind, name):
    def lost(learner, step):
        torch.manual_seed(5)
        return learner.loss(given(kind), views_of(learner), step)[0]

    torch.manual_seed(1)
    one = made(name, kind)
    lost(one, 1)
    one.after(1)
    torch.manual_seed(2)
    other = made(name, kind)
    other.load_state_dict(one.state_dict())
    assert lost(one, 2) == lost(other, 2) != lost(made(name, kind), 2)


@pytest.mark.parametrize("name", [name for name in LEARNERS if made(name).views])
def test_a_learner_of_unlabelled_images_heeds_precision_crops_and_warmup(name):
    def lost(warmup, **known):
        torch.manual_seed(4)
        sure = {"threshold": 0.0} if "threshold" in made(name).options else {}
        one = made(name, warmup=warmup, **sure)
        return one.loss(given(), views_of(one) | known, one.first)

    whole, numbers = lost(0.0)
    assert numbers["unlabelled_loss"] > 0 and lost(0.5)[0] != whole
    beyond, numbers = lost(0.0, known=torch.zeros(4, 1, 16, 20))
    assert beyond.isfinite() and not any(numbers.get(one) for one in ("unlabelled_loss", "sure", "agreement"))
    with torch.autocast("cpu", torch.bfloat16):
        assert lost(0.0)[0].isfinite()
