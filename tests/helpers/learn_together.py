"""One process of a training of two in double precision: `python learn_together.py RANK PROCESSES MEETING OUT NAME...`."""

import sys

import torch
from learners import AUXILIARY, SMALL, given, made, views_of

from dissent import networks
from dissent.training import together


def learned(name: str, steps: int = 3) -> dict:
    """The weights after a few steps of gradient descent, and the last loss."""
    torch.manual_seed(0)
    build = networks.build
    networks.build = lambda *spec: together.spread(build(*spec).double(), "cpu")
    name, _, deep = name.partition(" ")
    try:
        learner = made(
            name, "multiclass", AUXILIARY if deep else SMALL, **({"threshold": 0.0} if "match" in name else {})
        )
    finally:
        networks.build = build
    learner.double()
    pairs = given("multiclass", unknown=True)
    pairs.images = pairs.images.double()
    optimizer = torch.optim.SGD([p for p in learner.parameters() if p.requires_grad], 0.05, 0.9)
    for step in range(steps):
        torch.manual_seed(step)
        views = {view: images.double() for view, images in views_of(learner).items()}
        learner.train()
        loss, _ = learner.loss(pairs, views, step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        together.share_gradients(learner)
        optimizer.step()
        learner.after(step)
    return {"loss": loss.detach(), **learner.state_dict()}


if __name__ == "__main__":
    rank, processes, meeting, out, *names = sys.argv[1:]
    torch.set_num_threads(1)
    with together.joined(int(rank), int(processes), meeting, "cpu"):
        found = {name: learned(name) for name in names}
        if together.is_first():
            torch.save(found, out)
