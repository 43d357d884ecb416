"""The raw files of a data set: found, paired and named. Nothing is decoded here, and nothing imports torch."""

import os
from pathlib import Path

from dissent.config.dataset import Part, Source
from dissent.config.source import Obtain
from dissent.core.files import UserError, digest
from dissent.core.words import nfc, some
from dissent.datasets.contents import contents
from dissent.datasets.decode import EXTENSIONS
from dissent.datasets.groups import given_table, group_of, id_of, told_apart
from dissent.datasets.items import Item, check_names
from dissent.datasets.listing import Census, Looking, by_images, further_files, images_by_key, masks_by_key, walk
from dissent.datasets.mask_readers import label_folders
from dissent.datasets.naming import OTHER_IMAGES, Names, bare, plain
from dissent.datasets.own_masks import key_of, own_digests, own_masks
from dissent.datasets.predicted import among_raw
from dissent.datasets.problems import Problems
from dissent.datasets.tables import table_of

_NO_DATA = (".zip", ".part", ".json")  # what fetching leaves beside the data


Picture = tuple[Part, str, Path]


def find_raw(raw: str | Path, *roots: str | Path) -> Path:
    """The folder that `raw` of a data set means: below the working directory, else below one of `roots`."""
    for path in [Path(raw), *[Path(root) / raw for root in roots]]:
        if path.is_dir():
            return path
    return Path(raw)


def raw_digest(raw: str | Path, source: Source | None = None) -> str:
    """Digest of names and contents of the raw files, `absent` where there is no folder.

    `source`: the data set; only what it may read counts then (images in its folders, its table). So notes, or masks that
    `dissent predict` writes beside these folders, prepare nothing anew.
    """
    raw = Path(raw)
    if not raw.is_dir():
        return "absent"
    folders = {raw}
    if source is not None:
        folders = {raw / below for part in source.parts for below in (part.images, part.masks) if below is not None}
    files: set[Path] = set()
    others: set[Path] = set()
    for folder in folders:
        found = walk(folder) if folder.is_dir() else ([], [])
        files.update(path for path in found[0] if source is None or path.suffix.lower() in EXTENSIONS + OTHER_IMAGES)
        others.update(found[1])
    if source is not None and source.table is not None and (raw / source.table.path).is_file():
        files.add(raw / source.table.path)
    kept = [path for path in sorted(files) if path.suffix.lower() not in _NO_DATA]
    names = sorted(path.relative_to(raw).as_posix() for path in others)
    shas = sorted(contents(raw, kept).items())
    more = [] if source is None else own_digests(source)
    return digest([[os.fsencode(name).hex(), sha] for name, sha in shas], [os.fsencode(n).hex() for n in names], *more)


def find_items(source: Source, raw: Path, problems: Problems, census: Census | None = None) -> list[Item]:
    """All images that the data set uses, sorted by id; what is wrong with names and pairs goes to `problems`.

    `census` gets every file in the folders, used or left out.
    """
    census = Census() if census is None else census
    if source.obtain and not any((raw / part.images).is_dir() for part in source.parts):
        raise UserError(to_obtain(source.obtain, raw))
    if not raw.is_dir():
        raise UserError(f"{raw} does not exist: put the raw files there, or name their folder with `raw`")
    images, masks = listed(source, raw, problems, census)
    rows = _rows(source, raw, [(path, key) for _, key, path in images], problems) if source.table is not None else None
    items: list[Item] = []
    own = own_masks(source)
    for part, key, image in images:
        name = image.relative_to(raw).as_posix()
        if rows is not None and name not in rows:
            problems.add(name, f"has no row in {given_table(source).path}")
            continue
        row = rows[name] if rows is not None else {}
        found = tuple(mask.get(key) for mask in masks[part.name])
        files = [path for path in found if path is not None]
        mine = own.pop(key_of(name), None)
        if not _kept(source, row, name, problems):
            census.left |= dict.fromkeys([image, *files], f"not chosen by `keep` from {given_table(source).path}")
            continue
        census.images.add(image)
        if mine is not None:
            census.left |= dict.fromkeys(files, f"masks of {source.own_masks} took their place")
            files, found = [mine], (mine,)
        census.masks |= set(files)
        census.masked += bool(files)
        problems += [] if mine is not None else _lacking(source, name, key, found, masks[part.name])
        id_, group = id_of(source, part.images, key), group_of(source, part.images, key, row, name, problems)
        items.append(Item(id_, part.name, image, name, found if any(found) else (), group, row, mine is not None))
    census.left |= dict.fromkeys(own.values(), "masks of ours whose images are gone, or not used")
    check_names(source, items, problems)
    if source.group is not None:
        told_apart(((item.group, item.source) for item in items), "is of group", problems)
    if not items and not problems:
        problems.append(_nothing(source, rows or {}))
    by_id = {item.id: item for item in reversed(items)}  # of those of one id, which are problems, the first
    return sorted(by_id.values(), key=lambda item: item.id)


