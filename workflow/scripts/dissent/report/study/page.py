"""Write what a study asks for: its tables in four forms, its figure, and the points of that. Same in, same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from dissent.core.files import sha256, write_atomic, write_json, write_text
from dissent.report.chart import picture, svg
from dissent.report.study.cells import Block, read_block
from dissent.report.study.figure import draw
from dissent.report.study.labels import Point, Worth, curves, worths
from dissent.report.study.latex import latex
from dissent.report.study.render import WORTH_HEAD, Table, markdown, notes_of, worth_line
from dissent.report.study.rows import rows_of, verdict
from dissent.report.study.table_csv import as_csv, csv_lines
from dissent.report.templates import environment_of

if TYPE_CHECKING:
    from dissent.core import arguments

LABEL_COLUMNS = (
    "study", "experiment", "method", "upper_bound", "share", "split", "labelled", "n", "mean", "low", "high",
    "control", "worth", "worth_low", "worth_high",
)  # fmt: skip


def write_tables(params: "arguments.Study", templates: str, out: Mapping[str, str]) -> None:
    """Write the table as `out`: {html, md, csv, tex: path; json: their digests}. `templates`: workflow/report."""
    blocks = [read_block(about) for about in params["blocks"]]
    tables = []
    for block in blocks:
        rows = rows_of(block)
        tables.append(Table(block, rows, verdict(block, rows)))
    lines = curves(blocks)
    worth = [(panel, several) for panel, methods in lines.items() if (several := worths(methods))]
    lined = [line for table in tables for line in csv_lines(params["study"], table)]
    write_text(out["csv"], as_csv(list(dict.fromkeys(key for line in lined for key in line)), lined))
    write_text(out["md"], markdown(params["study"], tables, worth, params["command"]))
    write_text(out["tex"], latex(tables, worth))
    write_text(out["html"], _html(params, tables, worth, lines, Path(templates)))
    _keep_digests(params["study"], out)


def write_labels(params: "arguments.Study", out: Mapping[str, str]) -> None:
    """Write score against labels as `out`: {svg, png, csv: path; json: their digests}."""
    blocks = [read_block(about) for about in params["blocks"]]
    lines = curves(blocks)
    figure = draw(lines, _scores(blocks))
    for kind in ("svg", "png"):
        write_atomic(out[kind], picture(figure, kind))
    rows = [
        row
        for methods in lines.values()
        for method, points in methods.items()
        for point in points
        for row in _label_rows(params["study"], method, point, worths(methods))
    ]
    write_text(out["csv"], as_csv(LABEL_COLUMNS, rows))
    _keep_digests(params["study"], out)


def _keep_digests(study: str, out: Mapping[str, str]) -> None:
    """Write the digests of all forms, by which `dissent verify` knows them again."""
    files = {Path(path).name: sha256(path) for kind, path in out.items() if kind != "json"}
    write_json(out["json"], {"study": study, "files": files})


def _scores(blocks: Sequence[Block]) -> dict[str, str]:
    return {block.about["curve"]: f"{block.score} on {block.subset}" for block in blocks}


def _label_rows(study: str, method: str, point: Point, found: Sequence[Worth]) -> list[dict]:
    """A line for each control in whose labels the point is told; one without, where there is none."""
    cell, about = point.cell, point.block.about
    values = [None if value is None else round(value, 6) for value in cell.interval]
    row = {"study": study, "method": method, "upper_bound": int(cell.upper_bound)}
    row |= {name: about[name] for name in ("experiment", "share", "split")}
    row |= {"labelled": point.labelled, "n": len(cell.students)}
    row |= dict(zip(("mean", "low", "high"), values, strict=True))
    worth = [one for one in found if one.method == method and one.point is point]
    names = ("worth", "worth_low", "worth_high")
    told = [["" if part is None else one.bound(part) for part in one.labels] for one in worth]
    return [
        row | {"control": one.control} | dict(zip(names, values, strict=True))
        for one, values in zip(worth, told, strict=True)
    ] or [row]


def _html(
    params: "arguments.Study",
    tables: Sequence[Table],
    worth: Sequence[tuple[str, Sequence[Worth]]],
    lines: Mapping[str, Mapping[str, Sequence[Point]]],
    folder: Path,
) -> str:
    environment = environment_of(folder)
    plot = (
        svg(draw(lines, _scores([table.block for table in tables])), "labels", "score against labels") if lines else ""
    )
    definitions = {
        table.block.score: table.rows[0].cell.made[seed][-1].metrics["definitions"][table.block.score]
        for table in tables
        for seed in list(table.rows[0].cell.made)[:1]
    }
    return environment.get_template("study.html.j2").render(
        name=params["study"],
        tables=tables,
        worth=[(experiment, [worth_line(one) for one in several]) for experiment, several in worth],
        worth_head=WORTH_HEAD,
        plot=plot,
        definitions=definitions,
        notes=notes_of(tables),
        command=params["command"],
        settings=yaml.safe_dump(params["settings"], sort_keys=False, width=100, allow_unicode=True),
        style=(folder / "report.css").read_text("utf-8"),
        policy="default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    )
