"""CrossMatch: which decoder sees which features, and which target teaches it."""

import pytest
import torch
from helpers.learners import FixedLoss, given, made, views_of

from dissent.training.learners import crossmatch


def test_of_two_batches_the_second_is_decoded_three_times(monkeypatch):
    one = made("crossmatch").eval()
    first, second = given().images, views_of(one)["weak"]
    shares = []
    monkeypatch.setattr(crossmatch, "dropped", lambda levels, share: shares.append(share) or [0 * a for a in levels])
    found, _ = one.decoded(first, second)
    assert shares == [0.25, 0.75] and [len(logits) for logits in found] == [3, 4, 4, 4]
    assert torch.allclose(found[0], one.network(first), atol=1e-5)
    assert torch.allclose(found[1], one.network(second), atol=1e-5)
    nothing = one.network.decode([0 * level for level in one.network.encode(second)])
    assert all(torch.allclose(logits, nothing, atol=1e-5) for logits in found[2:])


def test_the_target_of_each_decoder_is_pasted_as_its_images_are(monkeypatch):
    """Image i is of class i for the clean decoder, i + 1 for the weakly and i + 2 for the strongly perturbed one."""
    one = made("crossmatch", "multiclass")
    views = views_of(one)
    here, pasted = [0, 1, 2, 0], [0, 2, 1, 0]

    def of_class(shift):
        return torch.stack([torch.eye(3)[(label + shift) % 3].view(3, 1, 1).expand(3, 16, 20) for label in here]) * 99

    made_of = [of_class(shift) for shift in (0, 1, 2)]
    strong = [torch.rand(4, 3, 16, 20, requires_grad=True) for _ in range(4)]
    answers = iter([([torch.rand(3, 3, 16, 20), *made_of], []), (strong, [])])
    seen, calls = [], []
    monkeypatch.setattr(one, "decoded", lambda *both: seen.append(both) or next(answers))
    boxes = iter([torch.zeros(4, 16, 20, dtype=torch.bool), torch.ones(4, 16, 20, dtype=torch.bool)])
    monkeypatch.setattr(crossmatch, "boxes_for", lambda *_: next(boxes))
    monkeypatch.setattr(crossmatch, "dice", lambda task, logits, given: calls.append((logits, given)) or logits.sum())
    one.loss(given("multiclass"), views, 1)

    assert torch.equal(seen[1][0], views["strong"]) and torch.equal(seen[1][1], views["strong2"].flip(0))
    called = ("c", "w", "t", "s1", "s2", "s2w", "s2t")
    names = {id(logits): name for name, logits in zip(called, made_of + strong, strict=True)}

    def labels(shift, order):
        return [(label + shift) % 3 for label in order]

    assert [(names[id(logits)], given.label_BHW[:, 5, 5].tolist()) for logits, given in calls] == [
        ("s1", labels(0, here)),
        ("s2", labels(0, pasted)),
        ("w", labels(0, here)),
        ("t", labels(0, here)),
        ("s2w", labels(0, pasted)),
        ("s2t", labels(0, pasted)),
        ("s2w", labels(1, pasted)),
        ("s2t", labels(2, pasted)),
    ]
    assert not any(given.weight_BCHW.requires_grad for _, given in calls)


@pytest.mark.parametrize(("distillation", "total"), [(0.5, 1.75), (1.0, 2.25)])
def test_the_weight_of_the_distillation_is_an_option(monkeypatch, distillation, total):
    """Each Dice is 2 and the pairs' loss 1.5: (1.5 + 2 / 4 + 2 / 4 + 2 k) / 2."""
    one = made("crossmatch", distillation=distillation, warmup=0.0)
    monkeypatch.setattr(crossmatch, "dice", lambda *_: torch.tensor(2.0))
    one.pair_loss = FixedLoss(one.pair_loss.task, 1.5)
    assert one.loss(given(), views_of(one), 1)[0].item() == pytest.approx(total)
