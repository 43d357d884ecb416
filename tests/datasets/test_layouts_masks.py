"""What the pixels of a raw mask mean: said once for the data set, never guessed for each file."""

import numpy as np
import pytest
from PIL import Image
from raw_data import BITS, THREE, ids, label, one, pairs, photo, prepared, raw_png, reads_as, refused, save

FULL = {"name": "zero_255"}
TABLE = [[0, 0, 0], [0, 128, 0], [255, 0, 0]]


# index masks


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".PNG"])
def test_index_masks_keep_their_ids(in_tmp, suffix):
    mask = ids(1, 3)
    rows = reads_as(in_tmp, mask, mask, suffix, task=THREE)
    assert rows["a"]["present"] == "0 1 2"


def test_a_palette_does_not_matter(in_tmp):
    mask = ids(1, 3)
    image = Image.fromarray(mask)
    image.putpalette([250, 250, 250, 0, 0, 0, 9, 9, 9])
    save(in_tmp / "raw/images/a.png", photo(1))
    (in_tmp / "raw/masks").mkdir()
    image.save(in_tmp / "raw/masks/a.png")
    _, rows = prepared(in_tmp / "raw", in_tmp / "out", task=THREE)
    assert np.array_equal(label(rows, "a"), mask)


def test_a_prepared_mask_shows_colours(in_tmp):
    _, rows = prepared(one(in_tmp / "raw", ids(1, 3)), in_tmp / "out", task=THREE)
    with Image.open(rows["a"]["label"]) as image:
        assert image.mode == "P" and len({image.convert("RGB").getpixel((x, 0)) for x in range(3)}) == 3


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_masks_of_few_bits_keep_their_ids(in_tmp, bits):
    mask = ids(1, 2 if bits == 1 else 3)
    save(in_tmp / "raw/images/a.png", photo(1))
    flags = (mask[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(flags.reshape(mask.shape[0], -1).astype(np.uint8), axis=1)
    raw_png(in_tmp / "raw/masks/a.png", mask.shape, bits, 0, b"".join(b"\0" + row.tobytes() for row in rows))
    _, rows = prepared(in_tmp / "raw", in_tmp / "out", task=THREE)
    assert np.array_equal(label(rows, "a"), mask)


def test_an_id_out_of_range_is_named(in_tmp):
    mask = ids(1, 3)
    mask[2, 2] = 3
    text = refused(one(in_tmp / "raw", mask), in_tmp / "out", task=THREE)
    assert "masks/a.png: has the value 3, which is no id (0, 1, 2)" in text and "ignore: [3]" in text


def test_ignore_values_become_255(in_tmp):
    mask = ids(1, 4)
    expected = np.where(mask == 3, 255, mask)
    about, _ = prepared(
        one(in_tmp / "raw", mask), in_tmp / "out", task=THREE, mask_encoding={"name": "index", "ignore": [3]}
    )
    assert about["nobody_knows"] == (expected == 255).sum() > 0
    reads_as(in_tmp, mask, expected, task=THREE, mask_encoding={"name": "index", "ignore": [3]})


def test_255_is_not_taken_for_unknown_unasked(in_tmp):
    mask = np.where(ids(1, 3) == 2, 255, 0).astype(np.uint8)
    assert "zero_255" in refused(one(in_tmp / "raw", mask), in_tmp / "out")
    mask[0, :3] = 1
    assert "ignore: [255]" in refused(one(in_tmp / "raw", mask), in_tmp / "out")


def test_ids_with_gaps_map_to_labels_in_order(in_tmp):
    mask = np.array([0, 7, 8, 26], np.uint8)[ids(1, 4)]
    expected = np.array([0, 0, 1, 2], np.uint8)[ids(1, 4)]
    reads_as(in_tmp, mask, expected, task=THREE, mask_encoding={"name": "index", "ids": [[0, 7], 8, 26]})


def test_a_mask_that_lacks_ids_keeps_the_others(in_tmp):
    mask = ids(1, 2) * np.uint8(2)  # {0, 2} must stay {0, 2}
    reads_as(in_tmp, mask, mask, task=THREE)


def test_all_unknown_and_one_class_only_are_taken_with_a_warning(in_tmp, caplog):
    pairs(in_tmp / "raw", ["a", "b"])
    save(in_tmp / "raw/masks/a.png", np.full((16, 24), 9, np.uint8))
    save(in_tmp / "raw/masks/b.png", np.zeros((16, 24), np.uint8))
    _, rows = prepared(in_tmp / "raw", in_tmp / "out", mask_encoding={"name": "index", "ignore": [9]})
    assert (label(rows, "a") == 255).all() and rows["b"]["present"] == "0"
    assert "1 masks say nothing" in caplog.text and "has a pixel of thing" in caplog.text


def test_multilabel_index_masks_hold_bits(in_tmp):
    mask = ids(1, 8)
    rows = reads_as(in_tmp, mask, mask, task=BITS)
    assert rows["a"]["present"] == "0 1 2"
    mask[0, 0] = 8
    assert "has the value 8" in refused(one(in_tmp / "raw", mask), in_tmp / "other", task=BITS)


def test_a_jpeg_mask_is_refused(in_tmp):
    text = refused(one(in_tmp / "raw", ids(1) * np.uint8(255), ".jpg"), in_tmp / "out", mask_encoding=FULL)
    assert "masks/a.jpg: is a JPEG" in text


def test_a_16_bit_mask_is_taken_for_its_ids(in_tmp):
    mask = ids(1, 3)
    reads_as(in_tmp, mask.astype(np.uint16), mask, task=THREE)


# 0 and 255


@pytest.mark.parametrize("layers", [0, 3])
def test_zero_and_255(in_tmp, layers):
    mask = ids(1)
    raw = mask * np.uint8(255)
    reads_as(in_tmp, np.stack([raw] * layers, 2) if layers else raw, mask, mask_encoding=FULL)


def test_one_bit_masks_are_0_and_255(in_tmp):
    mask = ids(1)
    reads_as(in_tmp, mask.astype(bool), mask, mask_encoding=FULL)


def test_greys_are_refused_unless_a_threshold_is_given(in_tmp):
    raw = np.array([0, 128, 255], np.uint8)[ids(1, 3)]
    text = refused(one(in_tmp / "raw", raw), in_tmp / "out", mask_encoding=FULL)
    assert "masks/a.png: has the value 128 beside 0 and 255" in text
    reads_as(in_tmp, raw, (raw >= 100).astype(np.uint8), mask_encoding=FULL | {"threshold": 100})


def test_a_grey_can_mean_unknown(in_tmp):
    raw = np.array([0, 128, 255], np.uint8)[ids(1, 3)]
    expected = np.array([0, 255, 1], np.uint8)[ids(1, 3)]
    reads_as(in_tmp, raw, expected, mask_encoding=FULL | {"ignore": [128]})


def test_an_index_mask_is_not_taken_for_0_and_255(in_tmp):
    assert "is it `mask_encoding: index`?" in refused(one(in_tmp / "raw", ids(1)), in_tmp / "out", mask_encoding=FULL)


@pytest.mark.parametrize("last", [255, 254])
def test_alpha_must_be_opaque(in_tmp, last):
    mask = ids(1)
    raw = np.dstack([mask * np.uint8(255)] * 3 + [np.full_like(mask, 255)])
    raw[3, 3, 3] = last
    if last == 255:
        reads_as(in_tmp, raw, mask, mask_encoding=FULL)
    else:
        assert "transparent" in refused(one(in_tmp / "raw", raw), in_tmp / "out", mask_encoding=FULL)


# colours


def test_colours_map_to_ids(in_tmp):
    mask = ids(1, 3)
    reads_as(
        in_tmp, np.array(TABLE, np.uint8)[mask], mask, task=THREE, mask_encoding={"name": "colours", "table": TABLE}
    )


def test_colours_of_a_palette_image(in_tmp):
    mask = ids(1, 3)
    image = Image.fromarray(mask)
    image.putpalette([value for colour in TABLE for value in colour])
    save(in_tmp / "raw/images/a.png", photo(1))
    (in_tmp / "raw/masks").mkdir()
    image.save(in_tmp / "raw/masks/a.png")
    _, rows = prepared(in_tmp / "raw", in_tmp / "out", task=THREE, mask_encoding={"name": "colours", "table": TABLE})
    assert np.array_equal(label(rows, "a"), mask)


def test_tolerance_takes_the_nearest_colour(in_tmp):
    mask = ids(1, 3)
    noise = np.random.default_rng(0).integers(-9, 10, (16, 24, 3))
    raw = (np.array(TABLE)[mask] + noise).clip(0, 255).astype(np.uint8)
    reads_as(in_tmp, raw, mask, task=THREE, mask_encoding={"name": "colours", "table": TABLE, "tolerance": 9})
    text = refused(
        one(in_tmp / "raw", raw),
        in_tmp / "other",
        task=THREE,
        mask_encoding={"name": "colours", "table": TABLE, "tolerance": 3},
    )
    assert "fit no colour" in text and "`unmapped: 0.001` allows less" in text


def test_a_stray_colour_is_counted_and_becomes_unknown(in_tmp, caplog):
    mask = ids(1, 3)
    raw = np.array(TABLE, np.uint8)[mask]
    raw[5, 5] = [1, 2, 200]
    expected = mask.copy()
    expected[5, 5] = 255
    encoding = {"name": "colours", "table": TABLE, "unmapped": 0.01}
    reads_as(in_tmp, raw, expected, task=THREE, mask_encoding=encoding)
    assert "1 pixels of the masks (0.260%) fit no colour" in caplog.text


def test_ignored_colours(in_tmp):
    mask = ids(1, 3)
    expected = np.where(mask == 2, 255, mask)
    encoding = {"name": "colours", "table": TABLE[:2], "ignore": TABLE[2:]}
    two = {"kind": "multiclass", "labels": ["sky", "road"]}
    reads_as(in_tmp, np.array(TABLE, np.uint8)[mask], expected, task=two, mask_encoding=encoding)


def test_a_jpeg_mask_needs_a_tolerance(in_tmp):
    mask = np.zeros((16, 24), np.uint8)
    mask[:, 8:] = 1
    raw = np.array(TABLE, np.uint8)[mask]
    encoding = {"name": "colours", "table": TABLE}
    assert "is a JPEG" in refused(one(in_tmp / "raw", raw, ".jpg"), in_tmp / "o", task=THREE, mask_encoding=encoding)
    reads_as(in_tmp, raw, mask, ".jpg", {"quality": 95}, task=THREE, mask_encoding=encoding | {"tolerance": 60})


def test_a_photograph_taken_for_a_mask_is_refused(in_tmp):
    text = refused(
        one(in_tmp / "raw", photo(3)), in_tmp / "out", task=THREE, mask_encoding={"name": "colours", "table": TABLE}
    )
    assert "fit no colour" in text
    assert "is it `mask_encoding: colours`?" in refused(one(in_tmp / "raw", photo(3)), in_tmp / "out", task=THREE)
