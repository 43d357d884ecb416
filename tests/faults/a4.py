"""A4: what masks mean: every form of them gives its right pixels, or a question, or a refusal by name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from faults import made, own
from faults.suite import Injection

COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 200], [0, 160, 0]], np.uint8)
COUNT, MASKED = 16, 14


class Folder:
    """raw/images and raw/masks of this seed: `save(number, ids, path)` writes a mask, `counts` are the pixels of each id."""

    def __init__(self, seed: int, save: Callable, classes: int = 2, end: str = ".png", images: Callable | None = None):
        self.counts = np.zeros(classes, int)
        self.odd = int(np.random.default_rng([seed, 4]).integers(MASKED))  # the file that differs, where one does
        for number in range(COUNT):
            image, ids = made.pair(1000 * seed + number, classes=classes)
            image = images(image, ids) if images else image
            if image is not None:
                made.save(f"raw/images/i{number:02}.png", image)
            if number < MASKED:
                path = Path(f"raw/masks/i{number:02}{end}")
                path.parent.mkdir(parents=True, exist_ok=True)
                save(number, ids, path)
                self.counts += np.bincount(ids.ravel(), minlength=classes)[:classes]

    @property
    def right(self) -> list[int]:
        return self.counts.tolist()

    @property
    def name(self) -> str:
        return f"i{self.odd:02}"


def _scaled(factor: int, **options) -> Callable:
    return lambda number, ids, path: made.save(path, ids * np.uint8(factor), **options)


def _values(*values: int) -> Callable:
    return lambda number, ids, path: made.save(path, np.array(values, np.uint8)[ids])


def _coloured(colours: np.ndarray) -> Callable:
    return lambda number, ids, path: made.save(path, colours[ids])


def _palette(order: Callable[[int], list[int]], colours=COLOURS) -> Callable:
    """Indices into a palette whose colours stand in the order of this file."""

    def save(number, ids, path):
        places = order(number)
        image = Image.fromarray(np.argsort(places).astype(np.uint8)[ids])
        image.putpalette(colours[places].ravel().tolist())
        image.save(path)

    return save


def _tiff(**options) -> Callable:
    return lambda number, ids, path: tifffile.imwrite(path, ids, **options)


def zero_255(seed):
    folder = Folder(seed, _scaled(255))
    return own.pixels(right=folder.right)


def zero_128_255(seed):
    Folder(seed, _values(0, 128, 255), 3)
    return own.refused(words=("--ignore", "128"))


def zero_128_255_ignored(seed):
    folder = Folder(seed, _values(0, 128, 255), 3)
    low, middle, high = folder.right
    return own.pixels("--ignore", 128, right=[low, high], unknown=middle)


def as_jpeg(seed):
    Folder(seed, _scaled(255, quality=80), end=".jpg")
    return own.refused(words=(("JPEG", ".jpg"), "threshold"))


def colours_as_jpeg(seed):
    Folder(seed, lambda number, ids, path: made.save(path, COLOURS[ids], quality=80), 3, end=".jpg")
    return own.refused(words=(("JPEG", ".jpg", "tolerance"),))


def jpeg_in_tiff(seed):
    Folder(seed, _scaled(1, compression="jpeg", quality=75), end=".tif")
    return own.refused(words=(("JPEG", "lossy"),))


def stray_colour(seed):
    folder = Folder(seed, _coloured(COLOURS), 3)
    path = f"raw/masks/{folder.name}.png"
    pixels = np.array(Image.open(path))
    pixels[3, 4] = (9, 200, 31)
    made.save(path, pixels)
    return own.told(words=(("9,200,31", "9 200 31", "(9, 200, 31)"),))


def later_id(seed):
    """An id that comes with a later file."""
    folder = Folder(seed, _scaled(1), 3)

    def edit():
        path = f"raw/masks/{folder.name}.png"
        pixels = np.array(Image.open(path))
        pixels[3, 4] = 3
        made.save(path, pixels)

    return own.refused(words=(folder.name, "3"), edit=edit)


def both_foreground_and_ignored(seed):
    Folder(seed, _values(0, 1, 255), 3)
    return own.refused(words=("--ignore", "255"))


def ignored_255(seed):
    folder = Folder(seed, _values(0, 1, 255), 3)
    zero, one, unknown = folder.right
    return own.pixels("--ignore", 255, right=[zero, one], unknown=unknown)


def gap_ids(seed):
    folder = Folder(seed, _values(0, 3, 7), 3)
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
    return own.refused(words=(("only", "one value", "all", "no label", "nothing"),))


def ignored_everywhere(seed):
    Folder(seed, lambda number, ids, path: made.save(path, ids * 0 + np.uint8(255)))
    return own.refused(words=("255",))


def class_in_one_mask(seed):
    """A class that one mask shows cannot be on all sides of a split: told."""
    folder = Folder(
        seed,
        lambda number, ids, path: made.save(path, np.where(ids == 2, 2 if number == 0 else 1, ids).astype(np.uint8)),
        3,
    )
    assert folder
    return own.told(words=("image shows",))


def _resized(change: Callable[[np.ndarray], np.ndarray]) -> Callable:
    def run(seed):
        folder = Folder(seed, _scaled(255))
        path = f"raw/masks/{folder.name}.png"
        made.save(path, change(np.array(Image.open(path))))
        return own.refused(words=(folder.name, "x"))

    return run


def transposed(seed):
    folder = Folder(
        seed, lambda number, ids, path: made.save(path, ids[:40] * np.uint8(255)), images=lambda image, ids: image[:40]
    )
    path = f"raw/masks/{folder.name}.png"
    made.save(path, np.array(Image.open(path)).T)
    return own.refused(words=(folder.name, "40", "48"))


def rgba(alpha: int) -> Callable:
    def run(seed):
        folder = Folder(
            seed,
            lambda number, ids, path: made.save(
                path, np.dstack([ids * np.uint8(255)] * 3 + [ids * 0 + np.uint8(alpha)])
            ),
        )
        if alpha < 255:
            return own.refused(words=("transparent",))
        return own.pixels(right=folder.right, words=("--kind",))

    return run


def palettes_by_appearance(seed):
    random = np.random.default_rng(seed)
    folder = Folder(seed, _palette(lambda number: random.permutation(3).tolist()), 3)
    return own.pixels(right=folder.right, words=(("palette", "colour"),))


def one_other_palette(seed):
    folder = Folder(seed, _palette(lambda number: [1, 0, 2] if number == seed % MASKED else [0, 1, 2]), 3)
    return own.pixels(right=folder.right, words=(("palette", "colour"),))


def palette_with_unused_colours(seed):
    folder = Folder(seed, _palette(lambda number: [0, 1, 2, 3]), 3)
    return own.pixels(right=folder.right, words=(("palette", "colour"),))


def two_colour_bmp(seed):
    folder = Folder(seed, _palette(lambda number: [0, 1], np.array([[0, 0, 0], [255, 255, 255]], np.uint8)), end=".bmp")
    return own.pixels(right=folder.right, words=("BMP",))


def two_colour_bmp_turned(seed):
    folder = Folder(
        seed,
        _palette(lambda number: [1, 0] if number % 2 else [0, 1], np.array([[0, 0, 0], [255, 255, 255]], np.uint8)),
        end=".bmp",
    )
    return own.pixels(right=folder.right, words=(("BMP", "palette", "colour"),))


def white_is_zero(mixed: bool) -> Callable:
    def run(seed):
        def save(number, ids, path):
            tifffile.imwrite(
                path, ids * np.uint8(255), photometric="miniswhite" if number % 2 or not mixed else "minisblack"
            )

        folder = Folder(seed, save, end=".tif")
        return own.pixels(right=folder.right, words=(("white", "i01"),))

    return run


def one_bit_white_is_zero(seed):
    def save(number, ids, path):
        tifffile.imwrite(path, ids.astype(bool), photometric="miniswhite", bitspersample=1)

    folder = Folder(seed, save, end=".tif")
    return own.pixels(right=folder.right, words=(("white", "bit"),))


def samples(count: int, photometric: str) -> Callable:
    def run(seed):
        def save(number, ids, path):
            planes = np.stack([(ids == label) * np.uint8(255) for label in range(1, count + 1)], -1)
            extra = count - (3 if photometric == "rgb" else 1)
            tifffile.imwrite(
                path, planes, photometric=photometric, planarconfig="contig", extrasamples=["unspecified"] * extra
            )

        folder = Folder(seed, save, count + 1, end=".tif")
        return own.pixels(right=folder.right[1:], words=(("sample", "channel", "--kind"),))

    return run


def images_with_infrared(seed):
    def image(image, ids):
        number = len(list(Path("raw/images").glob("*"))) if Path("raw/images").exists() else 0
        Path("raw/images").mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(
            f"raw/images/i{number:02}.tif", np.dstack([image, ids]), photometric="rgb", extrasamples=["unspecified"]
        )

    Folder(seed, _scaled(255), images=image)
    return own.refused(words=(("sample", "channel"),))


def one_bit_beside_eight(seed):
    def save(number, ids, path):
        Image.fromarray(ids * np.uint8(255)).convert("1" if number % 2 else "L").save(path)

    folder = Folder(seed, save)
    return own.pixels(right=folder.right, words=(("1-bit", "bit"),))


def one_bit_beside_ids(seed):
    def save(number, ids, path):
        Image.fromarray(ids * np.uint8(255)).convert("1").save(path) if number % 2 else made.save(path, ids)

    folder = Folder(seed, save)
    return own.pixels(right=folder.right, words=(("1-bit", "bit"),))


def two_colours(seed):
    """Black and red: one label on a background, or two classes? A question, or one label."""
    folder = Folder(seed, _coloured(COLOURS))
    end = own.way()
    if end.stage == "init":
        return own.named(end.said, "--kind") and "refused"
    if "kind: binary" not in Path("settings/datasets/cells.yaml").read_text():
        raise own.Silent(f"two colours became classes without a question: {end.text[-500:]}")
    return "survived" if list(made.pixels_of().values())[:2] == folder.right else _wrong(end)


def _wrong(end):
    raise own.Silent(f"pixels {made.pixels_of()}: {end.text[-500:]}")


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


def sixteen_bit_ids(seed):
    folder = Folder(seed, lambda number, ids, path: Image.fromarray(ids.astype(np.uint16)).save(path), 3)
    return own.pixels(right=folder.right, words=("16",))


def sixteen_bit_65535(seed):
    folder = Folder(seed, lambda number, ids, path: Image.fromarray(ids.astype(np.uint16) * 65535).save(path))
    return own.pixels(right=folder.right, words=(("16", "65535"),))


def floats(seed):
    Folder(seed, lambda number, ids, path: tifffile.imwrite(path, ids.astype(np.float32)), end=".tif")
    return own.refused(words=("float",))


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
        return "survived" if list(made.pixels_of().values())[:2] == counts else _wrong(end)

    return run


def folders_with_gaps(seed):
    folders(False)(seed)
    shutil.rmtree("settings")
    Path(f"raw/masks/dead/i{seed % MASKED:02}.png").unlink()
    return own.refused("--kind", "multilabel", words=("--missing",))


def unknown_class(seed):
    folder = Folder(seed, _scaled(1), 4)
    return own.pixels("--labels", "urban,water,unknown,forest", right=folder.right, words=("unknown",))


def background_class(seed):
    folder = Folder(seed, _scaled(255))
    return own.pixels("--kind", "binary", "--labels", "background", right=folder.right, words=("background",))


def same_label_twice(seed):
    Folder(seed, _scaled(1), 3)
    return own.refused("--labels", "a,b,b", words=("b",))


def too_few_labels(seed):
    Folder(seed, _scaled(1), 4)
    return own.refused("--labels", "a,b", words=("--labels",))


def sparse_16_bits(seed):
    """Rare bright spots: percentiles that meet would make them and dim ones the same."""
    random = np.random.default_rng(seed)
    for number in range(COUNT):
        image, ids = np.zeros((128, 128), np.uint16), np.zeros((128, 128), np.uint8)
        for spot, level in enumerate((60000, 300, 300)):
            y, x = random.integers(2, 120, 2)
            image[y : y + 2, x : x + 2] = level
            if not spot:
                ids[y : y + 2, x : x + 2] = 255
        made.save(f"raw/images/i{number:02}.png", image)
        made.save(f"raw/masks/i{number:02}.png", ids)
    end = own.way(size=128)
    if end.stage != "done" or "percentile" in end.text:
        return own.named(end.said._replace(text=end.text), "percentile")
    dim = bright = 0
    for path in Path("raw/images").iterdir():
        raw, ours = np.array(Image.open(path)), np.array(Image.open(f"data/cells/images/{path.name}"))
        dim, bright = max(dim, int(ours[raw == 300].max())), max(bright, int(ours[raw == 60000].min()))
    if dim >= bright:
        raise own.Silent(f"spots of 300 became {dim}, of 60,000 {bright}")
    return "survived"


CASES: dict[str, Callable[[int], str]] = {
    "0 and 255": zero_255, "0, 128, 255": zero_128_255, "0, 128 ignored, 255": zero_128_255_ignored, "JPEG": as_jpeg, "colours as JPEG": colours_as_jpeg,
    "JPEG in TIFF": jpeg_in_tiff, "one stray colour": stray_colour, "an id that comes later": later_id, "0, 1, 255": both_foreground_and_ignored,
    "0, 1, 255 ignored": ignored_255, "ids with gaps": gap_ids, "a tile of 0 and 3": a_tile_of_0_and_3, "no object anywhere": empty_everywhere,
    "255 everywhere": ignored_everywhere, "a class in one mask": class_in_one_mask, "one row more": _resized(lambda mask: np.vstack([mask, mask[:1]])),
    "one column less": _resized(lambda mask: mask[:, 1:]), "half the size": _resized(lambda mask: mask[::2, ::2]), "transposed": transposed,
    "RGBA, opaque": rgba(255), "RGBA, transparent": rgba(90), "palettes by appearance": palettes_by_appearance, "one other palette": one_other_palette,
    "a palette with unused colours": palette_with_unused_colours, "BMP of two colours": two_colour_bmp, "BMP of two colours, turned": two_colour_bmp_turned,
    "white is zero, in some": white_is_zero(True), "white is zero, in all": white_is_zero(False), "1 bit, white is zero": one_bit_white_is_zero,
    "two samples": samples(2, "minisblack"), "four samples": samples(4, "rgb"), "five samples": samples(5, "rgb"), "images with infrared": images_with_infrared,
    "1 bit beside 8 bits": one_bit_beside_eight, "1 bit beside ids": one_bit_beside_ids, "two colours": two_colours, "blurred": blurred,
    "blurred colours": blurred_colours, "a number for each object": instances, "16-bit ids": sixteen_bit_ids, "0 and 65535": sixteen_bit_65535,
    "floats": floats, "a folder a label": folders(False), "a folder a label, overlapping": folders(True), "a folder a label, with gaps": folders_with_gaps,
    "a class called unknown": unknown_class, "a label called background": background_class, "a label twice": same_label_twice,
    "too few labels": too_few_labels, "rare bright spots in 16 bits": sparse_16_bits,
}  # fmt: skip


def injections(seed: int) -> list[Injection]:
    return [Injection(title, lambda run=run: run(seed)) for title, run in CASES.items()]
