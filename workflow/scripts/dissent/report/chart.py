"""What all plots of the page share: matplotlib figures as SVG that takes its colours from the page, light or dark."""

import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "dissent"  # ids inside the SVG: same in, same bytes
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text: the browser has a glyph for a user's label, we may not
from matplotlib.axes import Axes  # noqa: E402 - the backend is chosen first
from matplotlib.figure import Figure  # noqa: E402

# Each stands for a CSS variable --c0 ... or for the colour of text; report.css says what they are in light and dark.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#6a5acd")
INK = "#010203"
DASHES = ((), (6, 2), (1.5, 1.5), (6, 2, 1.5, 2), (9, 2), (3, 3))
MARKERS = "os^D"


def _styled() -> AbstractContextManager[None]:
    """What is drawn and saved inside has the style of the page."""
    return matplotlib.rc_context({
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
        "font.size": 9, "text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False,
        "grid.color": INK, "grid.alpha": 0.15, "axes.axisbelow": True,
    })  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """How a series looks, in the plot and in the legend below it: told apart by colour, dash and marker."""

    colour: int
    """index into COLOURS"""
    dash: tuple[float, ...] | None = ()
    """lengths of strokes and gaps; () a whole line, None no line"""
    marker: str = ""
    """matplotlib's name: o s ^ D, or none"""

    @property
    def line(self) -> dict:
        """Arguments of `Axes.plot` and its kin."""
        style = "none" if self.dash is None else "-" if not self.dash else (0, self.dash)
        return {"color": COLOURS[self.colour % len(COLOURS)], "linestyle": style, "marker": self.marker or "none"}


def control_mark(index: int) -> Mark:
    """The line across of the control number `index` (from 0)."""
    return Mark(1 + index % (len(COLOURS) - 1), DASHES[1 + index % (len(DASHES) - 1)])


def legend(entries: dict[str, Mark]) -> str:
    """The legend as HTML, so that long names wrap on a narrow screen."""
    items = "".join(f"<li>{_swatch(mark)}{escape(name)}</li>" for name, mark in entries.items())
    return f'<ul class="legend">{items}</ul>'


def _swatch(mark: Mark) -> str:
    colour = f"var(--c{mark.colour % len(COLOURS)})"
    dashes = f' stroke-dasharray="{" ".join(str(2 * part) for part in mark.dash)}"' if mark.dash else ""
    line = "" if mark.dash is None else f'<path d="M0 7H30" stroke="{colour}" stroke-width="2"{dashes}/>'
    shape = {
        "o": '<circle cx="15" cy="7" r="4"/>',
        "s": '<path d="M11 3h8v8h-8z"/>',
        "^": '<path d="M15 2l5 9H10z"/>',
        "D": '<path d="M15 2l5 5-5 5-5-5z"/>',
        "|": '<path d="M0 2h30v10H0z"/>',  # a bar
        "": "",
    }[mark.marker]
    return f'<svg class="swatch" viewBox="0 0 30 14" aria-hidden="true">{line}<g fill="{colour}">{shape}</g></svg>'


def axes(width: float = 4.6, height: float = 2.9) -> tuple[Figure, Axes]:
    """A figure of this size in inches with one pair of axes, in the style of the page."""
    figure, (found,) = panels(1, width, height)
    return figure, found


def panels(number: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with several pairs of axes side by side, each of this size in inches."""
    with _styled():
        figure = Figure(figsize=(number * width, height), layout="constrained")
        several = [figure.add_subplot(1, number, place + 1) for place in range(number)]
        for found in several:
            found.grid(axis="y")
    return figure, several


def picture(figure: Figure, kind: str, description: str | None = None) -> bytes:
    """The figure as a file of its own, "svg" or "png", on white: the same bytes whenever it is drawn.

    `description` is kept in the file's metadata.
    """
    stream = io.BytesIO()
    names = ("Date", "Creator", "Format", "Type") if kind == "svg" else ("Software",)
    with _styled():
        figure.savefig(
            stream,
            format=kind,
            dpi=150,
            facecolor="white",
            metadata=dict.fromkeys(names) | ({"Description": description} if description else {}),
        )
    return stream.getvalue()


def svg(figure: Figure, name: str, says: str) -> str:
    """The figure as an <svg> element. `name`: sets its ids apart from other plots'; `says`: for those who cannot see it."""
    stream = io.StringIO()
    with _styled():
        figure.savefig(
            stream, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", text)
    text = re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>',
        rf'<svg role="img" aria-label="{escape(says)}" viewBox="\1">',
        text,
        count=1,
    )
    text = text.replace("*{", ".plot *{")  # its style sheet is for itself, not for the page
    for index, colour in enumerate(COLOURS):
        text = text.replace(colour, f"var(--c{index})")
    return text.replace(INK, "currentColor")
