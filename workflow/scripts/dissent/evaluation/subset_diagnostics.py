"""What to mistrust in the images of the subsets of a split, in words; "" where there is nothing. `facts` as in evaluation/diagnostics.py. No torch."""

from collections.abc import Mapping

_GREY, _SPREADS, _FEWEST = 25, 1.5, 3  # levels, sds over images, images from which a subset has a brightness
PLAIN = 0.5  # of a subset's images with one colour alone; empty slides and sky are fewer
_AREA = 4  # twice as high and twice as wide


def brightness(facts: Mapping) -> str:
    """Subsets that are much darker or brighter than the labelled images."""
    subsets = {name: one for name, one in facts["subsets"].items() if one["images"] >= _FEWEST}
    people, told = subsets.pop("labelled", None), []
    for name, one in subsets.items() if people else ():
        if abs(one["brightness"] - people["brightness"]) > max(_GREY, _SPREADS * max(one["spread"], people["spread"])):
            told.append(f"{name}: {one['brightness']:.0f}")
    return f"mean grey level of labelled images {people['brightness']:.0f}, of {', '.join(told)}" if told else ""


def size(facts: Mapping) -> str:
    """Subsets whose raw images are much larger or smaller than the labelled ones."""
    subsets = {name: one["pixels"] for name, one in facts["subsets"].items() if one["pixels"]}
    people = subsets.pop("labelled", None)
    told = [
        f"{name}: {area:,.0f}" for name, area in subsets.items() if people and not 1 / _AREA < area / people < _AREA
    ]
    return f"pixels of a raw labelled image {people:,.0f} (median), of {', '.join(told)}" if told else ""


def flat(facts: Mapping) -> str:
    """Subsets of which many images have one colour alone."""
    found = [(name, one["flat"]) for name, one in facts["subsets"].items() if one["flat"] >= PLAIN]
    return "; ".join(f"{100 * share:.3g} % of the {name} images" for name, share in found)
