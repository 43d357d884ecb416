"""A part of the fault suite (`make faults` runs all of it): some injections of every class, the same each time."""

import os

import pytest
from faults.registry import CLASSES
from faults.suite import perform

SEED = 1
TAKEN = {  # of each class: many that take a moment, few that train or plan
    "A1": 20, "A2": 8, "A3": 10, "A4": 10, "A5": 8, "A6": 8, "B1": 10, "B2": 10,
    "C1": 3, "C2": 2, "C3": 6, "C4": 4, "D": 2, "E": 4, "F": 1, "G1": 20, "H": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """The folder of the healthy projects that are harmed, one for all of pytest's processes."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "fault_bases"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTS_FOLDER", str(folder))
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        yield folder


@pytest.mark.parametrize("key", CLASSES)
def test_injections_are_survived_or_refused_by_name(bases, tmp_path, key):
    listed = CLASSES[key](SEED)
    chosen = range(0, len(listed), len(listed) // TAKEN[key])
    assert len(chosen) >= TAKEN[key]
    ends = [perform(f"{key}:{number + 1}", listed[number], tmp_path) for number in chosen[: TAKEN[key]]]
    bad = [end for end in ends if end.how in ("silent", "lost", "unnamed")]
    assert not bad, "\n".join(f"{end.name} ({end.title}): {end.how}: {end.why}" for end in bad)


def test_a_seed_means_the_same_faults_and_another_means_others():
    titles = {
        key: [[one.title for one in injections(seed)] for seed in (1, 1, 2)] for key, injections in CLASSES.items()
    }
    assert all(one == again and len(set(one)) == len(one) for one, again, _ in titles.values())
    assert {key for key, (one, _, other) in titles.items() if one != other} >= {"A1", "A2", "C1", "C2", "C3", "F", "G1"}
    assert sum(len(one) for one, _, _ in titles.values()) >= 900
