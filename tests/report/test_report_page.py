"""report.html as a whole: what it says, that it is one file, and that no name of a user's becomes markup."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from resealed import reseal
from untrained_run import Untrained, hostile_run

from dissent.config.task import css
from dissent.core.files import DOUBT_PALETTE, read_json, read_table, write_json, write_table
from dissent.report import page as page_module
from dissent.report.page import LIMIT, write_report
from dissent.report.tiles import NOBODY_KNOWS
from dissent.steps.train import write_history

VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """Ids, links, what would be loaded, text by section, and whether tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded, self.scripts, self.handlers = [], [], [], 0, []
        self.around = []
        self.open, self.section, self.text, self.tables = [], "", {}, 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attributes)
        self.section = found.get("id", "") if tag in ("section", "header") else self.section
        self.scripts += tag == "script"
        self.tables += tag == "table"
        self.ids += [found["id"]] if "id" in found else []
        self.handlers += [name for name in found if name.startswith("on")]
        for name in ("src", "href", "srcset", "xlink:href", "data", "action"):
            if name in found:
                beside = self.around if tag == "a" else self.loaded
                (self.links if found[name].startswith("#") else beside).append(found[name])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> in the wrong place"

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data


def written(arguments, out="report.html", **more):
    write_report(**arguments | more, out=out)
    return Path(out).read_text("utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run with hostile names, and the arguments of its report; nothing may be changed there."""
    folder = tmp_path_factory.mktemp("run")
    return folder, hostile_run(folder), (folder / "report.html").read_text("utf-8")


@pytest.fixture
def text(made):
    """The page."""
    return made[2]


@pytest.fixture
def arguments(made, in_tmp):
    """A copy of the run in the working directory, without controls."""
    shutil.copytree(made[0], in_tmp, dirs_exist_ok=True)
    return made[1] | {"controls": {}}


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_other_kinds_of_task_have_their_page(root, in_tmp, monkeypatch, kind):
    run = Untrained(root, monkeypatch, kind)
    text = written(run.report(controls=()))
    page = Page(text)
    for label in run.config.dataset(run.name).task.labels:
        assert label in page.text["classes"] and label in page.text["sheets"]
    assert page.open == [] and len(text) < LIMIT


def test_the_page_is_one_file_whose_parts_are_told_apart(text):
    page = Page(text)
    assert page.open == [] and page.scripts == 1 and not page.handlers
    assert page.loaded and all(re.match(r"data:image/(png|jpeg);base64,", uri) for uri in page.loaded)
    assert page.around == [".", ".."], "the files of the run, and the folder of all runs: no README lies there"
    assert len(set(page.ids)) == len(page.ids) and {link[1:] for link in page.links} <= set(page.ids)
    assert {address for address in re.findall(r"https?://[^\"' <)]+", text) if "www.w3.org" not in address} == set()
    assert not re.search(r"@import|@font-face|url\((?!#)", text)


def test_the_page_says_what_the_tables_say(made, text):
    last, audit = (read_json(made[0] / "results/tiny/gen2" / name) for name in ("metrics.json", "audit.json"))
    said = Page(text).text
    sentence = text[text.index('<p class="verdict') :].split("</p>")[0]
    assert f"{100 * last['test']['pool']['iou']['mean']:.1f} on 6 test images" in sentence
    assert "<code>dissent predict results/tiny/gen2 PHOTOS OUT</code>" in text
    assert "points against ldt_equal_steps" in sentence and "points against aldt" in sentence and "fdt" not in sentence
    for subset in ("val", "test"):
        assert f"{100 * last[subset]['best']['iou']['value']:.1f}" in said["scores"]
    assert last["definitions"]["iou"] in said["scores"] and "reads hidden masks" in said["scores"]
    assert f"{100 * last['pseudo_labels']['doubt_share']:.1f}" in said["pseudo"]
    assert f"{100 * audit['all_images']['wrong_outside']:.1f}" in said["audit"]
    assert audit["definitions"]["precision"] in said["audit"]
    for words in ("900", "im_clean, all", "cpu", "fdt (upper bound"):
        assert words in said["cost"]
    for words in ("Most doubtful", "Least doubtful", "Random", "Most changed"):
        assert words in said["sheets"]
    command = "snakemake --cores 2 results/tiny/report.html --config config_dir="
    for words in (
        command,
        "torch",
        "gen2/students/1/model.safetensors",
        "splits/few/hidden.csv",
        "method_name: im_clean",
    ):
        assert words in said["run"]


def test_every_student_is_a_dot(arguments):
    """One more student in the pool is one more dot in the plot of that subset."""

    def dots():
        text = written(arguments)
        return {subset: _plot(text, subset).count("<use ") for subset in ("val", "test")}

    before = dots()
    metrics = read_json("results/tiny/gen1/metrics.json")
    metrics["test"]["students"]["student3"] = metrics["test"]["students"]["student1"]
    write_json("results/tiny/gen1/metrics.json", metrics)
    assert dots() == {"val": before["val"], "test": before["test"] + 1}


def _plot(text, subset):
    plot = text[text.index(f'aria-label="iou on {subset} images') :]
    return plot[: plot.index("</svg>")]


def test_controls_are_lines_across_and_upper_bounds_are_marked(text):
    legend = text[text.index('id="scores"') :].split("<ul")[1].split("</ul>")[0]
    assert "ldt_equal_steps: mean, the same students as gen0" in legend
    for name in ("aldt", "fdt (upper bound: reads hidden masks)"):
        assert f"{name}: mean, and its students" in legend
    for colour in ("--c1", "--c2", "--c3"):
        assert colour in legend and colour in _plot(text, "val") and colour in _plot(text, "test")


def test_plots_take_their_colours_from_the_page(text):
    assert not re.search(
        r"#(0072b2|d55e00|009e73|cc79a7|e69f00|010203)", text.split("</style>", 1)[1].split("<table")[0]
    )
    assert "currentColor" in _plot(text, "val")


def test_the_legend_has_the_colours_of_the_masks_and_of_what_is_drawn_on_them(text):
    legend = text[text.index('id="through"') :].split('<ul class="legend">')[1].split("</ul>")[0]
    colours = re.findall(r'"background: (#\w{6})"></span>([^<:]+)', legend)
    assert colours[-2:] == [(css(NOBODY_KNOWS), "nobody knows"), (css(DOUBT_PALETTE[255]), "doubt")]
    assert [colour for colour, _ in colours] == ["#000000", "#e69f00", "#808080", "#ff5a3c"]


def test_names_of_users_stay_text(text):
    assert "<img src=x" not in text and "i05a&lt;img src=x onerror=alert(1)&gt;&amp;amp;" in text
    assert "{{ 7*7 }}" in text and Page(text).handlers == []


def test_the_same_run_gives_the_same_bytes(arguments):
    assert written(arguments) == written(arguments, "again.html")


def test_what_is_not_there_is_left_out(arguments):
    Path(arguments["data"]["hidden"]).write_text("id,image,label,image_sha256,label_sha256\n")
    reseal(arguments["data"]["hidden"])
    for g in (1, 2):
        write_json(f"results/tiny/gen{g}/audit.json", {"run": "tiny", "generation": g, "hidden_masks": 0})
    text = written(arguments)
    page = Page(text)
    assert "no unlabelled image has a true mask to compare with" in page.text["audit"]
    assert "Inside the doubt" not in page.text["audit"] and "hidden truth" not in page.text["sheets"]
    assert "Cannot tell yet (no controls)" in text
    text = written(arguments, generations=arguments["generations"][:1])
    page = Page(text)
    assert "No generations to judge" in text and not {"pseudo", "through", "sheets"} & set(page.text)
    assert "this run has no pseudo-labels" in page.text["audit"]
    assert {"scores", "classes", "cost", "run"} <= set(page.text) and page.open == []


def test_without_test_images_the_verdict_says_on_what_it_rests(arguments):
    for g in range(3):
        path = f"results/tiny/gen{g}/metrics.json"
        write_json(path, read_json(path) | {"test": None})
    text = written(arguments)
    assert "on 4 val images" in text and "there are no test images" in text and "iou on test" not in text


def test_pictures_shrink_until_the_page_is_small_enough(arguments, monkeypatch):
    monkeypatch.setattr(page_module, "_TILE_SIDES", (32, 16))
    whole = len(written(arguments).encode())
    assert len(written(arguments, limit=whole).encode()) < whole
    assert len(written(arguments, limit=whole + 1).encode()) == whole


def test_dropped_images_are_shown_with_the_reason(arguments):
    table = Path("results/tiny/gen2/masks.csv")
    rows = read_table(table)
    rows[0] |= {"kept": "0", "why": "too <b>small</b>"}
    write_table(table, rows, list(rows[0]))
    text = written(arguments)
    assert "Dropped" in Page(text).text["sheets"] and "dropped: too &lt;b&gt;small&lt;/b&gt;" in text


def test_every_student_has_a_curve_of_all_that_its_training_told(arguments):
    """Two students whose learner tells how many pixels were sure; one whose history was not fetched is left out."""
    rows = [
        {"step": step, "score": 0.1 * step, "learning_rate": 0.1, "loss": 1 / step, "sure": 0.5} for step in (1, 2, 3)
    ]
    for student in (1, 2):
        write_history(Path(f"results/tiny/gen1/students/{student}"), rows)
    page = written(arguments)
    assert Page(page).text["learning"].count("Sure pixels of unlabelled images") == 1
    drawn = page[page.index('id="learning"') :].split("</section>")[0]
    both = drawn.count("<path")
    Path("results/tiny/gen1/students/2/history.csv").unlink()
    assert written(arguments).split('id="learning"')[1].split("</section>")[0].count("<path") == both - 3
