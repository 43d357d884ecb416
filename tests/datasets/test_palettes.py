"""Masks that can be read in two ways: numbers of palettes or their colours, few bits beside 8, two colours. Never a guess."""

from pathlib import Path

import numpy as np
import pytest
from init_data import check_too, init, written
from PIL import Image
from raw_data import THREE, chunk, ids, photo, raw_png, refused, save
from test_formats_png import lines_of

from dissent.core.files import read_json, read_mask
from dissent.datasets import prepare

COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 200]], np.uint8)
NAMES = [f"n{i:02}" for i in range(9)]
GREYS = [(0, 0, 0), (255, 255, 255)]


def by_palette(mask: np.ndarray, order=(0, 1, 2), colours=COLOURS, more=()) -> Image.Image:
    """The same colours whatever the order in which the palette has them."""
    number = np.argsort(order).astype(np.uint8)
    image = Image.fromarray(number[mask])
    image.putpalette([*np.asarray(colours)[list(order)].ravel().tolist(), *more])
    return image


def folder(make, values=3) -> list[np.ndarray]:
    """raw/images and raw/masks of `make(number, mask)`, and the masks as ids."""
    masks = [ids(number, values) for number in range(len(NAMES))]
    for number, (name, mask) in enumerate(zip(NAMES, masks, strict=True)):
        save(Path("raw/images", f"{name}.png"), photo(number))
        Path("raw/masks").mkdir(exist_ok=True)
        made = make(number, mask)
        (made if isinstance(made, Image.Image) else Image.fromarray(made)).save(f"raw/masks/{name}.png")
    return masks


def prepared_as(masks: list[np.ndarray]) -> None:
    """What init wrote is prepared to these ids."""
    check_too()
    prepare(written(), "mine", "raw", "data/mine")
    for name, mask in zip(NAMES, masks, strict=True):
        assert np.array_equal(read_mask(f"data/mine/labels/{name}.png"), mask), name


def said(capsys, *words) -> None:
    told = capsys.readouterr().err
    assert all(word in told for word in words), told
    assert not list(Path("own").rglob("*.yaml"))


# palettes --------------------------------------------------------------------------------------------------------------


def test_palettes_that_differ_are_read_by_colour(in_tmp, capsys):
    masks = folder(lambda n, mask: by_palette(mask, [(0, 1, 2), (2, 0, 1), (1, 2, 0)][n % 3]))
    assert init("--labels", "none,red,blue") == 0
    assert "palettes differ" in capsys.readouterr().out
    table = written()["mask_encoding"]["table"]
    assert written()["mask_encoding"]["name"] == "colours" and sorted(table) == sorted(COLOURS.tolist())
    order = np.array([table.index(colour) for colour in COLOURS.tolist()], np.uint8)
    prepared_as([order[mask] for mask in masks])
    pixels = read_json("data/mine/dataset.json")["pixels"]
    counts = np.bincount(np.concatenate(masks).ravel()).tolist()
    assert [pixels["none"], *sorted([pixels["red"], pixels["blue"]])] == [counts[0], *sorted(counts[1:])]


def test_numbers_of_palettes_that_differ_want_a_word(in_tmp, capsys):
    masks = folder(lambda n, mask: by_palette(mask, (0, 2, 1) if n == 4 else (0, 1, 2)))
    numbers = [np.array([0, 2, 1], np.uint8)[mask] if n == 4 else mask for n, mask in enumerate(masks)]
    text = refused(Path("raw"), Path("out"), task=THREE)
    assert "1 is the colour 255 0 0 in masks/n00.png and the colour 0 0 200 in masks/n04.png" in text
    assert "palettes: any" in text
    assert init("--palette", "numbers") == 0
    assert written()["mask_encoding"] == {"name": "index", "palettes": "any"}
    prepared_as(numbers)


def test_one_colour_with_two_numbers_is_a_difference_too(in_tmp):
    folder(lambda n, mask: by_palette(mask % 2 * 2, (0, 2, 1)) if n == 4 else by_palette(mask % 2 * 2))
    assert "the colour 0 0 200 is 2 in masks/n00.png and 1 in masks/n04.png" in refused(
        Path("raw"), Path("out"), task=THREE
    )


