"""Selectors by name: which pseudo-labelled images become pairs. Each tells why it drops an image, or nothing ("")."""

from dissent.pseudolabels.select.filters import everything, larger, outlasts_erosion, rated_well, reliable, same_classes

SELECTORS = {
    "all": everything,
    "larger": larger,
    "equal_classes": same_classes,
    "eroded": outlasts_erosion,
    "scored": rated_well,
    "stable": reliable,
}
