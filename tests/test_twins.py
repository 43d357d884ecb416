"""Students that another run has trained already: taken over when equal, trained anew when anything differs."""

import threading
from pathlib import Path

import pytest

from dissent.files import read_json, write_json
from dissent.generation.twins import FILES, taken_over


@pytest.fixture
def table(in_tmp) -> str:
    Path("pairs.csv").write_text("id\n1\n")
    return "pairs.csv"


def train(settings: dict, table: str, out: str, content: str = "weights") -> bool:
    """Whether the student was taken over; one that is trained has `content` in each of its files."""
    with taken_over(settings, [table], out) as done:
        if not done:
            Path(out).mkdir(parents=True, exist_ok=True)
            for name in FILES[:-1]:
                (Path(out) / name).write_text(content)
            write_json(Path(out) / "cost.json", {"seconds": 3})
    return done


def test_an_equal_student_is_taken_over_with_what_it_cost(table):
    assert not train({"seed": 1}, table, "a")
    assert train({"seed": 1}, table, "b", "never written")
    assert [(Path("b") / name).read_bytes() for name in FILES[:-1]] == [b"weights"] * 4
    assert read_json("b/cost.json") == {"seconds": 3, "taken_from": "a"}


def test_other_settings_or_other_pairs_are_trained(table):
    train({"seed": 1}, table, "a")
    assert not train({"seed": 2}, table, "b")
    Path(table).write_text("id\n2\n")
    assert not train({"seed": 1}, table, "c")


@pytest.mark.parametrize("harm", ["remove", "change"])
def test_what_is_not_as_it_was_is_not_taken(table, harm):
    train({"seed": 1}, table, "a")
    model = Path("a/model.safetensors")
    model.unlink() if harm == "remove" else model.write_text("other")
    assert not train({"seed": 1}, table, "b")
    assert train({"seed": 1}, table, "c")  # b's, now


def test_a_student_that_is_asked_for_again_is_trained_again(table):
    train({"seed": 1}, table, "a")
    assert not train({"seed": 1}, table, "a")


def test_a_failed_training_is_not_noted(table):
    with pytest.raises(ZeroDivisionError), taken_over({"seed": 1}, [table], "a"):
        raise ZeroDivisionError
    assert not train({"seed": 1}, table, "b")


def test_who_comes_during_the_training_waits_for_it(table):
    """Two students with one key at once: one trains, the other gets a copy."""
    begun, go_on, found = threading.Event(), threading.Event(), []

    def first() -> None:
        with taken_over({"seed": 1}, [table], "a"):
            begun.set()
            assert go_on.wait(20)
            train_files()

    def train_files() -> None:
        Path("a").mkdir()
        for name in FILES:
            (Path("a") / name).write_text("{}")

    one = threading.Thread(target=first)
    other = threading.Thread(target=lambda: found.append(train({"seed": 1}, table, "b")))
    one.start()
    assert begun.wait(20)
    other.start()
    other.join(0.5)
    assert found == []
    go_on.set()
    one.join(20)
    other.join(20)
    assert found == [True]
