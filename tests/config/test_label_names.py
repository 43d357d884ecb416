"""Labels that are called like words of ours: unknown, background, doubt, pixels, nobody knows."""

from pathlib import Path

import numpy as np
import pytest
from cli_data import TASKS, dissent
from init_data import check_too, init, written
from raw_data import dataset, ids, label, pairs, photo, prepared, save

from dissent.cli.predict.marks import label_folders
from dissent.core.columns import MASKS
from dissent.core.files import UserError
from dissent.core.task import Task
from dissent.pseudolabels.learned import columns_of

NAMES = ["urban", "water", "unknown", "nobody knows"]


def folder(values: int, factor: int = 1) -> list[int]:
    """raw/ of 12 pairs; the pixels of each id."""
    pairs(Path("raw"), [f"n{i:02}" for i in range(12)], values, factor)
    return np.sum([np.bincount(ids(i, values).ravel(), minlength=values) for i in range(12)], 0).tolist()


def test_a_class_called_unknown_is_a_class(in_tmp, capsys):
    counts = folder(5)
    for path in Path("raw/masks").iterdir():
        mask = ids(int(path.stem[1:]), 5)
        save(path, np.where(mask == 4, 255, mask).astype(np.uint8))
    assert init("--labels", ",".join(NAMES), "--ignore", "255") == 0
    capsys.readouterr()
    check_too()
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    rows = {tuple(cell.strip() for cell in row if cell.strip())[:3] for row in rows}
    assert {(str(i), name, f"{counts[i]:,}") for i, name in enumerate(NAMES)} <= rows
    assert ("ignored", "nobody knows", f"{counts[4]:,}") in rows
    about, _ = prepared(Path("raw"), Path("data/toy"), **{k: written()[k] for k in ("task", "mask_encoding")})
    assert about["pixels"] == dict(zip(NAMES, counts[:4], strict=True)) and about["nobody_knows"] == counts[4]
    assert dissent("verify") == 0


def test_a_binary_label_called_background_is_refused(in_tmp, capsys):
    folder(2, 255)
    assert init("--kind", "binary", "--labels", "background") == 2
    told = capsys.readouterr().err
    assert "`labels: [background]`" in told and "e.g. `object`" in told and not list(Path("own").rglob("*.yaml"))
    with pytest.raises(UserError, match="its one label is what stands on it"):
        dataset(task={"kind": "binary", "labels": ["Background"]})


@pytest.mark.parametrize("name", ["", " ", "sky ", "a\nb"])
def test_names_that_are_none(name):
    with pytest.raises(UserError, match="is no name"):
        dataset(task={"kind": "multiclass", "labels": ["road", name]})


def test_a_background_that_is_a_class_of_its_own(in_tmp):
    """Folders of labels, of which one is called background: what lies in none of them has another name."""
    for number in range(12):
        mask = ids(number, 3)
        save(Path(f"raw/images/n{number:02}.png"), photo(number))
        for value, name in enumerate(["background", "cell"], 1):
            save(Path(f"raw/masks/{name}/n{number:02}.png"), (mask == value).astype(np.uint8) * 255)
    assert init() == 0
    assert written()["task"]["labels"] == ["elsewhere", "background", "cell"]
    assert written()["task"]["background"] == "elsewhere"
    check_too()
    _, rows = prepared(Path("raw"), Path("out"), **{k: written()[k] for k in ("task", "mask_encoding")})
    assert all(np.array_equal(label(rows, f"n{i:02}"), ids(i, 3)) for i in range(12))


@pytest.mark.parametrize("kind", TASKS)
def test_no_column_of_a_label_is_another_column(kind):
    names = {
        "binary": ["doubt"],
        "multiclass": ["pixels", "doubt", "unknown"],
        "multilabel": ["pixels", "background", "score"],
    }
    spec = dataset(task={"kind": kind, "labels": names[kind]}, mask_encoding={"name": "index"})["task"]
    columns = [*MASKS, *columns_of(Task(spec))]
    assert len(set(columns)) == len(columns)


def test_folders_of_labels_never_meet():
    labels = ["a/b", "a_b", "a_b_0", "A b"]
    assert len({name.casefold() for name in label_folders(labels)}) == 4
    assert label_folders(["cell", "debris"]) == ["cell", "debris"]
