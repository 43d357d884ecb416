"""What changed since a data set was prepared, and what is trained anew for it: told before it runs, as Snakemake plans it."""

import os
import re
from pathlib import Path

from discs import draw
from raw_data import ids, pairs, photo, save
from study_data import plan_of
from test_cli_check import check, settings
from test_study_estimate import planned as dry_run
from test_study_estimate import snakemake

from dissent.core.files import write_json, write_text
from dissent.datasets import prepare, split
from dissent.planning.command_line import check_asked
from dissent.planning.jobs import counted, planned
from dissent.planning.paths import Plan
from dissent.planning.reached import reached

LISTS = "{lists: {labelled: labelled.txt, unlabelled: pool.txt, val: val.txt, test: test.txt}}"
SUBSETS = {"labelled": ["i0", "i1"], "pool": ["i2", "i3", "i4"], "val": ["i5", "i6"], "test": ["i7"]}


def made() -> None:
    """A data set that is prepared and split, with the students of two generations and of a control's pool."""
    settings("allow_unlabelled: true\n", LISTS)
    path = Path("mine/experiments/mine.yaml")
    path.write_text(path.read_text() + "controls: [aldt]\n")
    pairs(Path("raw"), [f"i{number}" for number in range(8)])
    for name, those in SUBSETS.items():
        write_text(f"raw/{name}.txt", "\n".join(those))
    config = Plan({"config_dir": "mine"}, str(Path(__file__).parents[2])).config
    dataset = config.dataset("mine").model_dump(mode="json")
    prepare(dataset, "mine", "raw", "data/mine")
    split(dataset, "one", "data/mine", "data/mine/splits/one")
    for folder in ("mine/gen0/students/1", "mine/gen0/students/2", "mine/gen1/students/1", "mine.aldt/gen0/students/1"):
        write_text(f"results/{folder}/model.safetensors", "weights")
        write_json(f"results/{folder}/cost.json", {"seconds": 90})


def told(capsys) -> str:
    assert check() == 0
    return capsys.readouterr().out


def test_nothing_is_told_where_nothing_changed(in_tmp, capsys):
    made()
    assert "since data/mine" not in told(capsys)
    save(Path("raw/other/notes.png"), photo(99))  # what is not used changes nothing
    assert "since data/mine" not in told(capsys)


def test_a_corrected_and_a_new_mask_say_which_students_are_trained_anew(in_tmp, capsys):
    made()
    save(Path("raw/masks/i0.png"), ids(70))
    out = told(capsys)
    assert "since data/mine was prepared:\n  1 mask is changed: of images/i0.png\n" in out
    assert (
        "4 of the 4 trained networks are trained anew: mine gen0 2, mine gen1 1, mine.aldt gen0 1; they took 6.0" in out
    )
    assert "so that nothing more" not in out and "split one: " not in out
    assert "are not counted" not in out  # in what it takes


def test_the_mask_of_a_test_image_trains_nothing(in_tmp, capsys):
    made()
    save(Path("raw/masks/i7.png"), ids(70))
    out = told(capsys)
    assert "none of the 4 trained networks is trained anew" in out
    assert re.search(r"  4 of \d+ trainings are done already and are not counted", out)
    assert (
        "in a command of its own: snakemake --cores 2 data/mine/splits/one/labelled.csv --config config_dir=mine\n"
        in out
    )
    assert "note: `test` of the split is not what it was (i7 changed): scores before and after it cannot be" in out


def test_a_test_image_with_another_name_is_what_it_was(in_tmp, capsys):
    made()
    for folder in ("images", "masks"):
        Path(f"raw/{folder}/i7.png").rename(f"raw/{folder}/j7.png")
    write_text("raw/test.txt", "j7\n")
    out = told(capsys)
    assert "since data/mine was prepared:\n  1 image is renamed: images/i7.png to images/j7.png\n  split one" in out
    assert "cannot be compared" not in out


