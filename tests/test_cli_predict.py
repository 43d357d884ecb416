"""`dissent predict`: any image at its own size and name, broken ones named, nothing overwritten, damaged networks refused."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_data import GENERATION, TASKS, dissent, generation, pixels_of, rows_of
from PIL import Image, ImageOps
from raw_data import photo, save

from dissent import networks
from dissent.cli.predict import sliding_window
from dissent.cli.predict.find_images import names_of
from dissent.config.geometry import Centre, Tiles, Whole
from dissent.config.task import Task as TaskSpec
from dissent.consensus import consensus
from dissent.core.files import read_json, write_json
from dissent.core.task import Task
from dissent.training import inference

torch.set_num_threads(1)


def predict(*more, folder="photos", out="out", where=GENERATION):
    return dissent("predict", where, folder, out, "--device", "cpu", "--threads", 1, *more)


def of_network(number: int, pixels: np.ndarray, kind: str) -> np.ndarray:
    """What one student says of an image of its own size."""
    network, about = networks.load(GENERATION / "students" / str(number))
    images = pixels[None] if pixels.ndim == 3 else pixels[None, :, :, None]
    return inference.masks(network, images, Task(about["task"]), "cpu", "fp32")[0]


# strips: probabilities at the size of the image ------------------------------------------------------------------------


def brightness(images_NHWC):
    """A stand-in for a pool of two: each pixel's probability follows from that pixel alone."""
    grey = torch.from_numpy(images_NHWC[..., 0].astype(np.float32)) / 255
    for start in range(0, len(grey), 3):
        batch = grey[start : start + 3, None]
        yield [batch, 1 - batch]


@pytest.mark.parametrize("shape", [(16, 16), (40, 56), (17, 31), (5, 40), (40, 5), (3, 3)])
def test_sliding_windows_give_back_what_every_pixel_says(shape):
    pixels = photo(1, *shape, channels=1)
    parts = list(sliding_window.strips(brightness, pixels, shape, (16, 16), Tiles(name="tiles"), False))
    first, second = (torch.cat([part[k] for part in parts], 1)[0] for k in (0, 1))
    assert first.shape == shape
    assert torch.allclose(first, torch.from_numpy(pixels / 255).float(), atol=1e-5)
    assert torch.allclose(second, 1 - first, atol=1e-5)


def test_a_window_that_is_reduced_is_enlarged_again():
    pixels = np.full((64, 96), 51, np.uint8)
    parts = list(
        sliding_window.strips(brightness, pixels, (64, 96), (16, 16), Tiles(name="tiles", window=[32, 32]), False)
    )
    assert torch.allclose(torch.cat([part[0] for part in parts], 1), torch.full((1, 64, 96), 0.2), atol=1e-6)
    assert len(parts) == 3  # windows of 32 rows, 16 apart


def test_the_centre_slides_at_the_scale_of_its_window():
    seen = []

    def run(images):
        seen.append(images.shape)
        return brightness(images)

    parts = list(sliding_window.strips(run, photo(1, 30, 100, 1), (30, 100), (16, 16), Centre(name="centre"), False))
    assert torch.cat([part[0] for part in parts], 1).shape == (1, 30, 100)
    assert seen == [(6, 16, 16, 1)]  # 30 x 30 windows, about 15 apart


def test_whole_images_are_resized_and_back_in_strips(monkeypatch):
    monkeypatch.setattr(sliding_window, "_ROWS", 7)
    pixels = photo(2, 50, 33, channels=1)
    parts = list(sliding_window.strips(brightness, pixels, (50, 33), (16, 16), Whole(), False))
    assert [part[0].shape[1] for part in parts] == [7] * 7 + [1]
    small = np.array(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR))
    wanted = torch.nn.functional.interpolate(torch.from_numpy(small / 255.0)[None, None], (50, 33), mode="bilinear")
    assert torch.allclose(torch.cat([part[0] for part in parts], 1), wanted[0].float(), atol=1e-5)


