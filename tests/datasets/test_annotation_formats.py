"""Every format in which drafts go out brings them back: written, changed in one place, read, and equal but there."""

import json
from pathlib import Path

import numpy as np
import pytest
from annotators import AREA, CORRECT
from raw_data import photo, save

from dissent.config.task import TaskSettings
from dissent.datasets.formats import DRAFTS, FORMATS, Ask, Draft, compose, recognised
from dissent.datasets.formats.cellpose import components
from dissent.datasets.formats.label_studio import decode_runs, encode_runs
from dissent.datasets.problems import Problems

TASKS = {
    "binary": TaskSettings(kind="binary", labels=["cell"]),
    "multiclass": TaskSettings(kind="multiclass", labels=["background", "cell", "a b: c"]),
    "no background": TaskSettings(kind="multiclass", labels=["sky", "road", "car"]),
    "multilabel": TaskSettings(kind="multilabel", labels=["alive", "dead", "position"]),
}


def holds(form: str, task: TaskSettings) -> bool:
    one = FORMATS[form]
    return (one.overlap or not task.overlapping) and (one.classes or task.one_foreground)


CASES = [(form, kind) for form in DRAFTS for kind, task in TASKS.items() if holds(form, task)]


def drawn(seed: int, task: TaskSettings) -> np.ndarray:
    """(20, 17) uint8 with every value, of which the area that is corrected later has the first."""
    count = 2 ** len(task.labels) if task.overlapping else len(task.value_names)
    ids = np.random.default_rng(seed).integers(0, count, (20, 17)).astype(np.uint8)
    ids[AREA] = 0
    return ids


def back(form: str, task: TaskSettings, out: Path) -> dict[str, np.ndarray]:
    """{stem of an image: the mask that is read}."""
    found = FORMATS[form].read(out, Ask((), task), problems := Problems())
    assert not problems
    masks = {}
    for one in found.marks:
        done = compose(one.layers(20, 17), (20, 17), task)
        assert one.size == (20, 17) and not done.clashes and not done.open
        masks[Path(one.image).stem] = done.ids
    return masks


@pytest.mark.parametrize(("form", "kind"), CASES)
def test_a_draft_that_is_changed_in_one_place_comes_back_so(form, kind, in_tmp):
    task, out = TASKS[kind], Path("out")
    drafts = [Draft(f"i{seed}.png", drawn(seed, task)) for seed in range(3)]
    for seed, draft in enumerate(drafts):
        save(out / "images" / draft.image, photo(seed, 20, 17))
    assert FORMATS[form].write(out, iter(drafts), task)
    assert recognised(out, list(FORMATS), "--format") == form
    if form != "label-studio":  # which has predictions alone, until a person submits one
        for draft in drafts:
            assert np.array_equal(back(form, task, out)[draft.stem], draft.ids)
    label = task.labels[0] if task.one_foreground or task.overlapping else task.labels[1]
    if kind == "no background" and form in ("coco", "labelme", "label-studio"):
        return  # a shape on top of another one is asked about, which test_imports.py sees
    CORRECT[form](out, label, task)
    for draft in drafts:
        wanted = draft.ids.copy()
        wanted[AREA] = 1
        assert np.array_equal(back(form, task, out)[draft.stem], wanted)


def test_a_person_is_there_for_every_format():
    assert set(CORRECT) == set(DRAFTS)


def test_every_format_knows_its_own_files_alone(in_tmp):
    """Of each of two, so that none takes a folder of another."""
    for form in DRAFTS:
        task, out = TASKS["binary"], Path(form)
        save(out / "images/i.png", photo(1, 20, 17))
        FORMATS[form].write(out, iter([Draft("i.png", drawn(1, task))]), task)
        assert [name for name in FORMATS if name != "png" and FORMATS[name].recognise(out)] == [form] * (form != "png")


def test_runs_of_label_studio_are_those_of_rle_pack():
    """Bits as rle-pack writes them: length, word, four sizes, then runs; also long runs, and words that stand alone."""
    flat = np.array([0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0], np.uint8)
    assert np.array_equal(decode_runs(encode_runs(flat)), flat)
    head = f"{12:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    text = head + "100011" + f"{0:08b}" + "100011" + f"{255:08b}" + "100011" + f"{0:08b}"
    bits = (np.unpackbits(np.frombuffer(encode_runs(flat), np.uint8)) + 48).tobytes().decode()
    assert bits[: len(text)] == text and set(bits[len(text) :]) <= {"0"}
    alone = head.replace(f"{12:032b}", f"{2:032b}") + "0" + "00" + "001" + f"{7:08b}" + f"{9:08b}"
    code = np.packbits(np.frombuffer(alone.encode(), np.uint8) - 48).tobytes()
    assert decode_runs(code).tolist() == [7, 9]
    long = np.repeat(np.array([1, 0, 3], np.uint8), [70_000, 1, 300])
    assert np.array_equal(decode_runs(encode_runs(long)), long)
    with pytest.raises(ValueError, match="end too early"):
        decode_runs(encode_runs(long)[:10])


def test_regions_that_touch_are_one():
    from scipy.ndimage import label

    plane = np.random.default_rng(1).random((40, 50)) < 0.4
    ours, (theirs, count) = components(plane), label(plane, np.ones((3, 3)))
    assert ours.max() == count and len(set(zip(ours.ravel(), theirs.ravel(), strict=True))) == count + 1


def test_files_of_a_tool_that_are_not_whole_are_refused(in_tmp):
    Path("out").mkdir()
    tasks = [
        {"id": 4, "data": {"image": "/data/upload/1/0123abcd-i1.png"}, "annotations": [{"result": []}, {"result": []}]},
        {"id": 5, "data": {"image": "s3://bucket/i2.png"}, "annotations": [{"result": []}]},
        {
            "id": 6,
            "data": {"image": "x/i3.png"},
            "annotations": [{"result": [{"type": "rectanglelabels", "value": {}}]}],
        },
        {"id": 7, "data": {"image": "x/i4.png"}, "annotations": []},
    ]
    Path("out/tasks.json").write_text(json.dumps(tasks))
    found = FORMATS["label-studio"].read(Path("out"), Ask(), problems := Problems())
    assert problems[0] == "tasks.json, task 4: has 2 annotations of one image; keep one"
    assert (
        "tasks.json, task 6: is not as Label Studio's tasks are (a result is of the type 'rectanglelabels'"
        in problems[1]
    )
    assert [(one.image, one.empty) for one in found.marks] == [("i2.png", True)]
    assert "1 tasks have no annotation that was submitted" in found.notes[0]
