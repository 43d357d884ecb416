"""Where a new image is unlike those that the networks learned from: brightness, colour, size. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent.cli.predict.find_images import Upright
from dissent.core.files import read_json
from dissent.evaluation.diagnostic_facts import tint

_SPREADS, _LEAST = 4, 12  # deviations over images, and grey levels beside them
_TIMES = 4  # how much larger or smaller an image may be, by its pixels


@dataclass(frozen=True)
class Usual:
    """What metrics.json says of the images that were labelled and unlabelled (key `subsets`): each of them is usual."""

    subsets: list[Mapping]

    @classmethod
    def of(cls, folder: Path) -> "Usual":
        """Of a student's folder; of a run of an older version, or a student without its generation, nothing is known."""
        about = folder.parents[1] / "metrics.json" if len(folder.parts) > 2 else Path()
        known = read_json(about).get("subsets", {}) if about.is_file() else {}
        return cls([known[name] for name in ("labelled", "unlabelled") if name in known])

    def odd(self, photo: Upright, whole: bool) -> str:
        """In words what is unusual about an image, "" for nothing. `whole`: it was resized as a whole, so its size tells of its scale."""
        found = []
        if self.subsets:
            found += self._brightness(float(photo.pixels.mean()))
            found += self._colour(photo.pixels)
        sizes = [one["pixels"] for one in self.subsets if one["pixels"]]
        if whole and sizes:
            pixels = photo.shape[0] * photo.shape[1]
            if pixels > _TIMES * max(sizes) or _TIMES * pixels < min(sizes):
                found.append(
                    f"{'larger' if pixels > max(sizes) else 'smaller'} (training images have {max(sizes):,.0f} pixels)"
                )
        return f"is unlike the training images: {', '.join(found)}" if found else ""

    def _brightness(self, level: float) -> list[str]:
        ends = [_ends(one["brightness"], one["spread"]) for one in self.subsets]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        if low <= level <= high:
            return []
        return [f"{'darker' if level < low else 'brighter'} (their mean grey is {self.subsets[0]['brightness']:.0f})"]

    def _colour(self, pixels: np.ndarray) -> list[str]:
        known = [one["colour"] for one in self.subsets if one.get("colour")]
        if not known or pixels.ndim == 2:
            return []
        found = tint(pixels)
        for channel, name in enumerate(("red", "green", "blue")):
            ends = [_ends(one["mean"][channel], one["spread"][channel]) for one in known]
            if not min(low for low, _ in ends) <= found[channel] <= max(high for _, high in ends):
                return [f"of another colour ({'more' if found[channel] > ends[0][1] else 'less'} {name})"]
        return []


def _ends(mean: float, spread: float) -> tuple[float, float]:
    beyond = _SPREADS * spread + _LEAST
    return mean - beyond, mean + beyond
