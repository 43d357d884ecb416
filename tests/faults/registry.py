"""The classes of the fault matrix: one module each, whose `injections(seed)` lists the same faults for the same seed."""

from collections.abc import Callable

from faults import a1, a2, a3, a4, a5, a6, b1, b2, c1, c2, c3, c4, d, e, f, g1, h
from faults.suite import Injection

CLASSES: dict[str, Callable[[int], list[Injection]]] = {
    "A1": a1.injections,
    "A2": a2.injections,
    "A3": a3.injections,
    "A4": a4.injections,
    "A5": a5.injections,
    "A6": a6.injections,
    "B1": b1.injections,
    "B2": b2.injections,
    "C1": c1.injections,
    "C2": c2.injections,
    "C3": c3.injections,
    "C4": c4.injections,
    "D": d.injections,
    "E": e.injections,
    "F": f.injections,
    "G1": g1.injections,
    "H": h.injections,
}