# the command -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TASKS)
def test_the_best_student_labels_each_image_at_its_size_and_name(in_tmp, kind):
    generation(kind)
    same = photo(1)
    save(Path("photos/same.png"), same)
    save(Path("photos/large.jpg"), photo(2, 50, 70))
    save(Path("photos/sub/grey.tif"), photo(3, 9, 31, channels=1))
    assert predict() == 0
    palette = TaskSpec(**TASKS[kind]).palette
    for name, size in {"same": (24, 16), "large": (70, 50), "sub/grey": (31, 9)}.items():
        with Image.open(f"out/masks/{name}.png") as mask:
            assert (mask.mode, mask.size) == ("P", size)
            colours = mask.getpalette()
            assert colours[:24] == [channel for colour in palette[:8] for channel in colour]
    mask = pixels_of(Path("out/masks/same.png"))
    assert (mask == of_network(2, same, kind)).all() and len(np.unique(mask)) > 1  # student 2 has the better score
    row = rows_of()["same.png"]
    task = Task(TaskSpec(**TASKS[kind]).model_dump(mode="json"))
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
    task = Task(TaskSpec(**TASKS[kind]).model_dump(mode="json"))
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
    generation(channels=1, depth=16, levels=[100, 100 + 255 * 16])
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


def test_colours_that_a_network_of_grey_images_does_not_see_are_told(in_tmp, capsys):
    generation(channels=1)
    save(Path("photos/stained.png"), photo(1))
    save(Path("photos/plain.png"), photo(2, channels=1))
    assert predict() == 0
    assert "note: stained.png: is in colour and read as grey" in (told := capsys.readouterr().err)
    assert "plain.png" not in told and "read as grey" in rows_of()["stained.png"]["reason"]


def test_an_older_network_takes_the_grey_levels_of_the_data_set_and_says_so(in_tmp, capsys):
    generation(channels=1, depth=16)
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
        ({"levels": [0, 10**9], "depth": 16}, "less than or equal to 65535"),
    ],
)
def test_sizes_that_no_memory_holds_are_refused(in_tmp, capsys, given, said):
    generation(students=1, **given)
    save(Path("photos/a.png"), photo(1))
    assert predict() == 2
    told = capsys.readouterr().err
    assert "model.json" in told and said in told and not Path("out").exists()


