"""`dissent init`: what a folder of masks means is concluded for all of them together, or asked for, never guessed."""

from pathlib import Path

import numpy as np
import pytest
from init_data import NAMES, TABLE, asked, check_too, colours, folder, init, layers, values, written
from PIL import Image
from raw_data import ids, photo, save

# numbers ---------------------------------------------------------------------------------------------------------------

NUMBERS = {  # values: (flags, kind, encoding)
    (0, 1): ([], "binary", {"name": "index"}),
    (0, 255): ([], "binary", {"name": "zero_255"}),
    (0, 3): ([], "binary", {"name": "index", "ids": [3]}),
    (0, 1, 2): ([], "multiclass", {"name": "index"}),
    (0, 3, 7): ([], "multiclass", {"name": "index", "ids": [0, 3, 7]}),
    (1, 2): ([], "multiclass", {"name": "index", "ids": [1, 2]}),
    (0, 1, 255): (["--ignore", 255], "binary", {"name": "index", "ignore": [255]}),
    (0, 2, 5, 255): (["--ignore", "none"], "multiclass", {"name": "index", "ids": [0, 2, 5, 255]}),
    (0, 128, 255): (["--ignore", 128], "binary", {"name": "zero_255", "ignore": [128]}),
    (0, 1, 2, 4): (["--kind", "multilabel"], "multilabel", {"name": "index"}),
    (0, 40, 200, 255): (["--threshold", 128], "binary", {"name": "zero_255", "threshold": 128}),
    (0, 255, 254): (
        ["--kind", "multiclass", "--ignore", "none"],
        "multiclass",
        {"name": "index", "ids": [0, 254, 255]},
    ),
}


@pytest.mark.parametrize("given", NUMBERS)
def test_numbers(in_tmp, given):
    flags, kind, encoding = NUMBERS[given]
    folder(values(*given))
    assert init(*flags) == 0
    assert (written()["task"]["kind"], written()["mask_encoding"]) == (kind, encoding)
    check_too()


@pytest.mark.parametrize("given", [(0, 1, 255), (0, 1, 2, 255), (0, 128, 255), (0, 254, 255)])
def test_255_beside_other_values_is_a_question(in_tmp, capsys, given):
    folder(values(*given))
    assert init() == 2
    asked(capsys, "--ignore 255", "--ignore none")


def test_a_tile_with_two_values_of_four_keeps_them(in_tmp, capsys):
    """Never by file: {0, 3} of one mask are ids 0 and 3 where others hold 1 and 2."""
    folder(lambda seed: values(0, 3)(seed) if seed else values(0, 1, 2, 3)(seed))
    assert init() == 0
    assert written()["mask_encoding"] == {"name": "index"} and len(written()["task"]["labels"]) == 4
    check_too()


def test_numbers_of_objects_are_a_question(in_tmp, capsys):
    folder(lambda seed: values(*range(2 + seed))(seed))
    assert init() == 2
    asked(capsys, "--kind binary", "--kind multiclass")
    assert init("--kind", "binary") == 0
    assert written()["mask_encoding"]["ids"] == [list(range(1, 13))]
    check_too()


def test_palettes_keep_their_numbers(in_tmp):
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        image = Image.fromarray(values(0, 255)(seed))
        image.putpalette([0] * 765 + [255] * 3)
        Path("raw/masks").mkdir(exist_ok=True)
        image.save(f"raw/masks/{name}.png")
    assert init() == 0
    assert written()["mask_encoding"] == {"name": "index", "ids": [255]}
    check_too()


def test_one_bit_masks(in_tmp):
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        Path("raw/masks").mkdir(exist_ok=True)
        Image.fromarray(values(0, 255)(seed)).convert("1", dither=0).save(f"raw/masks/{name}.png")
    assert init() == 0 and written()["mask_encoding"] == {"name": "index"}
    check_too()


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (lambda seed: np.zeros((16, 24), np.uint8), "hold nothing but 0"),
        (lambda seed: ids(seed, 2).astype(np.uint16) * 900, "numbers up to 900"),
        (lambda seed: np.dstack([photo(seed), ids(seed, 2)]), "transparent"),
        (lambda seed: values(0, 1)(seed)[:9], "16 x 24 pixels (height x width), and its mask 9 x 24"),
    ],
)
def test_masks_that_cannot_be_used(in_tmp, capsys, mask, words):
    folder(mask)
    assert init() == 2
    assert words in capsys.readouterr().err and not list(Path("own").rglob("*.yaml"))


