"""Alarms: each planted cause is told with its remedy, healthy generations stay silent, and the page lists them all."""

import re
import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from discs import SETTINGS, config
from resealed import reseal
from untrained_run import Untrained

from dissent.config.rare_classes import RareClasses
from dissent.config.remedies import had
from dissent.config.resolve import Config
from dissent.core.files import read_json, read_table, sha256, write_image, write_table, write_text
from dissent.evaluation.diagnostics import ALARMS, raised
from dissent.report.page import write_report

PSEUDO = {
    "images": 1344, "kept": 996, "dropped": {"doubt is not smaller than the agreed foreground": 348}, "doubt_share": 0.065,
    "disagreement": 0.065, "class_share": {"background": 0.782, "lesion": 0.218}, "empty_share": 0.03,
    "labelled_class_share": {"background": 0.773, "lesion": 0.227}, "labelled_empty_share": 0.0, "small_of_dropped": 0.79,
    "kept_for_doubt": None,
}  # fmt: skip
SUBSET = {"images": 150, "brightness": 140.0, "spread": 28.0, "flat": 0.0, "pixels": 4_000_000.0}
SHOWN = {"val": {"images": 150, "with_objects": 150}}


def turn(score, doubt, changed, sd=0.008):
    return {"score": score, "sd": sd, "doubt": doubt, "changed": changed, "students": 2, "zero": 0}


def numbered(*turns):
    return [{"generation": g} | one for g, one in enumerate(turns)]


# what real runs of this project left behind (ISIC, nuclei), and what is as it should be elsewhere
HEALTHY = {
    "isic": {
        "pseudo": PSEUDO,
        "teachers": {"asked": 2, "different": 2},
        "history": numbered(turn(0.69, None, None), turn(0.694, 0.073, None), turn(0.704, 0.065, 0.015)),
        "subsets": {"labelled": SUBSET, "unlabelled": SUBSET | {"brightness": 151.0}, "val": SUBSET | {"pixels": 6_000_000.0}},
    },
    "nuclei": {
        "pseudo": PSEUDO | {"images": 74, "kept": 74, "dropped": {}, "doubt_share": 0.011, "disagreement": 0.011}
        | {"class_share": {"background": 0.82, "x": 0.18}, "labelled_class_share": {"background": 0.86, "x": 0.14}}
        | {"small_of_dropped": None},
        "teachers": {"asked": 2, "different": 2},
        "history": numbered(turn(0.85, None, None), turn(0.857, 0.017, None), turn(0.863, 0.011, 0.003)),
        "subsets": {"labelled": SUBSET | {"brightness": 20.0, "spread": 9.0}, "unlabelled": SUBSET | {"brightness": 29.0, "spread": 14.0}},
    },
    "gen0": {"pseudo": None, "teachers": None, "history": numbered(turn(0.8, None, None)), "subsets": {"labelled": SUBSET}},
    "fewer errors in counting, and less doubt": {
        "ranked_by": "mcce",
        "pseudo": PSEUDO,
        "teachers": {"asked": 2, "different": 2},
        "history": numbered(turn(9.9, None, None), turn(5.0, 0.1, None), turn(3.1, 0.05, 0.03)),
        "subsets": {},
    },
    "one teacher has no doubt": {
        "pseudo": PSEUDO | {"disagreement": 0.0, "doubt_share": 0.0},
        "teachers": {"asked": 1, "different": 1},
        "history": numbered(turn(0.8, None, None), turn(0.81, 0.0, None)),
        "subsets": {},
    },
    "a fall within the pool's sd": {
        "pseudo": PSEUDO,
        "teachers": {"asked": 2, "different": 2},
        "history": numbered(turn(0.704, 0.1, None), turn(0.702, 0.08, 0.06), turn(0.7, 0.05, 0.03)),
        "subsets": {},
    },
    "a rare class that is doubted a little more": {
        "pseudo": PSEUDO | {"class_share": {"road": 0.996, "pole": 0.004}, "labelled_class_share": {"road": 0.99, "pole": 0.01}},
        "teachers": {"asked": 2, "different": 2},
        "history": numbered(turn(0.5, None, None), turn(0.52, 0.1, None)),
        "subsets": {"labelled": SUBSET | {"images": 2, "brightness": 10.0}, "test": SUBSET},
    },
}  # fmt: skip
HEALTHY = {name: {"ranked_by": "iou", "shown": SHOWN, "had": []} | facts for name, facts in HEALTHY.items()}

