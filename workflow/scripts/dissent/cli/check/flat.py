"""Whether images have anything in them, that is, more than one colour: a part of `dissent check`."""

from pathlib import Path

from dissent.core.columns import DISJOINT
from dissent.core.files import read_image
from dissent.core.words import some
from dissent.evaluation.diagnostic_facts import drawn, flat
from dissent.evaluation.subset_diagnostics import PLAIN


def check_flat(split: Path, channels: int) -> tuple[list[str], list[str]]:
    """Faults and notes on the images of each subset of a split (its folder), of which a seeded sample is looked at."""
    faults: list[str] = []
    notes: list[str] = []
    for subset in DISJOINT:
        rows = drawn(str(split / f"{subset}.csv"), subset)
        plain = [row["id"] for row in rows if flat(read_image(row["image"], channels))]
        if len(plain) < PLAIN * len(rows) or not plain:
            continue
        words = (
            f"{len(plain)} of {len(rows)} {subset} images have one colour alone ({some(plain)}): look at them, and at "
            "`bit_depth` of the data set, which may bring all grey levels to one"
        )
        (faults if subset == "labelled" and len(plain) == len(rows) else notes).append(words)
    return faults, notes