def test_broken_files_are_named_and_the_rest_is_done(in_tmp, capsys):
    generation()
    save(Path("photos/good.png"), photo(1))
    whole = save(Path("photos/cut.jpg"), photo(2, 64, 64)).read_bytes()
    Path("photos/cut.jpg").write_bytes(whole[: len(whole) // 2])
    Path("photos/empty.png").touch()
    Path("photos/text.tif").write_text("no image")
    Path("photos/folder.png").mkdir()
    Path("photos/dangling.png").symlink_to("nothing")
    Path("photos/loop.png").symlink_to("loop.png")
    os.mkfifo("photos/pipe.png")
    save(Path("photos/film.gif"), photo(3, channels=1))
    Image.fromarray(photo(1, channels=3)).convert("CMYK").save("photos/print.jpg")
    save(Path("photos/glass.png"), np.dstack([photo(4), np.full((16, 24), 9, np.uint8)]))
    for junk in (".DS_Store", "._good.png", "Thumbs.db", "notes.txt", ".ipynb_checkpoints/good.png"):
        Path("photos", junk).parent.mkdir(exist_ok=True)
        Path("photos", junk).write_text("junk")
    assert predict() == 3
    told = capsys.readouterr()
    rows = rows_of()
    bad = {
        "cut.jpg", "empty.png", "text.tif", "folder.png", "dangling.png", "loop.png", "pipe.png", "film.gif", "print.jpg",
        "glass.png",
    }  # fmt: skip
    assert {name for name, row in rows.items() if row["status"] == "failed"} == bad
    assert set(rows) == bad | {"good.png"}
    assert all(row["reason"] and f"failed: {name}" in told.err for name, row in rows.items() if name in bad)
    assert (
        "5 files that are no images or hidden: .DS_Store, ._good.png, .ipynb_checkpoints/good.png, Thumbs.db, notes.txt"
        in told.err
    )
    assert "1 of 11 images are labelled" in told.out and "Traceback" not in told.err
    assert [path.name for path in Path("out/masks").rglob("*")] == ["good.png"]


def test_hard_names(in_tmp):
    generation()
    good = [
        "a b.png", "x#1.png", "50%.png", "{x}.png", "it's.png", "a,b.png", "-rf.png", "=1+1.png", "細胞.png", "🦠.png",
        "שלום.png", "a.tar.png", "y" * 240 + ".png",
    ]  # fmt: skip
    for seed, name in enumerate(good):
        save(Path("photos", name), photo(seed))
    save(Path("photos/two\nlines.png"), photo(99))
    save(Path(os.fsdecode(b"photos/\xff.png")), photo(98))
    assert predict() == 3
    rows = rows_of()
    done = {row["mask"] for row in rows.values() if row["status"] == "done"}
    assert {name.removeprefix("./") for name, row in rows.items() if row["status"] == "done"} == set(good)
    assert all(Path("out", mask).is_file() for mask in done) and len(done) == len(good)
    assert "./=1+1.png" in rows and "./-rf.png" in rows  # nothing that a spreadsheet would run
    assert sum(row["status"] == "failed" for row in rows.values()) == 2


def test_equal_names_are_told_apart():
    from pathlib import PurePosixPath as P

    given = [P("a.png"), P("a.jpg"), P("b/a.png"), P("c.tif"), P("a.jpg.bmp"), P("C.png")]
    assert [str(name) for name in names_of(given).values()] == [
        "a.png", "a.jpg", "b/a", "c.tif", "a.jpg.bmp", "C.png",
    ]  # fmt: skip


def test_nothing_is_overwritten_unless_asked(in_tmp, capsys):
    generation()
    save(Path("photos/a.png"), photo(1))
    Path("out/masks").mkdir(parents=True)
    Path("out/masks/a.png").write_text("mine")
    assert predict() == 2
    assert "masks/a.png" in capsys.readouterr().err and Path("out/masks/a.png").read_text() == "mine"
    assert not Path("out/predictions.csv").exists()
    assert predict("--overwrite") == 0
    first = Path("out/masks/a.png").read_bytes()
    assert predict("--overwrite") == 0 and Path("out/masks/a.png").read_bytes() == first


def test_its_own_masks_are_no_images(in_tmp, capsys):
    generation()
    save(Path("photos/a.png"), photo(1))
    assert predict(out="photos/out") == 0
    assert predict("--overwrite", out="photos/out") == 0
    assert set(rows_of(Path("photos/out"))) == {"a.png"}
    assert predict("--overwrite", out="photos") == 2
    assert predict("--overwrite", folder="photos/out/masks", out="photos/out") == 2
    assert "name another folder" in capsys.readouterr().err
    assert predict(folder="photos/a.png", out="one") == 0 and Path("one/masks/a.png").is_file()


@pytest.mark.parametrize("file", ["model.safetensors", "model.json"])
def test_damaged_networks_are_refused_with_the_command_that_makes_them_again(in_tmp, capsys, file):
    generation()
    save(Path("photos/a.png"), photo(1))
    path = GENERATION / "students" / "2" / file
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    assert predict() == 2
    told = capsys.readouterr().err
    assert str(path) in told and "snakemake --cores 2 --force results/toy/gen1/students/2/model.safetensors" in told
    path.unlink()
    assert predict() == 2 and not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("results/toy", "photos", "out"), "name one of its generations: results/toy/gen1"),
        (("results/toy/gen7", "photos", "out"), "make it with: snakemake --cores 2 results/toy/gen7/teachers.json"),
        (("photos", "photos", "out"), "neither a generation"),
        ((GENERATION, "nowhere", "out"), "nowhere does not exist"),
        ((GENERATION, "empty", "out"), "has no images"),
        ((GENERATION, "photos", "out", "--device", "cuda"), "no graphics card"),
        ((GENERATION, "photos", "out", "--levels", "1", "2"), "16-bit images; leave it out"),
    ],
)
def test_mistakes_are_told_in_plain_words(in_tmp, capsys, monkeypatch, arguments, words):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    generation()
    save(Path("photos/a.png"), photo(1))
    Path("empty").mkdir()
    assert dissent("predict", *arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") or "\nerror: " in told
    assert words in told and "Traceback" not in told


def test_a_network_that_says_nothing_of_its_images_is_refused(in_tmp, capsys):
    generation(students=1)
    save(Path("photos/a.png"), photo(1))
    folder = GENERATION / "students" / "1"
    write_json(folder / "model.json", {k: v for k, v in read_json(folder / "model.json").items() if k != "input"})
    assert predict(where=folder) == 2
    assert "model.json lacks `input`" in capsys.readouterr().err
    write_json(folder / "model.json", read_json(folder / "model.json") | {"input": {"dataset": "../../etc"}})
    assert predict(where=folder) == 2
