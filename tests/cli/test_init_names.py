"""`dissent init`: what names of images and masks begin and end with, as patterns say it or as the names tell."""

from pathlib import Path

import pytest
from init_data import check_too, init, written
from raw_data import ids, photo, save

NAMES = ["x1", "x10", "x2", "yy_3", "yy_30", "z"]


def pairs(image="{}", mask="{}", masks="masks") -> None:
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{image.format(name)}.png"), photo(seed))
        save(Path(f"raw/{masks}", f"{mask.format(name)}.png"), ids(seed))


def ends() -> dict:
    keys = ("image_prefix", "image_suffix", "mask_prefix", "mask_suffix", "match_case", "leave_out")
    return {key: written()[key] for key in keys if key in written()}


@pytest.mark.parametrize(
    ("image", "mask", "found"),
    [
        ("{}", "seg_{}", {"mask_prefix": "seg_"}),
        ("img_{}", "seg_{}", {"image_prefix": "img_", "mask_prefix": "seg_"}),
    ],
)
def test_beginnings_are_seen(in_tmp, image, mask, found):
    pairs(image, mask)
    assert init() == 0 and ends() == found
    check_too()


def test_letters_in_another_case_are_told_and_paired(in_tmp, capsys):
    pairs()
    for path in sorted(Path("raw/masks").iterdir())[:2]:
        path.rename(path.with_name(path.name.upper()))
    assert init() == 0 and ends() == {"match_case": False}
    assert "some in other letters (upper, lower case) than their images" in capsys.readouterr().out
    check_too()
    assert "6 of them with masks" in capsys.readouterr().out


def test_an_image_has_the_mask_of_its_own_name_where_another_differs_in_case(in_tmp, capsys):
    pairs()
    for name in ("X1", "X2"):
        save(Path("raw/masks", f"{name}.png"), ids(9))
    Path("raw/masks/x2.png").unlink()
    assert init() == 2
    told = capsys.readouterr().err
    assert "masks/X1.png: no image belongs to this mask" in told and "X2.png" not in told


def test_a_pattern_chooses_masks(in_tmp, capsys):
    pairs(mask="Seg_{}_m")
    pairs(mask="{}_vis")
    assert init("--masks", "masks/Seg_{stem}_m.png") == 0
    assert ends() == {"mask_prefix": "Seg_", "mask_suffix": "_m", "leave_out": ["masks/*_vis.png"]}
    assert "left out: 6, as `leave_out: masks/*_vis.png` says" in capsys.readouterr().out
    check_too()


def test_a_pattern_in_the_folder_of_the_images(in_tmp):
    pairs(mask="seg_{}", masks="images")
    assert init("--masks", "images/seg_{stem}.png") == 0
    assert ends() == {"mask_prefix": "seg_"}
    check_too()


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("masks/*_m.png", "a pattern says {stem} once"),
        ("{stem}.png", "a pattern is FOLDER/NAME with {stem} once in the name"),
        ("masks/{stem}/{stem}.png", "a pattern is FOLDER/NAME with {stem} once in the name"),
        ("masks/q_{stem}.png", "has no PNG, JPEG, TIFF or BMP images that are called so"),
        ("masks/x{stem}.png", "no mask belongs to an image under these patterns"),
    ],
)
def test_a_pattern_that_fits_nothing_is_told(in_tmp, capsys, pattern, words):
    pairs()
    assert init("--masks", pattern) == 2
    assert words in capsys.readouterr().err and not list(Path("own").rglob("*.yaml"))
