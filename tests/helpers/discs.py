"""Bright discs on grey noise, with masks for each kind of task: the raw data of the experiments `tiny*`."""

from pathlib import Path

import numpy as np
from PIL import Image

from dissent.config.resolve import Config
from dissent.datasets import prepare, split

SETTINGS = Path(__file__).parents[1] / "settings"
KINDS = {"binary": "tiny", "multiclass": "tiny_multiclass", "multilabel": "tiny_multilabel"}


def draw(folder: Path, images: int = 24, size: int = 32) -> None:
    """Write raw/tiny, raw/tiny_multiclass and raw/tiny_multilabel below `folder`."""
    rows, columns = np.mgrid[:size, :size]
    for number in range(images):
        random = np.random.default_rng(number)
        image = random.normal(60, 12, (size, size, 3))
        masks = {kind: np.zeros((size, size), np.uint8) for kind in KINDS}
        for _ in range(random.integers(1, 4)):
            row, column, radius = random.integers(5, size - 5), random.integers(5, size - 5), random.integers(3, 8)
            distance = np.hypot(rows - row, columns - column)
            inside = distance < radius
            image[inside] += random.integers(60, 110)
            masks["binary"][inside] = 1
            masks["multiclass"][inside] = 1 if radius < 5 else 2
            masks["multilabel"][inside] |= 1
            masks["multilabel"][inside & (distance > radius - 2)] |= 2
            masks["multilabel"][distance < 2] |= 4
        for kind, name in KINDS.items():
            for part, pixels in (("images", image.clip(0, 255).astype(np.uint8)), ("masks", masks[kind])):
                path = folder / "raw" / name / part / f"i{number:02}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)


def config(root: Path) -> Config:
    """The tests' experiments and the shipped methods."""
    return Config(SETTINGS, root / "config")


def prepared(root: Path, name: str = "tiny") -> str:
    """Draw, prepare and split in the working directory; returns the split's folder."""
    draw(Path())
    dataset = config(root).dataset(name).model_dump(mode="json")
    prepare(dataset, name, f"raw/{name}", f"data/{name}")
    split(dataset, "few", f"data/{name}", f"data/{name}/splits/few")
    return f"data/{name}/splits/few"
