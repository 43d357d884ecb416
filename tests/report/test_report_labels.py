"""What the report tells of each label: the masks that people gave, and which labels teachers dispute."""

import numpy as np
import pytest
from test_report_sheets import seen
from untrained_run import Untrained

from dissent.config.task import TaskSettings
from dissent.core.files import read_image, read_mask, read_table
from dissent.core.task import Task
from dissent.report import disputed, tiles
from dissent.report.disputed import Disputed
from dissent.report.labelled import labelled
from dissent.report.run_results import Story


def task_of(kind, labels, **more):
    settings = TaskSettings(kind=kind, labels=labels, **more)
    return Task(settings.model_dump(mode="json")), settings.palette


def story_of(root, monkeypatch, kind):
    arguments = Untrained(root, monkeypatch, kind).report(generations=1, controls=())
    return Story.read(*(arguments[name] for name in ("params", "generations", "controls", "data")))


@pytest.mark.parametrize(("kind", "labels"), [("multiclass", ["background", "a", "b"]), ("multilabel", ["a", "b"])])
def test_doubt_of_a_label_is_what_some_but_not_all_teachers_give_it(kind, labels):
    task, _ = task_of(kind, labels)
    one, other = np.array([[1, 1, 2, 0]], np.uint8), np.array([[1, 2, 2, 1]], np.uint8)
    any_of, all_of = disputed._counted(task, [one, other])
    assert any_of[-2:].tolist() == [3, 2] and all_of[-2:].tolist() == [1, 1]


def test_two_classes_that_teachers_take_for_one_another_are_counted():
    one, other = np.array([[1, 1, 2, 0]], np.uint8), np.array([[1, 2, 1, 2]], np.uint8)
    assert disputed._between([one, other]) == {(1, 2): 2, (0, 2): 1}


def test_what_teachers_of_a_run_dispute(root, in_tmp, monkeypatch):
    story = story_of(root, monkeypatch, "multiclass")
    found, task = disputed.disputed(story), Task(story.params["task"])
    masks = [[read_mask(row["prediction"]) for row in rows.values()] for rows in story.last.predictions.values()]
    name = task.foreground_names[-1]
    planes = [np.stack(several) == task.labels.index(name) for several in masks]
    said, agreed = sum(one.any(0).sum() for one in planes), sum(one.all(0).sum() for one in planes)
    assert found.doubt[name] == pytest.approx(1 - agreed / said) and 0 < found.doubt[name] < 1
    assert found.images == found.of == 8 and sum(share for *_, share in found.pairs) == pytest.approx(1)
    monkeypatch.setattr(disputed, "SAMPLE", 3)
    assert disputed.disputed(story).images == 3
    assert disputed.disputed(Story(story.params, story.generations[:1], story.last, {}, {}, story.data)) == Disputed(
        0, 0
    )


def test_labelled_images_are_shown_under_their_masks(root, in_tmp, monkeypatch):
    story = story_of(root, monkeypatch, "binary")
    lines, rows = labelled(story, 64), {row["id"]: row for row in read_table(story.data["labelled"])}
    shares = {name: float((read_mask(row["label"]) == 1).mean()) for name, row in rows.items()}
    assert [lines[i]["id"] for i in (0, 1)] == [max(shares, key=shares.get), min(shares, key=shares.get)]
    assert lines[0]["facts"] == f"disc {100 * max(shares.values()):.1f} %" and len(lines) == len(rows) == 4
    assert [tile.name for tile in lines[0]["tiles"]] == ["image", "mask", "mask on image"]
    row = rows[lines[0]["id"]]
    shown, mask = seen(lines[0]["tiles"][2].source)[1].astype(int), read_mask(row["label"])
    changed = np.abs(shown - read_image(row["image"], story.params["channels"]).astype(int)).max(2)
    assert 2 * changed[mask == 0].mean() < changed[mask == 1].mean()


def test_wrong_pixels_have_the_colour_of_their_fault():
    missed, added, taken = (np.array(colour) for _, colour in tiles.WRONG)
    truth = np.array([[1, 0, 1, 255, 1]], np.uint8).repeat(8, 0).repeat(8, 1)
    said = np.array([[0, 1, 2, 1, 1]], np.uint8).repeat(8, 0).repeat(8, 1)
    task, palette = task_of("multiclass", ["background", "a", "b"])
    pixels = np.zeros((8, 40, 1), np.uint8)
    colours = seen(tiles.wrong(pixels, truth, said, task, 64))[1][4, 4::8].astype(int)
    for colour, wanted in zip(colours, [missed, added, taken, 0 * missed, 0 * missed], strict=True):
        assert np.abs(colour - 0.8 * wanted).max() < 12
    outline = seen(tiles.outlined(pixels, truth, task, palette, 64))[1].astype(int)
    assert np.abs(outline[4, 7] - palette[1]).max() < 12 and outline[4, 12].max() < 12, "the edge, and the background"
