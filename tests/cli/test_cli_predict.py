"""`dissent predict`: any image at its own size and name, by one student or a pool."""

from pathlib import Path

import numpy as np
import pytest
import torch
from cli_data import GENERATION, TASKS, generation, pixels_of, predict, rows_of
from PIL import Image, ImageOps
from raw_data import photo, save

from dissent import networks
from dissent.config.task import TaskSettings
from dissent.consensus import consensus
from dissent.core.files import read_json, write_json
from dissent.core.task import Task
from dissent.training import inference

torch.set_num_threads(1)


def of_network(number: int, pixels: np.ndarray, kind: str) -> np.ndarray:
    """What one student says of an image of its own size."""
    network, about = networks.load(GENERATION / "students" / str(number))
    images = pixels[None] if pixels.ndim == 3 else pixels[None, :, :, None]
    return inference.masks(network, images, Task(about["task"]), "cpu", "fp32")[0]


@pytest.mark.parametrize("kind", TASKS)
def test_the_best_student_labels_each_image_at_its_size_and_name(in_tmp, kind):
    generation(kind)
    same = photo(1)
    save(Path("photos/same.png"), same)
    save(Path("photos/large.jpg"), photo(2, 50, 70))
    save(Path("photos/sub/grey.tif"), photo(3, 9, 31, channels=1))
    assert predict() == 0
    palette = TaskSettings(**TASKS[kind]).palette
    for name, size in {"same": (24, 16), "large": (70, 50), "sub/grey": (31, 9)}.items():
        with Image.open(f"out/masks/{name}.png") as mask:
            assert (mask.mode, mask.size) == ("P", size)
            colours = mask.getpalette()
            assert colours[:24] == [channel for colour in palette[:8] for channel in colour]
    mask = pixels_of(Path("out/masks/same.png"))
    assert (mask == of_network(2, same, kind)).all() and len(np.unique(mask)) > 1  # student 2 has the better score
    row = rows_of()["same.png"]
    task = Task(TaskSettings(**TASKS[kind]).model_dump(mode="json"))
    counted = [int(row[f"pixels_{name}"]) for name in task.histogram_names]
    assert counted == task.pixels(mask) and (row["status"], row["height"], row["width"]) == ("done", "16", "24")
    about = read_json("out/made_with.json")
    assert about["networks"][0]["folder"] == "results/toy/gen1/students/2"
    assert list(about["bits" if kind == "multilabel" else "ids"].values())[-1] == TASKS[kind]["labels"][-1]


def test_labels_that_overlap_get_a_folder_each(in_tmp):
    generation("multilabel")
    save(Path("photos/a.png"), photo(1))
    assert predict() == 0
    mask = pixels_of(Path("out/masks/a.png"))
    for bit, folder in enumerate(["alive", "a_b", "dead"]):
        assert (pixels_of(Path(f"out/labels/{folder}/a.png")) == (mask >> bit & 1) * 255).all()


@pytest.mark.parametrize("kind", TASKS)
def test_the_pool_agrees_where_its_students_do_and_doubts_elsewhere(in_tmp, kind):
    generation(kind, students=3, teachers=2)
    image = photo(1)
    save(Path("photos/a.png"), image)
    assert predict("--pool") == 0
    task = Task(TaskSettings(**TASKS[kind]).model_dump(mode="json"))
    votes = np.stack([task.unpack(of_network(number, image, kind)) for number in (3, 2)])  # the two marked ones
    agreed, inconsistent = consensus(votes, kind)
    mask, doubt = pixels_of(Path("out/masks/a.png")), pixels_of(Path("out/doubt/a.png"))
    assert ((doubt != 0) == inconsistent.astype(bool)).all() and 0 < inconsistent.mean() < 1
    assert (mask == task.pack(agreed))[doubt == 0].all()
    same = (votes == votes[0]).all(0)  # a label's own agreement counts where others are in doubt
    assert (task.unpack(mask) == agreed)[same].all()
    assert float(rows_of()["a.png"]["doubt_share"]) == pytest.approx(inconsistent.mean(), abs=1e-6)
    assert len(read_json("out/made_with.json")["networks"]) == 2


def test_a_pool_in_which_nobody_is_marked_is_asked_as_a_whole(in_tmp):
    generation(students=3, teachers=0)
    save(Path("photos/a.png"), photo(1))
    assert predict("--pool") == 0
    assert len(read_json("out/made_with.json")["networks"]) == 3


def test_one_student(in_tmp, capsys):
    generation()
    image = photo(1)
    save(Path("photos/a.png"), image)
    assert predict(where=GENERATION / "students" / "1") == 0
    assert (pixels_of(Path("out/masks/a.png")) == of_network(1, image, "binary")).all()
    assert predict("--pool", where=GENERATION / "students" / "1", out="two") == 2
    assert "is one student" in capsys.readouterr().err


def test_a_generation_may_be_moved(in_tmp):
    generation()
    save(Path("photos/a.png"), photo(1))
    Path("results/toy/gen1").rename("elsewhere")
    assert predict(where="elsewhere") == 0


def test_a_run_that_has_its_students_from_another(in_tmp):
    """As a control has generation 0 from its experiment: the ranking names the folders."""
    generation()
    save(Path("photos/a.png"), photo(1))
    control = Path("results/toy.control/gen1")
    control.mkdir(parents=True)
    (control / "teachers.json").write_bytes((GENERATION / "teachers.json").read_bytes())
    assert predict() == 0
    for number, where in enumerate((control, control.absolute())):
        assert predict(out=f"other{number}", where=where) == 0
        assert Path(f"other{number}/masks/a.png").read_bytes() == Path("out/masks/a.png").read_bytes()


