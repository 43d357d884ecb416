"""How rows of numbers are shown as a table in Markdown: titles of columns, and cells by the column's name.

Rows hold text, as a CSV file does. Scores and shares are fractions, and are shown in percent.
"""

import re
import statistics
from collections.abc import Sequence

from dissent.evaluation.intervals import student_t

ALONE = "against_ldt_equal_steps"

HOME = {
    "nuclei": "demo", "nuclei_multiclass": "demo", "nuclei_multilabel": "demo", "isic_small": "isic_small",
    "dsb_multilabel_small": "dsb_multilabel_small", "camvid_small": "camvid_small", "isic_tiny": "few_labels", "nuclei_tiny": "demo",
    "dsb_tiny": "few_labels", "camvid_tiny": "few_labels",
}  # fmt: skip
"""{data set: its page}"""

HEADS = {
    "dataset": "data set", "val": "val mean", "mean": "test mean ± sd", "best_by_val": "best by val", "low": "95 % interval",
    "alone_mean": "labels alone", ALONE: "against `ldt_equal_steps`", "against_aldt": "against `aldt`",
    "base_mean": "learner alone", "against_base": "with IM on top, against alone",
    "against_ldt_equal_compute": "against `ldt_equal_compute`", "cpu_seconds": "CPU s", "images_seen": "images seen",
    "wrong_of_teacher": "teacher wrong", "wrong": "wrong of what is learned", "mean_800": "in 800 steps",
    "plain_mean": "without averages", "what": "what is different", "group": "part",
    "against_all": "all labels against `ldt_equal_steps`", "way": "at test time", "against_plain": "against as they are",
    "ensemble_against_plain": "ensemble against as it is",
    "against_random": "against random, all rounds", "against_random_at_the_end": "against random, last round",
}  # fmt: skip
"""titles of the columns whose names say too little"""

PERCENT = re.compile(r"val|best_by_val|ensemble|mean_800|standard_error|seed_\d+|gen\d+|(sure|agreement)_(begin|end)")
ROUND = re.compile(r"round_\d+")
SHARES = {"wrong_of_teacher", "doubt", "precision", "recall", "wrong_outside", "wrong"}
SPREAD = {"mean": "sd", "alone_mean": "alone_sd", "base_mean": "base_sd", "plain_mean": "plain_sd"}
WHOLE = {"cpu_seconds", "images_seen", "steps"}

Row = dict[str, str]


def _percent(text: str, form: str = ".1f") -> str:
    return f"{100 * float(text):{form}}" if text else ""


def _share(text: str) -> str:
    """`55 %`, `5.5 %`, `5.5 to 5.6 %`: with a decimal where the file has one."""
    return " to ".join(_percent(part, ".0f" if len(part) < 5 else ".1f") for part in text.split("..")) + " %"


def difference(row: Row, column: str) -> str:
    """A difference with its interval, in points; empty for a control against itself."""
    value, low, high = (_percent(row.get(f"{column}{end}", ""), "+.1f") for end in ("", "_low", "_high"))
    return f"{value} ({low} to {high})" if low else value


def name_of(row: Row) -> str:
    """The method with its generation, and what has to be known of it."""
    generation = f" gen{row['generation']}" if row.get("generation") else ""
    upper = " (upper bound)" if row.get("upper_bound") == "1" else ""
    earlier = " °" if row.get("earlier_machine") == "1" else ""
    return f"`{row['method']}`{generation}{upper}{earlier}"


def cell(row: Row, column: str) -> str:
    """What a table shows of a row."""
    text = row.get(column, "")
    if column == "method":
        return name_of(row)
    if column == "dataset":
        return f"[`{text}`]({HOME[text]}.md)"
    if "against_" in column:
        return difference(row, column)
    if column in SPREAD or ROUND.fullmatch(column):
        spread = row.get(SPREAD.get(column, f"{column}_sd"), "")
        return _percent(text) + (f" ± {_percent(spread)}" if spread else "")
    if column == "low":
        return f"{_percent(text)} to {_percent(row['high'])}"
    if column in SHARES:
        return _share(text) if text else "none" if column == "doubt" else ""
    if column == "kept":
        return f"{text} of {row['images']}"
    if column in ("seeds", "seed"):
        return row["seeds"] if column == "seed" else str(len(text.split()) or "")
    if PERCENT.fullmatch(column):
        return _percent(text)
    if column == "ahead":
        return _percent(text, "+.1f")
    if column in ("experiment", "input", "target", "filter", "level", "rule", "other", "split"):
        return f"`{text}`" if text else ""
    return re.sub(r"[\d.]+", lambda found: f"{float(found[0]):,.0f}", text) if column in WHOLE else text


def markdown(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The table of these columns."""
    lines = [[HEADS.get(name, name.replace("_", " ")) for name in columns], ["---"] * len(columns)]
    lines += [[cell(row, name) for name in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float | None) -> str:
    """A fraction as a CSV file has it."""
    return "" if value is None else f"{value:.6f}"


def span(column: str, values: list[float]) -> Row:
    """The mean of a difference over seeds, or over what else was drawn, with Student's interval; no ends for one seed."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return {column: number(mean), f"{column}_low": "", f"{column}_high": ""}
    half = student_t(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return {column: number(mean), f"{column}_low": number(mean - half), f"{column}_high": number(mean + half)}
