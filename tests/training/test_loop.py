"""The loop: optimiser, rate, the best kept, resume to the same bytes, a stop at a loss that is not finite."""

import hashlib
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from dissent.config.network import Network
from dissent.core.files import UserError
from dissent.runtime import Interrupted
from dissent.training.checkpoint import Checkpoints
from dissent.training.data import Batch
from dissent.training.learners import Course, Learner
from dissent.training.loop import fit
from dissent.training.optim import Average, Optimizer, rate_factor

torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        return self.head(self.body(x))

    def encoder_parameters(self):
        return self.body.parameters()

    def decoder_parameters(self):
        return self.head.parameters()


class Toy(Learner):
    """Learns the brightness; may be told to give a loss that is not finite at a step."""

    def __init__(self, bad_step=None):
        super().__init__(Net(), loss=None, options={}, course=Course(0, 1, Net))
        self.bad_step = bad_step

    def loss(self, pairs, views, step):
        loss = (self.network(pairs.images) - pairs.images.mean()).square().mean()
        return (loss * float("nan") if step == self.bad_step else loss), {"extra": 1.5}


def batches(step):
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(step))
    return Batch(images, torch.zeros(4, 8, 8, dtype=torch.uint8), [f"image{step}"]), {}


class Stopper:
    def __init__(self, after=None):
        self.left = after

    @property
    def requested(self):
        if self.left is not None:
            self.left -= 1
            return self.left < 0
        return False


def spec(**more):
    return Network(architecture="unet1x1", steps=12, validate_every=4, **more).model_dump(mode="json")


def run(folder, learner=None, stop=None, score=None, steps=12, seconds=1e9, watch=lambda history: None, **more):
    scores = iter(score or [])
    validate = (lambda net: next(scores)) if score else (lambda net: -float(net.head.weight.detach().abs().sum()))
    key = (1, 0, 1)
    return fit(
        learner or Toy(),
        spec(**more),
        steps,
        batches,
        validate,
        Checkpoints(folder, "id"),
        stop or Stopper(),
        key,
        "cpu",
        seconds,
        watch=watch,
    )


def digest(state):
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in state.values())).hexdigest()


def test_t10_zero_gradient_scales_a_weight_by_one_minus_decay():
    for schedule in ({"name": "constant"}, {"name": "poly"}, {"name": "cosine", "warmup": 3}):
        learner = Toy()
        chosen = spec(schedule=schedule)
        optimizer = Optimizer(learner, chosen["optimizer"], chosen["schedule"], 12)
        before = {name: value.detach().clone() for name, value in learner.named_parameters()}
        for value in learner.parameters():
            value.grad = torch.zeros_like(value)
        optimizer.set_rate(1)
        optimizer.inner.step()
        for name, value in learner.named_parameters():
            torch.testing.assert_close(value.detach(), before[name] * (1 - 1e-4), rtol=2e-7, atol=0)


def test_scaled_decay_follows_the_rate():
    learner = Toy()
    chosen = spec(optimizer={"learning_rate": 0.01, "weight_decay": 0.1, "weight_decay_form": "scaled"})
    optimizer = Optimizer(learner, chosen["optimizer"], chosen["schedule"], 12)
    before = learner.network.head.weight.detach().clone()
    for value in learner.parameters():
        value.grad = torch.zeros_like(value)
    optimizer.set_rate(0)
    optimizer.inner.step()
    torch.testing.assert_close(learner.network.head.weight.detach(), before * (1 - 0.001))


def test_encoder_rate():
    chosen = spec()
    learner = Toy()
    optimizer = Optimizer(learner, chosen["optimizer"] | {"encoder_learning_rate_factor": 0.1}, chosen["schedule"], 12)
    optimizer.set_rate(0)
    rates = [(round(group["lr"], 9), sum(p.numel() for p in group["params"])) for group in optimizer.inner.param_groups]
    assert rates == [(0.003, 5), (0.0003, 48)]


def test_rates():
    def factors(**schedule):
        full = {"name": "constant", "power": 0.9, "warmup": 0} | schedule
        return [round(rate_factor(full, step, 10), 4) for step in (0, 5, 9)]

    assert factors() == [1, 1, 1]
    assert factors(name="poly", power=1.0) == [1, 0.5, 0.1]
    assert factors(name="cosine") == [1, 0.5, 0.0245]
    assert factors(warmup=4) == [0.25, 1, 1]
    assert rate_factor({"name": "poly", "power": 0.9, "warmup": 50}, 9, 10) == 1


