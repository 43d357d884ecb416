"""Formats, colours, depth and turned photographs."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps
from raw_data import ids, label, pairs, photo, prepared, refused, save, single

from dissent.core.files import read_image

ALONE = [{"name": "all", "images": "images", "masks": None}]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.TIFF", "a.bmp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_formats_and_colours(in_tmp, name, channels):
    single(photo(1, channels=channels), name)
    prepared(Path("raw"), Path("out"))
    colour = read_image("out/images/a.png", 3)
    assert np.array_equal(colour, photo(1) if channels == 3 else np.repeat(photo(1, channels=1)[..., None], 3, 2))
    prepared(Path("raw"), Path("out"), channels=1)
    grey = np.array(Image.fromarray(photo(1, channels=channels)).convert("L"))
    assert np.array_equal(read_image("out/images/a.png", 1)[..., 0], grey)


def test_colours_that_a_grey_data_set_loses_are_told(in_tmp, caplog):
    for name, pixels in {
        "grey.png": photo(1, channels=1),
        "rgb.jpg": np.repeat(photo(2, channels=1)[..., None], 3, 2),
    }.items():
        save(Path("raw/images", name), pixels)
    prepared(Path("raw"), Path("out"), allow_unlabelled=True, parts=ALONE, channels=1)
    assert "colour" not in caplog.text
    save(Path("raw/images/stained.png"), photo(3))
    prepared(Path("raw"), Path("out"), allow_unlabelled=True, parts=ALONE, channels=1)
    assert "images/stained.png: is in colour and read as grey; `channels: 3` keeps colours" in caplog.text


def test_jpegs_are_decoded_as_pillow_does(in_tmp):
    single(photo(1), "a.jpeg", quality=90)
    prepared(Path("raw"), Path("out"))
    assert np.array_equal(read_image("out/images/a.png", 3), np.array(Image.open("raw/images/a.jpeg")))


def test_palette_one_bit_and_opaque_images(in_tmp):
    picture = Image.fromarray(photo(1)).quantize(16)
    opaque = np.dstack([photo(1), np.full((16, 24), 255, np.uint8)])
    for image, expected in (
        (picture, np.array(picture.convert("RGB"))),
        (Image.fromarray(ids(1).astype(bool)), np.repeat(ids(1)[..., None] * np.uint8(255), 3, 2)),
        (Image.fromarray(opaque), photo(1)),
    ):
        pairs(Path("raw"), ["a"])
        image.save("raw/images/a.png")
        prepared(Path("raw"), Path("out"))
        assert np.array_equal(read_image("out/images/a.png", 3), expected)


def deep(seed: int, low: int, high: int, shape=(16, 24)) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.uint16)


def stretched(pixels: np.ndarray, low: int, high: int) -> np.ndarray:
    return np.rint((np.clip(pixels.astype(float), low, high) - low) * 255 / (high - low)).astype(np.uint8)


@pytest.mark.parametrize("name", ["png", "little.tif", "big.tif", "bigtiff.tif"])
def test_16_bits_have_one_range_for_the_whole_data_set(in_tmp, name):
    raw = pairs(Path("raw"), ["dark", "bright"])
    images = {"dark": deep(1, 100, 400), "bright": deep(2, 300, 4000)}
    for key, pixels in images.items():
        (raw / "images" / f"{key}.png").unlink()
        if name == "png":
            save(raw / f"images/{key}.png", pixels)
        else:
            order = ">" if name == "big.tif" else "<"
            path = raw / f"images/{key}.tif"
            tifffile.imwrite(path, pixels, byteorder=order, bigtiff=name == "bigtiff.tif", photometric="minisblack")
    about, _ = prepared(raw, Path("out"), bit_depth=16, channels=1, percentiles=[0, 100])
    low, high = min(p.min() for p in images.values()), max(p.max() for p in images.values())
    assert about["levels"] == [low, high]
    for key, pixels in images.items():
        assert np.array_equal(read_image(f"out/images/{key}.png", 1)[..., 0], stretched(pixels, low, high))
    about, _ = prepared(raw, Path("out"), bit_depth=16, channels=1, percentiles=[1, 99])
    both = np.sort(np.concatenate([p.ravel() for p in images.values()]))
    assert about["levels"] == [both[int(np.ceil(0.01 * both.size)) - 1], both[int(np.ceil(0.99 * both.size)) - 1]]


def test_16_bit_colour_keeps_all_its_bits(in_tmp):
    pixels = deep(1, 0, 300, (16, 24, 3))  # Pillow would give 0 and 1
    pairs(Path("raw"), ["a"])
    Path("raw/images/a.png").unlink()
    tifffile.imwrite("raw/images/a.tif", pixels, photometric="rgb")
    prepared(Path("raw"), Path("out"), bit_depth=16, percentiles=[0, 100])
    assert np.array_equal(read_image("out/images/a.png", 3), stretched(pixels, pixels.min(), pixels.max()))


def test_8_bits_among_16_are_refused(in_tmp):
    raw = pairs(Path("raw"), ["a", "b"])
    save(raw / "images/a.png", deep(1, 0, 999))
    assert "images/b.png: has 8 bits a sample, and the data set says `bit_depth: 16`" in refused(
        raw, Path("out"), bit_depth=16
    )


# turned photographs


def turned_photo(path: Path, orientation: int, pixels: np.ndarray) -> np.ndarray:
    """Write a photograph with an EXIF tag; what a viewer shows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    image.getexif()[274] = orientation
    image.save(path, exif=image.getexif())
    return np.array(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_are_turned_alike(in_tmp, orientation, suffix):
    seen = turned_photo(Path(f"raw/images/a.{suffix}"), orientation, photo(1))
    mask = Image.fromarray(ids(1))
    mask.getexif()[274] = orientation
    save(Path("raw/masks/a.png"), ids(1))
    _, rows = prepared(Path("raw"), Path("out"), exif="both", size=list(seen.shape[:2]))
    assert np.array_equal(read_image("out/images/a.png", 3), seen)
    assert np.array_equal(label(rows, "a"), np.array(ImageOps.exif_transpose(mask)))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_tags_can_be_ignored(in_tmp, orientation, suffix):
    turned_photo(Path(f"raw/images/a.{suffix}"), orientation, photo(1))
    save(Path("raw/masks/a.png"), ids(1))
    _, rows = prepared(Path("raw"), Path("out"), exif="none")
    assert np.array_equal(read_image("out/images/a.png", 3), photo(1)) and np.array_equal(label(rows, "a"), ids(1))


def test_sizes_tell_how_masks_were_drawn_for_all_of_the_data_set(in_tmp):
    """One photograph on its side settles what one upside down leaves open."""
    for drawn in ("stored", "seen"):
        raw = Path(drawn)
        side = turned_photo(raw / "images/side.png", 6, photo(1))
        head = turned_photo(raw / "images/head.png", 3, photo(2))
        save(raw / "masks/side.png", ids(1) if drawn == "stored" else ids(1, 2, 24, 16))
        save(raw / "masks/head.png", ids(2))
        _, rows = prepared(raw, Path(f"out_{drawn}"), geometry={"name": "centre"}, size=[16, 16])
        middle = head[:, 4:20]
        assert np.array_equal(read_image(f"out_{drawn}/images/head.png", 3), middle)
        expected = ids(2)[::-1, ::-1] if drawn == "stored" else ids(2)
        assert np.array_equal(label(rows, "head"), expected[:, 4:20])
        assert side.shape == (24, 16, 3)


def test_what_sizes_cannot_tell_is_asked(in_tmp):
    turned_photo(Path("raw/images/a.png"), 3, photo(1))
    save(Path("raw/masks/a.png"), ids(1))
    text = refused(Path("raw"), Path("out"))
    assert "images/a.png" in text and "`exif: image`" in text
    _, rows = prepared(Path("raw"), Path("out"), exif="image")
    assert np.array_equal(label(rows, "a"), ids(1))


def test_masks_drawn_in_both_ways_are_refused(in_tmp):
    for name, shape in (("a", (16, 24)), ("b", (24, 16))):
        turned_photo(Path(f"raw/images/{name}.png"), 6, photo(1))
        save(Path(f"raw/masks/{name}.png"), ids(1, 2, *shape))
    assert "the mask of images/a.png was drawn on the photograph as stored, that of images/b.png" in refused(
        Path("raw"), Path("out")
    )


def test_a_mask_with_a_tag_is_turned_by_it(in_tmp):
    turned_photo(Path("raw/images/a.png"), 3, photo(1))
    turned_photo(Path("raw/masks/a.png"), 3, ids(1))
    _, rows = prepared(Path("raw"), Path("out"))
    assert np.array_equal(label(rows, "a"), ids(1)[::-1, ::-1])


def test_each_layer_of_a_label_is_turned_by_its_own_tag(in_tmp):
    save(Path("raw/images/a.png"), photo(1))
    save(Path("raw/masks/alive/a.png"), ids(1) * np.uint8(255))
    dead = turned_photo(Path("raw/masks/dead/a.png"), 3, ids(2) * np.uint8(255))
    side = turned_photo(Path("raw/masks/side/a.tif"), 6, ids(3, 2, 24, 16) * np.uint8(255))
    task = {"kind": "multilabel", "labels": ["alive", "dead", "side"]}
    _, rows = prepared(Path("raw"), Path("out"), task=task, mask_encoding={"name": "folders"})
    expected = [ids(1) > 0, dead > 0, side > 0]
    assert [np.array_equal(label(rows, "a") >> bit & 1, layer) for bit, layer in enumerate(expected)] == [True] * 3


@pytest.mark.parametrize("shape", [(12, 8), (8, 12), (10, 10)])
def test_the_shape_of_a_smaller_mask_tells_how_it_was_drawn(in_tmp, shape):
    turned_photo(Path("raw/images/a.png"), 6, photo(1))
    save(Path("raw/masks/a.png"), ids(1, 2, *shape))
    keys = {"on_size_mismatch": "resize", "size": [24, 16]}
    if shape == (10, 10):
        assert "`exif: image`" in refused(Path("raw"), Path("out"), **keys)
        return
    _, rows = prepared(Path("raw"), Path("out"), **keys)
    seen = ids(1, 2, *shape) if shape == (12, 8) else np.rot90(ids(1, 2, *shape), -1)  # orientation 6: clockwise
    assert np.array_equal(label(rows, "a"), seen.repeat(2, 0).repeat(2, 1))


def test_jpeg_bytes_behind_another_extension_are_an_image_all_the_same(in_tmp):
    pairs(Path("raw"), ["a"])
    stream = io.BytesIO()
    Image.fromarray(photo(1)).save(stream, "JPEG")
    Path("raw/images/a.png").write_bytes(stream.getvalue())
    prepared(Path("raw"), Path("out"))
    assert np.array_equal(read_image("out/images/a.png", 3), np.array(Image.open(stream)))


# percentiles that meet


def spots(noise: int) -> list[np.ndarray]:
    """Images that are nearly empty, with small spots of 300 and of 60,000."""
    images = []
    for seed in range(6):
        image = deep(seed, 0, noise + 1, (64, 64))
        image[5 + seed, 5] = 300
        image[40 + seed, 40] = 60000
        images.append(image)
    return images


@pytest.mark.parametrize("noise", [0, 6])
def test_spots_of_sparse_images_stay_apart(in_tmp, noise, caplog):
    images, raw = spots(noise), Path("raw")
    for number, image in enumerate(images):
        save(raw / f"images/a{number}.png", image)
        save(raw / f"masks/a{number}.png", ids(number, 2, 64, 64))
    about, _ = prepared(raw, Path("out"), bit_depth=16, channels=1, size=[64, 64])
    for number in range(len(images)):
        found = read_image(f"out/images/a{number}.png", 1)[..., 0]
        assert found[40 + number, 40] == 255 and 0 < found[5 + number, 5] < 255 and np.median(found) == 0
    assert about["levels"] == [0, 60000]
    assert f"lie at 0 and {noise}, but values reach from 0 to 60000: 0 to 60000 become 0 to 255 instead" in caplog.text


def test_one_hot_pixel_does_not_darken_all(in_tmp, caplog):
    raw, image = pairs(Path("raw"), ["a"]), deep(1, 100, 400, (16, 24))
    image[3, 3] = 65535
    save(raw / "images/a.png", image)
    about, _ = prepared(raw, Path("out"), bit_depth=16, channels=1, percentiles=[1, 99])
    assert about["levels"][1] < 400
    assert "(up to 65535) and all become 255; if they differ in meaning, widen `percentiles`" in caplog.text


def test_16_bit_images_of_one_level(in_tmp):
    save(pairs(Path("raw"), ["a"]) / "images/a.png", np.full((16, 24), 7, np.uint16))
    about, _ = prepared(Path("raw"), Path("out"), bit_depth=16, channels=1)
    assert about["levels"] == [7, 8]
