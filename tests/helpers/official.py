"""Miniatures of official data sets: right names and folders, sizes scaled down, and the shipped file for the smaller size."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from raw_data import photo, save

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import read_json, read_table
from dissent.datasets import prepare, split

SUIM_COLOURS = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)]  # ids 1 to 8 in this order


def shipped(root: Path, name: str, **keys) -> dict:
    """A file of config/datasets as JSON, some keys anew."""
    path = root / "config" / "datasets" / f"{name}.yaml"
    return validate(Dataset, read_yaml(path) | keys, path).model_dump(mode="json")


def prepared(dataset: dict, raw: Path | str = "raw", out: Path | str = "out") -> tuple[dict, dict[str, dict]]:
    """Prepare; dataset.json and the rows of files.csv by id."""
    prepare(dataset, "toy", str(raw), str(out))
    rows = read_table(Path(out) / "files.csv")
    return read_json(Path(out) / "dataset.json"), {row["id"]: row for row in rows}


def divided(dataset: dict, name: str, out: Path | str = "out") -> dict[str, list[str]]:
    """Split what lies in `out`; {subset: ids}."""
    split(dataset, name, str(out), f"{out}/splits/{name}")
    subsets = ("labelled", "unlabelled", "val", "test", "hidden")
    return {subset: [row["id"] for row in read_table(f"{out}/splits/{name}/{subset}.csv")] for subset in subsets}


def made_up_table(names: dict[str, list[str]], out: str = "out", windows: int = 0) -> None:
    """files.csv and dataset.json as `prepare` leaves them for images that nobody made: {part: names}."""
    from dissent.core.files import sha256, write_json, write_table

    rows = []
    for part, of in names.items():
        for name in of:
            ids = [f"{name}_{number}" for number in range(windows)] or [name]
            rows += [
                {
                    "id": i,
                    "image": f"i/{i}.png",
                    "label": f"l/{i}.png",
                    "image_sha256": f"i{i}",
                    "label_sha256": f"l{i}",
                }
                | {"group": name, "part": part, "source": f"{part}/{name}.jpg", "present": "0 1"}
                for i in ids
            ]
    write_table(f"{out}/files.csv", sorted(rows, key=lambda row: row["id"]), list(rows[0]))
    write_json(f"{out}/dataset.json", {"files": {"sha256": sha256(f"{out}/files.csv")}})


def hela(raw: Path, counts: dict[str, int], size: tuple[int, int] = (40, 56)) -> None:
    """{train_full,val,test}/{brightfield,alive,dead,mod_position,position}/NAME.png of size (H, W), greys at masks' borders."""
    for part, count in counts.items():
        for number in range(count):
            random = np.random.default_rng([number, len(part)])
            name = f"{part[0]}_{number}.png"
            save(raw / part / "brightfield" / name, photo(number + 100 * len(part), *size, channels=1))
            for folder in ("alive", "dead", "mod_position", "position"):
                picture = Image.new("L", size[::-1])
                for _ in range(3):
                    x, y = random.integers(6, min(size) - 6, 2).tolist()
                    ImageDraw.Draw(picture).ellipse((x - 4, y - 4, x + 4, y + 4), fill=255, outline=11)
                    picture.putpixel((x, y + 5), 10)  # below the threshold
                save(raw / part / folder / name, np.array(picture))


def suim(raw: Path, counts: dict[str, int], size: tuple[int, int] = (48, 60)) -> dict[str, np.ndarray]:
    """{train_val,TEST}/{images,masks}: jpg and noisy 24-bit bmp, TEST with a folder a class; {name: true ids, 1 to 8}."""
    truth = {}
    for part, count in counts.items():
        for number in range(count):
            name = f"{part[1].lower()}_r_{number}_"
            random = np.random.default_rng([number, len(part)])
            ids = random.integers(1, 9, (size[0] // 12, size[1] // 12)).repeat(12, 0).repeat(12, 1).astype(np.uint8)
            truth[name] = ids
            save(raw / part / "images" / f"{name}.jpg", photo(number + 100 * len(part), *size))
            save(raw / part / "masks" / f"{name}.bmp", noisy(ids, random))
            if part == "TEST":
                save(raw / part / "masks" / "HD" / f"{name}.bmp", np.where(ids == 2, 255, 0).astype(np.uint8))
    return truth


def noisy(ids: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """SUIM's colours with noise up to the threshold: 0 to 127 and 128 to 255."""
    colours = np.array([(0, 0, 0), *SUIM_COLOURS])[ids]
    return np.abs(colours - random.integers(0, 128, colours.shape)).astype(np.uint8)


def cityscapes(raw: Path, cities: dict[str, dict[str, int]], size: tuple[int, int] = (64, 128)) -> None:
    """leftImg8bit/{part}/{city}/..._leftImg8bit.png and gtFine/... with labelIds, color, instanceIds and polygons."""
    for part, of in cities.items():
        for city, count in of.items():
            for number in range(count):
                name = f"{city}_{number:06}_000019"
                ids = (np.add.outer(np.arange(size[0]) // 8 * 3, np.arange(size[1]) // 8 * 2 + number) % 34).astype(
                    np.uint8
                )
                save(raw / f"leftImg8bit/{part}/{city}/{name}_leftImg8bit.png", photo(number + len(city), *size))
                stem = raw / f"gtFine/{part}/{city}/{name}_gtFine"
                save(Path(f"{stem}_labelIds.png"), ids)
                save(Path(f"{stem}_color.png"), np.stack([ids] * 3, 2))
                save(Path(f"{stem}_instanceIds.png"), ids)
                Path(f"{stem}_polygons.json").write_text("{}")


def voc(raw: Path, names: dict[str, bool], size: tuple[int, int] = (60, 80)) -> None:
    """JPEGImages/NAME.jpg, and SegmentationClass/NAME.png with a palette for those that have a mask: {name: whether}."""
    for number, (name, masked) in enumerate(names.items()):
        save(raw / "JPEGImages" / f"{name}.jpg", photo(number, *size))
        if masked:
            ids = np.zeros(size, np.uint8)
            ids[8:40, 10:50], ids[12:36, 14:46] = 255, 1 + number % 20  # the border of an object is nobody's
            picture = Image.fromarray(ids, "P")
            picture.putpalette([value for one in range(256) for value in (one, 255 - one, one // 2)])
            path = raw / "SegmentationClass" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