def test_subsets_that_change_are_told_and_a_test_image_that_moves_is_noted(in_tmp, capsys):
    made()
    save(Path("raw/images/i8.png"), photo(8))
    Path("raw/images/i4.png").unlink()
    Path("raw/masks/i4.png").unlink()
    write_text("raw/pool.txt", "i2\ni3\ni8\n")
    out = told(capsys)
    for words in (
        "1 image is new: images/i8.png",
        "1 image is gone: images/i4.png",
        "1 mask is gone: of images/i4.png",
    ):
        assert f"  {words}\n" in out
    assert "split one: unlabelled 3 (1 came, 1 went); labelled, val, test as before\n" in out
    assert "cannot be compared" not in out
    write_text("raw/pool.txt", "i3\ni7\n")
    write_text("raw/test.txt", "i2\n")
    out = told(capsys)
    assert "note: `test` of the split is not what it was (i2 came, i7 went): scores before and after" in out


def test_the_plan_says_that_it_cannot_know_yet(root, in_tmp, capsys):
    made()
    plan = Plan({"config_dir": "mine"}, str(root))
    check_asked(plan, ["results/mine/report.html"])
    assert capsys.readouterr().err == ""
    save(Path("raw/masks/i7.png"), ids(70))
    check_asked(Plan({"config_dir": "mine"}, str(root)), ["-n", "results/mine/report.html"])
    err = capsys.readouterr().err
    assert (
        "note: raw files of mine changed since they were prepared. This command prepares them and trains everything"
        in err
    )
    assert (
        "run first:\n  snakemake --cores 2 data/mine/splits/one/labelled.csv --config config_dir=mine\n`dissent check mine`"
        in err
    )
    check_asked(Plan({"config_dir": "mine"}, str(root)), ["data/mine/splits/one/labelled.csv"])
    assert capsys.readouterr().err == ""


def test_settings_that_changed_are_told(in_tmp, capsys):
    made()
    path = Path("mine/datasets/mine.yaml")
    path.write_text(path.read_text().replace("[16, 24]", "[16, 32]"))
    out = told(capsys)
    assert "`size` of the data set is another: [16, 24] was, [16, 32] is" in out and "8 images are changed" in out


def test_the_jobs_that_run_again_are_those_of_a_dry_run(root, in_tmp):
    """Every output is made up, with one date; then a table of the split is newer."""
    plan = plan_of(root)
    draw(Path())
    write_text("settings/experiments/small.yaml", "dataset: tiny\nsplit: few\nnetwork: tiny\nmethod: im\nstudents: 2\ncontrols: [aldt]\ngenerations: {auto: 3, patience: 1}\n")  # fmt: skip
    target = "results/small/report.html"
    listed = snakemake(root, "--summary", target, "--rerun-triggers", "mtime").stdout.splitlines()
    outputs = [Path(line.split("\t")[0]) for line in listed if line.startswith(("data/", "results/"))]
    folders = ("images", "labels", "predictions", "consensus", "inconsistency")
    for path in outputs:
        if path.name in folders:
            path.mkdir(parents=True, exist_ok=True)
    for path in outputs:
        if path.name not in folders:
            write_text(
                path, '{"raw_digest": "", "dataset": "tiny"}' if path.name == "dataset.json" else "id,image,label,\n"
            )
    for path in outputs:
        os.utime(path, (1e9, 1e9))
    graph = planned(plan, [target])
    for subset in ("test", "unlabelled"):
        table = Path(f"data/tiny/splits/few/{subset}.csv")
        os.utime(table, (2e9, 2e9))
        found, total = dry_run(root, target, "--rerun-triggers", "mtime")
        again = reached(plan, graph, [table.as_posix()])
        assert counted(again) == found and len(again) == total
        assert ("train" in found) == (subset == "unlabelled") and "evaluate" in found
        os.utime(table, (1e9, 1e9))
