"""Make the demo set from the 2018 Data Science Bowl images: `python make.py FOLDER [OUT]`.

FOLDER holds images/*.png, instances/*.png (16-bit ids of nuclei, 0 = background) and splits.csv (stem, kind, width,
height). The same folder gives the same files: choices follow from hashes of names. README.md says what comes out.
"""

import csv
import hashlib
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 128
# crops by size of their source (three common sizes and all others), for each subset; crops a source gives
CROPS = {"labelled": (6, 3, 4, 1), "unlabelled": (32, 16, 20, 6), "val": (10, 5, 6, 3), "test": (19, 11, 14, 4)}
PER_SOURCE = {"labelled": 1, "unlabelled": 2, "val": 1, "test": 1}
SIZES = ((256, 256), (360, 360), (696, 520))
ORANGE, BLUE = (230, 159, 0), (86, 180, 233)


def main(folder: Path, out: Path) -> None:
    """Write images, three folders of masks and splits.csv to `out`."""
    with open(folder / "splits.csv", newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] == "fluo"]
    rows.sort(key=lambda row: order(row["stem"]))
    table = []
    for index, size in enumerate([*SIZES, None]):
        sources = [row["stem"] for row in rows if of_size(row, size)]
        for subset, counts in CROPS.items():
            table += take(folder, out, sources, subset, counts[index])
    table.sort(key=lambda row: row["stem"])
    with open(out / "splits.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["stem", "source", "top", "left", "few"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def order(text: str) -> bytes:
    """A number that looks drawn and is the same everywhere."""
    return hashlib.sha256(f"nuclei {text}".encode()).digest()


def of_size(row: dict, size: tuple[int, int] | None) -> bool:
    """Whether a source belongs to a stratum; None: all sizes that are not common."""
    given = (int(row["width"]), int(row["height"]))
    return given == size if size else given not in SIZES


def take(folder: Path, out: Path, sources: list[str], subset: str, count: int) -> list[dict]:
    """Write `count` crops of the next sources that have some, and drop these from the list."""
    rows = []
    while len(rows) < count:
        source = sources.pop(0)
        instances = np.array(Image.open(folder / "instances" / f"{source}.png")).astype(np.int64)
        corners = places(source, instances, PER_SOURCE[subset])
        if not corners:
            continue
        image = stretched(np.array(Image.open(folder / "images" / f"{source}.png").convert("L")))
        masks = views(instances)
        for number, (top, left) in enumerate(corners):
            stem = f"{source}_{number}"
            window = np.s_[top : top + SIZE, left : left + SIZE]
            save(out / "images" / f"{stem}.png", Image.fromarray(image[window]))
            for view, mask in masks.items():
                save(out / view / f"{stem}.png", drawn(view, mask[window]))
            rows.append({"stem": stem, "source": source, "top": top, "left": left, "few": subset})
    return rows


def stretched(image: np.ndarray) -> np.ndarray:
    """Grey levels from the 0.5th to the 99.8th percentile of the source image to 0..255: many are nearly black."""
    low, high = np.percentile(image, (0.5, 99.8))
    return np.rint((image.clip(low, high) - low) * (255 / max(high - low, 1))).astype(np.uint8)


def places(source: str, instances: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Top left corners of up to `count` crops that do not overlap, each with two nuclei or more."""
    height, width = instances.shape
    grid = [(y, x) for y in range(0, height - SIZE + 1, 16) for x in range(0, width - SIZE + 1, 16)]
    grid.sort(key=lambda place: order(f"{source} {place}"))
    chosen: list[tuple[int, int]] = []
    for top, left in grid:
        ids, pixels = np.unique(instances[top : top + SIZE, left : left + SIZE], return_counts=True)
        nuclei = int((pixels[ids > 0] >= 30).sum())
        share = pixels[ids > 0].sum() / SIZE**2
        apart = all(abs(top - y) >= SIZE or abs(left - x) >= SIZE for y, x in chosen)
        if nuclei >= 2 and 0.04 <= share <= 0.7 and apart and len(chosen) < count:
            chosen.append((top, left))
    return chosen if len(chosen) == count else []


def views(instances: np.ndarray) -> dict[str, np.ndarray]:
    """The masks of a source image: binary (H, W), multiclass (H, W), multilabel (H, W, 3), uint8 ids or 0/1."""
    nucleus = instances > 0
    edge = unlike_neighbours(instances)
    inner = nucleus & (edge | near(edge & nucleus))
    outline = inner | (near(edge & nucleus) & ~nucleus)
    multiclass = np.where(inner, 2, nucleus)
    return {
        "binary": nucleus.astype(np.uint8),
        "multiclass": multiclass.astype(np.uint8),
        "multilabel": np.stack([nucleus, outline, positions(instances)], 2).astype(np.uint8),
    }


def unlike_neighbours(instances: np.ndarray) -> np.ndarray:
    """Pixels with a neighbour above, below, left or right that belongs to something else."""
    result = np.zeros(instances.shape, bool)
    for axis in (0, 1):
        differs = np.diff(instances, axis=axis) != 0
        for index in (np.s_[:-1], np.s_[1:]):
            result[(index, slice(None)) if axis == 0 else (slice(None), index)] |= differs
    return result


def near(mask: np.ndarray) -> np.ndarray:
    """The mask grown by one pixel above, below, left and right."""
    padded = np.pad(mask, 1)
    return padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def positions(instances: np.ndarray) -> np.ndarray:
    """A disc at the centre of each nucleus, its radius 0.4 of that of a circle of the nucleus' area, 1.5 at least."""
    result = np.zeros(instances.shape, bool)
    rows, columns = np.indices(instances.shape)
    areas = np.bincount(instances.ravel())
    centres = [np.bincount(instances.ravel(), axis.ravel()) for axis in (rows, columns)]
    for one in np.flatnonzero(areas[1:]) + 1:
        y, x = (centre[one] / areas[one] for centre in centres)
        radius = max(0.4 * (areas[one] / np.pi) ** 0.5, 1.5)
        box = tuple(slice(max(int(v - radius), 0), int(v + radius) + 2) for v in (y, x))
        result[box] |= (rows[box] - y) ** 2 + (columns[box] - x) ** 2 <= radius**2
    return result


def drawn(view: str, mask: np.ndarray) -> Image.Image:
    """A mask as the data set's file codes it: ids with a palette, or one channel of 0 or 255 for each label."""
    if view == "multilabel":
        return Image.fromarray(mask * np.uint8(255))
    image = Image.fromarray(mask)
    image.putpalette([0, 0, 0, *ORANGE, *BLUE])
    return image


def save(path: Path, image: Image.Image) -> None:
    """Write a PNG as small as it gets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent)
