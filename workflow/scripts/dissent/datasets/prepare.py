"""Raw files to prepared images and labels: everything is checked before anything can be seen of it."""

import logging
import shutil
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dissent.config.dataset import Source
from dissent.config.task import NEW_FIRST_LABEL, TaskSettings
from dissent.core.columns import PREPARED
from dissent.core.files import UNKNOWN, sha256, write_json, write_table
from dissent.core.words import some
from dissent.datasets.contents import states
from dissent.datasets.convert import PUBLISHED_TARGETS, Converted, Plan, convert, histogram
from dissent.datasets.items import Item
from dissent.datasets.levels import levels_of
from dissent.datasets.listing import Census
from dissent.datasets.ours import FOLDERS, MARKER, check_ours
from dissent.datasets.own_faults import faults, unnamed
from dissent.datasets.own_masks import OwnMasks, key_of
from dissent.datasets.problems import Problems, by_cause
from dissent.datasets.raw import find_items, raw_digest
from dissent.datasets.record import NAME, WHY, compare, told, used_files, write_record
from dissent.datasets.settle import check_unmapped, check_used, each, settle

log = logging.getLogger(__name__)


def prepare(dataset: dict, name: str, raw: str, out: str, threads: int = 1, record: str | None = None) -> None:
    """Write out/{images,labels,files.csv,raw.csv,dataset.json} from the raw folder; `dataset`: a Dataset or Source as JSON.

    One UserError lists every raw file that lacks, is damaged or is not as the data set says; nothing is written then.
    `record`: a folder other than `out` with the record of an earlier preparation; the new files are for a look alone.
    """
    source = Source.model_validate({key: value for key, value in dataset.items() if key != "splits"})
    check_ours(out, raw)
    problems = Problems()
    items = find_items(source, Path(raw), problems, census := Census())
    staging = Path(out) / ".unchecked"  # beside its destination, so that a rename is enough
    shutil.rmtree(staging, ignore_errors=True)
    log.info("%s: %d images in %s", name, len(items), raw)
    if source.group is not None and 1 < len(items) == len({item.group for item in items}):
        log.warning("`group` finds another group for each image, so it keeps nothing together: is it what is meant?")
    if census.left or census.idle:
        log.info("%s", census.told())
    used = used_files(source, Path(raw), items)
    found = _compared(Path(record or out), raw, used, problems)
    if source.own_masks is not None:
        own, images = OwnMasks(Path(source.own_masks)), {key_of(item.source): item.image for item in items}
        known = {path: sha for path, (_, _, sha) in found.items()}
        problems += [f"{path}: {why}" for path, _, why in faults(own, Path(raw), images, known)]
    problems += unnamed(source, name)
    try:
        with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
            warnings.simplefilter("ignore")  # Pillow's doubts about files that are refused or checked here
            items, headers, turns = settle(pool, source, items, raw, problems)
            levels = _levels(pool, source, items, raw) if source.bit_depth == 16 else None
            plan = Plan(source, turns, levels, Path(out).as_posix(), None if problems else staging)
            jobs = [(item, headers[item.id], plan) for item in items]
            done = dict(each(pool, convert, jobs, problems, raw, "prepared"))
        check_unmapped(source.mask_encoding, {id_: (one.unmapped, one.pixels) for id_, one in done.items()}, problems)
        problems += [f"{item.source}: {why}" for item in items if (why := _real_doubt(source.task, done.get(item.id)))]
        problems += _masks_as_images(items, done, found, Path(raw))
        faded = [item.source for item in items if item.id in done and done[item.id].faded]
        for line in by_cause([f"{name}: is in colour and read as grey; `channels: 3` keeps colours" for name in faded]):
            log.warning("%s", line)
        numbers = [(item, done[item.id].palette, done[item.id].numbers) for item in items if item.id in done]
        check_used(source.mask_encoding, numbers, raw, problems)
        moved = states(Path(raw), found)
        problems += [
            f"{path}: was changed while it was prepared" for path in found if moved.get(path) != found[path][:2]
        ]
        problems.stop(raw)
        rows = sorted((row for one in done.values() for row in one.rows), key=lambda row: row["id"])
        _drop_unwanted(staging, Path(out))
        _write_rows(Path(out) / MARKER, rows)  # first: what is moved in is known as ours, wherever this ends
        _move_in(staging, Path(out))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    write_record(Path(out), used, found, dates=record is None)
    files = _write_rows(Path(out) / "files.csv", rows)
    counts: Counter[int] = sum((one.counts for one in done.values()), Counter())
    nobody_knows = counts.pop(UNKNOWN, 0)
    pixels = _pixels_by_label(source, name, rows, counts)
    seen = {"raw_digest": raw_digest(raw, source), "pixels": pixels, "nobody_knows": nobody_knows, "levels": levels}
    _write_about(source, name, Path(out), seen | {"files": files, "labels": sum(bool(row["label"]) for row in rows)})


