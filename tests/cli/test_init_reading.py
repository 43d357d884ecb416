"""`dissent init` reads every mask as `prepare` will, before it writes: the table is of that, and no flag is dropped."""

from pathlib import Path

import numpy as np
import pytest
from init_data import NAMES, asked, check_too, colours, folder, init, layers, values, written
from PIL import Image
from raw_data import ids, photo, save

from dissent.cli.init.regions import single
from dissent.core.files import read_mask
from dissent.datasets import prepare

TURNED = Image.Exif()
TURNED[274] = 6  # a quarter to the right


def refused(capsys, *words) -> None:
    told = capsys.readouterr().err
    assert told.startswith("error: ") and all(word in told for word in words), told
    assert not list(Path("own").rglob("*.yaml"))


def label(name: str) -> np.ndarray:
    """What the mask of an image becomes."""
    prepare(written(), "mine", "raw", "data/mine")
    return read_mask(f"data/mine/labels/{name}.png")


def set_in(mask) -> None:
    """raw/masks/A and raw/masks/B of `mask(seed)`."""
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        for part in ("A", "B"):
            save(Path("raw/masks", part, f"{name}.png"), mask(seed))


# flags -----------------------------------------------------------------------------------------------------------------

RGB = colours((0, 0, 0), (255, 0, 0), (0, 255, 0))
IDLE = {
    "--ignore 224,224,192": (values(0, 1, 2), "is a colour"),
    "--threshold 9 --ignore 255": (values(0, 9, 255), "background and label"),
    "--threshold 9": (colours((0, 0, 0), (90, 1, 7)), "--threshold"),
    "--tolerance 9": (values(0, 1), "--tolerance"),
    "--missing empty": (values(0, 1), "--missing"),
    "--palette numbers": (values(0, 1), "--palette"),
    "--threshold 9 --kind multiclass": (values(0, 9, 255), "--kind"),
    "--kind multilabel --ignore 255,255,255": (RGB, "--ignore"),
    "--kind multilabel --tolerance 9 --palette colours": (RGB, "--tolerance and --palette"),
    "--kind multilabel --ignore 2": (values(0, 1, 2, 4), "labels, one a bit"),
    "--kind multilabel --ignore none": (values(0, 1, 255), "8 labels, one a bit"),
}


@pytest.mark.parametrize("flags", IDLE)
def test_flags_that_do_not_apply_are_refused(in_tmp, capsys, flags):
    mask, words = IDLE[flags]
    folder(mask)
    assert init(*flags.split()) == 2
    refused(capsys, words)


# numbers ---------------------------------------------------------------------------------------------------------------


def test_a_binary_task_has_a_background(in_tmp, capsys):
    folder(values(1, 2))
    assert init("--kind", "binary") == 2
    asked(capsys, "--kind multiclass")


def squares(*numbers):
    """A mask with a square of each number."""
    mask = np.zeros((16, 24), np.uint8)
    for place, number in enumerate(numbers):
        mask[1 + 8 * (place // 3) :, 1 + 8 * (place % 3) :][:5, :5] = number
    return mask


@pytest.mark.parametrize("some", [[(1,), (1, 2), (1, 2, 3)], [(1, 4), (2, 4), (2, 3, 5)]], ids=["few", "gaps"])
def test_numbers_of_a_few_objects_are_a_question(in_tmp, capsys, some):
    folder(lambda seed: squares(*some[seed % 3]))
    assert init() == 2
    asked(capsys, "--kind binary", "--kind multiclass")


def test_classes_of_several_regions_are_none(in_tmp):
    folder(lambda seed: squares(*[(1, 1, 2, 2, 3), (1, 1, 2, 2), (3, 3)][seed % 3]))
    assert init() == 0 and written()["task"]["kind"] == "multiclass"


def test_regions_are_of_pixels_that_touch():
    mask = np.array([[1, 0, 2, 2], [0, 1, 0, 0], [3, 0, 2, 0], [0, 3, 3, 3]], np.uint8)
    assert single(mask) == (2, 3)
    assert single(np.random.default_rng(0).integers(0, 4, (400, 400), np.uint8)) == (0, 3)


def test_masks_of_0_and_1_beside_masks_of_0_and_255(in_tmp, capsys):
    folder(lambda seed: values(0, 1 if seed % 3 else 255)(seed))
    assert init() == 2
    asked(capsys, "--ignore none --kind binary")
    assert init("--ignore", "none", "--kind", "binary") == 0
    assert written()["mask_encoding"] == {"name": "index", "ids": [[1, 255]]}
    assert all((label(name) == ids(seed, 2)).all() for seed, name in enumerate(NAMES))


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ((0, 1, 2, 255), False),
        ((0, 1, 255), False),
        ((0, 255, 255, 254), True),
        ((0, 40, 200, 255), True),  # of small objects most of the pixels are borders
    ],
)
def test_a_threshold_is_offered_where_values_lie_between(in_tmp, capsys, given, offered):
    folder(values(*given))
    assert init() == 2
    assert ("--threshold 128" in capsys.readouterr().err) == offered


