"""Cards are found without CUDA, and chosen as CUDA reads CUDA_VISIBLE_DEVICES."""

import os

import pytest

from dissent.runtime.devices import find_cards
from dissent.runtime.devices.cards import parse_listing

LISTING = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa-1)
  MIG 3g.20gb     Device  0: (UUID: MIG-1111)
  MIG 2g.10gb     Device  1: (UUID: MIG-2222)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb-2)
GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-abcd-3)
"""


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """An nvidia-smi that lists three cards, one of them in two parts."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text(f'#!/bin/sh\n[ "$1" = -L ] || exit 9\ncat <<END\n{LISTING}END\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    for name in ("DISSENT_CARDS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def test_cards_and_parts_of_cards_are_read_from_nvidia_smi(nvidia_smi):
    assert [card.id for card in find_cards()] == ["MIG-1111", "MIG-2222", "1", "2"]
    assert [card.name for card in find_cards()] == ["MIG-1111", "MIG-2222", "GPU-bbbb-2", "GPU-abcd-3"]
    assert parse_listing("No devices were found\n") == ([], {})


@pytest.mark.parametrize(
    ("preset", "ids", "cards"),
    [
        ("2,1", ["2", "1"], ["GPU-abcd-3", "GPU-bbbb-2"]),
        ("1,1, 2", ["1", "2"], ["GPU-bbbb-2", "GPU-abcd-3"]),
        ("GPU-bb,MIG-1111", ["GPU-bb", "MIG-1111"], ["GPU-bbbb-2", "MIG-1111"]),
        ("GPU-bbbb-2,1", ["GPU-bbbb-2"], ["GPU-bbbb-2"]),
        ("MIG-GPU-aaaa-1/1/0", ["MIG-GPU-aaaa-1/1/0"], ["MIG-GPU-aaaa-1_1_0"]),
        ("1,-1,2", ["1"], ["GPU-bbbb-2"]),
        ("1,7,2", ["1"], ["GPU-bbbb-2"]),
        ("-1", [], []),
        ("", [], []),
        ("NoDevFiles", [], []),
    ],
)
def test_preset_cards_are_read_as_cuda_reads_them(nvidia_smi, monkeypatch, preset, ids, cards):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", preset)
    assert [card.id for card in find_cards()] == ids
    assert [card.name for card in find_cards()] == cards


def test_preset_cards_that_nothing_lists_are_believed(monkeypatch):
    monkeypatch.delenv("DISSENT_CARDS", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    if not os.path.exists("/dev/nvidia0"):
        assert [card.id for card in find_cards()] == ["3", "5"]
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
        assert find_cards() == []


def test_pretended_cards(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("DISSENT_CARDS", "2")
    assert [card.id for card in find_cards()] == ["0", "1"]
    monkeypatch.setenv("DISSENT_CARDS", "0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert find_cards() == []
