"""Label a folder of new images with a trained generation.

Writes OUT/masks/NAME.png, one byte a pixel as in the data set's masks, with a palette, at the size of the image; for
labels that overlap also OUT/labels/LABEL/NAME.png of 0 and 255; OUT/predictions.csv with the pixels of each label; and
OUT/made_with.json, which says what made them and what the numbers mean. OUT/progress.jsonl is what --resume reads. Folders in FOLDER are kept. With --pool the
masks are those of the mean of all teachers, and OUT/doubt/NAME.png is not 0 where any two of them disagree.

Images that were turned by an EXIF tag are looked at upright; their masks are stored as they are, with the same tag.
An image that is darker, of another colour or another size than the training images is named, and done.
An image that cannot be read is named, the others are done, and the exit code is 3."""

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dissent.cli.machine import cores
from dissent.cli.predict.find_images import Photo, Upright, find_photos, pixels_of, read_upright
from dissent.cli.predict.levels import levels_for
from dissent.cli.predict.marks import Marks, Writer
from dissent.cli.predict.place import check_out
from dissent.cli.predict.progress import NAME, Progress, identity, start
from dissent.cli.predict.tables import about_masks, legend, plain, write_tables
from dissent.cli.predict.unlike import Usual
from dissent.cli.settings import add_config_dir
from dissent.core.columns import PREDICTED
from dissent.core.files import UserError, digest
from dissent.core.task import Task
from dissent.core.words import printable, some
from dissent.datasets.predicted import ABOUT, TABLE
from dissent.datasets.problems import by_cause
from dissent.runtime.devices import lease, prepare_process

if TYPE_CHECKING:
    from dissent.cli.predict.pool import Pool

EXAMPLES = """examples:
  dissent predict results/isic photos/ masks/                 the best student of what the verdict keeps
  dissent predict results/isic/gen5 photos/ masks/            that of another generation
  dissent predict results/isic/gen5 photos/ masks/ --pool     all its teachers, and where they disagree
  dissent predict results/isic/gen5 photos/ masks/ --views 4  its best student, over four views of each image
  dissent predict results/isic/gen5/students/3 photos/ masks/ this student"""
