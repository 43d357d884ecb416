"""The auxiliary head (network option `aux_head`): what it computes, who learns by it, and that files and forwards go without."""

from contextlib import nullcontext

import pytest
import safetensors.torch
import torch
from discs import prepared
from learners import AUXILIARY, SMALL, given, made, views_of
from test_loop import Stopper
from test_student import train

from dissent import networks
from dissent.config.base import validate
from dissent.config.network import Network
from dissent.core.files import UserError, read_json, sha256
from dissent.planning.network_size import size_of
from dissent.runtime import Interrupted
from dissent.training.learners import LEARNERS

torch.set_num_threads(1)

WITHOUT = AUXILIARY | {"options": AUXILIARY["options"] | {"aux_head": None}}


def test_the_head_judges_the_second_coarsest_features_alone():
    torch.manual_seed(0)
    net = networks.build(AUXILIARY, 3, 3)
    images = torch.rand(2, 3, 64, 96) * 255
    logits, auxiliary = net.both(images)
    torch.manual_seed(0)
    assert networks.build(WITHOUT, 3, 3)(images).equal(logits), "the other weights are those of a network without"
    assert net(images).equal(logits) and auxiliary.shape == logits.shape == (2, 3, 64, 96)
    features = net.encode(images)
    assert features[-2].shape[2:] == (4, 6) and net.auxiliary(features, (64, 96)).equal(auxiliary)
    auxiliary.sum().backward()
    moved = {
        name.split(".")[2] for name, weight in net.named_parameters() if weight.grad is not None and "encoder" in name
    }
    assert {"layer1", "layer2", "layer3"} <= moved and "layer4" not in moved
    assert {id(p) for p in net.auxiliary_head.parameters()} <= {id(p) for p in net.decoder_parameters()}


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_every_learner_learns_pairs_by_it_and_nothing_else(monkeypatch, name):
    """Each network that is trained: its head's logits of the labelled images, and of no unlabelled one."""
    learner, heads = made(name), []

    def auxiliary(features, size):
        heads.append(torch.full((len(features[0]), 1, *size), float(len(heads)), requires_grad=True))
        return heads[-1]

    for network in learner.trained():
        network.auxiliary_head, network.auxiliary = True, auxiliary
        network.both = lambda x, net=network: (net(x), auxiliary(net.encode(x), tuple(x.shape[2:])))
    learner.pair_loss.auxiliary_weight = 0.4
    loss, _ = learner.loss(given(), views_of(learner), 3)
    loss.backward()
    assert len(heads) == len(learner.trained())
    for head in heads:
        assert (head.grad[:3] != 0).any() and not head.grad[3:].any()


def test_its_loss_counts_by_its_weight():
    learner, pairs = made("supervised", network=AUXILIARY), given()
    logits, auxiliary = torch.randn(2, 3, 1, 16, 20)
    one, other = learner.pair_loss(logits, pairs.target), learner.pair_loss(auxiliary, pairs.target)
    torch.testing.assert_close(learner.labelled(logits, torch.cat([auxiliary, logits]), pairs), one + 0.4 * other)
    assert learner.labelled(logits, None, pairs).equal(one)


def test_a_student_with_one_resumes_to_the_same_bytes_and_is_kept_without(root, in_tmp, monkeypatch):
    split = prepared(root)
    keys = ("architecture", "encoder", "options")
    spec = {key: AUXILIARY[key] for key in keys} | {"steps": 2, "validate_every": 1}
    train(root, split, "fixmatch", "whole", **spec)
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="after step 1 of 2"):
        patch.setattr("dissent.steps.train.signalled", lambda: nullcontext(Stopper(0)))
        train(root, split, "fixmatch", "cut", **spec)
    train(root, split, "fixmatch", "cut", **spec)
    assert sha256("cut/model.safetensors") == sha256("whole/model.safetensors")
    train(root, split, "fixmatch", "without", **spec | {"options": WITHOUT["options"]})
    kept, without = (safetensors.torch.load_file(f"{out}/model.safetensors") for out in ("whole", "without"))
    assert kept.keys() == without.keys()
    assert any(not kept[name].equal(without[name]) for name in kept if name.startswith("encoder."))
    network, about = networks.load("whole")
    assert network.auxiliary_head is None and about["network"]["options"]["aux_head"]["weight"] == 0.4
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 32, 32)
    assert read_json("whole/metrics.json")["steps"] == 2


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"architecture": "pspnet", "encoder": "resnet18"}, "there are no deep features"),
        (
            {"architecture": "unet1x1"},
            "it is the papers' own, as it is. Others take aux_head, such as unet with an `encoder`",
        ),
    ],
)
def test_where_it_has_no_meaning_it_is_refused_with_the_reason(spec, why):
    with pytest.raises(UserError) as error:
        validate(Network, spec | {"steps": 1, "options": {"aux_head": {}}}, "n.yaml")
    assert why in str(error.value)


def test_what_it_takes_is_reckoned():
    with_it, without = (size_of(Network.model_validate(spec)) for spec in (AUXILIARY, WITHOUT))
    weights = sum(p.numel() for p in networks.build(AUXILIARY, 3, 3).auxiliary_head.parameters())
    assert with_it.weights - without.weights == pytest.approx(weights / 1e6, rel=0.01)
    assert with_it.gflop > without.gflop and with_it.mb > without.mb and SMALL["options"]["aux_head"] is None
