"""What `dissent check` says of an optional package that is not installed."""

from types import SimpleNamespace

import pytest

from dissent.cli.check import looks
from dissent.config.network import Network


@pytest.mark.parametrize(
    ("package", "key", "told"), [("openvino", "inference", "openvino"), ("tensorboard", "tensorboard", "true")]
)
def test_a_package_that_lacks_is_told_before_anything_runs(monkeypatch, package, key, told):
    value = True if told == "true" else told
    asked = Network(architecture="unet1x1", steps=1, resources={key: value})
    run = SimpleNamespace(network=asked, network_name="mine")
    monkeypatch.setattr(looks, "find_spec", lambda name: None)
    assert looks._packages(None, run).faults == [f"`{key}: {told}` of network mine needs `pip install {package}`"]
    monkeypatch.setattr(looks, "find_spec", lambda name: name)
    assert not looks._packages(None, run).faults
    run.network = Network(architecture="unet1x1", steps=1)
    monkeypatch.setattr(looks, "find_spec", lambda name: None)
    assert not looks._packages(None, run).faults