def test_large_images_of_a_tiled_data_set_are_seen_at_their_scale(in_tmp):
    generation(geometry={"name": "tiles", "window": None, "overlap": 0.0})
    image = photo(1, 40, 60)
    save(Path("photos/a.png"), image)
    save(Path("photos/tiny.png"), image[:7, :9])
    assert predict() == 0
    assert pixels_of(Path("out/masks/a.png")).shape == (40, 60)
    assert pixels_of(Path("out/masks/tiny.png")).shape == (7, 9)


def test_tiles_on_request(in_tmp):
    generation()
    image = photo(1, 16, 72)
    save(Path("photos/a.png"), image)
    assert predict() == 0 and predict("--tiles", out="tiles") == 0
    whole, tiles = (pixels_of(Path(out, "masks/a.png")) for out in ("out", "tiles"))
    assert whole.shape == tiles.shape == (16, 72) and (whole != tiles).any()
    first = of_network(2, image[:, :24], "binary")
    assert (tiles[:, :12] == first[:, :12]).all()  # no other window reaches these
    assert read_json("tiles/made_with.json")["input"]["geometry"]["name"] == "tiles"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_seen_upright_and_its_mask_is_turned_like_it(in_tmp, orientation):
    generation(size=(16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(Path("photos/a.png"), photo(1, 24, 40), exif=exif)
    with Image.open("photos/a.png") as image:
        save(Path("photos/b.png"), np.array(ImageOps.exif_transpose(image)))
        stored = image.size
    assert predict() == 0
    with Image.open("out/masks/a.png") as mask, Image.open("out/masks/b.png") as upright:
        assert mask.size == stored
        assert mask.getexif().get(0x0112, 1) == orientation
        assert (np.array(ImageOps.exif_transpose(mask)) == np.array(upright)).all()


def test_tags_are_ignored_where_the_data_set_ignores_them(in_tmp):
    generation(exif="none")
    exif = Image.Exif()
    exif[0x0112] = 6
    save(Path("photos/a.png"), photo(1), exif=exif)
    save(Path("photos/b.png"), photo(1))
    assert predict() == 0
    assert (pixels_of(Path("out/masks/a.png")) == pixels_of(Path("out/masks/b.png"))).all()


def test_sixteen_bits_have_the_grey_levels_of_the_network(in_tmp, capsys):
    generation(channels=1, bit_depth=16, levels=[100, 100 + 255 * 16])
    image = photo(1, channels=1).astype(np.uint16) * 16 + 100
    save(Path("photos/a.tif"), image)
    save(Path("photos/eight.png"), photo(1, channels=1))
    write_json("data/toy/dataset.json", {"levels": [0, 60000]})  # prepared anew since, which is none of its business
    assert predict() == 3
    assert rows_of()["eight.png"]["reason"].startswith("has 8 bits a sample")
    assert (pixels_of(Path("out/masks/a.png")) == of_network(2, photo(1, channels=1), "binary")).all()
    assert read_json("out/made_with.json")["input"]["levels"] == [100, 100 + 255 * 16]
    assert predict("--levels", 0, 9000, out="other") == 3
    assert read_json("other/made_with.json")["input"]["levels"] == [0, 9000]
    assert "older version" not in capsys.readouterr().err
    assert predict("--levels", 9, 9, out="third") == 2


def test_sixteen_bits_for_a_network_of_eight_have_the_levels_that_are_given(in_tmp):
    generation(channels=1)
    image = photo(1, channels=1)
    save(Path("photos/deep.png"), image.astype(np.uint16) * 16 + 100)
    save(Path("photos/eight.png"), image)
    assert predict() == 3
    assert "`dissent predict --levels LOW HIGH`" in rows_of()["deep.png"]["reason"]
    assert predict("--levels", 100, 100 + 255 * 16, out="other") == 0
    wanted = of_network(2, image, "binary")
    assert all((pixels_of(Path(f"other/masks/{name}.png")) == wanted).all() for name in ("deep", "eight"))


def test_colours_that_a_network_of_grey_images_does_not_see_are_told(in_tmp, capsys):
    generation(channels=1)
    save(Path("photos/stained.png"), photo(1))
    save(Path("photos/plain.png"), photo(2, channels=1))
    assert predict() == 0
    assert "note: stained.png: is in colour and read as grey" in (told := capsys.readouterr().err)
    assert "plain.png" not in told and "read as grey" in rows_of()["stained.png"]["reason"]


def test_an_older_network_takes_the_grey_levels_of_the_data_set_and_says_so(in_tmp, capsys):
    generation(channels=1, bit_depth=16)
    save(Path("photos/a.tif"), photo(1, channels=1).astype(np.uint16) * 16 + 100)
    assert predict() == 2
    assert "--levels LOW HIGH" in capsys.readouterr().err
    write_json("data/toy/dataset.json", {"levels": [100, 100 + 255 * 16]})
    assert predict() == 0
    assert "model.json is of an older version and has no grey levels" in capsys.readouterr().err
    assert (pixels_of(Path("out/masks/a.png")) == of_network(2, photo(1, channels=1), "binary")).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"size": (60000, 60000)}, "less than or equal to 4096"),
        ({"size": (16, -24)}, "greater than or equal to 8"),
        ({"geometry": {"name": "tiles", "window": [10**6, 10**6]}}, "a window of 1000000 x 1000000 pixels"),
        ({"levels": [0, 10**9], "bit_depth": 16}, "less than or equal to 65535"),
    ],
)
def test_sizes_that_no_memory_holds_are_refused(in_tmp, capsys, given, said):
    generation(students=1, **given)
    save(Path("photos/a.png"), photo(1))
    assert predict() == 2
    told = capsys.readouterr().err
    assert "model.json" in told and said in told and not Path("out").exists()
