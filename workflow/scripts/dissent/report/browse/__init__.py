"""browse.html: every image of a run, sorted by what its teachers disagree on; offline, with its data in a folder beside it."""

import base64
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dissent.config.task import css
from dissent.core.files import DOUBT_PALETTE, sha256, write_atomic, write_json, write_text
from dissent.core.meaning import MEANINGS, disputed_share
from dissent.core.seal import seal_page
from dissent.core.task import Task
from dissent.report.browse.pieces import ACROSS, SIDE, Piece, draw
from dissent.report.browse.rows import Places, colours_of, row_of
from dissent.report.browse.seen import Found, find
from dissent.report.kept import taken
from dissent.report.run_results import Generation
from dissent.report.templates import environment_of

if TYPE_CHECKING:
    from dissent.core import arguments

logger = logging.getLogger("dissent")
ROWS = 1000  # images in one file of rows
_SETS = 3  # of labels, that are named as most in question
_TABLES = ("metrics.json", "predictions.csv", "masks.csv")


def write_browser(
    params: "arguments.Browser",
    generations: Sequence[str],
    data: Mapping[str, str],
    files: str,
    templates: str,
    out: str,
    controls: Mapping[str, str] | None = None,
) -> None:
    """Write the page `out` and the folder that is called like it: thumbnails, what is in doubt, and a row an image.

    `generations`: the folders gen0..genN. `data`: {labelled, unlabelled, val, hidden: table}. `files`: files.csv of the
    data set. `templates`: folder of browse.html.j2, browse.css and browse.js. `controls`: {name: folder of its last generation}.
    """
    planned = [Generation(Path(folder)) for folder in generations]
    made = planned[1 : planned[-1].made + 1]
    used = _used(planned[: planned[-1].made + 1], planned[-1], controls or {}, params["task"])
    kept = used or (made[-1].number if made else 0)  # gen0 has no pseudo-labels
    page, task = Path(out), Task(params["task"])
    shares = partial(disputed_share, pseudo_label=params["pseudo_label"], task=task)
    found = find(made, kept, data, files, params["most"], shares)
    folder = page.with_suffix("")
    places = Places(page.parent)
    digests: dict[str, str] = {}

    def put(name: str, content: bytes) -> None:
        write_atomic(folder / name, content)
        digests[name] = hashlib.sha256(content).hexdigest()

    rows = []
    confused: dict[int, Counter[tuple[int, ...]]] = {one.number: Counter() for one in made}
    pieces = _in_parts(found.images, ACROSS * ACROSS)
    with ThreadPoolExecutor(params["threads"]) as workers:
        drawn = workers.map(lambda images: draw(images, params, task), pieces)
        for number, (images, piece) in enumerate(zip(pieces, drawn, strict=True), 1):
            for name, content in _files_of(piece, number):
                put(name, content)
            for generation, said in piece.said.items():
                for dispute in said.disputes.values():
                    confused[generation].update(dict(zip(map(tuple, dispute["sets"]), dispute["pixels"], strict=True)))
            rows += [row_of(image, piece, places, task, params["pseudo_label"]) for image in images]
            if len(rows) // ROWS > (len(rows) - len(images)) // ROWS:
                logger.info("%s of %s images are drawn", f"{len(rows):,}", f"{len(found.images):,}")
    shards = _in_parts(rows, ROWS)
    for number, shard in enumerate(shards, 1):
        name = f"images{number:03}"
        put(f"{name}.js", _script(name, {"folders": places.folders, "rows": shard}))
    write_json(folder / "shown.json", {"files": dict(sorted(digests.items()))})
    about = _about(params, task, made, kept, used, found) | {"folder": folder.name, "shards": len(shards)}
    about["confused"] = {g: _most(counts) for g, counts in confused.items()}
    sources = [*data.values(), files, *(f"{one.folder}/{name}" for one in made for name in _TABLES)]
    made_from = {path: sha256(path) for path in [*sources, (folder / "shown.json").as_posix()]}
    write_text(out, seal_page(_render(Path(templates), about, params["pseudo_label"]), made_from))


