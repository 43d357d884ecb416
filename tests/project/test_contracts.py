"""What every entry of every registry gives, in every kind of task: a new entry is tested by its one line there.

Shapes, types and ids; the same twice with one seed; what is given stays as it is; pixels of 255 teach and score nothing.
"""

import copy
from collections.abc import Mapping
from typing import get_args

import numpy as np
import pytest
import torch
from helpers.learners import TASKS, VALUES, images, masks

from dissent import networks
from dissent.config import method
from dissent.config.network import Network
from dissent.config.task import merit
from dissent.core.seeds import generator
from dissent.evaluation.metrics import CELL_SCORES, SCORES, counts, scorer
from dissent.planning import network_size
from dissent.pseudolabels import tta
from dissent.pseudolabels.aggregate import CHOOSING, LABELERS
from dissent.pseudolabels.select import SELECTORS
from dissent.training import augment, offline_augment
from dissent.training.learners.consistency import STRENGTHS

torch.set_num_threads(1)

NOISES = STRENGTHS | {"default": method.Noise().model_dump(mode="json")}


def every(*registries):
    """All entries, in every kind of task."""
    return pytest.mark.parametrize(
        ("kind", "name"), [(kind, name) for kind in TASKS for registry in registries for name in registry]
    )


def plain(value):
    """What numpy can compare, and a copy."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else copy.deepcopy(value)


def twice(function, *given):
    """What `function` gives, which is the same a second time, and leaves as it was what it was given."""
    before = plain(given)
    torch.manual_seed(7)
    first = function(*given)
    torch.manual_seed(7)
    np.testing.assert_equal(plain(function(*given)), plain(first))
    np.testing.assert_equal(plain(given), before)
    return first


# votes and filters ----------------------------------------------------------------------------------------------------


def is_label(label, doubt, votes, kind):
    assert label.dtype == doubt.dtype == np.uint8
    assert label.shape == votes.shape[1:] and doubt.shape == votes.shape[-2:]
    assert TASKS[kind].pack(label).max() < VALUES[kind] and doubt.max() <= 1


@every(LABELERS)
def test_a_vote_gives_a_label_with_its_doubt(kind, name):
    task, vote = TASKS[kind], LABELERS[name]
    votes = np.stack([task.unpack(mask) for mask in masks(kind)])
    label, doubt, doubted, agreed = twice(lambda votes: vote(votes, kind, 0, 0, task.background), votes)
    is_label(label, doubt, votes, kind)
    assert 0 < doubted < label.size and 0 < agreed < label.size
    together = (votes == votes[:1]).all(0)
    assert (label[together] == votes[0][together]).all()
    assert not doubt[together.reshape(-1, *doubt.shape).all(0)].any()
    label, doubt, *_ = twice(lambda votes: vote(votes, kind, 3, 5, task.background), votes)
    is_label(label, doubt, votes, kind)
    label, doubt, doubted, _ = vote(votes[[1, 1, 1]], kind, 0, 0, task.background)
    assert (label == votes[1]).all() and not doubt.any() and doubted == 0


def test_what_chooses_a_mask_is_a_vote():
    assert set(CHOOSING) < set(LABELERS)


@every(SELECTORS)
def test_a_filter_keeps_or_says_why_not(kind, name):
    """What all see alike, large and rated well, is kept by each; of the opposite each says one plain line, or nothing."""
    task, mask = TASKS[kind], masks(kind, 1)[0]
    good = {"agreed_foreground": 50, "doubt_pixels": 0, "passes": "1", "score": "0.900000"}
    bad = {"agreed_foreground": 0, "doubt_pixels": 50, "passes": "0", "score": "0.100000"}
    alike, unlike = [frozenset({0, 1})] * 2, [frozenset({0}), frozenset({0, 1})]
    choose = SELECTORS[name]
    assert twice(lambda row, label: choose(row, alike, task, label), good, mask) == ""
    why = twice(lambda row, label: choose(row, unlike, task, label), bad, np.zeros_like(mask))
    assert isinstance(why, str) and len(why.splitlines()) <= 1
    assert why or name == "all" or not task.one_foreground


@pytest.mark.parametrize("mode", get_args(method.TestTime.model_fields["mode"].annotation))
@pytest.mark.parametrize("kind", TASKS)
def test_views_that_vote_come_back_to_their_place(kind, mode):
    task, many = TASKS[kind], images(3).byte().permute(0, 2, 3, 1).numpy()
    how = method.TestTime.model_construct(mode=mode, number=3, noise=method.Noise()).model_dump(mode="json")
    params = {"tta": how, "precision": "fp32", "batch_size": 2, "seed": 1, "generation": 1}
    net = torch.nn.Conv2d(1, task.outputs, 1)
    batches = twice(lambda many: list(tta.ballots([net] * 2, many, list("abc"), task, params, "cpu")), many)
    assert [len(one) for one in batches[0]] == [2] * len(batches[0]) and len(batches[0]) >= 2
    for votes in zip(*batches, strict=True):
        voted = torch.cat(votes)
        assert voted.shape == (3, task.outputs, 16, 20) and voted.min() >= 0 and voted.max() <= 1


# views and noise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@every(augment.GEOMETRY)
def test_an_augmentation_moves_images_with_their_masks(kind, name, channels):
    given, labels = images(3, channels), torch.as_tensor(masks(kind, unknown=True))
    seen, moved = twice(
        lambda *pairs: augment.view_of_pairs(*pairs, name, True, torch.Generator().manual_seed(5)), given, labels
    )
    assert seen.shape == given.shape and seen.dtype == torch.float32 and moved.dtype == torch.uint8
    assert seen.min() >= 0 and seen.max() <= 255
    assert set(moved.unique().tolist()) <= {*range(VALUES[kind]), 255}
    other, _ = augment.view_of_pairs(given, labels, name, True, torch.Generator().manual_seed(6))
    assert torch.equal(other, given) == torch.equal(seen, given)
    assert torch.equal(other, seen) == torch.equal(seen, given)  # by chance, or nothing at all
    views = twice(lambda given: augment.views_of_images(given, (name,), True, torch.Generator().manual_seed(5)), given)
    assert list(views) == [name] and views[name].shape == given.shape


@every(NOISES)
def test_noise_keeps_what_a_pixel_means(kind, name):
    image, mask = images(1, 3)[0].byte().permute(1, 2, 0).numpy(), masks(kind, 1, unknown=True)[0]
    noisy, moved = twice(
        lambda *pair: offline_augment.noise_copy(*pair, NOISES[name], True, generator(1, "a")), image, mask
    )
    assert noisy.shape == image.shape and noisy.dtype == moved.dtype == np.uint8 and (noisy != image).any()
    assert (np.bincount(moved.ravel(), minlength=256) == np.bincount(mask.ravel(), minlength=256)).all()
    seen = twice(lambda given: augment.photo(given, NOISES[name]), images(3))
    assert seen.shape == (3, 1, 16, 20) and seen.min() >= 0 and seen.max() <= 255 and not seen.equal(images(3))


# networks and what they cost ------------------------------------------------------------------------------------------

RATES = "evalnet"  # sees the planes of a mask behind the image, and has `forward` alone


def settings_of(name):
    """The smallest of its kind; an output stride that keeps the smallest images large enough."""
    encoder = "tu-vit_tiny_patch16_224" if name == "dpt" else "resnet18"
    channels = {"decoder_fusion_channels": 16, "decoder_intermediate_channels": [8] * 4} if name == "dpt" else {}
    width = 0.5 if name in ("unet1x1", RATES) else 1.0
    return Network(architecture=name, steps=1, width=width, encoder=encoder, options=channels)


@every(networks.ARCHITECTURES)
def test_a_network_encodes_and_decodes(kind, name, tmp_path):
    outputs, channels = TASKS[kind].outputs, 1 if kind == "multiclass" else 3
    given = settings_of(name).model_dump(mode="json")
    net = networks.build(given, outputs, channels)
    net.load_state_dict(twice(lambda: networks.build(given, outputs, channels).state_dict()))
    net.eval()
    size = (32, 64) if not settings_of(name).misfit(32, 64) else (128, 128)
    assert not settings_of(name).misfit(*size)
    x = images(2, channels + outputs * (name == RATES), size).requires_grad_()
    logits = twice(net, x)
    assert logits.dtype == torch.float32 and torch.isfinite(logits).all()
    logits.sum().backward()
    assert x.grad.abs().sum() > 0
    with torch.autocast("cpu", torch.bfloat16):
        assert net(x).dtype == torch.float32
    networks.save(net, tmp_path, given, outputs, channels, {})
    assert torch.equal(networks.load(tmp_path)[0](x), logits)
    if name == RATES:
        assert logits.shape == (2, 1 if outputs == 1 else 2, outputs)
        return
    assert logits.shape == (2, outputs, *size)
    features = net.encode(x.detach())
    assert features[-1].shape[1] == net.deepest_channels
    assert torch.equal(net.decode(features), logits)
    fused = net.fuse(features)
    assert fused.shape[1] == net.fused_channels
    assert torch.equal(net.classify(fused, size), logits)
    assert net.classify(fused, (20, 21)).shape == (2, outputs, 20, 21)
    assert net.same_channels == (len({feature.shape[1] for feature in features}) == 1)
    # the groups are what their names say: features depend on the one, logits of given features on the other
    encoder, decoder = list(net.encoder_parameters()), list(net.decoder_parameters())
    assert sorted(map(id, encoder + decoder)) == sorted(map(id, net.parameters()))
    given = [feature.detach() for feature in features]
    assert all(one is not None for one in torch.autograd.grad(net.decode(given).sum(), decoder))
    assert all(one is not None for one in torch.autograd.grad(sum(one.sum() for one in features), encoder))


def test_planning_has_a_size_for_every_architecture_and_a_large_one_for_others():
    known = [settings_of(name) for name in networks.ARCHITECTURES]
    assert all(map(network_size.is_measured, known))
    assert all(min(vars(network_size.size_of(network)).values()) > 0 for network in known)
    new = known[0].model_copy(update={"architecture": "another"})
    assert not network_size.is_measured(new) and min(vars(network_size.size_of(new)).values()) > 0


# scores ---------------------------------------------------------------------------------------------------------------


@every(SCORES, CELL_SCORES)
def test_a_score_tells_right_from_wrong(kind, name):
    """Those of cells take counts of cells, which look the same."""
    if name in CELL_SCORES and not TASKS[kind].cells:
        return
    task = TASKS[kind].spec
    score, target = scorer(name, task), masks(kind, unknown=True)
    right = np.where(target == 255, 0, target)
    wrong = np.where(right == 0, 1, 0)

    def counted(predictions, targets=target):
        return np.stack([counts(*pair, task) for pair in zip(predictions, targets, strict=True)])

    best, worst = twice(score, counted(right)), score(counted(wrong))
    assert merit(best["value"], name) > merit(worst["value"], name)
    assert len(best["per_label"]) == len(task["labels"]) and min(best["value"], worst["value"]) >= 0
    assert all(one is None or type(one) is float for one in [best["value"], *best["per_label"]])
    assert best["value"] == (name not in CELL_SCORES)
    # what nobody knows changes nothing, and a set without anything to score has no score
    assert score(counted(np.where(target == 255, 1, right))) == best
    blank = np.full_like(target, 255)
    assert score(counted([*right, *right], [*target, *blank])) == best or name in CELL_SCORES
    for empty in (np.zeros((0, len(task["labels"]), 4), int), counted(right, blank)):
        assert score(empty)["value"] is None or name in CELL_SCORES
    assert "image" in score.definition and "\n" not in score.definition
