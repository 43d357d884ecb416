"""Runs beside each other that ask for the same students: one trains them, whatever a command line asks for."""

from study_data import plan_of

from dissent.core.files import write_text
from dissent.planning.dvc.stages import stages

TEXT = "dataset: tiny\nsplit: few\nnetwork: tiny\ngenerations: 1\nstudents: 2\n"


IM = "method: im_clean\n"
CASES = [
    ("ldt_equal_steps", IM + "controls: [ldt_equal_steps]\n", ""),
    ("ldt_equal_steps", IM, ""),  # whether or not it is a control
    ("ldt_equal_steps.s3", IM, ".s3"),
    ("im_clean", IM, ""),
    ("fixmatch_im", IM, ".fixmatch_im"),
    ("ldt", IM, ".ldt"),  # other steps
    ("aldt", IM, ".aldt"),  # noise copies
    ("fdt", "method: im\n", ".fdt"),  # of all labels
    ("ldt", "method: im\nmethods: {ldt: {students: 3}}\n", ".ldt"),  # more of them
    ("ldt_equal_steps", IM + "diversify: {widths: [1, 2]}\n", ".ldt_equal_steps"),
]


def test_equal_students_have_one_home(root, in_tmp):
    plan = plan_of(root)
    for number, (_, more, _) in enumerate(CASES):
        write_text(f"settings/experiments/e{number}.yaml", TEXT + more)
    found = [plan.home(plan.config.run(f"e{number}.{method}")) for number, (method, _, _) in enumerate(CASES)]
    assert found == [f"e{number}{expected}" for number, (_, _, expected) in enumerate(CASES)]
    assert plan.home(plan.config.run("e0")) == "e0"


def test_what_depends_on_students_names_them_where_they_are(root, in_tmp):
    plan = plan_of(root)
    write_text("settings/experiments/other.yaml", TEXT + IM + "controls: [ldt_equal_steps]\n")
    run = plan.config.run("other.ldt_equal_steps")
    students = [f"results/other/gen0/students/{i}/cost.json" for i in (1, 2)]
    assert plan.students(run, 0, "cost.json") == students
    assert plan.costs(run, 0) == [*students, "results/other.ldt_equal_steps/gen0/costs/evaluate.json"]
    stage = stages(plan.config, "other", "settings")["stages"]["ldt_equal_steps-gen0"]
    assert "results/other/gen0/students" in stage["deps"]
    made = [path for out in stage["outs"] for path in out]
    assert not [path for path in made if "students" in path or "pairs" in path]
    assert "results/other.ldt_equal_steps/gen0/teachers.json" in made
