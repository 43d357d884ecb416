"""`generations: auto` before a run: planned to its cap, known to DVC, and wrong caps refused."""

from pathlib import Path

import pytest
from untrained_run import AUTO

from dissent.cli.check.steps import steps_of
from dissent.config.automatic import cap
from dissent.config.base import validate
from dissent.config.method import Method
from dissent.config.resolve import Config
from dissent.core.files import UserError
from dissent.planning.dvc.stages import stages
from dissent.planning.paths import Plan


@pytest.fixture
def planned(root, in_tmp):
    Path("mine/experiments").mkdir(parents=True)
    Path("mine/experiments/auto.yaml").write_text(AUTO)
    return Plan({"config_dir": "mine"}, str(root)), Config("mine", root / "tests" / "settings", root / "config").run(
        "auto"
    )


def test_it_is_planned_to_the_cap(planned):
    plan, run = planned
    assert (run.method.last, run.method.patience, run.at(4)["students"]) == (4, 2, 2)
    assert [plan.stop(run, g) for g in range(5)] == [[], [], [], *(f"results/auto/gen{g}/stop.2.json" for g in (3, 4))]
    assert "results/auto/gen1/counts.csv" in plan.earlier(run, 2)
    fixed = run.model_copy(update={"method": Method(generations=4, students=2)})
    assert plan.stop(fixed, 4) == [] and plan.earlier(fixed, 2) == [
        "results/auto/gen0/teachers.json", "results/auto/gen1/teachers.json", "results/auto/gen1/masks.csv",
    ]  # fmt: skip
    subsets = {"labelled": 4, "unlabelled": 8, "hidden": 0, "val": 4, "test": 6}
    assert steps_of(run, subsets)[1] == "at most 4"


def test_dvc_knows_what_decides(root, in_tmp):
    Path("mine/experiments").mkdir(parents=True)
    Path("mine/experiments/auto.yaml").write_text(AUTO)
    found = stages(Config("mine", root / "tests" / "settings", root / "config"), "auto", "mine")["stages"]
    assert "results/auto/gen3/metrics.json" in found["gen4"]["deps"]
    assert "results/auto/gen4/stop.2.json" in [next(iter(out)) for out in found["gen4"]["outs"]]
    assert not [dep for dep in found["gen2"]["deps"] if dep.endswith("metrics.json")]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"auto": 3, "patience": 4}, "`patience: 4` (2 unless given) is more than `auto: 3`"),
        ({"auto": 0}, "`generations.auto: 0` in x.yaml: input should be greater than or equal to 1"),
        ({"auto": 5, "patince": 1}, "`generations.patince` is not an option of x.yaml; did you mean `patience`?"),
        ("many", "`generations: 'many'` in x.yaml: input should be a valid integer"),
    ],
)
def test_a_wrong_cap_is_told(value, words):
    with pytest.raises(UserError) as error:
        validate(Method, {"generations": value}, "x.yaml")
    assert words in str(error.value) and "\n" not in str(error.value)


def test_an_experiment_may_change_the_cap_or_the_patience_alone(root, in_tmp):
    for folder, text in (
        ("methods", "start: ldt\ngenerations: {auto: 8, patience: 3}\n"),
        ("experiments", AUTO.replace("im_clean", "mine")),
    ):
        Path("mine", folder).mkdir(parents=True)
        Path("mine", folder, "mine.yaml").write_text(text)
    path = Path("mine/experiments/mine.yaml")
    for given, found in (("{auto: 5}", (5, 3)), ("{patience: 1}", (8, 1)), ("2", (2, None)), ("auto", (10, 2))):
        path.write_text(AUTO.replace("im_clean", "mine").replace("{auto: 4, patience: 2}", given))
        config = Config("mine", root / "tests" / "settings", root / "config")
        method = config.run("mine").method
        assert (method.last, method.patience) == found
        assert config.run("mine.aldt").method.last == 0
    given = ("auto", {"auto": 5}, {"patience": 1}, 3, None)
    assert [cap(value) for value in given] == [10, 5, None, 3, None]
