"""What `dissent check` says of an engine that is not installed."""

from types import SimpleNamespace

from dissent.cli.check import looks
from dissent.config.network import Network


def test_an_engine_that_lacks_is_told_before_anything_runs(monkeypatch):
    asked = Network(architecture="unet1x1", steps=1, resources={"inference": "openvino"})
    run = SimpleNamespace(network=asked, network_name="mine")
    monkeypatch.setattr(looks, "find_spec", lambda name: None)
    assert (
        "`inference: openvino` of network mine needs `pip install 'dissent[openvino]'`"
        in looks._engine(None, run).faults[0]
    )
    monkeypatch.setattr(looks, "find_spec", lambda name: name)
    assert not looks._engine(None, run).faults
    run.network = Network(architecture="unet1x1", steps=1)
    monkeypatch.setattr(looks, "find_spec", lambda name: None)
    assert not looks._engine(None, run).faults
