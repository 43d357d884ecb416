"""Subsets of a split that come from files: lists with an image a line (U2PL, UniMatch, VOC), or a table of val and test."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

from dissent.config.dataset import Dataset
from dissent.config.ends import Ends
from dissent.config.split import Split
from dissent.core.columns import DISJOINT
from dissent.core.files import UserError
from dissent.core.places import SHIPPED
from dissent.core.words import nfc
from dissent.datasets.naming import Names, bare
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_raw
from dissent.datasets.tables import Line, table_of, text_of, with_cells

_FIXED, _DIGEST = ("image", "subset"), ("sha256",)


def lists_of(dataset: dict, split: str) -> list[str]:
    """Files from which a split is read, for a rule's input; `dataset`: as JSON.

    A file that lacks is not among them: the plan holds without data, and the job tells where to get it.
    """
    source = Dataset.model_validate(dataset)
    return [str(path) for path in list_paths(source, source.splits[split]).values() if path.is_file()]


def list_paths(dataset: Dataset, split: Split) -> dict[str, Path]:
    """{subset: file} of a split with `lists` or `fixed`: below the raw folder, or else the working directory or repository.

    UserError names one that Snakemake would take for another.
    """
    raw = find_raw(dataset.raw, SHIPPED)
    named = {subset: path for subset, path in split.lists or () if subset in DISJOINT and isinstance(path, str)}
    named |= {"fixed": split.fixed} if split.fixed else {}
    return {
        subset: without_braces(
            next((p for p in (raw / path, Path(path), SHIPPED / path) if p.is_file()), _meant(dataset, path, raw))
        )
        for subset, path in named.items()
    }


def without_braces(path: Path) -> Path:
    """`path` itself, a list or a table of a split; UserError where it has braces, which are wildcards to Snakemake."""
    if set("{}") & set(str(path)):
        raise UserError(f"{path}: Snakemake would replace what stands in braces; rename the file or its folder")
    return path


def _meant(dataset: Dataset, path: str, raw: Path) -> Path:
    """Where a list that lacks should be: a path that begins as `raw` does is no path below it."""
    return Path(path) if Path(path).parts[0] == Path(dataset.raw).parts[0] else raw / path


def read_lists(dataset: Dataset, split: Split, rows: list[dict]) -> dict[str, list[dict]]:
    """{subset: rows}, where a line is an image (path below raw), image and mask, or a name; UserError lists misfits.

    A subset that is called by parts has all of their images that no list names.
    """
    by_source = rows_by_source(rows)
    names = names_of(dataset, rows)
    subsets, problems = {}, Problems()
    paths = list_paths(dataset, split)
    page, further = (split.lists.page, split.lists.mask_suffix) if split.lists else (None, None)
    absent = [str(path) for path in paths.values() if not path.is_file()]
    if absent and page:
        raise UserError("\n  ".join([f"lists that lack; they are at {page}, put them here:", *absent]))
    ends = [dataset.mask_ends] + ([Ends("", further, dataset.match_case)] if further else [])
    for subset, path in paths.items():
        chosen: dict[str, int] = {}
        if not path.is_file():
            raise UserError(f"{path}, the list of `{subset}`, does not exist")
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if not line.strip():
                continue
            image, mask, found = _fields(line.strip(), names)
            where = f"{path}, line {number}"
            source = next(iter(found), "")
            if len(found) != 1:
                problems.add(where, names.misfit(image, found))
            elif mask and not {_stem(source, dataset.image_ends)} & {s for end in ends for s in _stems(mask, end)}:
                problems.add(where, f"pairs {image} with {mask}, where the data set goes by equal names")
            elif source in chosen:
                problems.add(where, f"{image} stands twice in it (the first time in line {chosen[source]})")
            chosen.setdefault(source, number)
        subsets[subset] = [row for source in chosen for row in by_source.get(source, [])]
    problems.stop("lists that do not fit the data set", "")
    named = {row["id"] for chosen in subsets.values() for row in chosen}
    rest = {subset: parts for subset, parts in split.lists or () if subset in DISJOINT and isinstance(parts, list)}
    return subsets | {
        subset: [row for row in rows if row["part"] in parts and row["id"] not in named]
        for subset, parts in rest.items()
    }


def read_fixed(dataset: Dataset, split: Split, rows: list[dict]) -> dict[str, list[dict]]:
    """{val, test: rows} of the images that the table of `fixed` names; UserError lists the lines that cannot be followed."""
    path = list_paths(dataset, split)["fixed"]
    if not path.is_file():
        raise UserError(
            f"{split.fixed}, which names the images of val and test (`fixed`), does not exist: put it back; `dissent init` "
            "again writes one of its own as val and test were prepared last"
        )
    by_source = rows_by_source(rows)
    subsets, faults = follow(
        fixed_lines(path),
        names_of(dataset, rows),
        {source for source in by_source if all(row["label"] for row in by_source[source])},
    )
    problems = Problems()
    for number, why in faults.items():
        problems.add(f"{path}, line {number}", why)
    problems.stop(f"split by {path}", ", so nothing was written; `dissent init` again follows images that were renamed")
    return {subset: [row for source in chosen for row in by_source[source]] for subset, chosen in subsets.items()}


def follow(lines: list[Line], names: Names, masked: Collection[str]) -> tuple[dict[str, list[str]], dict[int, str]]:
    """{val, test: images} that lines of such a table name, and of lines that cannot be followed {number: why}; `masked`: images."""
    subsets: dict[str, list[str]] = {"val": [], "test": []}
    faults: dict[int, str] = {}
    seen: dict[str, int] = {}
    for line in lines:
        name, subset = line.cells["image"], line.cells["subset"]
        found = names.exact(name)
        source = next(iter(found), "")
        if subset not in subsets:
            faults[line.number] = f"subset {subset!r} is neither val nor test; other images are not named here"
        elif not found:
            faults[line.number] = (
                f"{name} is no image any more{names.hint(name)}: put it back, give its new name, or delete the line"
            )
        elif len(found) > 1:
            faults[line.number] = names.misfit(name, found)
        elif source in seen:
            faults[line.number] = f"{name} stands twice in it (the first time in line {seen[source]})"
        elif source not in masked:
            faults[line.number] = f"{name} is in {subset} and has no mask: put one there, or delete the line"
        else:
            subsets[subset].append(source)
        seen.setdefault(source, line.number)
    return subsets, faults


def fixed_lines(path: Path) -> list[Line]:
    """Lines of a table of val and test; those that a person adds need no digest."""
    return table_of(path, _FIXED, _DIGEST)


def fixed_with(path: Path, cells: Mapping[int, Mapping[str, str]]) -> bytes:
    """The bytes of such a table with other cells, {line: {column: cell}}; what else a person wrote stays."""
    return with_cells(path, cells, _FIXED, _DIGEST)


def rows_by_source(rows: list[dict]) -> dict[str, list[dict]]:
    """Rows of files.csv by the path of their raw image, of which tiles have several."""
    found: dict[str, list[dict]] = {}
    for row in rows:
        found.setdefault(row["source"], []).append(row)
    return found


def names_of(dataset: Dataset, rows: list[dict]) -> Names:
    """What the raw images of the rows are called."""
    return Names({(row["source"], _image_id(row)) for row in rows}, dataset.image_suffix)


def _image_id(row: dict) -> str:
    return row["id"].rsplit("_", 1)[0] if row.get("window") else row["id"]


def _fields(line: str, names: Names) -> tuple[str, str, set[str]]:
    """Image and mask of a line, between them a blank, tab, comma or semicolon that names may hold too; the images meant."""
    cuts = [match.start() for match in re.finditer(r"[ \t,;]", line)]
    for image, mask in [(line, ""), *((line[:cut], line[cut + 1 :].strip()) for cut in cuts)]:
        if found := names.exact(image):
            return image, mask, found
    words = re.findall(r"[^ \t,;]+", line)
    image, mask = (words[0], words[-1]) if len(words) > 1 else (line, "")
    return image, mask, names.find(image)


def _stem(path: str, ends: Ends) -> str:
    return _cased(ends.off(nfc(PurePosixPath(bare(path)).name)), ends)


def _stems(mask: str, ends: Ends) -> set[str]:
    """What a mask may be called after: endings that are none of an image's (.mat) are endings all the same."""
    path = mask.replace("\\", "/")
    return {_stem(path, ends), _cased(ends.off(nfc(PurePosixPath(path).stem)), ends)}


def _cased(name: str, ends: Ends) -> str:
    return name if ends.match_case else name.casefold()
