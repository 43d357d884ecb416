"""A study's tables as LaTeX, for \\input: plain `tabular`, no package needed."""

from collections.abc import Sequence

from dissent.report.study.labels import Worth
from dissent.report.study.render import WORTH_HEAD, Table, notes_of, worth_line

_SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "±": r"$\pm$",
    }
)  # fmt: skip


def latex(tables: Sequence[Table], worths: Sequence[tuple[str, Sequence[Worth]]]) -> str:
    """A table environment for each block, ours beside published numbers in another; one an experiment for what labels are worth."""
    parts = [f"% {notes_of(tables)}\n"]
    for table in tables:
        body = []
        for row in table.rows:
            cells = [escaped(text) for text in table.line(row)]
            if row.best:
                cells[1] = rf"\textbf{{{cells[1]}}}"
            body.append(cells)
        parts.append(_tabular(table.head, body, " ".join([f"{table.title}.", *table.verdict, table.as_published])))
        head, lines, notes = table.beside
        if head:
            caption = " ".join([f"{table.title}: beside published numbers.", *(f"{note}." for note in notes)])
            parts.append(_tabular(head, [[escaped(text) for text in line] for line in lines], caption))
    for experiment, several in worths:
        lines = [[escaped(text) for text in worth_line(one)] for one in several]
        parts.append(_tabular(WORTH_HEAD, lines, f"{experiment}: labels with which a control scores as high."))
    return "\n".join(parts)


def escaped(text: str) -> str:
    """The text with what LaTeX would take for a command made harmless."""
    return text.translate(_SPECIAL)


def _tabular(head: Sequence[str], body: Sequence[Sequence[str]], caption: str) -> str:
    rows = [" & ".join(escaped(title) for title in head) + r" \\ \hline", *(" & ".join(line) + r" \\" for line in body)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            *rows,
            r"\end{tabular}",
            rf"\caption{{{escaped(caption)}}}",
            r"\end{table}",
            "",
        ]
    )
