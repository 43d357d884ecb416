"""Small made-up projects: raw images and masks, settings, and what is prepared from them; built once, then copied for real."""

import fcntl
import functools
import hashlib
import json
import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from dissent.core.files import read_json, read_table
from dissent.datasets import prepare, split
from dissent.planning.paths import Plan
from faults.product import Said, called, went_well

REPOSITORY = Path(__file__).resolve().parents[2]
SIDE = 48
SPLIT = {"seed": 1, "labelled": 3, "val": 2, "test": 2}
NETWORK = "architecture: unet1x1\nwidth: 0.125\nsteps: 12\nbatch_size: 4\nloss: [ce]\nvalidate_every: 4\nresources: {threads: 1}\n"
EXPERIMENT = "dataset: cells\nsplit: few\nnetwork: tiny\nmethod: im_clean\ngenerations: 2\nstudents: 2\ncontrols: []\n"
DATASET = """task: {kind: binary, labels: [cell]}
mask_encoding: {name: zero_255}
raw: raw
size: [48, 48]
allow_unlabelled: true
splits:
  few: {seed: 1, labelled: 3, val: 2, test: 2}
"""


def surroundings(**changes: str) -> dict[str, str]:
    """For other processes: the environment in which they find the product and this suite."""
    path = os.pathsep.join(
        [str(REPOSITORY / "workflow" / "scripts"), str(REPOSITORY / "tests"), str(REPOSITORY / "tests/helpers")]
    )
    return os.environ | {"PYTHONPATH": path} | changes


def pair(number: int, side: int = SIDE, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """An image (side, side, 3) of bright discs on noise, and its ids (side, side); every class occurs."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[:side, :side]
    ids = np.zeros((side, side), np.uint8)
    for label in range(1, classes):
        cy, cx = random.integers(side // 4, 3 * side // 4, 2)
        ids[(y - cy) ** 2 + (x - cx) ** 2 < random.integers(side // 10, side // 5) ** 2] = label
    ids[0, :classes] = np.arange(classes)
    light = random.normal(60, 10, (side, side, 3)) + ids[..., None] * np.array([70, 40, 20])
    return np.clip(light, 0, 255).astype(np.uint8), ids


def save(path: str | Path, pixels: np.ndarray, **options) -> Path:
    """Write an image in the format of its extension."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def raw(images: int = 10, masks: int = 8, classes: int = 2, end: str = ".png", factor: int = 0, name="i{:02}") -> None:
    """raw/images and raw/masks in the working directory; `factor`: of ids in masks (default: 255 if binary)."""
    factor = factor or (255 if classes == 2 else 1)
    for number in range(images):
        image, ids = pair(number, classes=classes)
        save(f"raw/images/{name.format(number)}.png", image)
        if number < masks:
            save(f"raw/masks/{name.format(number)}{end}", ids * np.uint8(factor))


def settings(dataset: str = DATASET, experiment: str = EXPERIMENT, network: str = NETWORK) -> None:
    """settings/{datasets,experiments,networks} of the data set `cells`."""
    for path, text in {
        "settings/datasets/cells.yaml": dataset,
        "settings/experiments/cells.yaml": experiment,
        "settings/networks/tiny.yaml": network,
    }.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)


def plan() -> Plan:
    """What the rules ask, in the working directory."""
    return Plan({"config_dir": "settings"}, str(REPOSITORY))


def prepared(out: str = "data/cells") -> Said:
    """Prepare and split `cells` as the rules do it."""

    def steps() -> None:
        asked = plan()
        dataset = asked.config.dataset("cells")
        values = dataset.model_dump(mode="json", exclude={"splits", "rotation_invariant"})
        prepare(values, "cells", asked.raw("cells"), out)
        for name in dataset.splits:
            split(asked.dividing("cells", name), name, out, f"{out}/splits/{name}")

    return called(steps)


def values_of(out: str = "data/cells") -> dict[str, str]:
    """What is learned from: of every image and label, by its id, the SHA-256 of its pixels."""
    rows = read_table(f"{out}/files.csv")
    found = {}
    for row in rows:
        for key in ("image", "label"):
            if row[key]:
                with Image.open(row[key]) as image:
                    found[f"{key} {row['id']}"] = _sha256(np.array(image).tobytes())
    return found


def pixels_of(out: str = "data/cells") -> dict:
    """Pixels of each label, as dataset.json has them."""
    return read_json(f"{out}/dataset.json")["pixels"]


def unknown(out: str = "data/cells") -> int:
    """Pixels that nobody knows, in all masks."""
    labels = [row["label"] for row in read_table(f"{out}/files.csv") if row["label"]]
    return sum(int((np.array(Image.open(label)) == 255).sum()) for label in labels)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def snapshot(*folders: str) -> dict[str, str]:
    """The SHA-256 of all files below these folders."""
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*"))]
    return {path.as_posix(): _sha256(path.read_bytes()) for path in files if path.is_file()}


@functools.cache
def built(build: Callable[[], dict | None]) -> tuple[Path, dict]:
    """A folder in which `build` has run once, whoever of the suite's processes came first, and what it returned."""
    folder = Path(os.environ["FAULTS_FOLDER"], f"base-{build.__module__}-{build.__name__}")
    before = Path.cwd()
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = Path(f"{folder}.json")
        if not known.exists():
            folder.mkdir()
            os.chdir(folder)
            try:
                found = {"returned": build() or {}}
            except Exception:  # every injection on it would try again
                found = {"failed": traceback.format_exc()}
            finally:
                os.chdir(before)
            known.write_text(json.dumps(found))
    found = json.loads(known.read_text())
    if "failed" in found:
        raise RuntimeError(f"{build.__module__}.{build.__name__} made no project to harm:\n{found['failed']}")
    return folder, found["returned"]


def base(build: Callable[[], dict | None]) -> dict:
    """Copy what `build` makes (for real: a hard link would be changed with its copy) into the working directory."""
    folder, known = built(build)
    shutil.copytree(folder, ".", dirs_exist_ok=True, symlinks=True)
    return known


def plain() -> dict:
    """Raw files and settings of a healthy project: twelve images of all formats, nine masks."""
    ends = [".png", ".jpg", ".tif", ".bmp"]
    for number in range(12):
        image, ids = pair(number)
        end = ends[number % 4]
        save(f"raw/images/i{number:02}{end}", image, **({"quality": 90} if end == ".jpg" else {}))
        if number < 9:
            save(f"raw/masks/i{number:02}.png", ids * np.uint8(255))
    settings()
    return {}


def ready() -> dict:
    """`plain`, prepared and split; returns the values that are learned from."""
    plain()
    went_well(prepared())
    return values_of()


def flip(path: str | Path, bit: int) -> None:
    """Turn one bit of a file."""
    content = bytearray(Path(path).read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    Path(path).write_bytes(content)
