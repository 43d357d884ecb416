"""Score against label fraction: what a method is worth in labels, the figure and its points."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from study_data import BASE, params_of, plan_of, reach

from dissent.core.files import write_text
from dissent.report.study.cells import read_block
from dissent.report.study.labels import _crossing, curves, worths
from dissent.report.study.page import write_labels, write_tables
from dissent.report.study.render import worth_line

SHARES = (0.02, 0.05, 0.1, 0.2)
LABELLED = (20, 50, 100, 200)
SCORES = {  # percent under each share
    "ldt_equal_steps": (40, 50, 60, 70),
    "aldt": (50, 60, 70, 80),
    "im_clean": (55, 70, 84, 85),
}


def study(root, students=2):
    for index, (share, labelled) in enumerate(zip(SHARES, LABELLED, strict=True)):
        scores = {method: values[index] for method, values in SCORES.items()}
        reach(plan_of(root, f"{BASE}label_fractions: [{share}]\n"), scores, students=students)
        write_text(f"data/tiny/splits/few-{100 * share:g}pct/labelled.csv", "id\n" + "x\n" * labelled)
    return plan_of(root, f"{BASE}label_fractions: {list(SHARES)}\n")


def test_a_score_is_worth_the_labels_with_which_the_control_reaches_it():
    counts = np.log(LABELLED)
    assert _crossing(60, SCORES["aldt"], counts) == pytest.approx(50)
    assert _crossing(65, SCORES["aldt"], counts) == pytest.approx(math.sqrt(50 * 100)), "halfway on a log scale"
    assert _crossing(50, SCORES["aldt"], counts) == pytest.approx(20)
    assert _crossing(49, SCORES["aldt"], counts) == -math.inf and _crossing(81, SCORES["aldt"], counts) == math.inf
    # a curve that falls counts as flat: more labels are never worth less
    assert _crossing(62, [50, 60, 58, 80], counts) == pytest.approx(100 * 2**0.1)


def test_worth_has_an_interval_and_tells_where_nothing_was_tried(root, in_tmp):
    blocks = [read_block(about, rounds=200) for about in params_of(study(root))["blocks"]]
    [methods] = curves(blocks).values()
    assert [point.labelled for point in methods["aldt"]] == list(LABELLED)
    found = {(one.control, one.point.labelled): one for one in worths(methods)}
    assert {one.method for one in found.values()} == {"im_clean"}, "controls are worth their own labels"
    value, low, high = found["aldt", 50].labels
    assert value == pytest.approx(100, rel=0.02) and low < value < high and high < 150
    assert worth_line(found["aldt", 200])[3:] == ["more than 200", "more than 200 to more than 200"]


def test_one_student_of_one_seed_has_no_interval_of_labels(root, in_tmp):
    plan = study(root, students=1)
    blocks = [read_block(about, rounds=200) for about in params_of(plan)["blocks"]]
    one = worths(curves(blocks)["tiny"])[1]
    assert one.point.labelled == 50 and one.labels[1:] == (None, None) and worth_line(one)[-1] == "-"
    write_labels(
        params_of(plan), {"csv": "labels.csv", "svg": "labels.svg", "png": "labels.png", "json": "labels.json"}
    )
    rows = csv.DictReader(Path("labels.csv").read_text().splitlines())
    assert {(row["worth_low"], row["worth_high"]) for row in rows if row["worth"]} == {("", "")}


def test_splits_are_drawn_against_their_labels_a_panel_a_family(root, in_tmp):
    splits = ("ours_20", "ours_50", "theirs_50")
    plan = plan_of(root, f"{BASE}splits: [{', '.join(splits)}]\n")
    with Path("settings/datasets/tiny.yaml").open("a") as stream:
        stream.writelines(f"  {name}: {{seed: 1, labelled: 4, unlabelled: 8, val: 4, test: 6}}\n" for name in splits)
    assert plan.config.study("mine")[0].draws_labels
    reach(plan, {"ldt_equal_steps": 60, "aldt": 50, "im_clean": 55})
    for name in splits:
        write_text(f"data/tiny/splits/{name}/labelled.csv", "id\n" + "x\n" * int(name.split("_")[1]))
    found = curves([read_block(about, rounds=50) for about in params_of(plan)["blocks"]])
    assert {panel: [point.labelled for point in methods["aldt"]] for panel, methods in found.items()} == {
        "tiny, ours": [20, 50],
        "tiny, theirs": [50],
    }
    write_labels(params_of(plan), {kind: f"labels.{kind}" for kind in ("csv", "svg", "png", "json")})
    assert "tiny, theirs" in Path("labels.svg").read_text()
    rows = list(csv.DictReader(Path("labels.csv").read_text().splitlines()))
    assert {(row["experiment"], row["split"], row["labelled"]) for row in rows} == {
        ("tiny", name, name.split("_")[1]) for name in splits
    }
    assert not plan_of(root, f"{BASE}splits: [few]\n").config.study("mine")[0].draws_labels


def test_figure_and_points_are_the_same_bytes_again(root, in_tmp):
    plan = study(root)
    kinds = ("svg", "png", "csv", "json")
    for folder in ("one", "two"):
        write_labels(params_of(plan), {kind: f"{folder}/labels.{kind}" for kind in kinds})
    for kind in kinds:
        assert Path(f"one/labels.{kind}").read_bytes() == Path(f"two/labels.{kind}").read_bytes(), kind
    picture = Path("one/labels.svg").read_text()
    assert "im_clean" in picture and "labelled images" in picture and "<dc:date>" not in picture
    assert Path("one/labels.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader(Path("one/labels.csv").read_text().splitlines()))
    [row] = [row for row in rows if (row["method"], row["labelled"], row["control"]) == ("im_clean", "50", "aldt")]
    assert float(row["mean"]) == pytest.approx(0.7, abs=0.002) and row["worth"] == "100" and row["share"] == "0.05"
    assert len(rows) == 4 + 4 + 2 * 4 and not [row for row in rows if row["method"] == "aldt" and row["worth"]]


def test_the_table_of_a_study_of_labels_has_a_block_for_each_and_says_what_labels_are_worth(root, in_tmp):
    plan = study(root)
    out = {kind: f"table.{kind}" for kind in ("html", "md", "csv", "tex", "json")}
    write_tables(params_of(plan), str(root / "workflow" / "report"), out)
    text = Path("table.md").read_text()
    assert text.count("## tiny, ") == 4 and "## tiny, 5 % labelled (data set tiny, split few-5pct" in text
    assert "| im_clean | 50 | aldt | 100 |" in text
    tex = Path("table.tex").read_text()
    assert (
        r"im\_clean & 50 & aldt & 100 & " in tex
        and r"\caption{tiny: labels with which a control scores as high.}" in tex
    )
    page = Path("table.html").read_text()
    assert '<svg role="img" aria-label="score against labels"' in page and "<td>more than 200</td>" in page
