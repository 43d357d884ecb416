"""Students that another run has trained already: taken over when equal, trained anew when anything differs."""

import threading
from pathlib import Path

import pytest
from processes import LIBRARY, python

from dissent.core.files import read_json, write_json
from dissent.runtime import student_states
from dissent.runtime.student_cache import FILES, taken_over
from dissent.steps.rank_students import rank_students


@pytest.fixture
def table(in_tmp) -> str:
    Path("pairs.csv").write_text("id\n1\n")
    return "pairs.csv"


def train(settings: dict, table: str, out: str, content: str = "weights") -> bool:
    """Whether the student was taken over; one that is trained has `content` in each of its files."""
    with taken_over(settings, [table], out) as state:
        if state is not None:
            Path(out).mkdir(parents=True, exist_ok=True)
            for name in FILES[:-1]:
                (Path(out) / name).write_text(content)
            write_json(Path(out) / "cost.json", {"seconds": 3})
    return state is None


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


@pytest.mark.parametrize("harm", ["remove", "change", "note"])
def test_what_is_not_as_it_was_is_not_taken(table, harm):
    train({"seed": 1}, table, "a")
    model, note = Path("a/model.safetensors"), next(Path("work/twins").glob("*/student.json"))
    model.unlink() if harm == "remove" else (model if harm == "change" else note).write_text("other")
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
            train_in(Path("a"))

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


def test_who_waits_is_told_for_what(table):
    """For an equal student of another run as long as it takes; for an orphan of the same job for a minute."""
    with taken_over({"seed": 1}, [table], "a") as state:
        assert student_states._other(state, Path("b")) == "it trains the same student for a"
        assert student_states._other(state, Path("a")) == ""
        train_in(Path("a"))


def train_in(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text("{}")


def interrupted(settings: dict, table: str, out: str) -> Path:
    """The state of a training that saved a checkpoint and was killed."""
    with pytest.raises(KeyboardInterrupt), taken_over(settings, [table], out) as state:
        (state / "step00000005-0123456789abcdef.pt").write_text("half way")
        raise KeyboardInterrupt
    return state


def test_an_interrupted_training_goes_on_for_whichever_run_comes_next(table):
    state = interrupted({"seed": 1}, table, "results/mine/gen0/students/1")
    with taken_over({"seed": 1}, [table], "results/mine.ldt/gen0/students/1") as again:
        assert again == state and next(again.glob("step*")).read_text() == "half way"
        train_in(Path("results/mine.ldt/gen0/students/1"))
    assert (state / "asked_by.txt").read_text() == "results/mine.ldt/gen0/students/1"


def test_what_was_reached_with_other_settings_is_told_and_kept_until_the_student_is_done(table, caplog):
    caplog.set_level("INFO")
    state = interrupted({"seed": 1}, table, "a")
    train({"seed": 2}, table, "a")
    assert f"settings, code or inputs of a have changed since {state}/step00000005-" in caplog.text
    assert state.is_dir()
    student_states.forget(["b"])
    assert state.is_dir()
    student_states.forget([Path("a")])
    assert not list(Path("work/state").iterdir())


def test_a_state_in_use_is_not_forgotten(table):
    interrupted({"seed": 1}, table, "a")
    with taken_over({"seed": 1}, [table], "a") as state:
        student_states.forget(["a"])
        assert any(state.glob("step*"))
        train_in(Path("a"))


def test_ranking_forgets_what_its_students_would_resume_from(table):
    folder = "results/mine/gen0/students/1"
    train({"seed": 1}, table, folder, '{"val": {"iou": {"value": 0.5}}}')
    (state := Path("work/state/some key")).mkdir(parents=True)
    (state / "step00000012-0123456789abcdef.pt").touch()
    (state / "asked_by.txt").write_text(folder)
    rank_students([f"{folder}/metrics.json"], 1, "iou", "teachers.json")
    assert read_json("teachers.json")["pool"][0]["score"] == 0.5 and not state.exists()


# two experiments in one Snakemake ------------------------------------------------------------------------------------------

SNAKEFILE = """
rule all:
    input: expand("{run}/model.safetensors", run=["a", "b", "c"])
rule train:
    input: pairs="pairs.csv", unlabelled="pairs.csv", val="pairs.csv", prepared="pairs.csv"
    output: model="{run}/model.safetensors", cost="{run}/cost.json"
    log: "logs/{run}.log"
    resources: gpu=1, checkpoint_seconds=60
    params: settings={"threads": 1, "input": {"bit_depth": 8}}
    script: "TRAIN"
"""
STUBS = """
import sys, time, types
from pathlib import Path
import dissent.runtime.devices as devices
from dissent.runtime.student_cache import FILES
devices.prepare_process = lambda threads, device: types.SimpleNamespace(type="cpu")
def train_student(settings, *, out, **others):
    time.sleep(1)
    Path(out).mkdir(parents=True, exist_ok=True)
    for name in FILES[:-1]:
        Path(out, name).write_text("weights")
    return {"steps": 1, "images": 1}
sys.modules["dissent.steps.train"] = types.SimpleNamespace(train_student=train_student)
"""


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 3])
def test_equal_students_of_experiments_never_wait_for_each_other(table, cores):
    """Whoever waits for an equal student holds no card, which its training may need: here is one, and one job a core."""
    Path("Snakefile").write_text(SNAKEFILE.replace("TRAIN", str(LIBRARY / "train.py")))
    Path("sitecustomize.py").write_text(STUBS)
    here = {"PYTHONPATH": f"{Path.cwd()}:{LIBRARY}", "DISSENT_CARDS": "1", "DISSENT_SLOTS_DIR": str(Path.cwd())}
    run = python("-m", "snakemake", "--cores", cores, "--resources", f"gpu={cores}", env=here)
    assert run.wait(120) == 0, run.stderr.read()
    taken = [read_json(f"{one}/cost.json").get("taken_from") for one in "abc"]
    assert taken.count(None) == 1 and len(set(taken)) == 2  # one is trained, and the others are copies of it
