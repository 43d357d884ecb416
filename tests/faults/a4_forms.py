"""A4: forms of files: formats, palettes, bits, samples and sizes of masks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from faults import made, own
from faults.masks import COLOURS, COUNT, MASKED, Folder, palette, scaled


def as_jpeg(seed):
    Folder(seed, scaled(255, quality=80), end=".jpg")
    return own.refused(words=(("JPEG", ".jpg"), "threshold"))


def colours_as_jpeg(seed):
    Folder(seed, lambda number, ids, path: made.save(path, COLOURS[ids], quality=80), 3, end=".jpg")
    return own.refused(words=(("JPEG", ".jpg", "tolerance"),))


def jpeg_in_tiff(seed):
    Folder(seed, scaled(1, compression="jpeg", quality=75), end=".tif")
    return own.refused(words=(("JPEG", "lossy"),))


def resized(change: Callable[[np.ndarray], np.ndarray]) -> Callable:
    def run(seed):
        folder = Folder(seed, scaled(255))
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
    folder = Folder(seed, palette(lambda number: random.permutation(3).tolist()), 3)
    return own.pixels(right=folder.right, words=(("palette", "colour"),))


def one_other_palette(seed):
    folder = Folder(seed, palette(lambda number: [1, 0, 2] if number == seed % MASKED else [0, 1, 2]), 3)
    return own.pixels(right=folder.right, words=(("palette", "colour"),))


def palette_with_unused_colours(seed):
    folder = Folder(seed, palette(lambda number: [0, 1, 2, 3]), 3)
    return own.pixels(right=folder.right, words=(("palette", "colour"),))


def two_colour_bmp(seed):
    folder = Folder(seed, palette(lambda number: [0, 1], np.array([[0, 0, 0], [255, 255, 255]], np.uint8)), end=".bmp")
    return own.pixels(right=folder.right, words=("BMP",))


def two_colour_bmp_turned(seed):
    folder = Folder(
        seed,
        palette(lambda number: [1, 0] if number % 2 else [0, 1], np.array([[0, 0, 0], [255, 255, 255]], np.uint8)),
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

    Folder(seed, scaled(255), images=image)
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


def sixteen_bit_ids(seed):
    folder = Folder(seed, lambda number, ids, path: Image.fromarray(ids.astype(np.uint16)).save(path), 3)
    return own.pixels(right=folder.right, words=("16",))


def sixteen_bit_65535(seed):
    folder = Folder(seed, lambda number, ids, path: Image.fromarray(ids.astype(np.uint16) * 65535).save(path))
    return own.pixels(right=folder.right, words=(("16", "65535"),))


def floats(seed):
    Folder(seed, lambda number, ids, path: tifffile.imwrite(path, ids.astype(np.float32)), end=".tif")
    return own.refused(words=("float",))


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
    if end.stage != "done":
        return own.named(end.said, "percentile") and "refused"
    dim = bright = 0
    for path in Path("raw/images").iterdir():
        raw, ours = np.array(Image.open(path)), np.array(Image.open(f"data/cells/images/{path.name}"))
        dim, bright = max(dim, int(ours[raw == 300].max())), max(bright, int(ours[raw == 60000].min()))
    if dim >= bright:
        raise own.Silent(f"spots of 300 became {dim}, of 60,000 {bright}")
    return "survived"