def test_jpeg_masks_want_a_threshold(in_tmp, capsys):
    folder(values(0, 255), ending=".jpg")
    assert init() == 2
    asked(capsys, "--threshold 128")
    assert init("--threshold", 128) == 0
    check_too()


# colours and channels --------------------------------------------------------------------------------------------------


def test_colours(in_tmp):
    folder(colours(*TABLE))
    assert init() == 0
    assert written()["mask_encoding"]["table"][0] == [0, 0, 0]
    assert sorted(written()["mask_encoding"]["table"]) == sorted(map(list, TABLE))
    assert written()["task"]["colours"] == written()["mask_encoding"]["table"]
    check_too()


def test_colours_of_a_binary_task_and_one_that_is_ignored(in_tmp):
    folder(colours((0, 0, 0), (9, 90, 200), (224, 224, 192)))
    assert init("--ignore", "224,224,192", "--labels", "leaf") == 0
    assert written()["task"] == {"kind": "binary", "labels": ["leaf"], "colours": [[9, 90, 200]]}
    assert written()["mask_encoding"]["ignore"] == [[224, 224, 192]]
    check_too()


def test_grey_numbers_in_rgb_files(in_tmp):
    folder(lambda seed: np.repeat(values(0, 1)(seed)[:, :, None], 3, 2))
    assert init() == 0 and written()["mask_encoding"] == {"name": "colours", "table": [[0, 0, 0], [1, 1, 1]]}
    check_too()
    folder(lambda seed: np.repeat(values(0, 255)(seed)[:, :, None], 3, 2), raw="other")
    assert init(raw="other", name="other") == 0 and written("other")["mask_encoding"] == {"name": "zero_255"}
    check_too("other")


@pytest.mark.parametrize(("kind", "name"), [("multilabel", "channels"), ("multiclass", "colours")])
def test_pure_rgb_is_a_question(in_tmp, capsys, kind, name):
    folder(colours((0, 0, 0), (255, 0, 0), (255, 255, 0), (0, 0, 255)))
    assert init() == 2
    asked(capsys, "--kind multiclass", "--kind multilabel")
    assert init("--kind", kind) == 0
    assert (written()["task"]["kind"], written()["mask_encoding"]["name"]) == (kind, name)
    check_too()


def test_blurred_colours_want_a_tolerance(in_tmp, capsys):
    def noisy(seed):
        clean = np.array(TABLE)[ids(seed, 3)]
        return (clean + np.random.default_rng(seed).integers(-6, 7, clean.shape)).clip(0, 255).astype(np.uint8)

    folder(noisy)
    assert init() == 2
    asked(capsys, "--tolerance 32")
    assert init("--tolerance", 32) == 0
    table = written()["mask_encoding"]["table"]
    assert len(table) == 3 and written()["mask_encoding"]["tolerance"] == 32
    assert all(min(max(abs(a - b) for a, b in zip(one, c, strict=True)) for c in TABLE) <= 12 for one in table)
    check_too()


# a folder for each label -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("overlap", "kind"), [(True, "multilabel"), (False, "multiclass")])
def test_folders_of_labels(in_tmp, overlap, kind):
    layers("alive", "dead", overlap=overlap)
    assert init() == 0
    task = written()["task"]
    assert task["kind"] == kind and task["labels"][-2:] == ["alive", "dead"]
    assert written()["mask_encoding"] == {"name": "folders", "folders": ["alive", "dead"]}
    check_too()


def test_folders_that_overlap_where_classes_are_meant(in_tmp):
    layers("alive", "dead", overlap=True)
    assert init("--kind", "multiclass", "--labels", "living,gone") == 0
    assert written()["mask_encoding"]["overlap"] == "later" and written()["task"]["labels"] == [
        "background",
        "living",
        "gone",
    ]
    check_too()


def test_masks_that_lack_in_some_folders_are_a_question(in_tmp, capsys):
    layers("alive", "dead", missing={("dead", NAMES[0])})
    assert init() == 2
    assert "1 in dead/" in capsys.readouterr().err
    assert init("--missing", "empty") == 0 and written()["mask_encoding"]["missing"] == "empty"
    check_too()


def test_one_folder_below_masks_is_just_a_folder(in_tmp):
    layers("alive")
    assert init() == 0
    assert written()["parts"] == [{"name": "all", "images": "images", "masks": "masks/alive"}]
    check_too()