def test_16_bits_beside_8_are_one_row_of_the_table(in_tmp, capsys):
    folder(lambda seed: values(0, 255)(seed) if seed % 2 else values(0, 255)(seed) * np.uint16(257))
    assert init() == 0
    pixels = sum(int(ids(seed, 2).sum()) for seed in range(len(NAMES)))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["255", "object", f"{pixels:,}", str(len(NAMES))] in rows
    check_too()


# colours ---------------------------------------------------------------------------------------------------------------


def one_spot(seed):
    """Two colours, a stray pixel that is near one, and in one mask a small region of a third."""
    mask = colours((0, 0, 0), (250, 0, 0))(seed).repeat(3, 0).repeat(3, 1)
    mask[0, 0] = 3
    if seed == 3:
        mask[4:7, 4:7] = (0, 250, 0)
    return mask


def test_a_rare_colour_is_not_lost(in_tmp, capsys):
    folder(one_spot, height=48, width=72)
    assert init("--tolerance", 10) == 2
    asked(capsys, "--ignore 0,250,0")
    assert init("--tolerance", 10, "--labels", "none,many,rare") == 0
    assert written()["mask_encoding"]["table"][2] == [0, 250, 0]
    check_too()


def test_channels_of_files_with_an_opaque_fourth(in_tmp):
    folder(lambda seed: np.dstack([RGB(seed), np.full((16, 24), 255, np.uint8)]))
    assert init("--kind", "multilabel") == 0
    assert np.array_equal(label(NAMES[1]), ids(1, 3))  # red is bit 1, green bit 2


# a folder for each label -----------------------------------------------------------------------------------------------


def test_255_beside_1_in_folders_is_a_question(in_tmp, capsys):
    set_in(values(0, 1, 255))
    assert init() == 2
    asked(capsys, "--ignore 255", "--threshold 1")
    assert init("--ignore", 255, "--kind", "multilabel") == 0
    assert "(nobody knows)" in capsys.readouterr().out
    assert np.array_equal(label(NAMES[0]), np.array([0, 3, 255])[ids(0, 3)])


def test_palettes_in_folders_are_read_as_they_are_shown(in_tmp):
    def shown_white(seed):
        image = Image.fromarray(1 - ids(seed, 2).astype(np.uint8))
        image.putpalette([255] * 3 + [0] * 3)
        return image

    set_in(values(0, 255))
    for seed, name in enumerate(NAMES):
        for part in ("A", "B"):
            shown_white(seed).save(f"raw/masks/{part}/{name}.png")
    assert init("--kind", "multilabel") == 0
    assert np.array_equal(label(NAMES[0]), 3 * ids(0, 2))


def test_folders_of_unequal_size_are_named(in_tmp, capsys):
    layers("alive", "dead")
    save(Path("raw/masks/dead", f"{NAMES[2]}.png"), np.zeros((24, 16), np.uint8))
    assert init("--kind", "multiclass") == 2
    refused(capsys, f"images/{NAMES[2]}.png: has 16 x 24 pixels (height x width), and its mask 24 x 16")


# sizes -----------------------------------------------------------------------------------------------------------------


def test_masks_that_are_turned_are_no_misfits(in_tmp):
    """Images of a phone as stored, masks drawn on what it shows: `prepare` turns one, and init has nothing against it."""
    folder(values(0, 255))
    for seed, name in enumerate(NAMES):
        Image.fromarray(np.rot90(values(0, 255)(seed))).save(f"raw/masks/{name}.png", exif=TURNED)
    assert init() == 0
    assert np.array_equal(label(NAMES[0]), ids(0, 2))


def test_masks_of_another_size_want_a_word(in_tmp, capsys):
    folder(lambda seed: values(0, 255)(seed)[::2, ::2])
    assert init() == 2
    refused(capsys, "its mask 8 x 12", "`on_size_mismatch: resize`", "here --on-size-mismatch says it")
    assert init("--on-size-mismatch", "resize") == 0 and written()["on_size_mismatch"] == "resize"
    check_too()


def test_how_square_images_are_turned_is_said(in_tmp, capsys):
    """No size tells it, and upside down masks would be learned."""
    folder(values(0, 255))
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed, 16, 16), exif=TURNED)
        save(Path("raw/masks", f"{name}.png"), values(0, 255)(seed)[:, :16])
    assert init() == 2
    refused(capsys, "`exif: image`", "here --exif says it")
    for way, mask in (("image", ids(0, 2)[:, :16]), ("both", np.rot90(ids(0, 2)[:, :16], -1))):
        assert init("--exif", way, "--anew") == 0 and written()["exif"] == way
        assert np.array_equal(label(NAMES[0]), mask)
