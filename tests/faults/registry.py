"""The classes of the fault matrix: one module each, whose `injections(seed)` lists the same faults for the same seed."""

from collections.abc import Callable

from faults import a1, a2, a3, a5, b1, c1, c2, c3, c4, e, g1
from faults.suite import Injection

CLASSES: dict[str, Callable[[int], list[Injection]]] = {
    "A1": a1.injections,
    "A2": a2.injections,
    "A3": a3.injections,
    "A5": a5.injections,
    "B1": b1.injections,
    "C1": c1.injections,
    "C2": c2.injections,
    "C3": c3.injections,
    "C4": c4.injections,
    "E": e.injections,
    "G1": g1.injections,
}
