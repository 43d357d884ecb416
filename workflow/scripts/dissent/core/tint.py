"""An image with its mask on it: what pages, overlays and people look at. numpy only."""

from collections.abc import Sequence

import numpy as np


def tinted(pixels_HW3: np.ndarray, ids_HW: np.ndarray, shown_HW: np.ndarray, palette: Sequence) -> np.ndarray:
    """The image as float32 with a tint of each id's colour where it is `shown`, and a line of that colour around it."""
    edge = np.zeros(ids_HW.shape, bool)
    for axis in (0, 1):
        for step in (1, -1):
            edge |= np.roll(ids_HW, step, axis) != ids_HW
    edge[[0, -1]] = edge[:, [0, -1]] = False  # np.roll has compared these with the other side of the image
    share = np.where(edge & shown_HW, 1.0, np.where(shown_HW, 0.25, 0.0)).astype(np.float32)[:, :, None]
    return (1 - share) * pixels_HW3.astype(np.float32) + share * np.array(palette, np.float32)[ids_HW]
