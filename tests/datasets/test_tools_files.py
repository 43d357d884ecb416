"""Folders as other tools write them, through `dissent init` and `check`: right numbers, or a refusal that names the files."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from init_data import init, written
from PIL import Image
from raw_data import ids, photo, save
from test_palettes import prepared_as

NAMES = [f"n{i:02}" for i in range(9)]


def folder(write, ending: str, values: int = 2) -> list[np.ndarray]:
    """raw/images/NAME.png, raw/masks/NAME of `write(number, ids, path)`; the ids."""
    masks = [ids(number, values) for number in range(len(NAMES))]
    Path("raw/masks").mkdir(parents=True)
    for number, (name, mask) in enumerate(zip(NAMES, masks, strict=True)):
        save(Path("raw/images", f"{name}.png"), photo(number))
        write(number, mask, Path("raw/masks", name + ending))
    return masks


def two_colours(number: int, mask: np.ndarray, path: Path) -> None:
    image = Image.fromarray(mask)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.save(path)


def test_bmps_of_two_colours(in_tmp):
    masks = folder(two_colours, ".bmp")
    assert init() == 0 and written()["task"]["kind"] == "binary"
    prepared_as(masks)


@pytest.mark.parametrize("kind", ["L", "1"])
def test_bmps_without_a_palette_of_their_own(in_tmp, kind):
    masks = folder(lambda number, mask, path: Image.fromarray(mask * 255).convert(kind).save(path), ".bmp")
    assert init() == 0
    prepared_as(masks)


def five(number: int, mask: np.ndarray, path: Path) -> None:
    planes = np.dstack([(mask == 1) * np.uint8(255)] * 5)
    tifffile.imwrite(path, planes, photometric="rgb", extrasamples=["unspecified"] * 2)


def damaged(number: int, mask: np.ndarray, path: Path) -> None:
    Image.fromarray(mask * np.uint8(255)).save(path)
    if number == 3:
        content = bytearray(path.read_bytes())
        content[content.index(b"IDAT") + 9] ^= 1
        path.write_bytes(content)


REFUSED = {
    "white is zero": (
        lambda n, mask, path: tifffile.imwrite(path, mask * 255, photometric=("minisblack", "miniswhite")[n % 2]),
        ".tif",
        ["masks/n01.tif has white as zero", "masks/n07.tif has white as zero"],
    ),
    "five samples": (five, ".tif", ["masks/n00.tif has 5 samples a pixel, of which 3 would be read"]),
    "JPEG in TIFF": (
        lambda n, mask, path: Image.fromarray(mask).save(path, compression="jpeg", quality=75),
        ".tif",
        ["masks have JPEG inside, whose values are blurred", "--threshold 128"],
    ),
    "damaged": (damaged, ".png", ["masks/n03.png is damaged: the checksum (CRC) of its chunk IDAT"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_right_is_refused_by_name(in_tmp, capsys, what):
    write, ending, said = REFUSED[what]
    folder(write, ending)
    assert init() == 2
    told = capsys.readouterr().err
    assert all(words in told for words in said), told
    assert not list(Path("own").rglob("*.yaml"))
