"""browse.html without a browser: what its data say is what the tables and masks say, and no name becomes markup."""

import base64
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from browsed_run import browse, browsed
from discs import config
from test_report_page import Page
from untrained_run import HOSTILE, Untrained, code

from dissent.config.resolve import Config
from dissent.core.files import read_json, read_mask, read_table, sha256, write_json
from dissent.core.seal import made_from, page_holds
from dissent.core.task import Task
from dissent.planning import browsing, rule_params
from dissent.report.browse.disputes import disputed
from dissent.report.kept import to_use
from dissent.steps.build_masks import build_masks

SPLIT = "splits/few"


def handed(path):
    """The name and the value that a file of data hands to the page."""
    text = path.read_text("utf-8").strip()
    assert text.startswith("dissent(") and text.endswith(");")
    return json.loads(f"[{text[8:-2]}]")


def rows_of(page):
    """id -> (row, function that gives the file at a place)."""
    [folder] = [page.with_suffix("")]
    found = {}
    for path in sorted(folder.glob("images*.js")):
        name, value = handed(path)
        assert name == path.stem
        for row in value["rows"]:

            def at(place, value=value, row=row):
                inside = f"{value['folders'][place]}/{row[0]}.png" if isinstance(place, int) else place
                return page.parent / inside

            found[row[0]] = (row, at)
    return found


@pytest.fixture(scope="module", params=["multiclass", "multilabel"])
def page(request, tmp_path_factory):
    root = Path(__file__).resolve().parents[2]
    return browsed(tmp_path_factory.mktemp(request.param), root, request.param)


def test_the_data_say_what_the_tables_say_and_every_file_is_there(page, monkeypatch):
    project = page.parents[2]
    monkeypatch.chdir(project)
    run, rows = page.parent.name, rows_of(page)
    truths = {row["id"]: row["label"] for row in read_table(f"data/{run}/{SPLIT}/hidden.csv")}
    truths |= {
        row["id"]: row["label"] for name in ("labelled", "val") for row in read_table(f"data/{run}/{SPLIT}/{name}.csv")
    }
    groups = {row["id"]: row["group"] for row in read_table(f"data/{run}/files.csv")}
    shown = {name for name, *_ in (row for row, _ in rows.values())}
    assert shown == {
        row["id"] for name in ("unlabelled", "labelled", "val") for row in read_table(f"data/{run}/{SPLIT}/{name}.csv")
    }
    assert not shown & {row["id"] for row in read_table(f"data/{run}/{SPLIT}/test.csv")}
    for (name, subset, group, image, truth, said), at in rows.values():
        assert at(image).is_file() and at(truth).resolve() == Path(truths[name]).resolve()
        assert group == groups[name] and set(said) == ({"1", "2"} if subset == "unlabelled" else set())
    for g in (1, 2):
        for masks in read_table(f"results/{run}/gen{g}/masks.csv"):
            row, at = rows[masks["id"]]
            said = row[5][str(g)]
            assert said["doubt"] == float(masks["doubt_share"]) and said["kept"] == (masks["kept"] == "1")
            assert at(said["label"]).resolve() == Path(masks["label"]).resolve()
            assert [at(place).parent.name for place in said["teachers"]] == ["teacher1", "teacher2"]


