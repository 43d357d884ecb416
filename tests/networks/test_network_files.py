"""Networks on disk: what is saved is loaded, and nothing else; no file executes anything."""

import hashlib
import pickle
import shutil

import pytest
import safetensors.torch
import torch
from test_network_weights import Payload, encoder_file
from test_networks import ARCHITECTURES, build, images, settings, small

from dissent import networks
from dissent.core.files import UserError, read_json, sha256, write_json


def store(folder, network=None, outputs=2, channels=3, **extra):
    network = network or small()
    net = build(network, outputs, channels)
    networks.save(net, folder, network, outputs, channels, extra)
    return net.eval()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_saved_is_loaded(tmp_path, architecture, channels):
    network = small() if architecture == "unet1x1" else settings(architecture)
    net = store(tmp_path, network, 2, channels, task={"kind": "multilabel"}, size=[32, 64])
    state = torch.random.get_rng_state()
    got, meta = networks.load(tmp_path)
    assert torch.equal(state, torch.random.get_rng_state())
    assert not got.training
    x = images(1, channels, 32, 64)
    assert torch.equal(got(x), net(x))
    assert meta["network"] == network
    assert (meta["outputs"], meta["channels"], meta["format"]) == (2, channels, 2)
    assert (meta["task"], meta["size"]) == ({"kind": "multilabel"}, [32, 64])
    assert meta["sha256"] == sha256(tmp_path / "model.safetensors")
    assert meta["bytes"] == (tmp_path / "model.safetensors").stat().st_size
    assert all(p.requires_grad for p in got.parameters())


def test_the_same_weights_give_the_same_bytes_in_any_memory_format(tmp_path):
    net = store(tmp_path / "a")
    networks.save(net.to(memory_format=torch.channels_last), tmp_path / "b", small(), 2, 3, {})
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["model.json", "model.safetensors"]


def test_loading_needs_no_weights_file_and_no_network(tmp_path, monkeypatch):
    _, network = encoder_file(tmp_path / "weights.pt", torch.save)
    net = store(tmp_path / "a", network)
    (tmp_path / "weights.pt").unlink()
    x = images(1, 3, 32, 32)
    assert torch.equal(networks.load(tmp_path / "a")[0](x), net(x))
    monkeypatch.setattr("segmentation_models_pytorch.encoders.hf_hub_download", lambda *_, **__: pytest.fail("asked"))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    describe(tmp_path / "b", network=network | {"weights": "imagenet", "weights_sha256": None})
    assert torch.equal(networks.load(tmp_path / "b")[0](x), net(x))


def describe(folder, **changes):
    """Change model.json, as somebody who wants to be believed would."""
    write_json(folder / "model.json", read_json(folder / "model.json") | changes)


def forge(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    describe(folder, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


@pytest.mark.parametrize("forged", [False, True])
def test_a_pickle_in_place_of_weights_is_refused_and_not_executed(tmp_path, forged):
    store(tmp_path)
    marker = tmp_path / "executed"
    content = pickle.dumps(Payload(marker))
    if forged:
        forge(tmp_path, content)
    else:
        (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"model\.safetensors is not (the file that|a safetensors file)"):
        networks.load(tmp_path)
    assert not marker.exists()


def test_one_changed_byte_and_a_short_file_are_refused(tmp_path):
    store(tmp_path)
    path = tmp_path / "model.safetensors"
    content = path.read_bytes()
    for damaged in (content[:-1] + bytes([content[-1] ^ 1]), content[:-8], b""):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"model\.safetensors.*SHA-256"):
            networks.load(tmp_path)
    path.unlink()
    with pytest.raises(UserError, match=r"model\.safetensors does not exist"):
        networks.load(tmp_path)
    (tmp_path / "model.json").unlink()
    with pytest.raises(UserError, match=r"model\.json does not exist"):
        networks.load(tmp_path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format": 1}, "format 1"),
        ({"outputs": "2"}, "no description of a network"),
        ({"outputs": 3}, r"does not hold the network.*head\.bias, head\.weight"),
        ({"network": small() | {"width": 0.25}}, "does not hold the network"),
        ({"network": small() | {"width": 1e7}}, "`width: 1e.07` and `batch_size: 32`"),
        ({"network": small() | {"width": -1.0}}, "greater than 0"),
        ({"network": small() | {"width": 0.01}}, "leaves no channels"),
        ({"network": small() | {"batch_size": 10**9}}, "`batch_size: 1000000000`"),
        ({"network": small() | {"precision": "fp128"}}, "fp128"),
        ({"outputs": -1}, "does not"),
        ({"channels": 10**15}, "does not"),
        ({"network": small() | {"width": "wide"}}, "does not describe a network"),
        ({"network": {}}, "does not describe a network"),
        ({"network": small() | {"architecture": "__import__"}}, "'unet1x1', 'unet', 'unetplusplus'"),
        ({"network": settings("unet") | {"encoder": "../../etc"}}, "does not describe a network"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path, changes, message):
    store(tmp_path)
    describe(tmp_path, **changes)
    with pytest.raises(UserError, match=message):
        networks.load(tmp_path)


def test_weights_of_another_type_are_refused(tmp_path):
    net = store(tmp_path)
    forge(tmp_path, safetensors.torch.save({name: value.half() for name, value in net.state_dict().items()}))
    with pytest.raises(UserError, match="does not hold the network"):
        networks.load(tmp_path)


def test_a_description_that_is_a_list_is_refused(tmp_path):
    store(tmp_path)
    write_json(tmp_path / "model.json", [1])
    with pytest.raises(UserError, match="no description of a network"):
        networks.load(tmp_path)


def test_saving_refuses_to_overwrite_its_own_keys(tmp_path):
    with pytest.raises(AssertionError, match="sha256"):
        store(tmp_path, sha256="0")
    assert not any(tmp_path.iterdir())
