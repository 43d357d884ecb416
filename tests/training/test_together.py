"""A training that several processes share equals that of one: weights, BatchNorm, every learner; and it goes on alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import prepared
from learn_together import learned
from test_student import settings

from dissent.config.base import validate
from dissent.config.network import Network
from dissent.core.files import UserError, read_table
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.train import train_student
from dissent.training import together

COPIES = {"noise_copies": 0, "labelled_noise_copies": 0}


def test_two_processes_learn_as_one_does(tmp_path):
    """In double precision: three labelled images, of which two go to one process and one to the other, unknown pixels among them."""
    names, out = ["supervised", "unimatch", "cps", "unimatch with_auxiliary"], tmp_path / "weights.pt"
    script = Path(__file__).parents[1] / "helpers" / "learn_together.py"
    commands = [[sys.executable, str(script), str(rank), "2", f"{out}.meeting", str(out), *names] for rank in range(2)]
    assert [one.wait(120) for one in [subprocess.Popen(command) for command in commands]] == [0, 0]
    for name, shared in torch.load(out).items():
        alone = learned(name)
        assert alone.keys() == shared.keys() and alone["loss"] > 0
        for what, value in alone.items():
            torch.testing.assert_close(shared[what], value, atol=1e-6, rtol=0, msg=f"{name}: {what}")


def student(root, split, out, cards):
    params = settings(root, "tiny", "unimatch")
    assemble_pairs(COPIES, f"{split}/labelled.csv", None, f"{split}/unlabelled.csv", None, "pairs.csv")
    tables = {"pairs": "pairs.csv", "val": f"{split}/val.csv", "unlabelled": f"{split}/unlabelled.csv"}
    train_student(params, **tables, out=out, state=f"state/{out}", device="cpu", checkpoint_seconds=0, cards=cards)
    return [(int(row["step"]), float(row["loss"])) for row in read_table(f"{out}/history.csv")]


def test_a_student_of_two_processes_is_that_of_one_and_goes_on_alone(root, in_tmp):
    split = prepared(root)
    alone, shared = student(root, split, "alone", 1), student(root, split, "shared", 2)
    assert len(alone) == 3 and np.allclose(shared, alone, atol=5e-3)
    first, last = sorted(Path("state/shared").glob("step*.pt"))  # of one process alone: the others write nothing
    last.unlink()  # as if all had been killed in the last step
    assert "step00000011" in first.name
    assert np.allclose(student(root, split, "shared", 1), alone, atol=5e-3)


def test_random_numbers_within_a_network_follow_from_the_step_and_not_from_those_before(monkeypatch):
    monkeypatch.setattr(together.dist, "get_rank", lambda: 1)

    def step(seed):
        torch.manual_seed(seed)
        drawn = []
        for _ in range(2):
            with together._own_numbers(torch.device("cpu")):
                drawn.append(torch.rand(()).item())
        return [*drawn, torch.rand(()).item()]

    first, second = step(1), step(2)
    assert len({*first, *second}) == 6 and step(1) == first and step(2) == second
    torch.manual_seed(1)
    assert torch.rand(()).item() == first[2]


def test_more_cards_than_images_are_refused():
    spec = {"architecture": "unet1x1", "steps": 2, "batch_size": 2, "resources": {"gpus": 3}}
    with pytest.raises(UserError, match=r"`resources.gpus: 3` is more than `batch_size: 2`"):
        validate(Network, spec, "")
