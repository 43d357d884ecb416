"""Label fractions: splits that label another share of the training images than the split they come from. No torch."""

import re

from dissent.config.base import nearest
from dissent.config.dataset import Dataset
from dissent.core.files import UserError

_ENDING = re.compile(r"(.+)-(\d+(?:_\d+)?)pct")


def with_share(name: str, share: float) -> str:
    """Name of a split or an experiment under a label fraction: `small` and .05 give `small-5pct`, .005 gives `small-0_5pct`."""
    return f"{name}-{f'{100 * share:g}'.replace('.', '_')}pct"


def parted(name: str) -> tuple[str, float | None]:
    """What `with_share` made `name` from; (name, None) of any other name."""
    if not (match := _ENDING.fullmatch(name)):
        return name, None
    return match[1], round(float(match[2].replace("_", ".")) / 100, 12)


def with_split(dataset: Dataset, name: str, of: str, said: str = "") -> Dataset:
    """The data set with the split called `name`: as it is, or with one more that labels the share that the name tells.

    Subsets for validation and test are those of the split it comes from, and as that draws by one hash or permutation,
    less labels are a part of more. All other training images are unlabelled. `of`: the data set's name; `said`: what
    asked for the split, for the UserError.
    """
    if name in dataset.splits:
        return dataset
    base, share = parted(name)
    if share is None or base not in dataset.splits or not 0 < share < 1:
        names = list(dataset.splits)
        raise UserError(
            f"{said or f'`{name}`'} is no split of the data set {of}{nearest(name, names)} (there are: {', '.join(names)})"
        )
    split = dataset.splits[base]
    if split.lists is not None or isinstance(split.labelled, list):
        raise UserError(
            f"`{name}`: split `{base}` of the data set {of} names its labelled images, so no share of them can be drawn; "
            "label fractions need a split whose `labelled` is a count or a fraction"
        )
    # what was left out of `unlabelled` on purpose (a list) stays so; a count would lack images where more are labelled
    unlabelled = split.unlabelled if isinstance(split.unlabelled, list) else None
    drawn = split.model_copy(update={"labelled": share, "unlabelled": unlabelled, "images": None})
    return dataset.model_copy(update={"splits": dataset.splits | {name: drawn}})