PLANTED = {
    "class_vanishes": {
        "pseudo": {"class_share": {"a": 0.8, "b": 0.195, "c": 0.005}, "labelled_class_share": {"a": 0.78, "b": 0.12, "c": 0.1}},
    },
    "class_floods": {"pseudo": {"class_share": {"background": 0.2, "lesion": 0.8}}},
    "all_background": {"pseudo": {"empty_share": 0.97}},
    "no_doubt": {"pseudo": {"disagreement": 0.0004}},
    "all_doubt": {"pseudo": {"doubt_share": 0.93}},
    "identical_teachers": {"teachers": {"asked": 3, "different": 2}},
    "agreement_without_gain": {
        "history": numbered(turn(0.71, None, None), turn(0.7, 0.07, None), turn(0.68, 0.04, 0.02)),
    },
    "restless_labels": {
        "history": numbered(
            turn(0.7, None, None), turn(0.7, 0.07, None), turn(0.7, 0.07, 0.09), turn(0.7, 0.07, 0.11), turn(0.7, 0.07, 0.1)
        ),
    },
    "nothing_to_find": {"shown": {"val": {"images": 3, "with_objects": 0}, "test": {"images": 3, "with_objects": 2}}},
    "learned_nothing": {"history": numbered(turn(0.7, None, None), turn(0.4, 0.07, None) | {"zero": 1})},
    "flat_images": {"subsets": {"val": SUBSET | {"flat": 0.5}}},
    "brightness_differs": {"subsets": {"unlabelled": SUBSET | {"brightness": 45.0}}},
    "size_differs": {"subsets": {"test": SUBSET | {"pixels": 300_000.0}}},
    "filter_drops_nearly_everything": {"pseudo": {"kept": 60}},
    "filter_drops_small_objects": {"pseudo": {"small_of_dropped": 0.96}},
}  # fmt: skip


def names(facts):
    return [one["alarm"] for one in raised(facts)]


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_generations_stay_silent(name):
    assert names(HEALTHY[name]) == []


@pytest.mark.parametrize("name", ALARMS)
def test_a_planted_cause_is_told_with_its_remedy(name):
    facts = deepcopy(HEALTHY["isic"])
    for key, value in PLANTED[name].items():
        facts[key] = value if isinstance(value, list) else facts[key] | value
    [one] = raised(facts)
    assert one["alarm"] == name and any(letter.isdigit() for letter in one["seen"])
    assert one["cause"] == ALARMS[name].cause and one["remedy"] == ALARMS[name].remedy


def test_a_remedy_that_the_run_has_already_is_none(root):
    facts = deepcopy(HEALTHY["isic"])
    facts["pseudo"] |= PLANTED["class_vanishes"]["pseudo"]
    assert "`rare_classes: {}`" in raised(facts)[0]["remedy"]
    [one] = raised(facts | {"had": ["rare_classes: {}", "loss: [ohem]", "inconsistency: {target: ignore}"]})
    assert one["remedy"].startswith("label more images that show it; more steps; `labelled_batch_fraction: 0.5`")
    assert "rare_classes" not in one["remedy"] and one["remedy"].endswith(
        "`loss_options: {class_weights: [...]}` there"
    )
    run = config(root).run("tiny.im_clean")
    ours = [
        "inconsistency: {target: ignore}",
        "labelled_batch_fraction: 0.5",
        "augmentation: strong",
        "loss: [ce, dice]",
    ]
    assert had(run, 1) == ours
    drawn = run.model_copy(update={"network": run.network.model_copy(update={"rare_classes": RareClasses()})})
    assert "rare_classes: {}" in had(drawn, 1)
    known = {word for alarm in ALARMS.values() for word in re.findall("`([^`]+)`", alarm.remedy)}
    assert set(had(drawn, 1)) <= known, "a setting is named as the remedies name it"


def test_errors_that_rise_while_doubt_falls_are_told():
    rising = numbered(turn(3.1, None, None), turn(5.0, 0.1, None), turn(9.9, 0.05, 0.03))
    [one] = raised(HEALTHY["isic"] | {"ranked_by": "mcce", "history": rising})
    assert one["alarm"] == "agreement_without_gain"
    assert one["seen"].startswith("errors on validation rose from 3.1 to 5 to 9.9 while doubt fell from 10 % to 5 %")


def test_the_page_of_the_documents_lists_every_alarm(root):
    page = (root / "docs" / "explanation" / "stopping.md").read_text("utf-8")
    rows = [f"| `{name}` | {one.when} | {one.cause} | {one.remedy} |" for name, one in ALARMS.items()]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


