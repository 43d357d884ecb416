"""A4: what masks mean: every form of them gives its right pixels, or a question, or a refusal by name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from faults import a4_forms, made, own
from faults.masks import COLOURS, COUNT, MASKED, Folder, coloured, scaled, values, wrong
from faults.suite import Injection


def zero_255(seed):
    folder = Folder(seed, scaled(255))
    return own.pixels(right=folder.right)


def zero_128_255(seed):
    Folder(seed, values(0, 128, 255), 3)
    return own.refused(words=("--ignore", "128"))


def zero_128_255_ignored(seed):
    folder = Folder(seed, values(0, 128, 255), 3)
    low, middle, high = folder.right
    return own.pixels("--ignore", 128, right=[low, high], unknown=middle)


def stray_colour(seed):
    folder = Folder(seed, coloured(COLOURS), 3)
    path = f"raw/masks/{folder.name}.png"
    pixels = np.array(Image.open(path))
    pixels[3, 4] = (9, 200, 31)
    made.save(path, pixels)
    return own.told(words=(("9,200,31", "9 200 31", "(9, 200, 31)"),))


def later_id(seed):
    """An id that comes with a later file."""
    folder = Folder(seed, scaled(1), 3)

    def edit():
        path = f"raw/masks/{folder.name}.png"
        pixels = np.array(Image.open(path))
        pixels[3, 4] = 3
        made.save(path, pixels)

    return own.refused(words=(folder.name, "3"), edit=edit)


def both_foreground_and_ignored(seed):
    Folder(seed, values(0, 1, 255), 3)
    return own.refused(words=("--ignore", "255"))


def ignored_255(seed):
    folder = Folder(seed, values(0, 1, 255), 3)
    zero, one, unknown = folder.right
    return own.pixels("--ignore", 255, right=[zero, one], unknown=unknown)


def gap_ids(seed):
    folder = Folder(seed, values(0, 3, 7), 3)
    return own.pixels(right=folder.right, words=("--",))


def a_tile_of_0_and_3(seed):
    folder = Folder(
        seed, lambda number, ids, path: made.save(path, np.where(number % 4, ids, (ids > 0) * 3).astype(np.uint8)), 4
    )
    counts = np.zeros(4, int)
    for path in Path("raw/masks").iterdir():
        counts += np.bincount(np.array(Image.open(path)).ravel(), minlength=4)
    assert counts.sum() == sum(folder.right)
    return own.pixels(right=counts.tolist())


def empty_everywhere(seed):
    Folder(seed, lambda number, ids, path: made.save(path, ids * np.uint8(0)))
    return own.refused(words=("all masks hold nothing but 0",))


def ignored_everywhere(seed):
    Folder(seed, lambda number, ids, path: made.save(path, ids * 0 + np.uint8(255)))
    return own.refused(words=("all masks hold nothing but 255",))


def class_in_one_mask(seed):
    """A class that one mask shows cannot be on all subsets of a split: told."""
    folder = Folder(
        seed,
        lambda number, ids, path: made.save(path, np.where(ids == 2, 2 if number == 0 else 1, ids).astype(np.uint8)),
        3,
    )
    assert folder
    return own.told(words=("image shows",))


def two_colours(seed):
    """Black and red: one label on a background, or two classes? A question, or one label."""
    folder = Folder(seed, coloured(COLOURS))
    end = own.way()
    if end.stage == "init":
        return own.named(end.said, "--kind") and "refused"
    if "kind: binary" not in Path("settings/datasets/cells.yaml").read_text():
        raise own.Silent(f"two colours became classes without a question: {end.text[-500:]}")
    return "survived" if list(made.pixels_of().values())[:2] == folder.right else wrong(end)


def blurred(seed):
    Folder(
        seed,
        lambda number, ids, path: (
            Image.fromarray(ids * np.uint8(255))
            .resize((96, 96), Image.Resampling.BILINEAR)
            .resize((48, 48), Image.Resampling.BILINEAR)
            .save(path)
        ),
    )
    return own.refused(words=("--threshold",))


def blurred_colours(seed):
    random = np.random.default_rng(seed)
    Folder(
        seed,
        lambda number, ids, path: made.save(
            path, np.clip(COLOURS[ids] + random.integers(-9, 9, (48, 48, 3)), 0, 255).astype(np.uint8)
        ),
        3,
    )
    return own.refused(words=("--tolerance",))


def instances(seed):
    """Each object has a number of its own: no classes, and not for want of a question."""

    def save(number, ids, path):
        parts = np.random.default_rng(number).integers(3, 9)
        strips = np.arange(48)[:, None] * parts // 48 + 1 + ids * 0
        objects = np.unique(ids * strips, return_inverse=True)[1].reshape(ids.shape)  # 1, 2, 3 ... in each mask
        made.save(path, (objects + 0).astype(np.uint8))

    Folder(seed, save)
    return own.refused(words=("single objects", "--kind"))


def folders(overlap: bool) -> Callable:
    def run(seed):
        counts = [0, 0]
        for number in range(COUNT):
            image, ids = made.pair(1000 * seed + number, classes=3)
            made.save(f"raw/images/i{number:02}.png", image)
            if number < MASKED:
                for label, name in enumerate(("alive", "dead")):
                    plane = ids >= 1 if overlap and label == 0 else ids == label + 1
                    counts[label] += int(plane.sum())
                    made.save(f"raw/masks/{name}/i{number:02}.png", plane * np.uint8(255))
        Path("settings").mkdir()
        end = own.way("--kind", "multilabel")
        if end.stage != "done":
            return own.named(end.said, "--") and "refused"
        return "survived" if list(made.pixels_of().values())[:2] == counts else wrong(end)

    return run


def folders_with_gaps(seed):
    folders(False)(seed)
    shutil.rmtree("settings")
    Path(f"raw/masks/dead/i{seed % MASKED:02}.png").unlink()
    return own.refused("--kind", "multilabel", words=("--missing",))


def unknown_class(seed):
    folder = Folder(seed, scaled(1), 4)
    return own.pixels("--labels", "urban,water,unknown,forest", right=folder.right, words=("unknown",))


def background_class(seed):
    folder = Folder(seed, scaled(255))
    return own.pixels("--kind", "binary", "--labels", "background", right=folder.right, words=("background",))


def same_label_twice(seed):
    Folder(seed, scaled(1), 3)
    return own.refused("--labels", "a,b,b", words=("b",))


def too_few_labels(seed):
    Folder(seed, scaled(1), 4)
    return own.refused("--labels", "a,b", words=("--labels",))


CASES: dict[str, Callable[[int], str]] = {
    "0 and 255": zero_255, "0, 128, 255": zero_128_255, "0, 128 ignored, 255": zero_128_255_ignored, "JPEG": a4_forms.as_jpeg, "colours as JPEG": a4_forms.colours_as_jpeg,
    "JPEG in TIFF": a4_forms.jpeg_in_tiff, "one stray colour": stray_colour, "an id that comes later": later_id, "0, 1, 255": both_foreground_and_ignored,
    "0, 1, 255 ignored": ignored_255, "ids with gaps": gap_ids, "a tile of 0 and 3": a_tile_of_0_and_3, "no object anywhere": empty_everywhere,
    "255 everywhere": ignored_everywhere, "a class in one mask": class_in_one_mask, "one row more": a4_forms.resized(lambda mask: np.vstack([mask, mask[:1]])),
    "one column less": a4_forms.resized(lambda mask: mask[:, 1:]), "half the size": a4_forms.resized(lambda mask: mask[::2, ::2]), "transposed": a4_forms.transposed,
    "RGBA, opaque": a4_forms.rgba(255), "RGBA, transparent": a4_forms.rgba(90), "palettes by appearance": a4_forms.palettes_by_appearance, "one other palette": a4_forms.one_other_palette,
    "a palette with unused colours": a4_forms.palette_with_unused_colours, "BMP of two colours": a4_forms.two_colour_bmp, "BMP of two colours, turned": a4_forms.two_colour_bmp_turned,
    "white is zero, in some": a4_forms.white_is_zero(True), "white is zero, in all": a4_forms.white_is_zero(False), "1 bit, white is zero": a4_forms.one_bit_white_is_zero,
    "two samples": a4_forms.samples(2, "minisblack"), "four samples": a4_forms.samples(4, "rgb"), "five samples": a4_forms.samples(5, "rgb"), "images with infrared": a4_forms.images_with_infrared,
    "1 bit beside 8 bits": a4_forms.one_bit_beside_eight, "1 bit beside ids": a4_forms.one_bit_beside_ids, "two colours": two_colours, "blurred": blurred,
    "blurred colours": blurred_colours, "a number for each object": instances, "16-bit ids": a4_forms.sixteen_bit_ids, "0 and 65535": a4_forms.sixteen_bit_65535,
    "floats": a4_forms.floats, "a folder a label": folders(False), "a folder a label, overlapping": folders(True), "a folder a label, with gaps": folders_with_gaps,
    "a class called unknown": unknown_class, "a label called background": background_class, "a label twice": same_label_twice,
    "too few labels": too_few_labels, "rare bright spots in 16 bits": a4_forms.sparse_16_bits,
}  # fmt: skip


def injections(seed: int) -> list[Injection]:
    return [Injection(title, lambda run=run: run(seed)) for title, run in CASES.items()]
