"""Score against generation as SVG: every student a dot, the pool's mean a line, controls as lines across."""

import io
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "dissent"  # ids inside the SVG: same in, same bytes
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib.figure import Figure  # noqa: E402 - the backend is chosen first

_LINES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
_COLOURS = ("#d55e00", "#009e73", "#cc79a7", "#e69f00")


def scores(generations: Sequence[Mapping], controls: Mapping[str, Mapping], side: str, score: str) -> str:
    """SVG of one side (`val` or `test`): metrics.json of each generation, and of each control's last generation."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    numbers = [row["generation"] for row in generations]
    means = [row[side]["pool"][score]["mean"] for row in generations]
    for number, row in zip(numbers, generations, strict=True):
        dots = [student[score]["value"] for student in row[side]["students"].values()]
        axes.plot(
            [number] * len(dots),
            dots,
            "o",
            color="#56b4e9",
            alpha=0.7,
            label="a student" if number == numbers[0] else None,
        )
    axes.plot(numbers, means, "-s", color="#0072b2", label="mean of the pool")
    axes.plot(
        numbers,
        [row[side]["ensemble"][score]["value"] for row in generations],
        ":^",
        color="#0072b2",
        alpha=0.6,
        label="ensemble",
    )
    for index, (name, row) in enumerate(controls.items()):
        value = row[side]["pool"][score]["mean"]
        if value is not None:
            axes.axhline(
                value, color=_COLOURS[index % 4], linestyle=_LINES[index % 4], label=f"{name} (mean of its pool)"
            )
    axes.set_xticks(numbers, [f"gen{number}" for number in numbers])
    axes.set_ylabel(f"{score} on {side} images")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
