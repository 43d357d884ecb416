"""`dissent init`: how much is trained, `--quick`, and what it suggests of sizes."""

from pathlib import Path

import numpy as np
import pytest
from cli_data import dissent
from init_data import NAMES, check_too, folder, init, layers, values, written
from raw_data import photo, save

from dissent.cli.init.first_experiment import extent_of
from dissent.config.base import read_yaml
from dissent.config.resolve import Config
from dissent.config.task import TaskSettings


def resolved(root, name="mine"):
    return Config("own", root / "config").run(name)


def test_how_much_is_trained(root, in_tmp):
    folder(values(0, 1))
    assert init("--steps", 70, "--students", 4, "--generations", 1) == 0
    run = resolved(root)
    assert (run.network_name, run.network.steps, run.method.last, run.at(1)["students"]) == ("mine", 70, 1, 4)
    assert run.method_name == "im_few" and "the best four become" in Path("own/experiments/mine.yaml").read_text()
    assert "# As unet1x1_first, with 70 steps." in Path("own/networks/mine.yaml").read_text()


def test_an_experiment_that_is_gone_is_written_as_it_was(in_tmp):
    folder(values(0, 1), masked=NAMES[:8])
    path = Path("own/experiments/mine.yaml")
    assert init() == 0
    before = path.read_bytes()
    path.unlink()
    assert init() == 0 and path.read_bytes() == before and b"im_few" in before


@pytest.mark.parametrize(
    ("labelled", "overlap", "given", "expected"),
    [
        (150, False, None, ("im_few", 5)),
        (151, False, None, ("im_clean", 5)),
        (3, True, None, ("im_clean", 5)),  # where labels overlap it was not measured
        (3, False, 4, ("im_few", 4)),
        (3, False, 2, ("im_clean", 2)),  # four teachers need four students
    ],
)
def test_few_labels_take_the_method_that_was_measured_there(root, labelled, overlap, given, expected):
    task = TaskSettings(kind="multilabel" if overlap else "binary", labels=["a", "b"] if overlap else ["a"])
    chosen = extent_of(task, {"labelled": labelled, "unlabelled": 20}, students=given)
    assert (chosen.method, chosen.students) == expected
    few = read_yaml(root / "config/methods/im_few.yaml")
    assert few["students"] == 5 and few["teachers"] == 4, "what `init` takes for granted"


def test_quick_writes_a_smaller_experiment_and_names_the_proper_one_next(root, in_tmp, capsys):
    folder(values(0, 1), masked=NAMES[:8])
    assert init("--quick") == 0
    lines = capsys.readouterr().out.splitlines()
    [small], [proper] = (
        [line for line in lines if f"results/{name}/report" in line] for name in ("mine_quick", "mine")
    )
    assert "a first result: about" in small and "the proper one: about" in proper
    assert lines.index(small) < lines.index(proper) and "--config config_dir=own" in small
    assert "a verdict needs aldt, too" in Path("own/experiments/mine_quick.yaml").read_text()
    assert "with noise copies" in Path("own/experiments/mine.yaml").read_text()
    quick, whole = resolved(root, "mine_quick"), resolved(root)
    assert quick.dataset_name == "mine" and 40 <= quick.network.steps <= 400
    assert (quick.method.last, quick.at(1)["students"]) == (1, 2) and whole.method.last == 2
    check_too("mine_quick")
    assert "takes about" in capsys.readouterr().out
    before = Path("own/experiments/mine_quick.yaml").read_bytes()
    assert init("--quick") == 0 and "mine_quick.yaml, as they are" in capsys.readouterr().out
    Path("own/experiments/mine_quick.yaml").unlink()
    Path("own/networks/mine_quick.yaml").unlink()
    assert init("--quick") == 0 and Path("own/experiments/mine_quick.yaml").read_bytes() == before


def test_quick_takes_fewer_steps_of_larger_images_and_fewer_unlabelled_ones(root, in_tmp, monkeypatch):
    monkeypatch.setattr("dissent.cli.init.quick.LABELLED_BY_TEACHERS", 3)
    folder(values(0, 1), masked=NAMES[:8])
    assert init("--quick", "--size", 256, 256) == 0 and init("--quick", "--size", 128, 128, name="small") == 0
    assert resolved(root, "mine_quick").network.steps < resolved(root, "small_quick").network.steps
    assert written()["splits"]["quick"] == written()["splits"]["first"] | {"unlabelled": 3}
    assert resolved(root, "mine_quick").split == "quick" and resolved(root).split == "first"


def test_each_line_of_the_files_is_explained(in_tmp):
    folder(values(0, 1), masked=NAMES[:8])
    assert init("--group", "^(.)", "--geometry", "tiles") == 0
    for kind in ("datasets", "experiments"):
        lines = Path(f"own/{kind}/mine.yaml").read_text().splitlines()
        keys = [number for number, line in enumerate(lines) if line[:1].isalpha()]
        assert keys and all(lines[number - 1].startswith("# ") for number in keys), lines


def test_labels_that_overlap_are_learned_beside_doubt_about_another(root, in_tmp):
    layers("a", "b", overlap=True)
    assert init() == 0
    assert resolved(root).method.inconsistency.target == "ignore_label"
    folder(values(0, 1), raw="plain")
    assert init(raw="plain", name="plain") == 0
    assert "inconsistency" not in read_yaml("own/experiments/plain.yaml")


def test_tiles_are_suggested_for_small_things_in_large_images(in_tmp, capsys):
    def draw(raw: str, side: int) -> None:
        for seed, name in enumerate(NAMES):
            mask = np.zeros((600, 600), np.uint8)
            for start in range(20, 500, 150):
                mask[start + seed : start + seed + side, start : start + side] = 1
            save(Path(raw, "images", f"{name}.png"), photo(seed, 600, 600))
            save(Path(raw, "masks", f"{name}.png"), mask)

    draw("small", 14)
    assert init(raw="small", name="small") == 0
    told = "what is labelled is about 14 pixels across in images of 600 x 600, and 6 once they are resized"
    assert told in capsys.readouterr().out
    draw("large", 90)
    assert init(raw="large", name="large") == 0 and "pixels across" not in capsys.readouterr().out


def test_a_pretrained_encoder_sees_grey_images_as_colour(in_tmp, capsys):
    folder(values(0, 1), channels=1)
    assert init("--network", "lite0_unet", "--size", 64, 64) == 0
    assert "images are grey: the encoder of lite0_unet sees each as three equal channels" in capsys.readouterr().out


def test_two_colours_may_be_binary(in_tmp, capsys):
    folder(lambda seed: np.array([[0, 0, 0], [255, 0, 0]], np.uint8)[np.indices((16, 24)).sum(0) // 9 % 2])
    assert init() == 2 and "--kind binary" in capsys.readouterr().err
    assert init("--kind", "binary") == 0 and written()["task"]["kind"] == "binary"
    assert dissent("check", "mine", "--config-dir", "own") == 0
