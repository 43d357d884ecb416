"""Encoder weights: from a file whose digest is named, from the hub, and never executed."""

import pickle

import pytest
import safetensors.torch
import torch
from test_networks import build, settings

from dissent.core.files import UserError, sha256


def encoder_file(path, writer):
    """A state dict as torchvision writes it: with the classifier, which an encoder has no use for."""
    state = dict(build(settings("unet"), seed=5).encoder.state_dict())
    writer(state | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}, path)
    return state, settings("unet", weights=str(path), weights_sha256=sha256(path))


@pytest.mark.parametrize("writer", [torch.save, safetensors.torch.save_file])
@pytest.mark.parametrize("channels", [1, 3])
def test_encoder_weights_come_from_a_file(tmp_path, writer, channels):
    state, network = encoder_file(tmp_path / "weights", writer)
    net = build(network, 1, channels)
    first = state.pop("conv1.weight")
    for name, value in state.items():
        assert torch.equal(net.encoder.state_dict()[name], value), name
    torch.testing.assert_close(net.encoder.conv1.weight.sum(1), first.sum(1))  # grey in = the same in each of R, G, B


def test_weights_that_are_not_the_named_file_are_refused_before_they_are_parsed(tmp_path, monkeypatch):
    _, network = encoder_file(tmp_path / "weights.pt", torch.save)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("parsed"))
    (tmp_path / "weights.pt").write_bytes(b"other")
    with pytest.raises(UserError, match="weights_sha256"):
        build(network)
    with pytest.raises(UserError, match=r"nothing\.pt.*cannot be read"):
        build(network | {"weights": str(tmp_path / "nothing.pt")})


def test_weights_of_another_encoder_are_refused(tmp_path):
    _, network = encoder_file(tmp_path / "weights.pt", torch.save)
    with pytest.raises(UserError, match=r"weights\.pt.*does not fit the encoder resnet34"):
        build(network | {"encoder": "resnet34"})


class Payload:
    """Pickled, it writes a file when somebody unpickles it."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def pickled(path, marker):
    path.write_bytes(pickle.dumps({"conv1.weight": Payload(marker)}, 2))
    return path


def saved(path, marker):
    torch.save({"conv1.weight": Payload(marker)}, path)
    return path


@pytest.mark.parametrize("write", [pickled, saved])
def test_weights_with_a_payload_execute_nothing(tmp_path, write):
    marker = tmp_path / "executed"
    path = write(tmp_path / "weights.pt", marker)
    with pytest.raises(UserError, match="neither a safetensors file nor a plain state dict"):
        build(settings("unet", weights=str(path), weights_sha256=sha256(path)))
    assert not marker.exists()
    torch.load(path, weights_only=False) if write is saved else pickle.loads(path.read_bytes())
    assert marker.exists()  # the payload works: it was the loading that kept it from running


@pytest.mark.parametrize("value", [[1, 2], {"conv1.weight": 3}])
def test_weights_that_are_no_state_dict_are_refused(tmp_path, value):
    torch.save(value, tmp_path / "weights.pt")
    with pytest.raises(UserError, match="no state dict"):
        build(settings("unet", weights=str(tmp_path / "weights.pt"), weights_sha256=sha256(tmp_path / "weights.pt")))


def test_a_failed_download_says_which_file_and_what_to_do(monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no route to host")

    monkeypatch.setattr("segmentation_models_pytorch.encoders.hf_hub_download", fail)
    with pytest.raises(UserError, match=r"model\.safetensors of smp-hub/resnet18\.imagenet.*no route.*weights: PATH"):
        build(settings("unet", weights="imagenet"))


@pytest.mark.parametrize("channels", [1, 3])
def test_imagenet_weights_are_what_the_hub_gives(tmp_path, monkeypatch, channels):
    state, _ = encoder_file(tmp_path / "model.safetensors", safetensors.torch.save_file)
    monkeypatch.setattr(
        "segmentation_models_pytorch.encoders.hf_hub_download", lambda *_, filename, **__: str(tmp_path / filename)
    )
    net = build(settings("unet", weights="imagenet"), 1, channels)
    assert torch.equal(net.encoder.layer4[0].conv1.weight, state["layer4.0.conv1.weight"])
    torch.testing.assert_close(net.encoder.conv1.weight.sum(1), state["conv1.weight"].sum(1))
