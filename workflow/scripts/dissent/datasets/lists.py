"""Sides of a split that come from text files, one image a line (the lists of U2PL, UniMatch, VOC)."""

import unicodedata
from pathlib import Path, PurePosixPath

from dissent.datasets.raw import find_raw
from dissent.files import UserError
from dissent.spec.dataset import Dataset
from dissent.spec.split import Split

REPOSITORY = Path(__file__).resolve().parents[4]


def lists_of(dataset: dict, split: str) -> list[str]:
    """Files from which a split is read, for a rule's input; `dataset`: as JSON.

    A file that lacks is not among them: the plan holds without data, and the job tells where to get it.
    """
    source = Dataset.model_validate(dataset)
    return [str(path) for path in list_paths(source, source.splits[split]).values() if path.is_file()]


def list_paths(dataset: Dataset, split: Split) -> dict[str, Path]:
    """{side: file} of a split with `lists`: below the raw folder, or else below the working directory or repository."""
    raw = find_raw(dataset.raw, REPOSITORY)
    sides = ("labelled", "unlabelled", "val", "test")
    named = {side: path for side, path in split.lists or () if side in sides and path is not None}
    return {
        side: next((p for p in (raw / path, Path(path), REPOSITORY / path) if p.is_file()), _meant(dataset, path, raw))
        for side, path in named.items()
    }


def _meant(dataset: Dataset, path: str, raw: Path) -> Path:
    """Where a list that lacks should be: a path that begins as `raw` does is no path below it."""
    return Path(path) if Path(path).parts[0] == Path(dataset.raw).parts[0] else raw / path


def read_lists(dataset: Dataset, split: Split, rows: list[dict]) -> dict[str, list[dict]]:
    """{side: rows}, where a line is an image (path below raw), image and mask, or a name; UserError lists misfits."""
    by_source: dict[str, list[dict]] = {}
    by_stem: dict[str, set[str]] = {}
    for row in rows:
        by_source.setdefault(_nfc(row["source"]), []).append(row)
        by_stem.setdefault(_stem(row["source"], dataset.image_suffix), set()).add(_nfc(row["source"]))
    sides, problems = {}, []
    paths = list_paths(dataset, split)
    absent = [str(path) for path in paths.values() if not path.is_file()]
    if absent and split.lists.page:
        raise UserError("\n  ".join([f"lists that lack; they are at {split.lists.page}, put them here:", *absent]))
    ends = [dataset.mask_suffix, *filter(None, [split.lists.mask_suffix])]
    for side, path in paths.items():
        chosen: list[str] = []
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}, the list of `{side}`, cannot be read ({error})") from None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            image, mask = _fields(line.strip(), by_source)
            found = {image} if image in by_source else by_stem.get(_stem(image, dataset.image_suffix), set())
            where = f"{path}, line {number}"
            if len(found) != 1:
                problems.append(
                    f"{where}: {image} is {'no image' if not found else 'the name of several images'} of it"
                )
            elif mask and _stem(next(iter(found)), dataset.image_suffix) not in [_stem(mask, end) for end in ends]:
                problems.append(f"{where}: pairs {image} with {mask}, where the data set goes by equal names")
            elif next(iter(found)) in chosen:
                problems.append(f"{where}: {image} stands twice in it")
            else:
                chosen += found
        sides[side] = [row for source in chosen for row in by_source[source]]
    if problems:
        rest = [f"... and {len(problems) - 50} more"] if len(problems) > 50 else []
        raise UserError("\n  ".join(["lists that do not fit the data set:", *problems[:50], *rest]))
    return sides


def _fields(line: str, by_source: dict) -> tuple[str, str]:
    line = _nfc(line).removeprefix("./")
    if line in by_source or len(line.split()) == 1:
        return line, ""
    for cut in range(1, len(line.split())):  # names may hold blanks
        image, mask = line.split(" ", cut)[:cut], line.split(" ", cut)[cut:]
        if " ".join(image) in by_source:
            return " ".join(image), " ".join(mask).strip()
    return line.split()[0], line.split()[-1]


def _stem(path: str, suffix: str) -> str:
    return _nfc(PurePosixPath(path).stem.removesuffix(suffix))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
