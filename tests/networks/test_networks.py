"""Networks: parameter counts and arithmetic of the method notes, the encode/decode contract."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from dissent import networks
from dissent.config.network import Network
from dissent.core.files import UserError
from dissent.networks.unet1x1 import Unet1x1, double_and_add

torch.set_num_threads(1)

# outputs and channels of the four published data sets
ISIC, HELA, SUIM, CITY = (1, 3), (3, 1), (9, 3), (35, 3)
PARAMETERS = [
    (0.5, ISIC, 170_809, 171_561),
    (0.75, ISIC, 383_173, 384_301),
    (1, ISIC, 680_177, 681_681),
    (1, HELA, 680_179, 681_683),
    (1, SUIM, 680_313, 681_817),
    (1, CITY, 680_755, 682_259),
    (1.25, ISIC, 1_061_821, 1_063_701),
    (1.25, HELA, 1_061_823, 1_063_703),
    (1.25, SUIM, 1_061_989, 1_063_869),
    (1.25, CITY, 1_062_535, 1_064_415),
    (1.5, ISIC, 1_528_105, 1_530_361),
    (1.5, HELA, 1_528_107, 1_530_363),
    (1.5, SUIM, 1_528_305, 1_530_561),
    (1.5, CITY, 1_528_955, 1_531_211),
    (1.75, HELA, 2_079_031, 2_081_663),
    (1.75, SUIM, 2_079_261, 2_081_893),
    (1.75, CITY, 2_080_015, 2_082_647),
    (2, HELA, 2_714_595, 2_717_603),
    (2, SUIM, 2_714_857, 2_717_865),
    (2, CITY, 2_715_715, 2_718_723),
]


def settings(architecture, **values):
    if architecture != "unet1x1":
        values = {"encoder": "resnet18"} | values
    return Network(architecture=architecture, steps=1, **values).model_dump(mode="json")


def small(**values):
    return settings("unet1x1", width=0.125, **values)


def build(network, outputs=1, channels=3, seed=0):
    torch.manual_seed(seed)
    return networks.build(network, outputs, channels)


def images(batch, channels, height, width, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, channels, height, width), generator=rng).float()


@pytest.mark.parametrize("width, data, trainable, total", PARAMETERS)
def test_parameter_counts_of_the_published_table(width, data, trainable, total):
    net = build(settings("unet1x1", width=width), *data)
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == trainable
    running = [b.numel() for name, b in net.named_buffers() if not name.endswith("num_batches_tracked")]
    assert trainable + sum(running) == total


@pytest.mark.parametrize("data, size", [(ISIC, (256, 256)), (HELA, (256, 256)), (SUIM, (256, 256)), (CITY, (208, 416))])
def test_multiply_adds_and_output_shape_of_the_published_sizes(data, size):
    expected = {ISIC: 1.246, HELA: 1.246, SUIM: 1.254, CITY: 1.692}[data]  # giga, per image
    net, counts = build(settings("unet1x1"), *data).eval(), []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(
                lambda module, _, output: counts.append(output.numel() * module.weight[0].numel())
            )
    with torch.inference_mode():
        assert net(images(1, data[1], *size)).shape == (1, data[0], *size)
    assert sum(counts) / 1e9 == pytest.approx(expected, abs=0.002)


def test_unet1x1_initialises_as_keras_he_normal():
    net = build(settings("unet1x1"), 1, 3)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            expected = (2 / module.weight[0].numel()) ** 0.5
            assert not module.bias.any()
            assert module.weight.abs().max() <= 2 * expected / 0.8796 + 1e-6
            if module.weight.numel() > 5000:
                assert module.weight.std().item() == pytest.approx(expected, rel=0.05)
        if isinstance(module, nn.BatchNorm2d):
            assert (module.eps, module.momentum) == (1e-3, 0.01)
            assert module.weight.eq(1).all()
    quick = build(settings("unet1x1") | {"norm_momentum": 0.1}, 1, 3)
    assert {module.momentum for module in quick.modules() if isinstance(module, nn.BatchNorm2d)} == {0.1}
    assert torch.equal(net.head.weight, build(settings("unet1x1"), 1, 3).head.weight)
    assert not torch.equal(net.head.weight, build(settings("unet1x1"), 1, 3, seed=1).head.weight)


def written_down(net, x):
    """Section 2.1 line by line with functions alone, on the parameters in the order in which they are made."""
    values = iter([p.detach() for name, p in net.named_parameters()])

    def block(x, convolutions):
        for _ in range(convolutions):
            weight, bias = next(values), next(values)
            x = nn.functional.conv2d(x, weight, bias, padding=weight.shape[-1] // 2).clamp(min=0)
        scale, shift = next(values), next(values)
        mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, unbiased=False)
        return (x - mean) / (variance + 1e-3).sqrt() * scale[:, None, None] + shift[:, None, None]

    x = block(x / 255, 1)
    skips = []
    for _ in range(4):
        skips.append(block(x, 2))
        x = nn.functional.max_pool2d(skips[-1], 2)
    x = block(x, 2)
    for skip in reversed(skips):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3) + skip
        x = block(block(x, 1), 2)
    return nn.functional.conv2d(x, next(values), next(values))


def test_unet1x1_is_the_network_of_the_paper():
    net = build(settings("unet1x1", width=0.25), 3, 3).train().double()
    x = images(2, 3, 32, 48).double()
    torch.testing.assert_close(net(x), written_down(net, x))


@pytest.mark.parametrize("size", [(16, 16), (120, 160), (37, 50)])
def test_unet1x1_takes_any_size_from_16(size):
    net = build(small()).eval()
    assert not Network(architecture="unet1x1", steps=1).misfit(*size)
    assert net(images(1, 3, *size)).shape == (1, 1, *size)


def test_at_odd_sizes_every_coarse_cell_still_lies_on_its_own_four_fine_ones():
    net = build(small()).eval()
    assert [tuple(f.shape[2:]) for f in net.encode(images(1, 3, 37, 50))] == [
        (37, 50),
        (19, 25),
        (10, 13),
        (5, 7),
        (3, 4),
    ]
    coarse, skip = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 10 * torch.ones(1, 1, 3, 4)
    assert double_and_add(coarse, skip)[0, 0].tolist() == [[11, 11, 12, 12], [11, 11, 12, 12], [13, 13, 14, 14]]


ARCHITECTURES = ["unet1x1", "unet", "deeplabv3plus"]


@pytest.mark.parametrize("architecture", ["unet", "deeplabv3plus"])
def test_the_head_is_the_librarys_own(architecture):
    net = build(settings(architecture), 3).eval()
    features = net.encode(images(2, 3, 32, 48))
    assert torch.equal(net.head(net.fuse(features)), net.decode(features))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_networks_normalise_images_themselves(architecture):
    network = small() if architecture == "unet1x1" else settings(architecture)
    net, seen = build(network).eval(), []
    first = net.stem[0] if architecture == "unet1x1" else net.encoder.conv1
    first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = images(1, 3, 32, 32)
    net(x)
    expected = x / 255
    if architecture != "unet1x1":
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        expected = (expected - mean[:, None, None]) / deviation[:, None, None]
    torch.testing.assert_close(seen[0], expected)
    if architecture != "unet1x1":  # of a grey image three equal channels
        net, seen = build(network, 1, 1).eval(), []
        net.encoder.conv1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        net(x[:, :1])
        expected = (x[:, :1].expand(-1, 3, -1, -1) / 255 - mean[:, None, None]) / deviation[:, None, None]
        torch.testing.assert_close(seen[0], expected)


@pytest.mark.parametrize(
    "architecture, size, message",
    [
        ("unet1x1", (15, 64), "64x15.*16 or more"),
        ("unet", (31, 64), "64x31.*32 or more; 64x32 would fit"),
        ("fpn", (120, 160), "160x120.*fpn with resnet50.*multiples of 32; 160x128 would fit"),
        ("deeplabv3plus", (16, 64), "64x16.*32 or more; 64x32 would fit"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_one_that_does(architecture, size, message):
    assert re.search(message, Network(architecture=architecture, steps=1).misfit(*size))


@pytest.mark.parametrize("architecture, size", [("unet", (33, 47)), ("deeplabv3plus", (33, 65))])
def test_sizes_that_fit_come_out_as_they_went_in(architecture, size):
    net = build(settings(architecture)).eval()
    assert not Network(architecture=architecture, steps=1).misfit(*size)
    assert net(images(1, 3, *size)).shape == (1, 1, *size)


def test_a_wrong_name_or_width_is_refused():
    with pytest.raises(UserError, match=r"`architecture: unt`.*unet1x1, unet, unetplusplus"):
        networks.build(small() | {"architecture": "unt"}, 1, 3)
    with pytest.raises(ValueError, match=r"`width: 0\.05`.*0\.0625"):
        settings("unet1x1", width=0.05)


def test_a_network_can_learn(tmp_path):
    """A few steps on one batch: the loss falls by half, and what was learnt survives saving."""
    net = build(small(), 1, 3).train()
    x, target = images(4, 3, 32, 32) / 2, torch.zeros(4, 1, 32, 32)
    for number in range(4):
        target[number, :, 3 * number : 3 * number + 16, 5:25] = 1
    x = x + 127 * target
    optimizer = torch.optim.AdamW(net.parameters(), 0.01)
    losses = []
    for _ in range(30):
        loss = ((net(x).sigmoid() - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    networks.save(net, tmp_path, small(), 1, 3, {})
    assert torch.equal(networks.load(tmp_path)[0](x), net.eval()(x))
    assert isinstance(net, Unet1x1)
    assert np.isfinite(losses).all()
