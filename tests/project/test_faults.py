"""A part of the fault suite (`make faults` runs all of it): some injections of every class, the same each time."""

import contextlib
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from faults import suite
from faults.__main__ import BAD, one, table
from faults.product import heard
from faults.registry import CLASSES
from faults.suite import NOT_INJECTED, Injection, Lost, Result, Silent, Unnamed, perform

SEED = 1
TAKEN = {  # of each class: many that take a moment, few that train or plan
    "A1": 20, "A2": 8, "A3": 10, "A4": 10, "A5": 8, "A6": 8, "B1": 10, "B2": 10,
    "C1": 3, "C2": 2, "C3": 6, "C4": 4, "D": 2, "E": 4, "F": 2, "G1": 20, "H": 2,
}  # fmt: skip
RELIABILITY = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "reliability.md"


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


@pytest.fixture(scope="module")
def inject(bases):
    """Runs an injection in a process that did nothing else before.

    Injections fork, and a fork cannot train where autograd had threads: it has them once a test of another file needed some.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        yield lambda name, folder: worker.submit(one, name, SEED, str(folder)).result()[0]


def spread(count: int, taken: int) -> list[int]:
    """Places in the middle of equal parts: the first of a class is often a case without any fault."""
    return [(2 * part + 1) * count // (2 * taken) for part in range(taken)]


@pytest.mark.parametrize("key", CLASSES)
def test_injections_are_survived_or_refused_by_name(inject, tmp_path, key):
    ends = [inject(f"{key}:{at + 1}", tmp_path) for at in spread(len(CLASSES[key](SEED)), TAKEN[key])]
    bad = [end for end in ends if end.how in (*BAD, NOT_INJECTED)]
    assert not bad, "\n".join(f"{end.name} ({end.title}): {end.how}: {end.why}" for end in bad)


def test_a_seed_means_the_same_faults_and_another_means_others():
    titles = {
        key: [[one.title for one in injections(seed)] for seed in (1, 1, 2)] for key, injections in CLASSES.items()
    }
    assert all(one == again and len(set(one)) == len(one) for one, again, _ in titles.values())
    assert {key for key, (one, _, other) in titles.items() if one != other} >= {"A1", "A2", "C1", "C2", "C3", "F", "G1"}


def test_the_page_has_the_last_table_of_all_that_is_injected():
    rows = re.findall(
        r"^\| (\w+) \| (\d+) \| (\d+) \| 0 \| 0 \| (\d+) \|$", RELIABILITY.read_text("utf-8"), re.MULTILINE
    )
    counts = {key: len(injections(SEED)) for key, injections in CLASSES.items()}
    assert all(injected == good for _, injected, good, _ in rows)
    assert {key: int(injected) + int(none) for key, injected, _, none in rows} == counts | {"all": sum(counts.values())}


def test_what_hangs_is_told_whoever_catches_exceptions(tmp_path, monkeypatch):
    monkeypatch.setattr(suite, "SECONDS", 1)
    end = perform("A1:1", Injection("a loop", lambda: heard(_for_ever).text), tmp_path)
    assert end.how == "unnamed" and "hung for 1 s" in end.why


def _for_ever() -> int:
    while True:
        with contextlib.suppress(Exception):
            time.sleep(60)


@pytest.mark.parametrize("verdict", [Silent, Lost, Unnamed])
def test_a_verdict_of_the_suite_is_no_word_of_the_product(verdict, tmp_path):
    def act() -> int:
        raise verdict("found inside")

    assert perform("A1:1", Injection("inside", lambda: heard(act).text), tmp_path).how == verdict.__name__.lower()


def test_what_harms_nothing_is_counted_apart():
    results = [Result(f"A1:{n}", "", how, "") for n, how in enumerate(("told", "refused", NOT_INJECTED, "silent"))]
    assert "| A1 | 3 | 2 | 1 | 0 | 1 |" in table(results)
