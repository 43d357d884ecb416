"""A study's tables as text, and as a page in Markdown. Scores are percent."""

from collections.abc import Sequence
from dataclasses import dataclass

from dissent.config.as_published import PUBLISHED_WAYS, told
from dissent.evaluation.intervals import Interval
from dissent.report.judge import CONTROLS, Standing
from dissent.report.study.cells import Block
from dissent.report.study.labels import Worth
from dissent.report.study.rows import Row

NOTES = (
    "mean: over seeds of the means of their pools. sd, n: over all networks of all seeds. val: the mean on validation images. "
    "Interval: 95 %, a bootstrap of groups of images, with Student's t for networks and seeds; none where one network, or one group of images, is all there is. "
    "Differences: paired, over the seeds that both methods have and the same images. "
    "Bold: the highest mean, and better than every other method by more than the interval; nothing is bold where no method is. "
    "Images seen: labelled and unlabelled ones that networks learned from, each as often as it came; several views at once count once. "
    "Cost, with images seen: all generations, mean over seeds, whatever was shared; pools of other methods that EvalNets learn from are not in it."
)
SEED = "One seed: nothing tells how seeds differ, so the intervals take it that they do not."


@dataclass(frozen=True)
class Table:
    """A block with its rows and sentences."""

    block: Block
    rows: list[Row]
    verdict: list[str]

    @property
    def title(self) -> str:
        """Experiment, label fraction, data and what was scored."""
        about, share = self.block.about, self.block.about["share"]
        labels = f", {100 * share:g} % labelled" if share else ""
        published = ", prepared as published" if about["protocol"] == "published" else ""
        where = f"data set {about['dataset']}, split {about['split']}{published}"
        return f"{about['experiment']}{labels} ({where}; {self.block.score} on {self.block.counted})"

    @property
    def as_published(self) -> str:
        """Which of the published code's ways the methods have, in words."""
        on = {row["method"]: row["as_published"] for row in self.block.about["rows"]}
        parts = []
        for name in [name for name in PUBLISHED_WAYS if any(name in names for names in on.values())]:
            methods = [method for method, names in on.items() if name in names]
            of = "all" if len(methods) == len(on) else ", ".join(methods)
            parts.append(f"{told(name)}: {of}")
        return f"As in the published code: {'; '.join(parts) if parts else 'nothing'}."

    @property
    def controls(self) -> list[str]:
        """Those of CONTROLS that are rows."""
        return [name for name in CONTROLS if self.block.cell(name)]

    @property
    def head(self) -> list[str]:
        """Titles of the columns."""
        against = [f"against {name}" for name in self.controls]
        return [
            "method",
            "mean ± sd",
            "n",
            "95 % interval",
            "val",
            *against,
            "steps",
            "images seen",
            "seconds",
            "CPU seconds",
        ]

    def line(self, row: Row) -> list[str]:
        """The cells of a row; the first two are a method, marked where it is an upper bound, and its score."""
        cell = row.cell
        spread = "" if cell.sd is None else f" ± {100 * cell.sd:.1f}"
        seeds = f"{len(cell.students)}" + (f" ({len(cell.whole)} seeds)" if len(cell.whole) > 1 else "")
        return [
            cell.shown,
            "no score" if cell.mean is None else f"{100 * cell.mean:.1f}{spread}",
            seeds,
            _bounds(cell.interval, ".1f"),
            "" if row.val is None else f"{100 * row.val:.1f}",
            *(_signed(row.against.get(name)) for name in self.controls),
            steps_of(row),
            *(f"{row.costs[name]:,.0f}" for name in ("images_seen", "seconds", "cpu_seconds")),
        ]

    @property
    def beside(self) -> tuple[list[str], list[list[str]], list[str]]:
        """Head and lines of ours beside published numbers, and the notes that their marks mean; empty where there are none."""
        tables = list(
            dict.fromkeys((one["name"], one["score"], one["better"]) for row in self.rows for one in row.beside)
        )
        if not tables:
            return [], [], []
        head = ["method"]
        marks: dict[str, int] = {}
        for name, score, better in tables:
            head += [f"ours, {score}" + (" (lower is better)" if better == "lower" else ""), name]
        lines = []
        for row in (row for row in self.rows if row.beside):
            found = {one["name"]: one for one in row.beside}
            line = [row.cell.method]
            for name, _, _ in tables:
                line += _pair(found[name], marks) if name in found else ["", ""]
            lines.append(line)
        notes = [f"[{mark}] not as published: {why}" for why, mark in marks.items()]
        sources = {
            one["name"]: f"{one['name']}: {one['source']}; {one['remark'].strip()}"
            for one in self.block.about["published"]
        }
        return head, lines, notes + list(sources.values())


def _pair(one: dict, marks: dict[str, int]) -> list[str]:
    """Ours and theirs; what is not as published gets the number of a note."""
    spread = "" if one["sd"] is None else f" ± {one['sd']:.1f}"
    ours = "-" if one["ours"] is None else f"{one['ours']:.1f}{spread}"
    why = "; ".join(one["unlike"])
    mark = f" [{marks.setdefault(why, len(marks) + 1)}]" if why else ""
    return [ours, one["theirs"] + mark]


def _bounds(one: Interval, form: str) -> str:
    _, low, high = one
    return "" if low is None or high is None else f"{100 * low:{form}} to {100 * high:{form}}"


def _signed(one: Standing | None) -> str:
    if one is None:
        return ""
    value = one.found[0]
    return "no score" if value is None else f"{100 * value:+.1f} ({_bounds(one.found, '+.1f') or 'no interval'})"


def steps_of(row: Row) -> str:
    """Steps of a student, in words; those of several seeds where they differ."""
    return ", ".join(dict.fromkeys(end.steps_told for end in row.cell.ends.values()))


def markdown(name: str, tables: Sequence[Table], worths: Sequence[tuple[str, Sequence[Worth]]], command: str) -> str:
    """The whole page."""
    parts = [f"# {name}\n", f"`{command}`\n"]
    for table in tables:
        body = []
        for row in table.rows:
            method, score, *others = table.line(row)
            bold = "**" if row.best else ""
            body.append([f"`{method.split(' ')[0]}`{method[len(row.cell.method) :]}", f"{bold}{score}{bold}", *others])
        parts += [
            f"## {table.title}\n",
            " ".join(table.verdict) + "\n",
            _pipes(table.head, body),
            table.as_published + "\n",
        ]
        head, lines, notes = table.beside
        if head:
            parts += ["Beside published numbers:\n", _pipes(head, [[f"`{line[0]}`", *line[1:]] for line in lines])]
            parts.append("".join(f"{note}.  \n" for note in notes))
    for experiment, several in worths:
        parts.append(f"## {experiment}: labels with which a control scores as high\n")
        parts.append(_pipes(WORTH_HEAD, [worth_line(one) for one in several]))
    parts.append(notes_of(tables) + "\n")
    return "\n".join(parts)


WORTH_HEAD = ["method", "labelled images", "control", "is worth", "95 % interval"]


def worth_line(one: Worth) -> list[str]:
    """What a method is worth in labels of a control."""
    value, low, high = (one.bound(part) for part in one.labels)
    ends = "-" if one.labels[1] is None else f"{low} to {high}"
    return [one.method, f"{one.point.labelled:,}", one.control, value, ends]


def notes_of(tables: Sequence[Table]) -> str:
    """What the columns mean."""
    single = any(len(cell.whole) == 1 for table in tables for cell in table.block.cells)
    return f"{NOTES} {SEED}" if single else NOTES


def _pipes(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *([text.replace("|", "\\|") for text in line] for line in lines)]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
