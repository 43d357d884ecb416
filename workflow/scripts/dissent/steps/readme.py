"""README.md of a generation's folder: what a person who opens it finds there, and what colours, values and columns mean."""

from typing import TYPE_CHECKING

from dissent.config.task import css
from dissent.core.columns import MASKS, SOFT
from dissent.core.files import DOUBT_PALETTE, write_text
from dissent.core.meaning import MEANINGS
from dissent.core.task import Task
from dissent.pseudolabels.learned import columns_of

if TYPE_CHECKING:
    from dissent.core import arguments

_FILES = {
    "students/I/": "a network that was trained here",
    "teachers.json": "the students, the best first; the first of them are the teachers of gen{next}, if it is made",
    "metrics.json": "every score, each with its definition",
    "examples/": "a few test images as the best student sees them: worst, best, and drawn ones",
    "pairs.csv": "what the students learned from",
    "counts.csv": "right and wrong pixels of each scored image",
    "cost.json": "what it took",
}
_MASKS = {
    "masks/overlay/": "**look here first**: the image with its pseudo-label on it",
    "masks/consensus/": "",
    "masks/inconsistency/": "",
    "masks.csv": "a row an image; the columns stand below",
    "predictions/teacherK/": "what one teacher says; teacher 1 is the best",
    "audit.json": "errors of the pseudo-labels, where true masks are known",
}
_SOFT = {
    "predictions/probabilities/": "what students learn: the mean of all teachers, white is sure; the planes of several labels lie one below the other"
}
COLUMNS = {
    "id": "name of the image",
    "label": "its pseudo-label, in masks/consensus",
    "doubt": "its inconsistency mask",
    "kept": "1 where students learn from it, 0 where it was dropped",
    "why": "why it was dropped",
    "pixels": "pixels of the image",
    "doubt_pixels": "pixels on which the teachers disagree, as filters count them",
    "agreed_foreground": "pixels to which all teachers give one label that is not the background",
    "doubt_share": "share of the pixels in doubt, 0 to 1",
    "changed_share": "share of sure pixels with another label than in the generation before (churn); empty in gen1",
    "score": "estimated quality, where masks are rated",
    "label_sha256": "digest of the label's file",
    "doubt_sha256": "digest of the inconsistency mask's file",
    "probabilities": "its soft label, in predictions/probabilities",
    "probabilities_sha256": "digest of the soft label's file",
}
"""what each column of masks.csv is, before those that depend on the task"""
_LABELS = {
    "pixels_": "pixels of `{}` where nothing is in doubt",
    "own_": "pixels of `{}` where itself is not in doubt",
    "known_": "all pixels where `{}` is not in doubt",
}


def write_readme(params: "arguments.Evaluation", out: str) -> None:
    """Write README.md for a generation of this task; gen0 has no masks."""
    task, g = Task(params["task"]), params["generation"]
    soft = g and params["soft_labels"]
    files = _FILES | (_MASKS | _said(params["pseudo_label"]) if g else {}) | (_SOFT if soft else {})
    text = [f"# Generation {g} of {params['run']}", "", "| file | what it is |", "|---|---|"]
    text += [f"| `{name}` | {meaning.replace('{next}', str(g + 1))} |" for name, meaning in files.items()]
    text += [
        "",
        "## Values of a mask",
        "",
        *_values(task, params["palette"], bool(MEANINGS[params["pseudo_label"]].left_out)),
    ]
    if g:
        text += ["", "## Columns of masks.csv", "", "| column | what it is |", "|---|---|"]
        text += [f"| `{name}` | {_column(name, params['pseudo_label'])} |" for name in MASKS]
        text += [f"| `{name}` | {_of_label(name)} |" for name in columns_of(task)]
        text += [f"| `{name}` | {COLUMNS[name]} |" for name in (SOFT if soft else ())]
    write_text(out, "\n".join([*text, ""]))


def _said(pseudo_label: str) -> dict[str, str]:
    """What stands in masks of this kind of label."""
    meaning, overlay = MEANINGS[pseudo_label], _MASKS["masks/overlay/"]
    if not meaning.left_out:
        where = "blank: nothing is left out. `browse.html` shows where the teachers disagree, `doubt_pixels` of masks.csv how much"
        return {"masks/consensus/": f"{meaning.label}. Students learn all of it", "masks/inconsistency/": where}
    where = "they disagree" if pseudo_label == "agreement" else meaning.left_out.removeprefix("where ")
    return {
        "masks/overlay/": f"{overlay}; red is {meaning.left_out}",
        "masks/consensus/": f"{meaning.label}. Black, or 0, is background *and* where {where}",
        "masks/inconsistency/": f"red, or not 0, where {where}",
    }


def _column(name: str, pseudo_label: str) -> str:
    """What a column of masks.csv is, where labels are of this kind."""
    if name == "doubt_share" and not MEANINGS[pseudo_label].left_out:
        return "share of the inconsistency mask: 0, as nothing is left out"
    return COLUMNS[name]


def _values(task: Task, palette: list[list[int]], doubted: bool) -> list[str]:
    """What the numbers in masks mean, and their colours."""
    values = [1 << bit for bit in range(task.outputs)] if task.bits else list(range(len(task.histogram_names)))
    how = "Labels may overlap: a pixel has the sum of the values of its labels, 0 if none." if task.bits else ""
    rows = [
        f"| {value} | `{css(palette[value])}` | {_plain(name)} |"
        for value, name in zip(values, task.histogram_names, strict=True)
    ]
    doubt = [f"In overlays `{css(DOUBT_PALETTE[1])}` (red) is doubt."] if doubted else []
    return [*([how, ""] if how else []), "| value | colour | label |", "|---|---|---|", *rows, "", *doubt]


def _of_label(column: str) -> str:
    kind = next(kind for kind in _LABELS if column.startswith(kind))
    return _LABELS[kind].format(_plain(column.removeprefix(kind)))


def _plain(name: str) -> str:
    """A label's name in a cell of a table."""
    return name.replace("|", "\\|")
