"""report.html as a whole: what it says, that it is one file, and that no name of a user's becomes markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from untrained_run import HOSTILE, Untrained

from dissent.files import read_json
from dissent.report.page import LIMIT, write_report

VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """Ids, links, what would be loaded, text by section, and whether tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded, self.scripts, self.handlers = [], [], [], 0, []
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
                (self.links if found[name].startswith("#") else self.loaded).append(found[name])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> in the wrong place"

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data


def written(out="report.html", **arguments):
    write_report(**arguments, out=out)
    return Path(out).read_text("utf-8")


@pytest.fixture
def run(root, in_tmp, monkeypatch):
    return Untrained(root, monkeypatch, names=lambda name: name + HOSTILE if name in ("i05", "i11") else name)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_kind_of_task_has_its_page(root, in_tmp, monkeypatch, kind):
    run = Untrained(root, monkeypatch, kind)
    text = written(**run.report(controls=("aldt",)))
    page = Page(text)
    for label in run.config.dataset(run.name).task.labels:
        assert label in page.text["classes"] and label in page.text["sheets"]
    assert page.open == [] and len(text) < LIMIT


def test_the_page_is_one_file_whose_parts_are_told_apart(run):
    page = Page(written(**run.report()))
    assert page.loaded and all(re.match(r"data:image/(png|jpeg);base64,", uri) for uri in page.loaded)
    assert page.scripts == 1 and not page.handlers
    assert len(set(page.ids)) == len(page.ids) and {link[1:] for link in page.links} <= set(page.ids)
    assert not re.findall(r"(?:https?:)?//(?!www\.w3\.org/|[^\"]*\.dtd)\w+\.\w+", written(**run.report(controls=())))


def test_the_page_says_what_the_tables_say(run):
    arguments = run.report()
    text = written(**arguments)
    page = Page(text)
    last = read_json("results/tiny/gen2/metrics.json")
    audit = read_json("results/tiny/gen2/audit.json")["all_images"]
    said = page.text[""] if "gen2 of im_clean" in page.text[""] else page.text["verdict"]
    assert f"{100 * last['test']['pool']['iou']['mean']:.1f} on 6 test images" in said
    assert "points against ldt_equal_steps" in said and "points against aldt" in said and "points against fdt" not in said
    for side in ("val", "test"):
        assert f"{100 * last[side]['best']['iou']['value']:.1f}" in page.text["scores"]
    assert last["definitions"]["iou"] in page.text["scores"] and "reads hidden masks" in page.text["scores"]
    pseudo = last["pseudo_labels"]
    assert f"{100 * pseudo['doubt_share']:.1f}" in page.text["pseudo"]
    assert f"{100 * audit['wrong_outside']:.1f}" in page.text["audit"] and "how often doubt is right" in page.text["audit"]
    assert "900" in page.text["cost"] and "im_clean, all" in page.text["cost"] and "cpu" in page.text["cost"]
    for words in ("Most doubtful", "Least doubtful", "Random", "Most changed"):
        assert words in page.text["sheets"]
    for words in ("snakemake --cores 2 results/tiny/report.html --config settings=", "torch", "model.safetensors", "im_clean"):
        assert words in page.text["run"]


def test_every_student_is_a_dot(run, monkeypatch):
    """One more student in the pool is one more dot in the plot of that side."""

    def dots(generations):
        text = Page(written(**arguments)).text and Path("report.html").read_text()
        plot = text[text.index("scores-test-") :]
        return plot[: plot.index("</svg>")].count("<use ")

    arguments = run.report(controls=())
    before = dots(2)
    metrics = read_json("results/tiny/gen1/metrics.json")
    metrics["test"]["students"]["student3"] = metrics["test"]["students"]["student1"]
    from dissent.files import write_json

    write_json("results/tiny/gen1/metrics.json", metrics)
    assert dots(2) == before + 1


def test_names_of_users_stay_text(run):
    text = written(**run.report())
    assert "i05" in text and "<img src=x" not in text and "&lt;img src=x onerror=alert(1)&gt;&amp;amp;" in text
    assert "{{ 7*7 }}" in text and Page(text).handlers == []


def test_the_same_run_gives_the_same_bytes(run):
    arguments = run.report()
    assert written(**arguments) == written("again.html", **arguments)


def test_without_hidden_masks_controls_or_generations(root, in_tmp, monkeypatch):
    run = Untrained(root, monkeypatch, hidden=False)
    page = Page(written(**run.report(controls=())))
    assert "audit" not in page.text and "hidden truth" not in page.text["sheets"]
    assert "Without controls nothing can be said" in "".join(page.text.values())
    alone = run.report(controls=())
    page = Page(written(**alone | {"generations": alone["generations"][:1]}))
    assert "No generations to judge" in "".join(page.text.values())
    assert not {"pseudo", "audit", "through", "sheets"} & set(page.text)
    assert {"scores", "classes", "cost", "run"} <= set(page.text)


def test_pictures_shrink_until_the_page_is_small_enough(root, in_tmp, monkeypatch):
    run = Untrained(root, monkeypatch)
    from dissent.report import page

    monkeypatch.setattr(page, "_SIDES", (32, 16, 8))
    arguments = run.report(controls=())
    whole = len(written(**arguments))
    assert len(written(**arguments, limit=whole)) < whole and len(written(**arguments, limit=whole + 1)) == whole


def test_dropped_images_are_shown_with_the_reason(run):
    arguments = run.report(controls=())
    table = Path("results/tiny/gen2/masks.csv")
    lines = table.read_text().splitlines()
    why = lines[0].split(",").index("why")
    cells = lines[1].split(",")
    cells[why - 1], cells[why] = "0", "too <b>small</b>"
    table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    text = written(**arguments)
    assert "Dropped" in Page(text).text["sheets"] and "dropped: too &lt;b&gt;small&lt;/b&gt;" in text