def test_a_run_tells_its_alarms_in_metrics_log_and_page(root, in_tmp, monkeypatch, caplog):
    run = Untrained(root, monkeypatch)
    arguments = run.report(controls=())
    quiet = [read_json(f"results/tiny/gen{g}/metrics.json")["alarms"] for g in range(3)]
    assert quiet == [[], [], []], "discs in noise are a healthy run"
    subsets = read_json("results/tiny/gen0/metrics.json")["subsets"]
    assert {name: (one["images"], one["pixels"]) for name, one in subsets.items()} == {
        "labelled": (4, 1024.0), "unlabelled": (8, 1024.0), "val": (4, 1024.0), "test": (6, 1024.0),
    }  # fmt: skip
    write_report(**arguments, out="report.html")
    assert 'class="alarms"' not in Path("report.html").read_text("utf-8")

    # all students of gen0 are one, and the unlabelled images are of another camera
    _darken(run.subsets["unlabelled"])
    shutil.rmtree("results")
    monkeypatch.setattr(run, "_weights", lambda g, i: {"generation": g, "student": i if g else 1})
    run.build("tiny", 1)
    found = {one["alarm"] for one in read_json("results/tiny/gen1/metrics.json")["alarms"]}
    assert {"identical_teachers", "brightness_differs"} <= found
    assert "alarm identical_teachers: of 2 teachers 1 differ. Cause: " in caplog.text
    write_report(**arguments | {"generations": arguments["generations"][:2]}, out="report.html")
    page = Path("report.html").read_text("utf-8")
    assert "<b>brightness_differs</b> (gen0, gen1): mean grey level of labelled images" in page
    assert page.index('class="verdict') < page.index('class="alarms"') < page.index("<nav")


NOTHING, ALL = 200, -60  # offsets with which a threshold finds nothing, or everything

# alarm: the kind of task, the method, and what teachers get for an offset: f(generation, student)
CAUSES = {
    "class_vanishes": ("multiclass", "im_clean", lambda g, i: NOTHING - i),
    "class_floods": ("multilabel", "im_clean", lambda g, i: ALL - i),
    "all_background": ("binary", "im_clean", lambda g, i: NOTHING),
    "no_doubt": ("binary", "im_clean", lambda g, i: 10),
    "all_doubt": ("binary", "im_clean", lambda g, i: (ALL, NOTHING)[i - 1]),
    "agreement_without_gain": ("binary", "im_clean", lambda g, i: (5, 60 - 25 * g)[i - 1]),
    "restless_labels": ("binary", "im_clean", lambda g, i: (ALL, NOTHING)[g % 2] + i),
    "filter_drops_nearly_everything": ("binary", "im", lambda g, i: (ALL, 5)[i - 1]),
    "filter_drops_small_objects": ("binary", "im", lambda g, i: (5, 60)[i - 1]),
}


@pytest.mark.parametrize("alarm", CAUSES)
def test_a_cause_in_the_images_or_teachers_is_found_by_evaluate(root, in_tmp, monkeypatch, alarm):
    kind, method, offset = CAUSES[alarm]
    run = Untrained(root, monkeypatch, kind)
    mine = (SETTINGS / f"experiments/{run.name}.yaml").read_text().replace("generations: 2", "generations: 4")
    write_text(f"settings/experiments/{run.name}.yaml", mine)
    run.config = Config("settings", SETTINGS, root / "config")
    monkeypatch.setattr(run, "_offset", lambda row: offset(int(Path(row["folder"]).parts[2][-1]), row["student"]))
    if alarm == "agreement_without_gain":
        monkeypatch.setattr(run, "_score", lambda g, i: 0.8 - 0.1 * g + 0.01 * i)
    if alarm == "filter_drops_small_objects":
        _shrink_half(run.subsets["unlabelled"])
    name = run.name if method == "im_clean" else f"{run.name}.{method}"
    last = {"restless_labels": 4, "agreement_without_gain": 2}.get(alarm, 1)
    folders = run.build(name, last)
    assert alarm in [one["alarm"] for one in read_json(f"{folders[-1]}/metrics.json")["alarms"]]


def _shrink_half(table):
    """Large bright squares in one half of the images; in the other small ones in a dim square that only one teacher sees."""
    rows = read_table(table)
    for number, row in enumerate(rows):
        image = np.full((32, 32, 3), 60, np.uint8)
        if number % 2:
            image[4:10, 4:10], image[5:8, 5:8] = 120, 250
        else:
            image[4:24, 4:24] = 250
        write_image(row["image"], image)
        row["image_sha256"] = sha256(row["image"])
    write_table(table, rows, tuple(rows[0]))
    reseal(table)


def _darken(table):
    rows = read_table(table)
    for row in rows:
        write_image(row["image"], np.zeros((32, 32, 3), np.uint8))
        row["image_sha256"] = sha256(row["image"])
    write_table(table, rows, tuple(rows[0]))
    reseal(table)
