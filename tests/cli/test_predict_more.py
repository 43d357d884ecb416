"""`dissent predict`: probabilities, overlays, images unlike those of training, a whole run, and memory on large images."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_data import GENERATION, generation, pixels_of, predict, rows_of
from raw_data import photo, save

from dissent import networks
from dissent.cli.predict import _ahead, sliding_window
from dissent.cli.predict.find_images import Photo
from dissent.config.geometry import Tiles
from dissent.core.files import read_json, write_json
from dissent.core.task import Task
from dissent.datasets.convert import to_bytes
from dissent.training.inference import probabilities

torch.set_num_threads(1)


@pytest.mark.parametrize(("kind", "folders"), [("binary", ["thing"]), ("multilabel", ["alive", "a_b", "dead"])])
def test_probabilities_of_each_label(in_tmp, kind, folders):
    generation(kind)
    save(Path("photos/a.png"), photo(1))
    assert predict("--probabilities") == 0
    network, about = networks.load(GENERATION / "students" / "2")
    [[wanted]] = probabilities([network], photo(1)[None], Task(about["task"]), "cpu", "fp32")
    for plane, folder in zip(wanted[0].numpy(), folders, strict=True):
        found = pixels_of(Path(f"out/probabilities/{folder}/a.png"))
        assert found.dtype in (np.uint16, np.int32) and np.abs(found / 65535 - plane).max() < 1e-5


@pytest.mark.parametrize(("views", "turns"), [(2, [(), (1,)]), (4, [(), (1,), (0,), (0, 1)])])
def test_views_are_the_mean_of_the_image_turned_over(in_tmp, views, turns):
    generation()
    save(Path("photos/a.png"), photo(1))
    for number, axes in enumerate(turns):
        save(Path(f"turned/{number}.png"), np.flip(photo(1), axes))
    assert predict("--probabilities") == 0
    assert predict("--probabilities", "--views", str(views), out="seen") == 0
    assert predict("--probabilities", folder="turned", out="each") == 0
    each = [np.flip(pixels_of(Path(f"each/probabilities/thing/{n}.png")), axes) for n, axes in enumerate(turns)]
    found = pixels_of(Path("seen/probabilities/thing/a.png"))
    assert np.abs(np.mean(each, 0) - found).max() < 2 and (found != each[0]).any()
    assert read_json("seen/made_with.json")["views"] == views and "views" not in read_json("out/made_with.json")


def test_other_views_do_not_go_on_where_one_stopped(in_tmp, capsys):
    generation()
    save(Path("photos/a.png"), photo(1))
    assert predict() == 0
    assert predict("--views", "2", "--resume") == 2
    assert "other networks or with other settings (--pool, --views," in capsys.readouterr().err


def test_overlays_show_the_image_under_its_labels(in_tmp):
    generation()
    save(Path("photos/a.png"), photo(1))
    save(Path("photos/grey.png"), photo(2, channels=1))
    assert predict("--overlays") == 0
    mask, seen = pixels_of(Path("out/masks/a.png")), pixels_of(Path("out/overlays/a.png"))
    assert (seen[mask == 0] == photo(1)[mask == 0]).all() and (seen[mask == 1] != photo(1)[mask == 1]).any()
    assert pixels_of(Path("out/overlays/grey.png")).shape == (16, 24, 3)


def test_of_a_run_the_generation_is_taken_that_stands_for_it(in_tmp):
    generation()
    save(Path("photos/a.png"), photo(1))
    assert predict() == 0
    assert predict(where="results/toy", out="run") == 0
    assert Path("run/made_with.json").read_bytes() == Path("out/made_with.json").read_bytes()
    GENERATION.rename("results/toy/gen0")
    stopped = {"score": "iou", "generation": 1, "stopping": {"kept_folder": "results/toy/gen0"}}
    write_json("results/toy/gen1/metrics.json", stopped)
    write_json("results/toy/gen1/teachers.json", {"stopped_at": 1, "kept": 0, "why": "stopped"})
    assert predict(where="results/toy", out="kept") == 0
    assert "gen0/students/2" in Path("kept/made_with.json").read_text()


def test_images_unlike_those_of_training_are_told(in_tmp, capsys):
    generation()
    usual = {"brightness": 120.0, "spread": 10.0, "pixels": 400.0, "colour": {"mean": [0.0] * 3, "spread": [1.0] * 3}}
    write_json(
        GENERATION / "metrics.json", {"subsets": {"labelled": usual, "unlabelled": usual | {"brightness": 130.0}}}
    )
    for name, colour, size in [
        ("usual", (125, 125, 125), (16, 24)),
        ("dark", (9, 9, 9), (16, 24)),
        ("red", (190, 100, 100), (16, 24)),
        ("large", (125, 125, 125), (64, 64)),
    ]:
        save(Path(f"photos/{name}.png"), np.full((*size, 3), colour, np.uint8))
    assert predict() == 0
    reasons = {name: row["reason"] for name, row in rows_of().items()}
    assert reasons == {
        "usual.png": "",
        "dark.png": "is unlike the training images: darker (their mean grey is 120)",
        "red.png": "is unlike the training images: of another colour (more red)",
        "large.png": "is unlike the training images: larger (training images have 400 pixels)",
    }
    assert "note: dark.png: is unlike the training images" in capsys.readouterr().err


def test_large_images_are_not_read_before_their_turn(in_tmp, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr("dissent.cli.predict._READ_AHEAD", 3 * 16 * 24)
    begun: list[str] = []
    photos = []
    for name, scale in (("a", 1), ("b", 1), ("large", 4), ("c", 1)):
        save(Path(f"{name}.png"), photo(1, 16 * scale, 24 * scale))
        photos.append(Photo(Path(f"{name}.png"), name, name))
    with ThreadPoolExecutor(2) as readers:
        seen = []
        for one, job in _ahead(readers, lambda photo: begun.append(photo.shown), photos):
            job.result()
            seen.append((one.shown, sorted(begun)))
    assert [name for name, _ in seen] == ["a", "b", "large", "c"]
    assert seen[1] == ("b", ["a", "b"]) and seen[2] == ("large", ["a", "b", "large"])


def test_sixteen_bits_become_eight_as_ever_without_large_numbers():
    pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    low, high = 100, 4180
    wanted = np.rint((pixels.clip(low, high) - np.float64(low)) * (255 / (high - low))).astype(np.uint8)
    assert (to_bytes(pixels, (low, high)) == wanted).all()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is told by Linux")
def test_memory_does_not_grow_with_the_image():
    """32 times the rows take no more memory than a few windows beside the image itself."""

    def run(images):
        yield [torch.from_numpy(images[..., :1].astype(np.float32)).permute(0, 3, 1, 2) / 255]

    def peak(height: int) -> int:
        pixels = np.zeros((height, 512), np.uint8)
        Path("/proc/self/clear_refs").write_text("5")
        before = peak_now()
        for part in sliding_window.strips(run, pixels, pixels.shape, (64, 64), Tiles(name="tiles"), False):
            assert part[0].shape[1] <= 64
        return peak_now() - before

    def peak_now() -> int:
        return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) * 1024

    peak(512)  # imports, and what an allocator keeps
    assert peak(16384) < 16e6  # all probabilities of one network at once would be 34 MB
