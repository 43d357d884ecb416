"""Whether images have anything in them, that is, more than one colour: a part of `dissent check`."""

from pathlib import Path

from dissent.core.columns import APART
from dissent.core.files import read_image
from dissent.core.words import some
from dissent.evaluation.diagnostic_facts import drawn, flat
from dissent.evaluation.subset_diagnostics import PLAIN


def check_flat(split: Path, channels: int) -> tuple[list[str], list[str]]:
    """Faults and notes on the images of each side of a split (its folder), of which a seeded sample is looked at."""
    faults, notes = [], []
    for side in APART:
        rows = drawn(str(split / f"{side}.csv"), side)
        plain = [row["id"] for row in rows if flat(read_image(row["image"], channels))]
        if len(plain) < PLAIN * len(rows) or not plain:
            continue
        words = (
            f"{len(plain)} of {len(rows)} {side} images have one colour alone ({some(plain)}): look at them, and at "
            "`depth` of the data set, which may bring all grey levels to one"
        )
        (faults if side == "labelled" and len(plain) == len(rows) else notes).append(words)
    return faults, notes
