"""The pairs of a generation as its students see them: inputs and targets as PNG, for people to look at."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dissent.core.files import MOST_BY_LABEL, UNKNOWN, sha256, write_image, write_json, write_mask
from dissent.training.pairs import Pairs

if TYPE_CHECKING:
    from dissent.core import arguments


def show_pairs(settings: "arguments.Shown", pairs: str, out: str) -> None:
    """Write out/inputs/{id}.png and out/targets/{id}.png; noise copies get `.copy{n}` behind the id. White = no loss there.

    out/shown.json has the digest of each.
    """
    key = (settings["seed"], settings["generation"])
    method: arguments.Learning = {**settings["method"], "labelled_subset": 1.0, "soft_labels": "none"}
    seen = Pairs(pairs, settings["channels"], method, settings["rotation_invariant"], key, 1, 1)
    for index, (row, copy) in enumerate(seen.entries):
        image, target = seen.entry(index)
        name = seen.rows[row]["id"] + (f".copy{copy}" if copy else "")
        write_image(Path(out) / "inputs" / f"{name}.png", image[:, :, 0] if image.shape[2] == 1 else image)
        if settings["method"]["inconsistency"]["target"] == "ignore_label":  # white wherever any label is left out
            target = np.where(target >> MOST_BY_LABEL, np.uint8(UNKNOWN), target)
        write_mask(Path(out) / "targets" / f"{name}.png", target, settings["palette"])
    shown = sorted(Path(out).glob("*/*.png"))
    write_json(Path(out) / "shown.json", {"files": {path.relative_to(out).as_posix(): sha256(path) for path in shown}})