_WAITING = 2**27  # bytes of masks and the like that may wait for the disk
_READ_AHEAD = 2**25  # pixels of images that may be read before their turn
_EXTRAS = ("probabilities", "overlays")
_FADED = "is in colour and read as grey, as the network learned from grey images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent predict`."""
    parser.add_argument(
        "networks", type=Path, help="a run (results/RUN), a generation (results/RUN/gen5) or a student's folder"
    )
    parser.add_argument("folder", type=Path, help="folder of images (PNG, JPEG, TIFF, BMP), or one image")
    parser.add_argument("out", type=Path, help="folder for the masks")
    parser.add_argument(
        "--pool",
        action="store_true",
        help="ask all teachers (the best of the pool; `ensemble` in metrics.json is of all students), and write where they disagree",
    )
    parser.add_argument(
        "--views",
        type=int,
        choices=[1, 2, 4],
        default=1,
        help="mean over views of each image: 2 with the mirrored one, 4 upside down too (default: %(default)s)",
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
    parser.add_argument(
        "--probabilities", action="store_true", help="write them too, 16-bit PNG a label: 65535 is sure"
    )
    parser.add_argument("--overlays", action="store_true", help="write images under their masks too, to look at")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on in OUT: what is written and whole is not made again; new and changed images are",
    )
    parser.add_argument("--overwrite", action="store_true", help="write anew what is in OUT already")
    add_config_dir(parser, "folder of settings, whose raw folders are no place for masks")


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 3 when some images could not be read."""
    check_out(args.out, args.config_dir)
    photos, bad, others = find_photos(args.folder, args.out)
    if others:
        print(f"left out: {len(others)} files that are no images or hidden: {some(others)}", file=sys.stderr)
    extras = frozenset(
        name for name, wanted in (("doubt", args.pool), *((one, getattr(args, one)) for one in _EXTRAS)) if wanted
    )
    with lease(0 if args.device == "cpu" else 1) as place:
        device = prepare_process(args.threads, place.device)
        if args.device == "cuda" and device.type != "cuda":
            raise UserError("there is no graphics card that torch can use; leave `--device cuda` out")
        from dissent.cli.predict.pool import open_pool  # torch only now: the lease decides which card it sees

        pool = open_pool(args.networks, args.pool, args.tiles, device.type)
        task = Task(pool.knows.task.model_dump(mode="json"))
        levels = levels_for(pool.knows.input, args.levels)
        writer = Writer(args.out, task, pool.knows.task.palette, extras)
        about = about_masks(pool, task, args.pool, args.views, levels)
        progress = start(args.out, digest(about, sorted(extras)), args.resume, args.overwrite)
        kept, left = progress.kept(photos, args.overwrite)
        if not args.overwrite:
            names = {name for photo in left for name in writer.files_of(photo.mask)} | {TABLE, ABOUT}
            _check_free(args, progress.strange(sorted(names if args.resume else names | {NAME})))
        progress.open()
        rows, beside = _label_all(pool, writer, left, levels, args, device.type, progress)
    if args.resume:
        print(f"{len(kept)} of {len(photos)} images were labelled before", file=sys.stderr)
    rows += [entry["row"] | {"sha256": _files(entry["row"], entry["files"], beside)} for entry in kept.values()]
    rows = sorted([*rows, *(_row(name, "failed", why) for name, why in bad)], key=lambda row: row["image"])
    failed = [row for row in rows if row["status"] == "failed"]
    write_tables(args.out, task, rows, beside, about | legend(pool.knows.task), args.pool, progress.begin)
    notes = [f"{printable(row['image'])}: {row['reason']}" for row in rows if row["status"] == "done" and row["reason"]]
    for line in by_cause(notes):
        print(f"note: {line}", file=sys.stderr)
    told = by_cause([f"{printable(row['image'])}: {row['reason']}" for row in failed])
    print("".join(f"failed: {line}\n" for line in told), file=sys.stderr, end="")
    if len(told) < len(failed):
        print(f"all {len(failed)} of them: {args.out / 'predictions.csv'}", file=sys.stderr)
    print(f"{len(rows) - len(failed)} of {len(rows)} images are labelled: {args.out / 'masks'}")
    return 3 if failed else 0


def _label_all(
    pool: "Pool",
    writer: Writer,
    photos: list[Photo],
    levels: tuple | None,
    args: argparse.Namespace,
    device: str,
    progress: Progress,
) -> tuple[list[dict], dict[str, str]]:
    """A row of predictions.csv for each image, in the order of `photos`, and the SHA-256 of each picture beside the masks."""
    from tqdm import tqdm

    from dissent.cli.predict.vote import vote

    usual, whole = Usual.of(pool.folders[0]), pool.knows.input.geometry.name == "whole"
    rows: list[dict] = []
    beside: dict[str, str] = {}
    waiting = 0

    def write(photo: Photo, read: dict, row: dict, *said: Any) -> dict[str, str]:
        files = writer.write(photo.mask, progress.begin, *said)
        progress.end(photo, read, row, files)
        return files

    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(args.threads) as writers:
        jobs = _ahead(readers, _reader(pool, levels), photos)
        for photo, job in tqdm(jobs, "labelled", len(photos), unit=" images", disable=None, leave=False):
            try:
                read, upright = job.result()
            except ValueError as error:
                rows.append(_row(photo.shown, "failed", str(error)))
                continue
            marks = vote(pool, writer.task, upright, writer.extras, device, args.views)
            why = "; ".join(one for one in (_FADED * upright.faded, usual.odd(upright, whole)) if one)
            row = _row(photo.shown, "done", why) | {"mask": f"masks/{photo.mask}"}
            row |= _measures(writer.task, marks)
            shown = upright.pixels if "overlays" in writer.extras else None
            said = (marks, upright.orientation, shown)
            rows.append(row | {"sha256": writers.submit(write, photo, read, row, *said)})
            waiting += sum(one.nbytes for one in (marks.mask, marks.probabilities, shown) if one is not None)
            del upright, marks, job, said, shown  # or the next image is read beside them
            if waiting > _WAITING:
                rows, waiting = [_settled(row, beside) for row in rows], 0
        return [_settled(row, beside) for row in rows], beside


def _measures(task: Task, marks: Marks) -> dict:
    mask, doubt = marks.mask, marks.doubt
    counts = dict(zip((f"pixels_{name}" for name in task.histogram_names), task.pixels(mask), strict=True))
    shares = {} if doubt is None else {"doubt_share": round(float((doubt != 0).mean()), 6)}
    return {"height": mask.shape[0], "width": mask.shape[1]} | shares | counts


def _settled(row: dict, beside: dict[str, str]) -> dict:
    if not isinstance(row["sha256"], Future):
        return row
    return row | {"sha256": _files(row, row["sha256"].result(), beside)}


def _files(row: dict, written: dict[str, str], beside: dict[str, str]) -> str:
    """The SHA-256 of a mask; what else was written of its image goes to `beside`."""
    beside.update((plain(path), sha) for path, sha in written.items() if path != row["mask"])
    return written[row["mask"]]


def _ahead(readers: ThreadPoolExecutor, read: Callable, photos: list[Photo]) -> Iterator[tuple[Photo, Future]]:
    """Each photo with the job that reads it. The next two are under way, but where they are so large that one fills memory enough."""
    jobs: deque[tuple[Photo, Future, int]] = deque()
    for photo in photos:
        size = pixels_of(photo.path)
        while jobs and (len(jobs) > 2 or size + sum(one for _, _, one in jobs) > _READ_AHEAD):
            yield jobs.popleft()[:2]
        jobs.append((photo, readers.submit(read, photo), size))
    while jobs:
        yield jobs.popleft()[:2]


def _reader(pool: "Pool", levels: tuple[int, int] | None) -> Callable[[Photo], tuple[dict, Upright]]:
    """The function that reads images as the data set of these networks was read, with what tells that one is the same again."""
    knows = pool.knows
    given = knows.input
    draft = given.geometry.name == "whole" and given.protocol is None
    enough = knows.shape if draft else None

    def read(photo: Photo) -> tuple[dict, Upright]:
        found = read_upright(photo.path, knows.channels, given.bit_depth, levels, given.exif != "none", enough)
        return identity(photo.path), found

    return read


def _check_free(args: argparse.Namespace, there: list[str]) -> None:
    if there and args.resume:
        raise UserError(
            f"{args.out} holds {len(there)} of the files that this would write ({some(there)}), not as `dissent predict` left "
            "them there; move them away, or add --overwrite"
        )
    if there:
        raise UserError(
            f"{args.out} holds {len(there)} of the files that this would write ({some(there)}); name another folder, or "
            "add --overwrite, or --resume to go on where this stopped"
        )


def _row(name: str, status: str, reason: str) -> dict:
    return dict.fromkeys(PREDICTED, "") | {"image": name, "status": status, "reason": reason}


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value
