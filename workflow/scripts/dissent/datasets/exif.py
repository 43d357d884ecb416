"""Whether masks were drawn on photographs as stored or as turned: one answer for the whole data set."""

from dataclasses import dataclass

from dissent.config.dataset import Source
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.items import Item
from dissent.datasets.problems import Problems

_ROUNDING = 0.1


@dataclass(frozen=True)
class Turns:
    """Which EXIF orientation (1 to 8) holds for an image and its mask."""

    policy: str

    def image(self, image: Header) -> int:
        """How the image is turned."""
        return 1 if self.policy == "none" else image.orientation

    def mask(self, image: Header, mask: Header) -> int:
        """How its mask is turned: by a tag of its own if it has one."""
        if self.policy == "none" or mask.orientation != 1:
            return 1 if self.policy == "none" else mask.orientation
        return image.orientation if self.policy == "both" else 1


def decide_turns(source: Source, pairs: list[tuple[Item, Header, list[Header]]], problems: Problems) -> Turns:
    """The data set's `exif`, where `auto` is settled by the sizes of all images that are turned and their masks.

    A photograph on its side has the size of its mask either as stored or as turned; its shape is enough where `on_size_mismatch`
    lets sizes differ. Where no pair tells, or pairs tell different things, it is an error: a guess would put half of all
    masks upside down.
    """
    if source.exif != "auto":
        return Turns(source.exif)
    votes: dict[str, list[str]] = {"both": [], "image": [], "open": [], "refused": []}
    for item, image, masks in pairs:
        # a mask with a tag of its own is turned by that
        untagged = [mask.size for mask in masks if mask.orientation == 1] if image.orientation != 1 else []
        for size in dict.fromkeys(untagged):
            votes[_drawn_on(size, image, source.on_size_mismatch == "resize")].append(item.source)
    if votes["both"] and votes["image"]:
        problems.append(
            f"the mask of {votes['both'][0]} was drawn on the photograph as stored, that of {votes['image'][0]} on the "
            "turned one (EXIF): turn the files themselves, all alike"
        )
    elif votes["open"] and not votes["both"] and not votes["image"]:
        turned = dict.fromkeys(votes["open"])
        problems.append(
            f"{len(turned)} images are turned by an EXIF tag (such as {votes['open'][0]}) and nothing tells "
            "whether their masks were drawn on the turned image: say `exif: image` (they were), `both` (not), or `none`"
        )
    return Turns("image" if votes["image"] else "both")


def _drawn_on(size: tuple[int, int], image: Header, resized: bool) -> str:
    """The policy that the size of a mask speaks for; `open`: for none or for both; `refused`: no mask of this image."""
    shapes = {"both": image.size, "image": turned_size(image.size, image.orientation)}
    fits = [policy for policy, shape in shapes.items() if size == shape]
    if not fits and not resized:
        return "refused"
    if not fits:
        fits = [policy for policy, shape in shapes.items() if _alike(size, shape)]
    return fits[0] if len(fits) == 1 else "open"


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (H, W) have one shape, up to rounding: to whole pixels, or to a multiple that a network wants."""
    a, b = one[0] * other[1], one[1] * other[0]
    return abs(a - b) <= _ROUNDING * max(a, b)
