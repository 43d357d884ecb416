"""Facts that alarms are about: empty masks, scores of generations, brightness, colour and size of images."""

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.core.files import sha256, write_image, write_json, write_table
from dissent.core.task import Task
from dissent.evaluation.diagnostic_facts import empties, history, small_of_dropped, subsets_of, tint
from dissent.evaluation.diagnostics import raised


def test_masks_say_what_is_empty_and_what_the_filter_drops():
    task = Task(TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json"))
    rows = [
        {"pixels_background": "9", "pixels_x": str(n), "agreed_foreground": str(n), "kept": "1"} for n in (5, 6, 7, 8)
    ]
    rows += [
        {"pixels_background": "9", "pixels_x": str(n), "agreed_foreground": str(n), "kept": "0"} for n in (0, 1, 9)
    ]
    assert small_of_dropped(rows) == 0.5 and small_of_dropped(rows[:4]) is None
    assert empties(task, rows, []) == {"empty_share": pytest.approx(1 / 7), "labelled_empty_share": 0.0}


def test_every_label_is_foreground_where_labels_overlap():
    task = Task(TaskSettings(kind="multilabel", labels=["a", "b"]).model_dump(mode="json"))
    rows = [{"pixels_a": "0", "pixels_b": "3"}, {"pixels_a": "0", "pixels_b": "0"}]
    assert empties(task, rows, [])["empty_share"] == 0.5


def test_history_is_that_of_rankings_and_masks(in_tmp):
    for g, scores in enumerate([(0.5, 0.7), (None, 0.8)]):
        write_json(f"gen{g}/teachers.json", {"pool": [{"score": score} for score in scores]})
    for g, doubt in ((1, 0.25), (2, 0.5)):
        row = {"doubt_share": doubt, "changed_share": "" if g == 1 else 0.125}
        write_table(f"gen{g}/masks.csv", [row], tuple(row))
    write_json("gen2/teachers.json", {"pool": [{"score": 0.9}]})
    found = history(["gen0", "gen1"], "gen2/teachers.json", "gen2/masks.csv")
    assert [one["score"] for one in found] == [pytest.approx(0.6), 0.8, 0.9]
    assert [(one["students"], one["zero"]) for one in found] == [(2, 0), (2, 0), (1, 0)]
    assert [one["doubt"] for one in found] == [None, 0.25, 0.5] and [one["changed"] for one in found] == [
        None,
        None,
        0.125,
    ]


def subset(name, grey, count=4):
    rows = []
    for i in range(count):
        path = f"images/{name}{i}.png"
        image = np.full((8, 8), grey + i, np.uint8)
        if i:  # the first one has one colour alone
            image[0, 0], image[0, 1] = grey + i + 1, grey + i - 1
        write_image(path, image)
        rows.append({"id": f"{name}{i}", "image": path, "image_sha256": sha256(path)})
    write_table(f"{name}.csv", rows, tuple(rows[0]))
    return {name: f"{name}.csv"}, rows


def test_dark_and_large_images_of_one_subset_are_noticed(in_tmp):
    (labelled, ours), (dark, theirs) = subset("labelled", 150), subset("unlabelled", 20)
    sizes = [{"id": row["id"], "raw_height": 100, "raw_width": 100} for row in ours]
    sizes += [{"id": row["id"], "raw_height": 900, "raw_width": 800} for row in theirs]
    write_table("files.csv", sizes, tuple(sizes[0]))
    found = subsets_of(labelled | dark, "files.csv", 1)
    assert found["labelled"] == {
        "images": 4, "brightness": 151.5, "spread": 1.12, "colour": {"mean": [0.0], "spread": [0.0]}, "flat": 0.25, "pixels": 10_000.0
    }  # fmt: skip
    gen0 = {"generation": 0, "score": 0.8, "sd": 0.01, "doubt": None, "changed": None, "students": 2, "zero": 0}
    facts = {"ranked_by": "iou", "shown": {}, "had": [], "pseudo": None, "teachers": None, "history": [gen0]}
    assert [one["alarm"] for one in raised(facts | {"subsets": found})] == ["brightness_differs", "size_differs"]
    write_table("files.csv", [{"id": row["id"]} for row in ours], ("id",))
    assert subsets_of(labelled, "files.csv", 1)["labelled"]["pixels"] is None


def test_the_colour_of_images_is_known_beside_their_brightness():
    reddish, grey = np.full((2, 2, 3), (90, 60, 30), np.uint8), np.full((2, 2, 3), 200, np.uint8)
    assert tint(reddish).tolist() == [30, 0, -30] and tint(grey).tolist() == [0, 0, 0]
