"""A study's table as CSV, which holds all that the other forms show. Scores are fractions.

docs/results/data/ has such files: `python benchmarks/studies/results.py --copy STUDY` puts them there.
"""

import csv
import io
from collections.abc import Sequence

from dissent.core.files import quoted
from dissent.evaluation.intervals import Interval
from dissent.report.run_results import Generation
from dissent.report.study.cells import mean_known, pool_mean
from dissent.report.study.render import Table, steps_of
from dissent.report.study.rows import Row


def as_csv(head: Sequence[str], lines: Sequence[dict]) -> str:
    """Lines under `head`, empty where a line has nothing."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, head, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: quoted(cell) for name, cell in line.items()} for line in lines)
    return stream.getvalue()


def csv_lines(study: str, table: Table) -> list[dict]:
    """One line a row of the table."""
    about, lines = table.block.about, []
    for row in table.rows:
        cell = row.cell
        line = {name: about[name] for name in ("experiment", "share", "dataset", "split")}
        line |= {"study": study, "subset": table.block.subset, "images": table.block.images, "score": table.block.score}
        line |= {"method": cell.method, "upper_bound": int(cell.upper_bound), "seeds": " ".join(cell.whole)}
        line |= {"n": len(cell.students), "mean": _number(cell.mean), "sd": _number(cell.sd)}
        line |= _three("", cell.interval) | _parts(row, table)
        for name in table.controls:
            line |= _three(f"against_{name}", row.against[name].found if name in row.against else (None, None, None))
        line |= {"best": int(row.best), "recommended": int(row.recommended), "steps": steps_of(row).replace(",", "")}
        line |= {name: round(value, 1) for name, value in row.costs.items()}
        line["as_published"] = " ".join(
            next(one["as_published"] for one in about["rows"] if one["method"] == cell.method)
        )
        for one in row.beside:
            unlike = "; ".join(one["unlike"])
            values = {"theirs": one["theirs"], "ours": _number(one["ours"]), "score": one["score"], "unlike": unlike}
            line |= {f"{one['name']} {key}": value for key, value in values.items()}
        lines.append(line)
    return lines


def _parts(row: Row, table: Table) -> dict:
    """What the mean is made of: the generation that counts, validation, the ensemble; mean of each seed, and of each generation."""
    cell, score, subset = row.cell, table.block.score, table.block.subset
    ends = list(cell.ends.values())
    line: dict = {
        "generation": "-".join(dict.fromkeys(str(end.number) for end in ends)) if len(_shared(row)) > 1 else ""
    }
    line["val"] = _number(row.val)
    line["ensemble"] = _number(mean_known([end.metrics[subset]["ensemble"][score]["value"] for end in ends]))
    line |= {f"seed_{seed}": _number(mean_known(pool)) for seed, pool in cell.whole.items()}
    made = {f"gen{g}": [pool_mean(one, subset, score) for one in of_seeds] for g, of_seeds in enumerate(_shared(row))}
    return line | {name: _number(mean_known(values)) for name, values in made.items()}


def _shared(row: Row) -> list[tuple[Generation, ...]]:
    """Of each generation that every seed has made, that of each seed."""
    return list(zip(*(made[: made[-1].made + 1] for made in row.cell.made.values()), strict=False))


def _three(name: str, one: Interval) -> dict:
    ends = {f"{name}_low".lstrip("_"): _number(one[1]), f"{name}_high".lstrip("_"): _number(one[2])}
    return ({name: _number(one[0])} if name else {}) | ends


def _number(value: float | None) -> float | str:
    return "" if value is None else round(value, 6)
