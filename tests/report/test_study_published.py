"""What a study's table says of published numbers, of the published code's ways, and of what is reconstructed."""

import csv
import re
from pathlib import Path

import pytest
from study_data import params_of, plan_of, reach
from test_study_table import write

from dissent.config.as_published import PUBLISHED_WAYS
from dissent.config.resolve import Config
from dissent.core.files import read_json, write_json
from dissent.planning import rule_params
from dissent.report.study.cells import Cell, read_block
from dissent.report.study.rows import rows_of


def test_published_numbers_stand_beside_ours(root, in_tmp):
    plan = plan_of(
        root, "experiments: [isic]\nmethods: [aldt, im, im_clean, im_3]\nvariants: {im_3: {of: im, teachers: 3}}\n"
    )
    reach(plan, {"aldt": 72, "im": 71, "im_clean": 74, "im_3": 70}, spread=1)
    forms = write(root, plan)
    assert "| method | ours, published_iou | v3 Study B | ours, published_iou | v2 curves |" in forms["md"]
    assert re.search(r"\| `im` \| 71\.5 ± 0\.7 \| 72\.3 \[1\] \| 71\.5 ± 0\.7 \| 71\.8 \[1\] \|", forms["md"])
    assert re.search(r"\| `im_3` \| 70\.5 ± 0\.7 \| 72\.3 \[2\] \|", forms["md"])
    everywhere = "students ranked by the IoU of the whole set (theirs: mean over images)"
    assert f"[1] not as published: {everywhere}" in forms["md"] and "arXiv 2401.14387 v3" in forms["html"]
    assert f"[2] not as published: other teachers; {everywhere}" in forms["md"]
    assert "`im_clean` | 74" not in forms["md"].split("Beside published numbers")[1]
    [row] = [row for row in csv.DictReader(forms["csv"].splitlines()) if row["method"] == "im_3"]
    assert (row["v3 Study B theirs"], row["v3 Study B unlike"]) == ("72.3", f"other teachers; {everywhere}")


def test_a_published_mean_over_some_labels_is_compared_with_that_of_ours(root, in_tmp):
    plan = plan_of(root, "experiments: [hela]\nmethods: [im]\n")
    reach(plan, {"im": 60})
    end = Path("results/mine.hela.im.s1/gen5/metrics.json")
    found = read_json(end) | {"label_names": ["alive", "dead", "mod_position"]}
    for student in found["test"]["students"].values():
        student["published_iou"] = {"value": 0.5, "per_label": [0.7, 0.6, 0.2]}
    write_json(end, found)
    [v2] = [one for one in rows_of(read_block(params_of(plan)["blocks"][0]))[0].beside if one["name"] == "v2 curves"]
    assert v2["ours"] == pytest.approx(65) and v2["theirs"] == "66.6"


def test_a_run_that_keeps_its_best_generation_is_not_what_was_published(root, in_tmp):
    plan = plan_of(root, "experiments: [isic]\nmethods: [im]\ngenerations: {auto: 5}\n")
    [_, v2] = [table["rows"]["im"] for table in params_of(plan)["blocks"][0]["published"]]
    assert v2["unlike"][0] == "other generations"


def test_tables_say_what_is_as_in_the_published_code(root, in_tmp):
    plan = plan_of(root, "experiments: [hela, tiny]\nmethods: [ldt, im]\n")
    hela, tiny = params_of(plan)["blocks"]
    on = {row["method"]: row["as_published"] for row in hela["rows"]}
    assert set(on["im"]) - set(on["ldt"]) == {"doubt_is_background", "drifting_positions"}
    assert {"no_antialias", "absolute_decay", "weighted_targets", "overlapping_crops"} <= set(on["ldt"])
    assert tiny["rows"][0]["as_published"] == ["absolute_decay", "slow_norm"]
    reach(plan, {"ldt": 50, "im": 60})
    forms = write(root, plan)
    words = "overlapping_crops (a fault of the published code: crops of one image that overlap are labelled and unlabelled; `by: crop`): all"
    assert words in forms["md"] and words in forms["html"] and r"overlapping\_crops (a fault" in forms["tex"]
    [row] = [
        row
        for row in csv.DictReader(forms["csv"].splitlines())
        if row["experiment"] == "tiny" and row["method"] == "im"
    ]
    assert row["as_published"] == "absolute_decay slow_norm doubt_is_background large_objects_only"


def test_the_documents_list_every_deviation(root):
    page = (root / "docs" / "explanation" / "protocol.md").read_text("utf-8")
    rows = [
        f"| `{name}`{' (fault)' if one.fault else ''} | {one.says} | `{one.key}` |"
        for name, one in PUBLISHED_WAYS.items()
    ]
    assert [
        line for line in page.splitlines() if line.split("`")[:2] in [["| ", name] for name in PUBLISHED_WAYS]
    ] == rows


def test_what_is_reconstructed_is_called_so_wherever_it_is_read(root):
    """In a run's report and in a study's table; other methods stand there by their names alone."""
    config = Config(root / "config")
    of = {
        name: rule_params.report(config.run(f"demo.{name}"), [], code, config)["run"]["method"]
        for name in ("segkc", "cps")
    }
    assert of == {"segkc": "segkc (SegKC-style, reconstructed)", "cps": "cps"}
    pool = {"upper_bound": False, "labels_alone": False, "ends": {}, "made": {}, "whole": {}, "scores": {}, "block": ""}
    assert Cell("segkc", remark=config.run("demo.segkc").method.learn.remark, **pool).shown == of["segkc"]
    assert Cell("fdt", remark="", **pool | {"upper_bound": True}).shown == "fdt (upper bound)"


def code(*names):
    return "code"