def _compared(folder: Path, raw: str, used: dict[str, str], problems: Problems) -> dict[str, list]:
    """{path: [bytes, date, SHA-256]} of the raw files; what an edit changed is told, what damage changed is refused."""
    found_before, found = compare(folder, Path(raw), used)
    for line in told([change for change in found_before if change.how not in ("rotten", "new")]):
        log.warning("%s", line)
    problems += [f"{change.path}: {WHY[change.how]}" for change in found_before if change.how == "rotten"]
    return found


def _masks_as_images(items: list[Item], done: dict[str, Converted], found: dict[str, list], raw: Path) -> list[str]:
    """Images that are byte for byte their mask, and not both of one value, as a black image without any object is."""
    result = []
    for item in items:
        own = [] if item.own else [mask.relative_to(raw).as_posix() for mask in item.masks if mask is not None]
        names = [item.source, *own]
        image, *masks = [found[name][2] if name in found else name for name in names]
        if image in masks and item.id in done and len(done[item.id].counts) > 1:
            result.append(f"{item.source}: has the same bytes as its mask, so it is no image: put the image there")
    return result


def folders(source: Source) -> list[str]:
    """Names of the folders that `prepare` writes below data/{dataset}."""
    return ["images", "labels", *(sorted(PUBLISHED_TARGETS.values()) if source.grey_masks else [])]


def _levels(pool: ThreadPoolExecutor, source: Source, items: list[Item], raw: str) -> tuple[int, int]:
    """Percentiles of all pixels of the data set: one range for all images, so that brightness keeps its meaning."""
    total = np.zeros(65536, np.int64)
    jobs = [(item, source) for item in items]
    for _, counts in each(pool, histogram, jobs, Problems(), raw):  # what fails here fails again, and is told then
        total += counts
    low, high, note = levels_of(total, source.percentiles)
    if note:
        log.warning("%s", note)
    log.info("grey levels %d to %d of the 16-bit images become 0 to 255", low, high)
    return low, high


def _real_doubt(task: TaskSettings, one: Converted | None) -> str:
    """Why a mask cannot be of a task whose id 0 is kept for doubt; or ""."""
    if task.doubt_class is not True or one is None or not one.counts[0]:
        return ""
    return (
        f"{one.counts[0]} pixels of its mask are `{task.labels[0]}`, which `doubt_class: true` keeps for doubt, and would not "
        f"be scored: {NEW_FIRST_LABEL}, or leave `doubt_class` out. (`doubt_class: shared`: they mean that nobody labelled them)"
    )


def _drop_unwanted(staging: Path, out: Path) -> None:
    """Remove masks that an earlier `protocol` asked for, and that are ours: no output of a job, they would stay for ever."""
    for name in FOLDERS[2:]:
        if not (staging / name).exists():
            shutil.rmtree(out / name, ignore_errors=True)


def _move_in(staging: Path, out: Path) -> None:
    (staging / "labels").mkdir(parents=True, exist_ok=True)  # there may be no mask at all
    for folder in sorted(staging.iterdir()):
        shutil.rmtree(out / folder.name, ignore_errors=True)
        folder.replace(out / folder.name)


def _write_rows(path: Path, rows: list[dict]) -> dict:
    extra = dict.fromkeys(key for row in rows for key in row if key not in PREPARED)
    return write_table(path, [dict.fromkeys(extra, "") | row for row in rows], [*PREPARED, *extra], keeper=False)


def _write_about(source: Source, name: str, out: Path, seen: dict) -> None:
    about = {
        "dataset": name,
        "task": source.task.model_dump(mode="json"),
        "size": list(source.size),
        "channels": source.channels,
        "raw": {"folder": source.raw, "path": NAME, "sha256": sha256(out / NAME)},
        "raw_digest": seen["raw_digest"],
        "images": seen["files"]["rows"],
        "labels": seen["labels"],
        "pixels": seen["pixels"],
        "nobody_knows": seen["nobody_knows"],
        "levels": seen["levels"],
        "files": {"path": "files.csv", "sha256": seen["files"]["sha256"]},
        "tables": {"files.csv": seen["files"]},
    }
    if source.own_masks is not None:
        about["own_masks"] = source.own_masks
    if source.grey_masks:
        about["metric_labels"] = PUBLISHED_TARGETS
    write_json(out / "dataset.json", about)


def _pixels_by_label(source: Source, name: str, rows: list[dict], counts: Counter) -> dict[str, int]:
    """Pixels of each label over all masks, and a warning for what looks like a mistake."""
    task = source.task
    names = task.value_names
    if task.overlapping:
        pixels = {one: sum(n for v, n in counts.items() if v >> bit & 1) for bit, one in enumerate(names)}
    else:
        pixels = {one: counts[value] for value, one in enumerate(names)}
    labelled = [row for row in rows if row["label"]]
    absent = [one for one, count in pixels.items() if not count and labelled]
    if absent:
        log.warning("no mask of %s has a pixel of %s", name, ", ".join(absent))
    blank = [row["id"] for row in labelled if not row["present"] and not task.overlapping]
    if blank:
        log.warning("%d masks say nothing, all their pixels are unknown: %s", len(blank), some(blank))
    return pixels