def test_each_disputed_pixel_has_the_labels_that_are_disputed_there(page, monkeypatch):
    monkeypatch.chdir(page.parents[2])
    run, rows = page.parent.name, rows_of(page)
    about = json.loads(re.search(r'<script type="application/json" id="about">(.*?)</script>', page.read_text())[1])
    seen = 0
    for g in (1, 2):
        said = {}
        for path in sorted(page.with_suffix("").glob(f"gen{g}/doubt*.js")):
            said |= handed(path)[1]
        for masks in read_table(f"results/{run}/gen{g}/masks.csv"):
            doubt = read_mask(masks["doubt"])
            row, at = rows[masks["id"]]
            teachers = [read_mask(at(place)) for place in row[5][str(g)]["teachers"]]
            found = said.get(masks["id"], {"sets": [], "codes": base64.b64encode(zlib.compress(bytes(doubt.size)))})
            codes = np.frombuffer(zlib.decompress(base64.b64decode(found["codes"])), np.uint8).reshape(doubt.shape)
            assert np.array_equal(codes != 0, doubt != 0)
            counts = [0] * len(about["labels"])
            for y, x in zip(*np.nonzero(doubt), strict=True):
                values = {int(teacher[y, x]) for teacher in teachers}
                if about["overlap"]:
                    bits = range(len(about["labels"]))
                    values = {bit for bit in bits if len({value >> bit & 1 for value in values}) == 2}
                assert set(found["sets"][codes[y, x] - 1]) == values
                for value in values:
                    counts[value] += 1
                seen += 1
            assert row[5][str(g)]["disputed"] == counts
    assert seen > 100
    for g, most in about["confused"].items():
        labels = {tuple(labels) for labels, _ in most}
        assert 1 <= len(labels) == len(most) <= 3 and 0 < sum(share for _, share in most) <= 1.001
        assert [share for _, share in most] == sorted((share for _, share in most), reverse=True), g


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_what_teachers_dispute_is_seen_where_nothing_is_left_out_of_training(kind, root, in_tmp, monkeypatch):
    """Inconsistency masks are blank there: the page goes by what the teachers say."""
    run = Untrained(root, monkeypatch, kind)
    run.build(run.name, 1)
    here, settings = f"results/{run.name}/gen1", rule_params.masks(run.config.run(run.name), 1, code)
    out = (f"{here}/masks/consensus", f"{here}/masks/inconsistency", f"{here}/masks.csv")
    build_masks(settings | {"pseudo_label": "unanimous"}, f"{here}/predictions.csv", None, *out)
    assert {float(row["doubt_share"]) for row in read_table(out[2])} == {0.0}
    page = browse(run, 1, pseudo_label="unanimous", most=5)
    said, shares = handed(page.with_suffix("") / "gen1/doubt0001.js")[1], {}
    for masks in read_table(out[2]):
        first, second = (read_mask(f"{here}/predictions/teacher{k}/{masks['id']}.png") for k in (1, 2))
        shares[masks["id"]] = (first != second).mean()
    shown = [row for row, _ in rows_of(page).values() if row[1] == "unlabelled"]
    assert max(shares.values()) > 0 and [row[5]["1"]["doubt"] for row in shown] == pytest.approx(
        [shares[row[0]] for row in shown], abs=1e-6
    )
    assert max(shares, key=lambda name: shares[name]) in {row[0] for row in shown}, "5 of 8: the most disputed ones"
    for name, found in said.items():
        codes = np.frombuffer(zlib.decompress(base64.b64decode(found["codes"])), np.uint8)
        assert (codes != 0).mean() == shares[name]
    assert "learn all of it, also what is in doubt" in page.read_text()


def test_the_page_is_sealed_and_names_are_no_markup(page, monkeypatch):
    monkeypatch.chdir(page.parents[2])
    content = page.read_bytes()
    assert page_holds(content)
    sources = made_from(content)
    assert all(sha256(path) == digest for path, digest in sources.items())
    listed = read_json(page.with_suffix("") / "shown.json")["files"]
    files = {path.relative_to(page.with_suffix("")).as_posix(): path for path in page.with_suffix("").rglob("*.*")}
    assert {name: sha256(path) for name, path in files.items() if name != "shown.json"} == listed
    found = Page(content.decode())
    assert found.open == [] and found.scripts == 2 and not found.handlers and len(set(found.ids)) == len(found.ids)
    assert found.loaded == [] and found.around == ["report.html"] and HOSTILE not in content.decode()
    assert any(name.endswith(HOSTILE) for name in rows_of(page))