def test_numbers_that_nobody_uses_may_have_any_colour(in_tmp):
    masks = folder(lambda n, mask: by_palette(mask, more=(n, n, n)))
    assert init() == 0 and written()["mask_encoding"] == {"name": "index"}
    prepared_as(masks)


def test_palettes_that_are_too_short_for_255(in_tmp):
    def make(number: int, mask: np.ndarray) -> None:
        more = chunk(b"PLTE", COLOURS[:2].tobytes())
        numbers = np.array([0, 1, 255], np.uint8)[mask]
        raw_png(Path(f"raw/masks/{NAMES[number]}.png"), mask.shape, 8, 3, lines_of(numbers, 8), more)

    masks = [ids(number, 3) for number in range(len(NAMES))]
    for number, mask in enumerate(masks):
        save(Path(f"raw/images/{NAMES[number]}.png"), photo(number))
        make(number, mask)
    assert init("--ignore", "255") == 0 and written()["mask_encoding"] == {"name": "index", "ignore": [255]}
    prepared_as([np.array([0, 1, 255], np.uint8)[mask] for mask in masks])


@pytest.mark.parametrize("values", [2, 3])
def test_numbers_of_a_tool_that_reduces_colours_are_no_ids(in_tmp, capsys, values):
    """Image.quantize gives 0 to the most frequent, or to any colour: alike in all files, and no background."""
    colours = np.array([[0, 0, 0], [255, 255, 255], [200, 0, 0]], np.uint8)
    masks = folder(lambda n, mask: by_palette(mask, range(values)[::-1], colours[:values]), values)
    assert init() == 0
    assert f"{values - 1} is black and 0 is not in the palettes of masks" in capsys.readouterr().out
    table = written()["mask_encoding"]["table"]
    assert table[0] == [0, 0, 0] and written()["task"]["kind"] == ("binary" if values == 2 else "multiclass")
    order = np.array([table.index(colour) for colour in colours[:values].tolist()], np.uint8)
    prepared_as([order[mask] for mask in masks])


def test_a_palette_that_gives_two_numbers_one_colour_is_read_by_number(in_tmp):
    masks = folder(lambda n, mask: by_palette(mask, colours=[[0, 0, 0], [9, 9, 9], [9, 9, 9]]))
    assert init() == 0 and written()["mask_encoding"] == {"name": "index"}
    prepared_as(masks)


def test_black_and_white_that_change_places(in_tmp):
    masks = folder(lambda n, mask: by_palette(mask, (1, 0) if n % 2 else (0, 1), GREYS), values=2)
    assert init() == 0
    assert written()["mask_encoding"]["table"] == [[0, 0, 0], [255, 255, 255]] and written()["task"]["kind"] == "binary"
    prepared_as(masks)


def test_palettes_beside_grey_masks(in_tmp, capsys):
    masks = folder(lambda n, mask: mask if n == 4 else by_palette(mask))
    assert init() == 2
    said(capsys, "some masks have a palette and some are grey", "--palette numbers", "masks/n00.png")
    assert init("--palette", "numbers") == 0
    prepared_as(masks)


def test_empty_grey_masks_beside_palettes_are_no_question(in_tmp):
    masks = folder(lambda n, mask: np.zeros_like(mask) if n == 4 else by_palette(mask))
    masks[4][:] = 0
    assert init() == 0 and written()["mask_encoding"] == {"name": "index"}
    prepared_as(masks)


def test_black_and_white_palettes_beside_0_and_255(in_tmp):
    masks = folder(lambda n, mask: mask * np.uint8(255) if n % 2 else by_palette(mask, (0, 1), GREYS), values=2)
    assert init() == 0
    prepared_as(masks)


def test_palettes_beside_rgb_masks_are_read_by_colour(in_tmp, capsys):
    masks = folder(lambda n, mask: COLOURS[mask] if n % 2 else by_palette(mask))
    assert init("--palette", "numbers") == 2
    said(capsys, "some masks are RGB, which has no numbers")
    assert init() == 0
    table = written()["mask_encoding"]["table"]
    order = np.array([table.index(colour) for colour in COLOURS.tolist()], np.uint8)
    prepared_as([order[mask] for mask in masks])


