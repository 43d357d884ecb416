"""Assemble the pairs that a generation's students learn from. Needs no torch."""

from typing import TYPE_CHECKING

from dissent.core.columns import LABELLED, PAIRS, SOFT
from dissent.core.files import read_table, write_table

if TYPE_CHECKING:
    from dissent.core import arguments


def assemble_pairs(
    params: "arguments.Pairs",
    labelled: str,
    masks: str | None,
    unlabelled: str,
    hidden: str | None,
    out: str,
    scores: str | None = None,
) -> None:
    """Write pairs.csv: the labelled pairs, then (generation > 0) the pseudo-labelled ones that were kept.

    `hidden`: given to methods marked `upper_bound` alone. `scores`: the copies of each pair by the quality of its mask,
    in place of `noise_copies`.
    """
    rows = [_person(row, "labelled", params["labelled_noise_copies"]) for row in read_table(labelled)]
    if hidden is not None:
        rows += [_person(row, "hidden", params["labelled_noise_copies"]) for row in read_table(hidden)]
    if masks is not None:
        images = {row["id"]: row for row in read_table(unlabelled)}
        by_quality = {row["id"]: int(row["noise_copies"]) for row in read_table(scores)} if scores else {}
        for row in read_table(masks):
            if row["kept"] == "1":
                rows.append(_pseudo(row, images[row["id"]], by_quality.get(row["id"], params["noise_copies"])))
    if any(SOFT[0] in row for row in rows):
        write_table(out, [dict.fromkeys(SOFT, "") | row for row in rows], (*PAIRS, *SOFT))
    else:
        write_table(out, rows, PAIRS)


def _person(row: dict, origin: str, copies: int) -> dict:
    taken = {name: row[name] for name in LABELLED}
    return taken | {"doubt": "", "doubt_sha256": "", "origin": origin, "noise_copies": copies}


def _pseudo(row: dict, image: dict, copies: int) -> dict:
    taken = {name: row[name] for name in ("id", "label", "doubt", "label_sha256", "doubt_sha256")}
    taken |= {name: row[name] for name in SOFT if name in row}
    taken |= {"image": image["image"], "image_sha256": image["image_sha256"]}
    return taken | {"origin": "pseudo", "noise_copies": copies}
