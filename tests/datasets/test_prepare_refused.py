"""Raw files that cannot be used are all named at once, before anything is written."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from raw_data import THREE, dataset, ids, label, pairs, photo, prepared, raw_png, refused, save

from dissent.core.files import UserError


def test_every_offender_is_named_in_one_message_and_nothing_is_written(in_tmp):
    raw = pairs(Path("raw"), ["good", "small", "lonely", "broken", "strange", "both"])
    save(raw / "masks/small.png", ids(1, height=15))
    (raw / "masks/lonely.png").unlink()
    for name in ("images/broken.png", "images/both.png", "masks/both.png"):
        (raw / name).write_bytes((raw / name).read_bytes()[:-40])
    save(raw / "masks/strange.png", ids(4, 5))
    text = refused(raw, Path("out"))
    assert text.startswith("raw: 6 problems, so nothing was written\n  ")
    assert "images/small.png: has 16 x 24 pixels (height x width), and its mask 15 x 24" in text
    for name in (
        "images/broken.png: ",
        "images/both.png: ",
        "masks/both.png: ",
        "masks/strange.png: has the value 2, 3, 4",
    ):
        assert name in text
    assert "images/lonely.png: has no mask" in text and "good" not in text


def test_one_cause_in_many_files_is_one_line(in_tmp):
    raw = pairs(Path("raw"), [f"n{i}" for i in range(70)])
    for path in (raw / "masks").iterdir():
        path.unlink()
    text = refused(raw, Path("out"))
    assert len(text.splitlines()) == 4 and "70 problems" in text
    assert "images/n0.png: has no mask" in text and "and 69 more likewise: images/n1.png, images/n10.png" in text
    assert "all 70 of them: work/problems/raw.txt" in text
    whole = Path("work/problems/raw.txt").read_text()
    assert len(whole.splitlines()) == 70 and all(f"images/n{i}.png: has no mask" in whole for i in range(70))
    shutil.rmtree("work/problems")
    Path("work/problems").touch()  # nothing can be written there
    assert len(refused(raw, Path("out")).splitlines()) == 71


@pytest.mark.parametrize("shape", [(15, 24), (17, 24), (16, 23), (24, 16), (8, 12)])
def test_masks_of_another_size_are_refused(in_tmp, shape):
    raw = pairs(Path("raw"), ["a"])
    save(raw / "masks/a.png", ids(1, height=shape[0], width=shape[1]))
    assert "images/a.png: has 16 x 24 pixels" in refused(raw, Path("out"))


@pytest.mark.parametrize("cut", [1, 2, 12, 40, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_truncated_images_are_named(in_tmp, suffix, cut):
    raw = pairs(Path("raw"), ["a", "b"])
    (raw / "images/b.png").unlink()
    path = save(raw / f"images/b{suffix}", photo(5, 60, 50))
    save(raw / "masks/b.png", ids(5, 2, 60, 50))
    prepared(raw, Path("whole"))
    content = path.read_bytes()
    path.write_bytes(content[: -cut if cut >= 1 else int(len(content) * (1 - cut))])
    assert f"images/b{suffix}: " in refused(raw, Path("out"))


def test_flipped_bits_in_a_mask_are_found(in_tmp):
    raw = pairs(Path("raw"), ["a"])
    content = (raw / "masks/a.png").read_bytes()
    random = np.random.default_rng(3)
    for bit in random.integers(8 * 8, 8 * (len(content) - 12), 40).tolist():  # behind the signature, before the end
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        (raw / "masks/a.png").write_bytes(damaged)
        try:
            _, rows = prepared(raw, Path("out"))
        except UserError as error:
            assert "masks/a.png" in str(error)
        else:  # a name of a chunk that nobody needs; pixels have a checksum
            assert np.array_equal(label(rows, "a"), ids(0))


def _gif(path):
    Image.fromarray(photo(1)).save(path, "GIF")


def _pages(path):
    frames = [Image.fromarray(photo(i)) for i in range(3)]
    frames[0].save(path, "TIFF", save_all=True, append_images=frames[1:])


def _apng(path):
    frames = [Image.fromarray(photo(i)) for i in range(3)]
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:])


def _floats(path):
    tifffile.imwrite(path, np.full((16, 24), np.nan, np.float32), photometric="minisblack")


def _loop(path):
    os.symlink(path.name, path)


ODD = {
    "0 bytes": (lambda p: p.write_bytes(b""), "is empty"),
    "text": (lambda p: p.write_text("hello"), "is no PNG, JPEG, TIFF or BMP image"),
    "folder": (lambda p: p.mkdir(), "is no plain file"),
    "dangling link": (lambda p: os.symlink("nowhere", p), "is no plain file"),
    "looping link": (_loop, "is no plain file"),
    "pipe": (lambda p: os.mkfifo(p), "is no plain file"),
    "GIF by another name": (_gif, "is no PNG, JPEG, TIFF or BMP image"),
    "pages": (_pages, "has 3 pages or frames"),
    "animation": (_apng, "has 3 pages or frames"),
    "CMYK": (lambda p: Image.new("CMYK", (24, 16)).save(p, "JPEG"), "colour mode CMYK"),
    "see-through": (lambda p: Image.new("RGBA", (24, 16), (1, 2, 3, 99)).save(p, "PNG"), "has transparent pixels"),
    "see-through grey": (lambda p: Image.new("LA", (24, 16), (1, 99)).save(p, "PNG"), "has transparent pixels"),
    "floats": (_floats, "floating point"),
    "signed": (lambda p: tifffile.imwrite(p, np.zeros((16, 24), np.int16), photometric="minisblack"), "signed"),
    "32 bits": (lambda p: tifffile.imwrite(p, np.zeros((16, 24), np.uint32), photometric="minisblack"), "32 bits"),
    "16 bits": (
        lambda p: Image.fromarray(photo(1)[..., 0].astype(np.uint16)).save(p, "PNG"),
        "has 16 bits a sample, and the data set says `bit_depth: 8`",
    ),
    "16-bit colour PNG": (lambda p: raw_png(p, (16, 24), 16, 2, 16 * (b"\0" + bytes(24 * 6))), "save it as TIFF"),
    "180 megapixels": (lambda p: raw_png(p, (10000, 18000), 8, 2, b""), "larger than 178 megapixels"),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_files_are_refused_by_name(in_tmp, what):
    raw = pairs(Path("raw"), ["a", "b"])
    make, said = ODD[what]
    (raw / "images/b.png").unlink()
    make(raw / "images/b.png")
    text = refused(raw, Path("out"))
    assert any(line.startswith("  images/b.png: ") for line in text.splitlines())
    assert said in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(in_tmp):
    raw = pairs(Path("raw"), ["a"])
    (raw / "images/a.png").chmod(0)
    assert "images/a.png: may not be read (permissions)" in refused(raw, Path("out"))


@pytest.mark.parametrize("name", ["b.gif", "b.webp", "b.npy"])
def test_formats_that_are_not_read_are_not_passed_over(in_tmp, name):
    raw = pairs(Path("raw"), ["a"])
    (raw / "images" / name).write_bytes(b"x")
    assert f"images/{name}: {name[1:]} is not read" in refused(raw, Path("out"))


def test_lenient_decoding_is_nowhere_switched_on(root):
    sources = (root / "workflow" / "scripts").rglob("*.py")
    assert not [path for path in sources if "LOAD_TRUNCATED_IMAGES" in path.read_text("utf-8")]


DOUBT = {"kind": "multiclass", "labels": ["doubt", "sky", "road", "car"], "doubt_class": True}


def test_real_pixels_never_become_the_id_that_is_kept_for_doubt(in_tmp):
    raw = pairs(Path("raw"), ["a", "b"], values=3)
    text = refused(raw, Path("out"), task=THREE | {"doubt_class": True})
    assert "images/a.png: " in text and "images/b.png: " in text and "pixels of its mask are `sky`" in text
    assert "ids: [[], 0, 1, ...]" in text and "labels: [doubt, ...]" in text
    as_it_says = {"name": "index", "ids": [[], 0, 1, 2]}
    about, rows = prepared(raw, Path("out"), task=DOUBT, mask_encoding=as_it_says)
    assert (label(rows, "a") == ids(0, 3) + 1).all() and about["pixels"]["doubt"] == 0
    about, rows = prepared(raw, Path("shared"), task=THREE | {"doubt_class": "shared"})
    assert (label(rows, "a") == ids(0, 3)).all() and about["task"]["doubt_class"] == "shared"


@pytest.mark.parametrize("doubt", [True, "shared"])
def test_folders_leave_no_id_free_for_doubt(doubt):
    with pytest.raises(UserError, match=r"each pixel in no folder is `sky`.*leave `doubt_class` out"):
        dataset(task=THREE | {"doubt_class": doubt}, mask_encoding={"name": "folders"})