def test_many_colours_that_differ_are_a_question(in_tmp, capsys):
    def objects(number: int, mask: np.ndarray) -> Image.Image:
        colours = np.random.default_rng(number).integers(0, 256, (40, 3))
        colours[0] = 0
        return by_palette(ids(number, 40), range(40), colours)

    folder(objects)
    assert init() == 2
    said(capsys, "palettes that differ", "--palette colours", "--palette numbers")


def test_palettes_in_folders_of_labels(in_tmp):
    masks = [ids(number, 3) for number in range(len(NAMES))]
    for number, mask in enumerate(masks):
        save(Path(f"raw/images/{NAMES[number]}.png"), photo(number))
        for value, name in enumerate(["cell", "debris"], 1):
            Path(f"raw/masks/{name}").mkdir(parents=True, exist_ok=True)
            one = by_palette((mask == value) * 1, (1, 0) if number % 2 else (0, 1), GREYS)
            one.save(f"raw/masks/{name}/{NAMES[number]}.png")
    assert init() == 0 and written()["mask_encoding"]["name"] == "folders"
    prepared_as(masks)
    by_palette(masks[0] % 2, (0, 1), COLOURS[:2]).save(f"raw/masks/cell/{NAMES[0]}.png")
    text = refused(Path("raw"), Path("o"), **{key: written()[key] for key in ("task", "mask_encoding")})
    assert f"its mask cell/{NAMES[0]}.png has a palette of colours where 0/255 masks are grey" in text


# bits ------------------------------------------------------------------------------------------------------------------


def test_one_bit_beside_0_and_255(in_tmp):
    masks = folder(lambda n, mask: mask.astype(bool) if n % 2 else mask * np.uint8(255), values=2)
    assert init() == 0 and written()["mask_encoding"] == {"name": "zero_255"}
    prepared_as(masks)


def test_one_bit_beside_ids(in_tmp):
    masks = folder(lambda n, mask: (mask % 2).astype(bool) if n == 4 else mask)
    masks[4] %= 2
    assert init() == 0 and written()["mask_encoding"] == {"name": "index"}
    prepared_as(masks)


def test_one_bit_beside_1_and_255_is_refused(in_tmp, capsys):
    folder(lambda n, mask: (mask % 2).astype(bool) if n == 4 else np.array([0, 1, 255], np.uint8)[mask])
    assert init("--ignore", "255") == 2
    said(capsys, "masks/n04.png", "white may mean either")
    encoding = {"name": "index", "ignore": [255]}
    assert "masks/n04.png: has 1 bits a pixel, and 1 and 255 are both ids" in refused(
        Path("raw"), Path("o"), mask_encoding=encoding
    )


def test_white_of_16_bits(in_tmp):
    masks = folder(lambda n, mask: mask.astype(np.uint16) * 65535 if n % 2 else mask * np.uint8(255), values=2)
    assert init() == 0 and written()["mask_encoding"] == {"name": "zero_255"}
    prepared_as(masks)


# two colours -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", [[(255, 255, 255), (200, 30, 30)], [(10, 20, 30), (200, 30, 30)]])
def test_two_colours_without_black_are_a_question(in_tmp, capsys, colours):
    masks = folder(lambda n, mask: np.array(colours, np.uint8)[(mask == 2).astype(int)])
    assert init() == 2
    said(capsys, "--kind binary", "200 30 30 is the label", "--kind multiclass")
    assert init("--kind", "binary") == 0
    prepared_as([(mask == 2).astype(np.uint8) for mask in masks])


def test_red_on_black_may_be_binary(in_tmp, capsys):
    masks = folder(lambda n, mask: COLOURS[mask], values=2)
    assert init() == 2
    said(capsys, "--kind binary", "--kind multiclass", "--kind multilabel")
    assert init("--kind", "binary") == 0
    prepared_as(masks)
