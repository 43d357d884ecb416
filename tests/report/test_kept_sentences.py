"""The generation that commands take of a run is the one that its report names, for runs with a seed as well."""

from pathlib import Path

import pytest
from test_report_verdict import SURE, TASK, generation

from dissent.core.files import read_json, write_json, write_text
from dissent.core.seal import seal_page
from dissent.report.kept import to_use

SCORES = {"aldt": 50, "ldt_equal_steps": 50, "ldt_equal_compute": 80, "fdt": 90}


def run(name, last):
    """A run of two generations, of which gen0 scores higher on validation than a gen1 of `last`."""
    for number, right in enumerate((85, last)):
        folder = Path("results", name, f"gen{number}")
        generation(folder, right, number, **SURE)
        about = read_json(folder / "metrics.json") | {"run": name, "upper_bound": ".fdt" in name}
        about["val"] = {"pool": {"iou": {"mean": 0.9 - number / 10}}}
        write_json(folder / "metrics.json", about)
        write_json(folder / "teachers.json", {"pool": [{"folder": f"{folder}/students/1"}]})
        write_json(folder / "students" / "1" / "model.json", {"task": TASK})


def report(name, *controls):
    files = [f"results/{one}/gen1/counts.csv" for one in (name, *controls)]
    write_text(f"results/{name}/report.html", seal_page("<html></html>", dict.fromkeys(files, "0" * 64)))


@pytest.mark.parametrize("seed", ["", ".s2"])
def test_controls_are_those_of_the_report(in_tmp, seed):
    name = f"demo{seed}"
    run(name, 70)
    for control, score in SCORES.items():
        run(f"demo.{control}{seed}", score)
    assert to_use(Path("results", name))[0].name == "gen0", "no report: nothing was compared"
    names = {control: f"demo.{control}{seed}" for control in SCORES}
    report(name, names["aldt"], names["ldt_equal_steps"], names["fdt"])
    folder, why = to_use(Path("results", name))
    assert (folder.name, why) == ("gen1", "the generations were worth it, for this seed"), "fdt is an upper bound"
    report(name, names["aldt"], names["ldt_equal_steps"], names["ldt_equal_compute"])
    folder, why = to_use(Path("results", name))
    assert folder.name == "gen1" and "advises a control (worse)" in why


def test_a_run_of_gen0_alone_has_no_later_one(in_tmp):
    generation("results/demo/gen0", 60, **SURE)
    write_json("results/demo/gen0/teachers.json", {})
    assert to_use(Path("results/demo")) == (Path("results/demo/gen0"), "the only one of the run")
