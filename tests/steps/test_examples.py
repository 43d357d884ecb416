"""Scored images that people look at: which are chosen, what is written, and what the report makes of them."""

from pathlib import Path

import numpy as np
import pytest
from untrained_run import Untrained

from dissent.core.files import UserError, read_json, read_mask, read_table, write_mask
from dissent.core.task import Task
from dissent.evaluation import metrics
from dissent.report.run_results import Story
from dissent.report.scored import confusion, faults, scored_images
from dissent.steps.examples import choose


def test_the_worst_the_best_and_some_others_are_shown_once():
    values = [0.5, None, 0.9, 0.1, 0.7, 0.3, 0.8, 0.2, 0.6, 0.4, 0.95, 0.05, 0.55]
    found = choose(values)
    places = {why: [place for place, word in found if word == why] for why in ("worst", "best", "random")}
    assert places["worst"] == [11, 3, 7, 5] and places["best"] == [10, 2, 6, 4]
    assert len({place for place, _ in found}) == len(found) == 12 and choose(values) == found
    assert [why for _, why in choose([0.1, 0.9, 0.5])] == ["worst", "best", "random"], "a third of few"
    assert choose([None]) == [(0, "random")] and choose([]) == []


@pytest.fixture(params=["binary", "multiclass", "multilabel"])
def story(root, in_tmp, monkeypatch, request):
    arguments = Untrained(root, monkeypatch, request.param).report(generations=1, controls=())
    return Story.read(*(arguments[name] for name in ("params", "generations", "controls", "data")))


def test_what_is_shown_is_what_was_scored(story):
    """The masks that are written give the scores that were told, and the report shows them beside the truth."""
    folder, task = story.last.folder / "examples", Task(story.params["task"])
    told, rows = read_json(folder / "shown.json"), {row["id"]: row for row in read_table(story.data["test"])}
    assert told["subset"] == "test" and len(told["images"]) == 6 == len(list(folder.glob("*.png")))
    score = metrics.scorer(task.score, story.params["task"])
    for one in told["images"]:
        said, truth = read_mask(folder / f"{one['id']}.png"), read_mask(rows[one["id"]]["label"])
        counts = metrics.counts(said, truth, story.params["task"])
        assert one["value"] == pytest.approx(score(counts[None])["value"])
    shown = scored_images(story, 64)
    assert {why: len(lines) for why, lines in shown["groups"].items()} == {"worst": 2, "best": 2, "random": 2}
    worst = shown["groups"]["worst"][0]
    assert [tile.name for tile in worst["tiles"]] == ["image", "truth", "prediction", "where it is wrong"]
    assert worst["value"] == f"{100 * told['images'][0]['value']:.1f}"


def test_what_is_missed_and_taken_for_another_is_counted(story):
    """Six test images, all of which are among the examples: counted once more from what is written there."""
    task, folder = Task(story.params["task"]), story.last.folder / "examples"
    rows = {row["id"]: row for row in read_table(story.data["test"])}
    masks = [(read_mask(path), read_mask(rows[path.stem]["label"])) for path in folder.glob("*.png")]
    said, truth = (np.concatenate([task.planes_of(pair[i]) for pair in masks], axis=1) for i in (0, 1))
    for name, one, other in zip(task.labels, said, truth, strict=True):
        missed, added = faults(story)[name]
        assert missed == pytest.approx((other & ~one).sum() / other.sum())
        assert added == (pytest.approx((one & ~other).sum() / one.sum()) if one.any() else None)
    if not task.exclusive:
        assert confusion(story) == {}
        return
    names, matrix = confusion(story)["names"], dict(confusion(story)["rows"])
    for i, name in enumerate(task.labels):
        assert matrix[name] == pytest.approx([(truth[i] & one).sum() / truth[i].sum() for one in said])
    assert names == task.labels


def test_a_picture_that_is_another_one_is_not_shown(story):
    path = next(Path(story.last.folder, "examples").glob("*.png"))
    write_mask(path, np.zeros_like(read_mask(path)) + 1, story.params["palette"])
    with pytest.raises(UserError, match="examples"):
        scored_images(story, 64)
    path.with_name("shown.json").unlink()
    assert scored_images(story, 64) == {}, "results of an earlier version have none"
