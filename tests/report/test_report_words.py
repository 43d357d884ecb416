"""What the report says to who opens it first: title, what was done, ten words; and what is told once only."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from untrained_run import Untrained

from dissent.report import plain, plots, tables
from dissent.report.page import write_report
from dissent.report.run_results import Story


@pytest.fixture
def run(root, in_tmp, monkeypatch):
    return Untrained(root, monkeypatch)


def story_of(arguments):
    return Story.read(*(arguments[name] for name in ("params", "generations", "controls", "data")))


def verdict(said, judged=("ldt_equal_steps", "aldt")):
    return SimpleNamespace(said=said, against=[SimpleNamespace(name=name, judged=True) for name in judged])


def test_title_and_first_sentences_need_no_other_word(run):
    story = story_of(run.report())
    assert plain.title(story, verdict("worth it")) == "tiny: the unlabelled images helped"
    assert plain.title(story, verdict("")) == "tiny: networks that find disc"
    assert plain.done(story) == (
        "2 networks (students) learned to find disc from 4 labelled images. The best of them (teachers) labelled 8 unlabelled "
        "images, and new students learned from these too. This was done twice."
    )
    last, control = (
        100 * one.metrics["test"]["pool"]["iou"]["mean"] for one in (story.last, story.controls["ldt_equal_steps"])
    )
    assert plain.found(story, verdict("worse", ["ldt_equal_steps"]), "test") == (
        f"On average, the last ones reach {last:.1f} % IoU on 6 test images. For comparison: {control:.1f} % from labelled "
        "images only, for as many steps. This loss is more than chance explains, for this seed."
    )


def test_the_ten_words_stand_in_the_glossary_too(root):
    page = (root / "docs/reference/glossary.md").read_text("utf-8")
    terms = {term for line in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for term in line.split(", ")}
    assert len(plain.GLOSSARY) == 10 and set(plain.GLOSSARY) <= terms


def test_students_of_a_generation_that_are_a_controls_stand_once(run):
    story = story_of(run.report())
    rows = [(row["name"], row["generation"], row["note"]) for row in tables.score_rows(story, "test")]
    assert rows == [
        ("im_clean", "gen0", "the same students as ldt_equal_steps"),
        ("im_clean", "gen1", ""),
        ("im_clean", "gen2", ""),
        ("aldt", "gen0", ""),
        ("fdt", "gen0", "upper bound: reads hidden masks"),
    ]


def test_one_generation_has_no_slider(run):
    write_report(**run.report(generations=1, controls=()), out="report.html")
    page = Path("report.html").read_text("utf-8")
    assert 'id="which"' in page and 'type="range"' not in page and "<h2>One image</h2>" in page


@pytest.mark.parametrize(("points", "marked"), [(1, True), (2, True), (12, False)])
def test_a_curve_of_few_points_has_markers(points, marked):
    """A line of one point has no length: the panel would be empty."""
    curve = (list(range(points)), [0.5] * points)
    drawn = plots.curves("learning", [(plots.POOL, 1.0, [curve])], "score", "score against steps")
    assert "stroke: var(--c0)" in drawn and ("fill: var(--c0)" in drawn) == marked
