"""What `dissent init` tells of the images and masks that lie there."""

from collections.abc import Sequence
from pathlib import Path

from dissent.cli.init.grouping import told
from dissent.cli.init.pairing import Pairs
from dissent.cli.init.survey import Survey
from dissent.cli.init.write_config import sizes
from dissent.config.dataset import Source
from dissent.core.files import UserError
from dissent.core.words import some
from dissent.datasets.decode import Header
from dissent.datasets.tables import text_of as decoded

SMALL = 8.0
"""pixels of a thing that networks see, below which its outline is lost"""
_HUGE = 1024


def seen(pairs: Pairs, found: Survey, grouped: bool) -> str:
    """What lies there: numbers, formats, sizes, images without masks."""
    every = sizes(found.images)
    low, high = (f"{size[0]} x {size[1]}" for size in (every[0], every[-1]))
    kinds = ", ".join(sorted({f"{h.format} {h.mode} {'16' if h.bits > 8 else '8'} bit" for h in found.images}))
    ends = pairs.mask_ends
    suffix = f", named {ends.prefix}...{ends.suffix}" if ends else ""
    suffix += "" if ends.match_case else ", some in other letters (upper, lower case) than their images"
    modes = ", ".join(f"{n} {mode}" for mode, n in sorted(found.modes.items()))
    lines = [
        f"images  {len(pairs.images)} in {pairs.raw / pairs.images_below}: {kinds}, "
        + (low if low == high else f"{low} to {high}"),
        f"masks   {found.counted} in {pairs.raw / pairs.masks_below}: {', '.join(sorted(found.formats))} ({modes}){suffix}",
    ]
    if pairs.alone:
        lines.append(
            f"no mask {len(pairs.alone)} images count as unlabelled: {some([key.lstrip('/') for key in pairs.alone])}"
        )
    if found.reading.note:
        lines.append(f"note    {found.reading.note}")
    lines += _lists(pairs.raw)
    grown = told(pairs.place(key)[1] for key in pairs.images) if not grouped else ""
    if grown:
        lines.append(f"note    {grown}")
    return "\n".join(lines)


def _lists(raw: Path) -> list[str]:
    """A note on tables and lists that lie beside the images, and on those that cannot be read."""
    lines = []
    for pattern, key in ((("*.csv", "*.tsv"), "table"), (("*.txt",), "lists")):
        found = sorted(path for one in pattern for path in raw.glob(one))
        if found:
            names = some([path.name for path in found])
            lines.append(f"note    {names} may tell groups or subsets of a split: see `{key}` in config/README.md")
        for path in found:
            try:
                decoded(path)
            except UserError as error:
                lines.append(f"note    {error}")
    return lines


def told_size(dataset: Source, headers: Sequence[Header], across: float) -> str:
    """How images come to the size of the network; `across`: pixels of what is labelled, as it is in the images."""
    high, wide = dataset.size
    line = f"size    {high} x {wide} (height x width), "
    if dataset.geometry.name == "tiles":
        return f"{line}cut into tiles that overlap by a quarter"
    every = sizes(headers)
    middle = every[len(every) // 2]
    after = across * min(high / middle[0], wide / middle[1])
    line += "each image resized"
    if 0 < after < SMALL < across * 2:
        return (
            f"{line}\nnote    what is labelled is about {across:.0f} pixels across in images of {middle[0]} x {middle[1]}, and "
            f"{after:.0f} once they are resized, which is little to see: --geometry tiles keeps its scale"
        )
    if not across and max(max(header.size) for header in headers) > _HUGE:
        line += "; if what you look for is small in them, --geometry tiles keeps its scale"
    return line