def test_of_too_many_images_the_most_doubted_are_shown_and_some_by_chance(root, in_tmp, monkeypatch):
    run = Untrained(root, monkeypatch, hidden=False)
    run.build(run.name, 1)
    page = browse(run, 1, most=5)
    shares = {row["id"]: float(row["doubt_share"]) for row in read_table("results/tiny/gen1/masks.csv")}
    first = sorted(shares, key=lambda name: (-shares[name], name))[:4]
    shown = [name for name, (row, _) in rows_of(page).items() if row[1] == "unlabelled"]
    assert len(shares) == 8 and len(shown) == 5 and set(first) <= set(shown)
    assert sorted(shown, key=lambda name: (-shares[name], name)) == shown
    assert "5 unlabelled images of 8 " in page.read_text() and all(
        not row[4] for row, _ in rows_of(page).values() if row[1] == "unlabelled"
    )
    said = handed(page.with_suffix("") / "gen1/doubt0001.js")[1]
    assert said and all(found["sets"] == [[0, 1]] for found in said.values())
    before = {path: path.read_bytes() for path in [page, *page.with_suffix("").rglob("*.*")]}
    browse(run, 1, most=5)
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize(("best", "shown"), [(0, 2), (1, 1), (2, 2)])
def test_it_opens_on_the_generation_that_commands_take(best, shown, root, in_tmp, monkeypatch):
    """gen0 has no pseudo-labels: the last one is opened, and it is not called the result."""
    run = Untrained(root, monkeypatch)
    run.build(run.name, 2)
    for g in range(3):
        path = Path(f"results/tiny/gen{g}/metrics.json")
        told = read_json(path)
        told["val"]["pool"][told["score"]]["mean"] = 0.9 if g == best else 0.5
        write_json(path, told)
    student = Path(read_json("results/tiny/gen2/teachers.json")["pool"][0]["folder"], "model.json")
    write_json(student, read_json(student) | {"task": run.config.dataset("tiny").task.model_dump(mode="json")})
    page = browse(run).read_text()
    about = json.loads(re.search(r'<script type="application/json" id="about">(.*?)</script>', page)[1])
    assert (about["used"], about["kept"]) == (best, shown) and to_use(Path("results/tiny"))[0].name == f"gen{best}"
    assert ("gen0 is used, which has no pseudo-labels" in page) == (best == 0)
    assert "as teachers label them for gen1 and gen2" in page


def test_what_stands_beside_the_teachers_has_its_name(root):
    """gen0 of a method with `start` is of another method."""
    one = config(root).run("tiny").model_copy(update={"method": Config(root / "config").method("ensemble_clean")})
    assert browsing.settings(one, [], code)["first"] == "mean"


def test_a_run_without_teachers_shows_its_images(root, in_tmp, monkeypatch):
    run = Untrained(root, monkeypatch)
    run.build(run.name, 0)
    page = browse(run, 0)
    assert len(rows_of(page)) == 4 + 8 + 4 and list(page.with_suffix("").glob("gen*")) == []


def test_more_sets_of_labels_than_have_a_number_share_one():
    """Two teachers, 24 classes: 276 pairs, the most frequent of which keep their number."""
    pairs = [(a, b) for a in range(24) for b in range(a)]
    said = np.array([*pairs, *pairs[:3] * 2], np.uint8).T[:, None]
    spec = {"kind": "multiclass", "labels": [f"c{i}" for i in range(24)], "score": "iou", "doubt_class": False}
    found = disputed(
        Task(spec | {"background": None, "mse_targets": None, "cells": None}), said, np.ones(said.shape[1:], np.uint8)
    )
    assert found.sets[:3] == [sorted(pair) for pair in pairs[:3]] and found.sets[-1] == []
    assert sum(found.pixels) == said.shape[2] and found.pixels[-1] == 276 - 254 == (found.codes == 255).sum()
