"""The figure of score against labelled images, a panel an experiment, or a family of its splits."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from dissent.report.chart import DASHES, MARKERS, Mark, panels
from dissent.report.study.labels import Point

_UPPER = (2, 4)


def draw(curves: Mapping[str, Mapping[str, Sequence[Point]]], scores: Mapping[str, str]) -> Figure:
    """`curves`: of `labels.curves`; `scores`: {panel: name of its score}. Upper bounds are dotted and in brackets."""
    figure, several = panels(len(curves), 5.6, 4.2)
    for found, (experiment, methods) in zip(several, curves.items(), strict=True):
        for index, (method, points) in enumerate(methods.items()):
            _line(found, index, method, points)
        labelled = sorted({point.labelled for points in methods.values() for point in points})
        found.set_xscale("log")
        found.set_xticks(labelled, [str(number) for number in labelled])
        found.minorticks_off()
        found.set_xlabel("labelled images")
        found.set_ylabel(f"{scores[experiment]}, %")
        found.set_title(experiment, fontsize=10)
        found.legend(frameon=False, fontsize=8)
    return figure


def _line(found, index: int, method: str, points: Sequence[Point]) -> None:
    every = [(point, point.cell.interval) for point in points]
    known = [(point, one) for point, one in every if one[0] is not None]
    points, intervals = [point for point, _ in known], [one for _, one in known]
    upper = bool(points) and points[0].cell.upper_bound
    line = Mark(index, _UPPER if upper else DASHES[index % len(DASHES)], MARKERS[index % len(MARKERS)]).line
    means = [100 * mean for mean, _, _ in intervals]
    spread = [
        [0.0 if low is None else max(0.0, 100 * mean - 100 * low) for mean, low, _ in intervals],
        [0.0 if high is None else max(0.0, 100 * high - 100 * mean) for mean, _, high in intervals],
    ]
    beside = [point.labelled * 1.02 ** (index - 2) for point in points]  # so that bars do not hide each other
    found.errorbar(beside, means, spread, capsize=3, markersize=5, label=f"({method})" if upper else method, **line)