def test_the_best_is_kept_and_ties_keep_the_earlier(tmp_path):
    progress = run(tmp_path / "a", score=[0.2, 0.7, 0.7])
    assert (progress.best_step, progress.best_score) == (8, 0.7)
    assert [row["step"] for row in progress.history] == [4, 8, 12]
    assert progress.history[0]["extra"] == 1.5
    half = run(tmp_path / "b", score=[0.2, 0.7], steps=8)
    assert digest(progress.best) == digest(half.best)


def test_without_any_score_something_is_kept(tmp_path):
    progress = run(tmp_path, score=[None, None, None])
    assert progress.best and progress.best_score is None


@pytest.mark.parametrize(
    "more", [{}, {"ema_decay": 0.9}, {"precision": "bf16"}, {"optimizer": {"name": "sgd", "learning_rate": 0.01}}]
)
@pytest.mark.parametrize("cut", [1, 4, 6, 11])
def test_a_stopped_run_resumes_to_the_same_bytes(tmp_path, cut, more):
    whole = run(tmp_path / "whole", **more)
    with pytest.raises(Interrupted, match=f"stopped after step {cut} of 12"):
        run(tmp_path / "cut", stop=Stopper(cut - 1), **more)
    resumed = run(tmp_path / "cut", **more)
    assert digest(resumed.best) == digest(whole.best)
    assert resumed.history == whole.history and resumed.best_step == whole.best_step


def test_a_finished_training_that_starts_again_is_done_at_once(tmp_path):
    """Killed after the last step: the same weights and history, without another step or validation."""
    whole = run(tmp_path)

    def never(*_):
        pytest.fail("trained again")

    learner = Toy()
    learner.loss = never
    again = run(tmp_path, learner=learner, stop=SimpleNamespace(requested=True))
    assert digest(again.best) == digest(whole.best) and again.history == whole.history
    assert whole.before() == {} and again.before()["earlier"].keys() == {"seconds", "cpu_seconds"}


def test_nonfinite_loss_names_step_rate_images_and_keeps_the_last_checkpoint(tmp_path):
    with pytest.raises(UserError, match=r"nan at step 7 with rate 0\.003 on the images image6"):
        run(tmp_path, learner=Toy(bad_step=6), seconds=-1)
    step, _ = Checkpoints(tmp_path, "id").load()
    assert step == 6


@pytest.mark.parametrize(
    ("factor", "words"), [(1e9, r"the loss became \d\.\d+e\+0\d at step 7"), (1.0, "weights became")]
)
def test_an_exploding_training_is_stopped_with_its_cause(tmp_path, factor, words):
    """By its loss, and where the last gradient alone was bad by its weights."""

    class Exploding(Toy):
        def loss(self, pairs, views, step):
            loss, numbers = super().loss(pairs, views, step)
            return loss * (factor if step == 6 else 1), numbers

        def after(self, step):
            if factor == 1 and step == 11:
                self.network.head.weight.data[0, 0] = float("inf")

    with pytest.raises(UserError, match=words + ".*smaller `optimizer.learning_rate`"):
        run(tmp_path, learner=Exploding())
    assert Checkpoints(tmp_path, "id").load() is None, "what is finished and useless is no state to resume from"


def test_fp16_has_a_scaler_that_is_resumed(tmp_path):
    whole = run(tmp_path / "whole", precision="fp16")
    with pytest.raises(Interrupted):
        run(tmp_path / "cut", stop=Stopper(5), precision="fp16")
    assert digest(run(tmp_path / "cut", precision="fp16").best) == digest(whole.best)


def test_average_follows_weights_and_copies_buffers():
    network = Net()
    average = Average(network, 0.5)
    with torch.no_grad():
        network.head.weight.add_(1.0)
        network.body[1].running_mean.add_(3.0)
    before = average.network.head.weight.clone()
    average.update(network, step=1000)
    torch.testing.assert_close(average.network.head.weight, before + 0.5)
    torch.testing.assert_close(average.network.body[1].running_mean, network.body[1].running_mean)


def test_d_poly_is_set_before_the_step():
    """Vector D: base .01, ten steps, power .9."""
    schedule = {"name": "poly", "power": 0.9, "warmup": 0}
    found = [0.01 * rate_factor(schedule, step, 10) for step in range(10)]
    wanted = [0.01, 0.009095, 0.008181, 0.007254, 0.006314, 0.005359, 0.004384, 0.003384, 0.002349, 0.001259]
    assert found == pytest.approx(wanted, abs=1e-6)