def listed(
    source: Source, raw: Path, problems: Problems, census: Census
) -> tuple[list[Picture], dict[str, list[dict]]]:
    """All images as (part, key, path), and by part the masks by key, a dict for each folder of them."""
    images: list[Picture] = []
    every: dict[str, list[dict[str, Path]]] = {}
    looking = Looking(raw, source.leave_out, source.recursive)
    problems += among_raw(raw / part.masks for part in source.parts if part.masks is not None)
    for part in source.parts:
        labels = label_folders(source.mask_encoding, source.task) if part.masks is not None else []
        folders = [f"{part.masks}/{folder}".rstrip("/") for folder in labels]
        together = folders == [part.images]
        files = looking.files(part.images, census, problems)
        own = {path for path in files if together and source.mask_ends.on(path.stem)}
        inside = {raw / folder for folder in folders} - {raw / part.images}  # masks below the images are no images
        files = [path for path in files if not inside & set(path.parents)]
        pictures = images_by_key(
            looking, part.images, [path for path in files if path not in own], source.image_ends, problems
        )
        masks = every[part.name] = []
        for folder in folders:
            found = sorted(own) if together else looking.files(folder, census, problems)
            of_folder = masks_by_key(looking, folder, found, source.mask_ends, problems)
            masks.append(of_folder if source.match_case else by_images(of_folder, pictures))
        if together and source.mask_suffix:
            problems += further_files(looking, pictures, masks[0], source.mask_suffix)
        for key, path in (item for mask in masks for item in mask.items()):
            if key not in pictures:
                problems.add(looking.below(path), "no image belongs to this mask")
        images += [(part, key, path) for key, path in pictures.items()]
        if part.masks is not None and folders != [part.masks] and (raw / part.masks).is_dir():
            known = {raw / folder for folder in (part.images, *folders)}
            for path in walk(raw / part.masks)[0]:
                if not known & set(path.parents):
                    census.left[path] = "in no folder of a label"
    census.idle = looking.idle(census)
    return images, every


def to_obtain(what: Obtain, raw: Path) -> str:
    """Where to get raw files that are never fetched, and where to put them."""
    width = max(len(file.name) for file in what.files)
    lines = [f"{file.name:{width}}  {file.size}: leaves {', '.join(file.folders)}" for file in what.files]
    return "\n  ".join(
        [
            f"{raw} does not hold {what.title}, which {what.why}. Download",
            *lines,
            f"from {what.page}",
            f"(terms: {what.licence}), unpack in {raw}/, and run the same command again",
        ]
    )


def _lacking(source: Source, name: str, key: str, found: tuple, masks: list[dict]) -> list[str]:
    """What is wrong where masks are expected and (some) lack."""
    if not masks or all(found) or (source.allow_unlabelled and not any(found)):
        return []
    if any(found) and source.mask_encoding.name == "folders":
        lack = [
            f for f, path in zip(label_folders(source.mask_encoding, source.task), found, strict=True) if path is None
        ]
        text = f"{name}: has no mask in {', '.join(lack)}; `missing: empty` if the label is nowhere in it"
        return [text] if source.mask_encoding.missing == "refuse" else []
    close = [path.name for mask in masks for other, path in mask.items() if other.casefold() == key.casefold()]
    hint = f" (but {close[0]} is there: upper and lower case differ)" if close else ""
    return [f"{name}: has no mask{hint}; `allow_unlabelled: true` if it is an unlabelled image"]


def _rows(source: Source, raw: Path, images: list[tuple[Path, str]], problems: Problems) -> dict[str, dict]:
    """{path of an image below raw: its row of the table}; what names no image, or one twice, goes to `problems`."""
    table = given_table(source)
    path = raw / table.path
    columns = [table.key, *source.keep, *([source.group.column] if source.group and source.group.column else [])]
    names = Names([(image.relative_to(raw).as_posix(), key) for image, key in images], source.image_suffix)
    rows: dict[str, dict] = {}
    lines: dict[str, int] = {}
    for line in table_of(path, columns):
        name = line.cells[table.key]
        found = names.find(name) or names.find(f"{bare(name)}{source.image_suffix}")
        if not found:
            problems.add(path, f"there is no image for its row {name} (line {line.number}){names.hint(name)}")
        if len(found) > 1:
            problems.add(f"{path}, line {line.number}", names.misfit(name, found))
        for one in found:
            if one in rows and len(found) == 1:
                problems.add(path, f"{name} stands twice in it (lines {lines[one]} and {line.number})")
            rows[one], lines[one] = line.cells, line.number
    return rows


def _kept(source: Source, row: dict[str, str], name: str, problems: Problems) -> bool:
    """Whether `keep` chooses an image; a value that is nearly one that it asks for goes to `problems`."""
    for column, values in source.keep.items():
        wanted = [nfc(str(value)) for value in values]
        if row[column] in wanted:
            continue
        for close in (value for value in wanted if plain(value) == plain(row[column])):
            table = given_table(source).path
            problems.add(
                name, f"has {row[column]!r} as {column} in {table}, where `keep` asks for {close!r}: write them alike"
            )
        return False
    return True


def _nothing(source: Source, rows: dict[str, dict[str, str]]) -> str:
    """Why there is no image to use."""
    if not rows:
        return f"no image lies in {', '.join(part.images for part in source.parts)}"
    told = [
        f"for {column} {some(values)}, and there are {some(sorted({row[column] for row in rows.values()}))}"
        for column, values in source.keep.items()
    ]
    return f"{given_table(source).path}: no image is chosen: `keep` asks {', '.join(told)}"
