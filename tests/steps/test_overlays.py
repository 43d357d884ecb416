"""What people look at in a generation's folder: images under their labels and doubt, and a README that explains the rest."""

import io

import numpy as np
import pytest
from discs import KINDS, config
from PIL import Image
from untrained_run import Untrained

from dissent.config.task import TaskSettings
from dissent.core.columns import MASKS
from dissent.core.files import DOUBT_PALETTE, UserError, read_json, read_table, sha256
from dissent.core.meaning import MEANINGS
from dissent.core.task import Task
from dissent.planning import rule_params
from dissent.pseudolabels.learned import columns_of
from dissent.steps import overlays
from dissent.steps.readme import write_readme


def test_background_label_and_doubt_are_told_apart():
    settings = TaskSettings(kind="binary", labels=["cell"])
    label, doubt = np.zeros((2, 96, 96), np.uint8)
    label[:, 32:64], doubt[:, 64:] = 1, 1
    task = Task(settings.model_dump(mode="json"))
    drawn = overlays.overlay(np.full((96, 96, 1), 100, np.uint8), label, doubt, task, settings.palette)
    seen = np.array(Image.open(io.BytesIO(drawn))).astype(int)
    tint, red = np.array(settings.palette[1]), np.array(DOUBT_PALETTE[1])
    for column, wanted in ((12, [100] * 3), (48, 75 + 0.25 * tint), (80, 30 + 0.7 * red)):
        assert np.abs(seen[48, column] - wanted).max() < 8
    large = overlays.overlay(
        np.zeros((600, 1200, 3), np.uint8), *np.zeros((2, 600, 1200), np.uint8), task, settings.palette
    )
    assert Image.open(io.BytesIO(large)).size == (512, 256)


def test_of_many_images_the_most_doubtful_are_written(root, in_tmp, monkeypatch):
    run = Untrained(root, monkeypatch)
    run.build(run.name, 1)
    rows, params = (
        read_table("results/tiny/gen1/masks.csv"),
        rule_params.masks(run.config.run("tiny"), 1, lambda *_: ""),
    )
    monkeypatch.setattr(overlays, "MOST", 3)
    overlays.write_overlays(params, rows, run.subsets["unlabelled"], "overlay")
    most = sorted(rows, key=lambda row: (-float(row["doubt_share"]), row["id"]))[:3]
    told = read_json("overlay/shown.json")["files"]
    assert set(told) == {f"{row['id']}.jpg" for row in most}
    assert told == {name: sha256(f"overlay/{name}") for name in told}
    Image.new("RGB", (32, 32)).save(read_table(run.subsets["unlabelled"])[0]["image"])
    monkeypatch.setattr(overlays, "MOST", 8)
    with pytest.raises(UserError):
        overlays.write_overlays(params, rows, run.subsets["unlabelled"], "overlay")


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_explains_every_column_value_and_colour(root, tmp_path, kind):
    run = config(root).run(KINDS[kind])
    params, task = rule_params.evaluation(run, 1, lambda *_: ""), Task(run.dataset.task.model_dump(mode="json"))
    write_readme(params, str(tmp_path / "README.md"))
    text = (tmp_path / "README.md").read_text("utf-8")
    for column in (*MASKS, *columns_of(task)):
        assert text.count(f"| `{column}` | ") == 1
    for name, colour in run.dataset.task.legend:
        assert f"| `{colour}` | {name} |" in text
    assert "the teachers of gen2" in text and "on which all teachers agree. Black, or 0, is background" in text
    for name, meaning in MEANINGS.items():
        write_readme(params | {"pseudo_label": name}, str(tmp_path / "README.md"))
        text = (tmp_path / "README.md").read_text("utf-8")
        blank = name not in ("agreement", "majority")
        assert ("| blank: nothing is left out." in text) == blank != ("(red)" in text) and meaning.label in text
        assert ("where they disagree" in text) == (name == "agreement")
    write_readme(params | {"generation": 0}, str(tmp_path / "README.md"))
    assert "masks.csv" not in (tmp_path / "README.md").read_text("utf-8"), "gen0 has none"
