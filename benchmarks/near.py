"""Near duplicates: how many planted pairs `dissent check` would find, by kind, and how many others it names.

    python benchmarks/near.py isic2018_task1 camvid dsb2018

reads FOLDER/NAME/images (`--data FOLDER`, default ../shared/data), plants copies of drawn images, prepares all as `prepare` would (resized
to 256 x 192 or so), and prints a table. Others named are listed: a pair of one sequence of a video is no false alarm.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dissent.datasets.near import Wanted, find
from dissent.datasets.near.views import smaller

SIZES = {"isic2018_task1": (256, 192), "camvid": (240, 180), "dsb2018": (256, 256)}


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def levels(change):
    return lambda image, random: Image.fromarray(
        np.clip(change(np.asarray(image, np.float32)), 0, 255).astype(np.uint8)
    )


def resized(factor: float, how=Image.Resampling.LANCZOS):
    return lambda image, random: image.resize((round(image.width * factor), round(image.height * factor)), how)


def crop(share: float, aspect: float = 1.0):
    """A part of `share` of the height and `share * aspect` of the width, at a drawn place."""

    def cut(image: Image.Image, random: np.random.Generator) -> Image.Image:
        wide, high = round(image.width * share * aspect), round(image.height * share)
        left, top = (int(random.integers(0, room + 1)) for room in (image.width - wide, image.height - high))
        return image.crop((left, top, left + wide, top + high))

    return cut


def side_by_side(share: float):
    """Two parts of one size, at the left and at the right, of which the second is a little lower."""

    def cut(image: Image.Image, random: np.random.Generator) -> tuple[Image.Image, Image.Image]:
        wide, high = round(image.width * share), round(image.height * share)
        low = (image.height - high) // 2
        second = (image.width - wide, low, image.width, low + high)
        return image.crop((0, 0, wide, high)), image.crop(second)

    return cut


KINDS = {
    "the same": lambda image, random: image,
    "resized to 1/2": resized(0.5),
    "resized to 1/4": resized(0.25),
    "resized to 5/6, nearest": resized(5 / 6, Image.Resampling.NEAREST),
    "JPEG 80": lambda image, random: jpeg(image, 80),
    "JPEG 30": lambda image, random: jpeg(image, 30),
    "JPEG 10": lambda image, random: jpeg(image, 10),
    "flipped": lambda image, random: ImageOps.mirror(image),
    "rotated by 90": lambda image, random: image.transpose(Image.Transpose.ROTATE_90),
    "rotated by 180": lambda image, random: image.transpose(Image.Transpose.ROTATE_180),
    "brighter by 40": levels(lambda pixels: pixels + 40),
    "contrast x 0.6": levels(lambda pixels: pixels * 0.6 + 20),
    "contrast x 1.5": levels(lambda pixels: pixels * 1.5 - 30),
    "gamma 0.6": levels(lambda pixels: 255 * (pixels / 255) ** 0.6),
    "flipped, half size, JPEG 50": lambda image, random: jpeg(ImageOps.flip(resized(0.5)(image, random)), 50),
    "crop of 95 %": crop(0.95),
    "crop of 80 %": crop(0.8),
    "crop of 70 %, JPEG 60": lambda image, random: jpeg(crop(0.7)(image, random), 60),
    "crop of 60 %": crop(0.6),
    "crop of 50 %": crop(0.5),
    "crop of 80 %, other aspect": crop(0.8, 0.75),
    "two of 80 %, overlap 2/3": side_by_side(0.8),
    "two of 65 %, overlap 40 %": side_by_side(0.65),
    "two of 60 %, overlap 25 %": side_by_side(0.6),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--images", type=int, default=600, help="of each data set, drawn")
    parser.add_argument("--planted", type=int, default=50, help="copies of each kind")
    parser.add_argument("--plate", action="store_true", help="all images over one drawn background, half and half")
    parser.add_argument("--list", type=int, default=10, help="other pairs to name")
    args = parser.parse_args()
    for name in args.names:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, args, Path(folder))


def measure(name: str, args: argparse.Namespace, folder: Path) -> None:
    random = np.random.default_rng(0)
    files = sorted(Path(args.data, name, "images").iterdir())
    files = [files[i] for i in np.sort(random.permutation(len(files))[: args.images])]
    images, names, subsets, planted = [], [], [], []

    def add(image: Image.Image, title: str, subset: int) -> int:
        images.append(folder / f"{len(images)}.png")
        smaller(image, SIZES[name]).save(images[-1])
        names.append((title, image.size[::-1]))
        subsets.append(subset)
        return len(images) - 1

    read = [Image.open(file).convert("RGB") for file in files]
    if args.plate:
        plate = Image.fromarray(random.integers(0, 256, (40, 40, 3), np.uint8))
        read = [Image.blend(image, plate.resize(image.size, Image.Resampling.BICUBIC), 0.5) for image in read]
    for file, image in zip(files, read, strict=True):
        add(image, file.stem, len(images) % 2)
    for kind, make in KINDS.items():
        for index in random.permutation(len(files))[: args.planted]:
            made = make(read[index], random)
            first, copy = made if isinstance(made, tuple) else (None, made)
            original = int(index) if first is None else add(first, files[index].stem, 2)
            planted.append((kind, original, add(copy, files[index].stem, 3 if original >= len(files) else 2)))
    started = time.perf_counter()
    groups = np.arange(len(images))
    found = find(images, [shape for _, shape in names], Wanted(np.array(subsets), groups), folder).pairs
    seconds = time.perf_counter() - started
    pairs = {(pair.first, pair.second) for pair in found}
    print(f"\n{name}: {len(images):,} images of {SIZES[name][0]} x {SIZES[name][1]} in {seconds:.1f} s\n")
    print("| kind | planted | found |\n|---|---|---|")
    for kind in KINDS if args.planted else ():
        hits = [(first, second) in pairs for one, first, second in planted if one == kind]
        print(f"| {kind} | {len(hits)} | {100 * np.mean(hits):.0f} % |")
    others = [one for one in found if one.second < len(files)]
    asked = len(files) ** 2 // 4
    print(f"\nothers: {len(others)} of {asked:,} pairs of originals, likest first")
    for one in others[: args.list]:
        how = f"part, {one.share:.2f}" if one.part else one.turn or "whole"
        print(f"  {names[one.first][0]} {names[one.second][0]} {one.likeness:.3f} {how}")
    wrong = [one for one in found if one.second >= len(files) and names[one.first][0] != names[one.second][0]]
    print(f"planted copies with another original: {len(wrong)} pairs, {len({one.second for one in wrong})} copies")
    for one in wrong[: args.list]:
        how = f"part, {one.share:.2f}" if one.part else one.turn or "whole"
        print(f"  {names[one.first][0]} {names[one.second][0]} {one.likeness:.3f} {how}")


if __name__ == "__main__":
    main()
