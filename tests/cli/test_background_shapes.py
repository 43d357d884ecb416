"""Shapes that are called like a background: they count as it, or a person says what they are; none is dropped."""

from pathlib import Path

import numpy as np
import pytest
from annotated_data import LAYOUTS, SQUARE, box, labelme_json, mask, write
from cli_data import dissent, pixels_of
from init_data import init, written
from raw_data import ids, photo, save

from dissent.config.task import TaskSettings
from dissent.datasets.formats import Layer, compose

OWN = Path("data/raw/mine.masks")
HOLE = (slice(4, 7), slice(6, 9))


def bring(*more: object, what: str = "new") -> int:
    return dissent("import", what, "--into", "mine", "--config-dir", "own", *more)


def shapes(path: str, *given: tuple[str, tuple[slice, slice]]) -> None:
    """A JSON of Labelme with rectangles."""
    found = [{"label": label, "shape_type": "polygon", "points": box(*area, 1)} for label, area in given]
    write(path, labelme_json(Path(path).stem) | {"shapes": found})


def with_hole(value: int) -> np.ndarray:
    found = mask("a1", 1)
    found[HOLE] = value
    return found


def binary(label: str, *order: str) -> None:
    """A data set with the label `object`, and an image in which it has a hole called `label`."""
    for seed in range(6):
        save(Path(f"raw/images/a{seed}.png"), photo(seed)), save(Path(f"raw/masks/a{seed}.png"), ids(seed))
    assert init() == 0
    shapes("new/a1.json", *((one, SQUARE if one == "object" else HOLE) for one in order or ("object", label)))


@pytest.mark.parametrize("label", ["background", "_background_", "BG"])
def test_a_background_shape_cuts_what_it_lies_on_once_that_is_said(label, in_tmp, capsys):
    binary(label)
    assert bring() == 1 and not OWN.exists()
    assert f"marks 9 pixels as object and as {label}, of which one can count" in capsys.readouterr().out
    assert bring("--overlap", "later") == 0
    assert np.array_equal(pixels_of(OWN / "masks/images/a1.png"), with_hole(0))
    shapes("new/a1.json", (label, HOLE), ("object", SQUARE))
    assert bring("--overlap", "later") == 0
    assert np.array_equal(pixels_of(OWN / "masks/images/a1.png"), mask("a1", 1))


@pytest.mark.parametrize("label", ["void", "Unlabelled", "unlabeled", "none", "nothing", "empty", "else-where"])
def test_what_may_be_background_or_unknown_is_asked(label, in_tmp, capsys):
    binary(label)
    assert bring("--overlap", "later") == 1 and not OWN.exists()
    lines = capsys.readouterr().out.splitlines()
    [at] = [number for number, line in enumerate(lines) if f"a1.json: areas are labelled {label}, which may be" in line]
    assert lines[at + 1].startswith("  --void background:") and lines[at + 2].startswith("  --void ignore:")
    assert bring("--void", "background") == 1 and "9 pixels as object and as background" in capsys.readouterr().out
    for answer, value in (("background", 0), ("ignore", 255)):
        assert bring("--void", answer, "--overlap", "later") == 0
        assert np.array_equal(pixels_of(OWN / "masks/images/a1.png"), with_hole(value))


def test_init_asks_too_and_import_remembers(in_tmp, capsys):
    LAYOUTS["labelme"]()
    for name in ("a1", "a3"):
        shapes(f"raw/{name}.json", ("square", SQUARE), ("_background_" if name == "a1" else "void", HOLE))
    assert init() == 2 and "areas are labelled void" in (told := capsys.readouterr().err) and "--void ignore" in told
    assert init("--void", "ignore") == 2
    told = capsys.readouterr().err
    assert "9 pixels are marked for two labels, most of them (9) for square and _background_" in told
    assert "--kind multilabel" not in told and init("--void", "ignore", "--overlap", "later") == 0
    assert written()["task"]["labels"] == ["_background_", "square", "zbar"]
    assert np.array_equal(pixels_of(OWN / "masks/a1.png"), with_hole(0))
    assert np.array_equal(pixels_of(OWN / "masks/a3.png"), with_hole(255))
    capsys.readouterr()
    assert bring(what="raw") == 0 and "equal   6 masks" in capsys.readouterr().out


@pytest.mark.parametrize("flags", [("--kind", "binary"), ("--kind", "multilabel")])
def test_a_background_shape_is_asked_about_whatever_the_kind(flags, in_tmp, capsys):
    LAYOUTS["labelme"]()
    shapes("raw/a1.json", ("square", SQUARE), ("background", HOLE))
    assert init(*flags) == 2 and "(9) for square and background" in capsys.readouterr().err
    assert init(*flags, "--overlap", "later") == 0
    assert np.array_equal(pixels_of(OWN / "masks/a1.png"), with_hole(0))


def test_a_background_excludes_labels_that_overlap_each_other():
    whole, hole = np.ones((1, 3), bool), np.array([[False, True, True]])
    task = TaskSettings(kind="multilabel", labels=["a", "b"])
    done = compose([Layer("a", whole), Layer("b", whole), Layer("background", hole), Layer("b", hole)], (1, 3), task)
    assert done.ids.tolist() == [[3, 2, 2]]
    assert done.clashes == {("a", "background"): 2, ("b", "background"): 2, ("background", "b"): 2}
    assert not compose([Layer("background", hole), Layer("a", ~hole)], (1, 3), task).clashes


def test_a_label_of_the_task_is_itself_and_a_task_without_background_has_none():
    plane = np.array([[False, True]])
    named = TaskSettings(kind="multiclass", labels=["void", "a"])
    assert compose([Layer("void", plane), Layer("a", ~plane)], (1, 2), named).ids.tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="marks 'background', which is no label of the task"):
        compose([Layer("background", plane)], (1, 2), TaskSettings(kind="multiclass", labels=["sky", "road"]))
