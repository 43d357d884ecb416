"""The plots of the page. Shares and scores come as fractions and are drawn in percent."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from dissent.report.chart import COLOURS, INK, Mark, axes, control_mark, svg

STUDENT, POOL, ENSEMBLE = Mark(0, None, "o"), Mark(0, (), "s"), Mark(0, (2, 2), "^")
DOUBT, CHURN = Mark(0, (), "o"), Mark(1, (6, 2), "s")
INSIDE, FOUND = Mark(1, (), "s"), Mark(2, (6, 2), "^")
TEACHER, OUTSIDE = Mark(0, (6, 2), "o"), Mark(1, (), "s")
LABELLED = Mark(4, None, "D")
Curve = tuple[list[int], list[float]]
"""steps, and the value at each"""
_NARROW = (3.8, 2.5)  # inches: of plots that stand three beside each other
_FEW = 3  # points of a curve that are marked
_MOST_CLASSES = 24  # that a plot shows; the table names all


def _hundred(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else 100 * value for value in values]


def _generation_ticks(found, numbers: Sequence[int]) -> None:
    every = -(-len(numbers) // 10)
    shown = list(numbers)[::every]
    found.set_xticks(shown, [f"gen{number}" for number in shown])
    found.set_xlim(min(numbers) - 0.45, max(numbers) + 0.45)


def _spread(count: int, width: float) -> np.ndarray:
    """Offsets that set dots beside each other."""
    return np.linspace(-width, width, count) if count > 1 else np.zeros(count)


def scores(
    generations: Sequence[Mapping], controls: Mapping[str, Mapping], dotted: Collection[str], subset: str, score: str
) -> str:
    """Score against generation in one subset: every student a dot, the pool's mean and sd, controls as lines across.

    `generations` and `controls` hold metrics.json: of each generation, and of each control's last one. `dotted`: controls whose
    students are dots too; those of others stand there already, as they are a generation's.
    """
    figure, found = axes()
    numbers = [row["generation"] for row in generations]
    for row in generations:
        dots = _hundred([student[score]["value"] for student in row[subset]["students"].values()])
        found.plot(row["generation"] + _spread(len(dots), 0.12), dots, **STUDENT.line, alpha=0.55, markeredgewidth=0)
    pools = [row[subset]["pool"][score] for row in generations]
    means, spreads = (_hundred([pool[key] for pool in pools]) for key in ("mean", "sd"))
    found.errorbar(numbers, means, np.nan_to_num(spreads), capsize=4, markersize=5, **POOL.line)
    ensembles = [row[subset]["ensemble"][score]["value"] for row in generations]
    found.plot(numbers, _hundred(ensembles), markersize=5, alpha=0.8, **ENSEMBLE.line)
    _generation_ticks(found, numbers)
    right = max(numbers) + 0.35
    for index, (name, row) in enumerate(controls.items()):
        line = control_mark(index).line
        own = row[subset]["students"].values() if name in dotted else ()
        dots = _hundred([student[score]["value"] for student in own])
        found.plot(
            right + 0.2 * index + _spread(len(dots), 0.03),
            dots,
            **line | {"linestyle": "none", "marker": "o"},
            markersize=4,
            alpha=0.7,
            markeredgewidth=0,
        )
        found.axhline(_hundred([row[subset]["pool"][score]["mean"]])[0], **line)
    found.set_xlim(min(numbers) - 0.45, right + 0.2 * max(len(controls) - 1, 0) + 0.2)
    found.set_ylabel(f"{score} on {subset}, %")
    return svg(figure, f"scores-{subset}", f"{score} on {subset} images against generation, with controls")


def differences(rows: Sequence[Mapping], score: str) -> str:
    """The difference to each run with its interval.

    A row has `name, value, low, high, judged`, the ends None where there is no interval; runs that are not judged stand in brackets.
    """
    figure, found = axes(4.6, 0.75 + 0.3 * len(rows))
    places = range(len(rows))[::-1]
    found.axvline(0, color=INK, linewidth=1)
    for place, row in zip(places, rows, strict=True):
        colour = COLOURS[0] if row["judged"] else COLOURS[3]
        if row["low"] is not None:
            found.plot(
                _hundred([row["low"], row["high"]]), [place, place], "-|", color=colour, linewidth=2, markersize=8
            )
        found.plot(_hundred([row["value"]]), [place], "o" if row["judged"] else "D", color=colour)
    found.set_yticks(places, [row["name"] if row["judged"] else f"({row['name']})" for row in rows])
    found.set_ylim(-0.6, len(rows) - 0.4)
    found.set_xlabel(f"difference of {score}, points (right of 0: better)")
    found.grid(axis="y", visible=False)
    found.grid(axis="x")
    return svg(figure, "differences", "differences to the controls with their 95 % intervals")


def doubt(numbers: Sequence[int], shares: Sequence[Sequence[float]], changed: Sequence[float | None]) -> str:
    """The doubt and the churn of each generation.

    Doubt is shown as mean and as the range of the middle 80 % of the images.
    """
    figure, found = axes(*_NARROW)
    bounds = [np.quantile(one, [0.1, 0.9]) for one in shares]
    low, high = np.transpose(100 * np.array(bounds))
    found.vlines(numbers, low, high, color=COLOURS[0], linewidth=7, alpha=0.25)
    found.plot(numbers, _hundred([float(np.mean(one)) for one in shares]), **DOUBT.line)
    found.plot(numbers, _hundred(changed), **CHURN.line)
    _from_zero(found, numbers, "share of pixels, %")
    return svg(figure, "doubt", "share of doubted pixels and of changed labels against generation")


def kept(numbers: Sequence[int], images: Mapping[str, Sequence[int]]) -> str:
    """A bar for each generation: how many images were kept, and how many were dropped for which reason.

    `images`: {what became of them: number a generation}.
    """
    figure, found = axes(*_NARROW)
    bottom = np.zeros(len(numbers))
    for index, many in enumerate(images.values()):
        found.bar(
            numbers,
            many,
            0.55,
            bottom,
            color=COLOURS[index % len(COLOURS)],
            edgecolor=INK,
            linewidth=0.4,
            hatch=_HATCHES[index % len(_HATCHES)],
        )
        bottom += many
    _from_zero(found, numbers, "images")
    return svg(figure, "kept", "images kept and dropped in each generation")


_HATCHES = ("", "//", "..", "xx", "\\\\")


def classes(
    labelled: Mapping[str, float | None], generations: Mapping[int, Mapping[str, float | None]], log: bool = False
) -> str:
    """Share of each class among the labels of annotators and among those of each generation (later ones are darker).

    `log`: on a logarithmic axis, where classes of few pixels are told apart; a share of 0 has no place there.
    """
    names = sorted(labelled, key=lambda name: -(labelled[name] or 0))[:_MOST_CLASSES]
    figure, found = axes(_NARROW[0], max(1.6, 0.7 + 0.3 * len(names)))
    places = np.arange(len(names))[::-1].astype(float)

    def percent(shares: Mapping[str, float | None]) -> list[float]:
        return _hundred([(shares[name] or None) if log else shares[name] for name in names])

    found.plot(percent(labelled), places, markersize=8, **LABELLED.line)
    steps = _spread(len(generations), 0.2)[::-1]
    for step, fade, shares in zip(steps, np.linspace(0.35, 1, len(generations)), generations.values(), strict=True):
        found.plot(percent(shares), places + step, alpha=fade, markersize=5, **STUDENT.line)
    _named(found, places, names)
    if log:
        found.set_xscale("log")
        found.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        low, high = found.get_xlim()
        # whole powers, so that one has a number, and no more than all
        found.set_xlim(10 ** np.floor(np.log10(low)), min(130, 10 ** np.ceil(np.log10(high))))
    else:
        found.set_xlim(left=0)
    found.set_xlabel("share of the labelled pixels, %")
    how = ", logarithmic" if log else ""
    return svg(
        figure,
        f"classes{'-log' if log else ''}",
        f"share of each class in the labelled set and in the pseudo-labels{how}",
    )


def _named(found, places: np.ndarray, names: Sequence[str]) -> None:
    """Names of labels at the axis, one below the other."""
    found.set_yticks(places, [name if len(name) <= 22 else f"{name[:21]}…" for name in names])
    found.set_ylim(-0.6, len(names) - 0.4)
    found.grid(axis="x")


def doubt_of_labels(shares: Mapping[str, float]) -> str:
    """A bar a label: the share of its pixels that is in doubt, the most doubted ones above."""
    names = sorted(shares, key=lambda name: -shares[name])[:_MOST_CLASSES]
    figure, found = axes(_NARROW[0], max(1.6, 0.7 + 0.3 * len(names)))
    places = np.arange(len(names))[::-1].astype(float)
    found.barh(places, _hundred([shares[name] for name in names]), 0.55, color=COLOURS[1])
    _named(found, places, names)
    found.grid(axis="y", visible=False)
    found.set_xlabel("share in doubt, %")
    return svg(figure, "doubt-labels", "share of each label's pixels that is in doubt")


def curves(name: str, pools: Sequence[tuple[Mark, float, Sequence[Curve]]], label: str, says: str) -> str:
    """Values against steps, a line a student. A pool is its mark, how dark it is (0 to 1), and its students."""
    figure, found = axes(*_NARROW)
    for mark, dark, students in pools:
        for steps, values in students:
            marker = "o" if len(steps) < _FEW else "none"  # a line of one point has no length
            found.plot(steps, values, **mark.line | {"marker": marker}, alpha=dark, linewidth=1.2, markersize=4)
    found.set_xlabel("step")
    found.set_ylabel(label)
    return svg(figure, name, says)


def lines(
    name: str, numbers: Sequence[int], series: Sequence[tuple[Mark, Sequence[float | None]]], label: str, says: str
) -> str:
    """Shares against generation, a line each, from 0 on."""
    figure, found = axes()
    for mark, values in series:
        found.plot(numbers, _hundred(values), **mark.line)
    _from_zero(found, numbers, label)
    return svg(figure, name, says)


def _from_zero(found, numbers: Sequence[int], label: str) -> None:
    _generation_ticks(found, numbers)
    top = found.dataLim.ymax
    found.set_ylim(0, 1.08 * top if np.isfinite(top) and top > 0 else 1)  # whole markers, also where all shares are 0
    found.set_ylabel(label)