def _used(made: Sequence[Generation], planned: Generation, controls: Mapping[str, str], task: dict) -> int:
    """Number of the generation that the report of the run takes (report/kept.py)."""
    last = planned.kept if "stopping" in planned.metrics else made[-1]
    if not last.number or not (last.folder / "counts.csv").is_file():
        return last.number
    ends = {name: Generation(Path(folder)).kept for name, folder in controls.items()}
    judged = {name: one for name, one in ends.items() if not one.metrics["upper_bound"]}
    return taken(made, last, judged, task)[0].number


def _most(counts: Counter[tuple[int, ...]]) -> list[tuple[tuple[int, ...], float]]:
    """The sets of labels between which most of a generation's doubt lies, each with its share."""
    total = counts.total()
    return [(labels, round(pixels / total, 4)) for labels, pixels in counts.most_common(_SETS)]


def _in_parts(several: list, most: int) -> list[list]:
    return [several[first : first + most] for first in range(0, len(several), most)]


def _files_of(piece: Piece, number: int) -> Iterator[tuple[str, bytes]]:
    yield f"thumbs{number:04}.jpg", piece.photos
    for generation, said in piece.said.items():
        name = f"gen{generation}/doubt{number:04}"
        yield f"gen{generation}/marks{number:04}.png", said.marks
        yield f"{name}.js", _script(name, said.disputes)


def _script(name: str, value: object) -> bytes:
    """A file that hands a value to the page: what a page of the disk may load is scripts and pictures alone."""
    return f"dissent({json.dumps(name)}, {json.dumps(value, separators=(',', ':'))});\n".encode()


def _about(
    params: "arguments.Browser", task: Task, made: Sequence[Generation], kept: int, used: int, found: Found
) -> dict[str, Any]:
    """What the page knows before it loads anything."""
    numbers = {one.number: sorted({k for by_teacher in found.said(one.number) for k in by_teacher}) for one in made}
    voters = dict(enumerate(params["voters"], 1))
    return {
        "run": params["run"],
        "labels": [
            {"name": name, "colour": css(colour)}
            for name, colour in zip(task.histogram_names, colours_of(task, params["palette"]), strict=True)
        ],
        "background": None if task.bits else task.background,
        "overlap": task.bits,
        "doubt": css(DOUBT_PALETTE[1]),
        "generations": [
            {"number": g, "teachers": [voters[g][k - 1] if k else f"{params['first']} of all" for k in teachers]}
            for g, teachers in numbers.items()
        ],
        "kept": kept,
        "used": used,
        "counts": found.counts,
        "across": ACROSS,
        "side": SIDE,
    }


def _render(folder: Path, about: dict, pseudo_label: str) -> str:
    style, script = ((folder / name).read_text("utf-8") for name in ("browse.css", "browse.js"))
    # the browser runs this script and those of the folder alone, and loads nothing from elsewhere
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}' 'self' file:"
    page = environment_of(folder).get_template("browse.html.j2")
    return page.render(
        about=about, consensus=_consensus(pseudo_label), shown=_told(about), policy=policy, style=style, script=script
    )


def _consensus(pseudo_label: str) -> str:
    """What the label that students learn is."""
    meaning = MEANINGS[pseudo_label]
    label = f"{meaning.label[:1].upper()}{meaning.label[1:]}. The next networks learn "
    return label + (
        f"from it, but not {meaning.left_out}." if meaning.left_out else "all of it, also what is in doubt."
    )


def _told(about: dict) -> str:
    """What is on the page, as a sentence."""
    counts = about["counts"]
    few, every = counts["unlabelled"]["shown"], counts["unlabelled"]["all"]
    part = "" if few == every else f" of {every:,} (most of them those with the most doubt, the others by chance)"
    numbers = [f"gen{one['number']}" for one in about["generations"]]
    by = f" as teachers label them for {' and '.join(dict.fromkeys([numbers[0], numbers[-1]]))}" if numbers else ""
    beside = f"{counts['labelled']['shown']:,} that annotators labelled and {counts['val']['shown']:,} for validation"
    none = " Of this run gen0 is used, which has no pseudo-labels." if numbers and not about["used"] else ""
    return f"{few:,} unlabelled images{part} of {about['run']['dataset']}{by}; beside them {beside}.{none}"
