"""Label a folder of new images with a trained generation.

Writes OUT/masks/NAME.png, one byte a pixel as in the data set's masks, with a palette, at the size of the image; for
labels that overlap also OUT/labels/LABEL/NAME.png of 0 and 255; OUT/predictions.csv with the pixels of each label; and
OUT/made_with.json, which says what made them and what the numbers mean. Folders in FOLDER are kept. With --pool the
masks are those of the mean of all teachers, and OUT/doubt/NAME.png is not 0 where any two of them disagree.

Images that were turned by an EXIF tag are looked at upright; their masks are stored as they are, with the same tag.
An image that cannot be read is named, the others are done, and the exit code is 3."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dissent.cli.machine import cores
from dissent.cli.predict.find_images import Photo, Upright, find_photos, read_upright
from dissent.cli.predict.marks import files_of, write_marks
from dissent.core.columns import PREDICTED
from dissent.core.files import UserError, read_json, write_json, write_table
from dissent.core.task import Task
from dissent.core.words import printable, some
from dissent.datasets.problems import by_cause
from dissent.runtime.devices import lease, prepare_process

if TYPE_CHECKING:
    from dissent.cli.predict.pool import Input, Pool

EXAMPLES = """examples:
  dissent predict results/isic/gen5 photos/ masks/            the best student
  dissent predict results/isic/gen5 photos/ masks/ --pool     all its teachers, and where they disagree
  dissent predict results/isic/gen5/students/3 photos/ masks/ this student"""
_WAITING = 2**27  # pixels of masks that may wait for the disk
_FADED = "is in colour and read as grey, as the network learned from grey images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent predict`."""
    parser.add_argument("networks", type=Path, help="a generation (results/RUN/gen5) or a student's folder")
    parser.add_argument("folder", type=Path, help="folder of images (PNG, JPEG, TIFF, BMP), or one image")
    parser.add_argument("out", type=Path, help="folder for the masks")
    parser.add_argument(
        "--pool",
        action="store_true",
        help="ask all teachers (the best of the pool; `ensemble` in metrics.json is of all students), and write where they disagree",
    )
    parser.add_argument(
        "--tiles",
        action="store_true",
        help="slide over large images at their own scale, where training resized whole ones",
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: a graphics card if there is one")
    parser.add_argument("--threads", type=_positive, default=cores(), help="default: all cores (%(default)s)")
    parser.add_argument(
        "--levels", type=int, nargs=2, metavar=("LOW", "HIGH"), help="16-bit images: grey levels that become 0 and 255"
    )
    parser.add_argument("--overwrite", action="store_true", help="write anew what is in OUT already")


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 3 when some images could not be read."""
    photos, bad, others = find_photos(args.folder, args.out)
    if others:
        print(f"left out: {len(others)} files that are no images or hidden: {some(others)}", file=sys.stderr)
    with lease(0 if args.device == "cpu" else 1) as place:
        device = prepare_process(args.threads, place.device)
        if args.device == "cuda" and device.type != "cuda":
            raise UserError("there is no graphics card that torch can use; leave `--device cuda` out")
        from dissent.cli.predict.pool import open_pool  # torch only now: the lease decides which card it sees

        pool = open_pool(args.networks, args.pool, args.tiles, device.type)
        task = Task(pool.knows.task.model_dump(mode="json"))
        levels = _levels(pool.knows.input, args.levels)
        if not args.overwrite:
            _check_free(args.out, [name for photo in photos for name in files_of(photo.mask, task, args.pool)])
        rows, beside = _label_all(pool, task, photos, levels, args, device.type)
    rows = sorted([*rows, *(_row(name, "failed", why) for name, why in bad)], key=lambda row: row["image"])
    failed = [row for row in rows if row["status"] == "failed"]
    _write_tables(pool, task, rows, beside, args, levels)
    for line in by_cause([f"{printable(row['image'])}: {_FADED}" for row in rows if row["reason"] == _FADED]):
        print(f"note: {line}", file=sys.stderr)
    told = by_cause([f"{printable(row['image'])}: {row['reason']}" for row in failed])
    print("".join(f"failed: {line}\n" for line in told), file=sys.stderr, end="")
    if len(told) < len(failed):
        print(f"all {len(failed)} of them: {args.out / 'predictions.csv'}", file=sys.stderr)
    print(f"{len(rows) - len(failed)} of {len(rows)} images are labelled: {args.out / 'masks'}")
    return 3 if failed else 0


def _label_all(
    pool: "Pool", task: Task, photos: list[Photo], levels: tuple | None, args: argparse.Namespace, device: str
) -> tuple[list[dict], dict[str, str]]:
    """A row of predictions.csv for each image, in the order of `photos`, and the SHA-256 of each picture beside the masks."""
    from tqdm import tqdm

    from dissent.cli.predict.vote import vote

    rows: list[dict] = []
    beside: dict[str, str] = {}
    waiting = 0
    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(args.threads) as writers:
        jobs = _ahead(readers, _reader(pool, levels), photos)
        for photo, job in tqdm(jobs, "labelled", len(photos), unit=" images", disable=None, leave=False):
            try:
                upright = job.result()
            except ValueError as error:
                rows.append(_row(photo.shown, "failed", str(error)))
                continue
            mask, doubt = vote(pool, task, upright, args.pool, device)
            row = (
                _row(photo.shown, "done", _FADED * upright.faded)
                | {"mask": f"masks/{photo.mask}"}
                | _measures(task, mask, doubt)
            )
            about = (task, pool.knows.task.palette, upright.orientation)
            rows.append(row | {"sha256": writers.submit(write_marks, args.out, photo.mask, mask, doubt, *about)})
            waiting += mask.size
            if waiting > _WAITING:
                rows, waiting = [_settled(row, beside) for row in rows], 0
        return [_settled(row, beside) for row in rows], beside


def _measures(task: Task, mask: np.ndarray, doubt: np.ndarray | None) -> dict:
    counts = dict(zip((f"pixels_{name}" for name in task.histogram_names), task.pixels(mask), strict=True))
    shares = {} if doubt is None else {"doubt_share": round(float((doubt != 0).mean()), 6)}
    return {"height": mask.shape[0], "width": mask.shape[1]} | shares | counts


def _settled(row: dict, beside: dict[str, str]) -> dict:
    if not isinstance(row["sha256"], Future):
        return row
    written = row["sha256"].result()
    beside.update((_plain(path), sha) for path, sha in written.items() if path != row["mask"])
    return row | {"sha256": written[row["mask"]]}


def _ahead(readers: ThreadPoolExecutor, read: Callable, photos: list[Photo]) -> Iterator[tuple[Photo, Future]]:
    """Each photo with the job that reads it; the next two are under way."""
    jobs: list[tuple[Photo, Future]] = []
    for photo in photos:
        jobs.append((photo, readers.submit(read, photo)))
        if len(jobs) > 2:
            yield jobs.pop(0)
    yield from jobs


def _reader(pool: "Pool", levels: tuple[int, int] | None) -> Callable[[Photo], Upright]:
    """The function that reads images as the data set of these networks was read."""
    knows = pool.knows
    given = knows.input
    draft = given.geometry.name == "whole" and given.protocol is None
    enough = knows.shape if draft else None
    return lambda photo: read_upright(photo.path, knows.channels, given.bit_depth, levels, given.exif != "none", enough)


def _levels(knows: "Input", given: list[int] | None) -> tuple[int, int] | None:
    """Grey levels that become 0 and 255: the network's own, so that brightness means what it meant in training."""
    if knows.bit_depth == 8:
        if given is not None:
            raise UserError("`--levels` is for networks that learned from 16-bit images; leave it out")
        return None
    low, high = given or knows.levels or _of_today(knows.dataset)
    if not 0 <= low < high <= 65535:
        raise UserError(f"`--levels {low} {high}`: they must rise, from 0 to 65535")
    return low, high


def _of_today(dataset: str) -> list[int]:
    """The levels in dataset.json, for a network of an older version, which does not say its own."""
    about = Path("data", dataset, "dataset.json")
    if not about.is_file():
        raise UserError(
            f"the network learned from 16-bit images, and neither its model.json nor {about} says which grey levels became "
            "0 and 255; give them with `--levels LOW HIGH`"
        )
    levels = read_json(about)["levels"]
    print(
        f"note: model.json is of an older version and has no grey levels: those of {about} are taken, {levels[0]} and "
        f"{levels[1]}. They are wrong if the data set was prepared anew since; `--levels LOW HIGH` gives others",
        file=sys.stderr,
    )
    return levels


def _check_free(out: Path, names: list[str]) -> None:
    there = [name for name in [*names, "predictions.csv", "made_with.json"] if os.path.lexists(out / name)]
    if there:
        raise UserError(
            f"{out} holds {len(there)} of the files that this would write ({some(there)}); name another folder, or "
            "add --overwrite"
        )


def _row(name: str, status: str, reason: str) -> dict:
    return dict.fromkeys(PREDICTED, "") | {"image": name, "status": status, "reason": reason}


def _write_tables(
    pool: "Pool", task: Task, rows: list[dict], beside: dict, args: argparse.Namespace, levels: tuple | None
) -> None:
    counts = [*(["doubt_share"] if args.pool else []), *(f"pixels_{name}" for name in task.histogram_names)]
    table = [dict.fromkeys(counts, "") | row | {"image": _plain(row["image"])} for row in rows]
    for row in table:
        row["mask"] = row["mask"] and _plain(row["mask"])
    written = write_table(args.out / "predictions.csv", table, (*PREDICTED, *counts), keeper=False)
    names = task.labels if task.bits else task.histogram_names
    about = {
        "networks": [
            {"folder": folder.as_posix(), "weights_sha256": sha}
            for folder, sha in zip(pool.folders, pool.digests, strict=True)
        ],
        "masks": "mean of the networks' probabilities" if args.pool else "the best network",
        "task": task.kind,
        ("bits" if task.bits else "ids"): {str(1 << i if task.bits else i): name for i, name in enumerate(names)},
        "size": pool.knows.size,
        "input": pool.knows.input.model_dump(mode="json") | {"levels": levels},
        "tables": {"predictions.csv": written},
        "files": dict(sorted(beside.items())),
    }
    write_json(args.out / "made_with.json", about)


def _plain(name: str) -> str:
    """A path that no spreadsheet takes for a formula, and no table refuses."""
    name = f"./{name}" if name[:1] in "=+-@" else name
    return name.encode("utf-8", "backslashreplace").decode()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value
