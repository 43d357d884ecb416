"""A split: which images are labelled, unlabelled, for validation and for the test."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from dissent.config.base import Model, Text
from dissent.core.columns import DISJOINT
from dissent.core.words import nfc


def _share(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str | int) and not isinstance(item, bool) for item in value):
        return [nfc(str(item)) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, float) and 0 <= value <= 1:
        return value
    raise ValueError("give a count (14), a fraction (0.1; 1.0 is all) or the values of `column` that mean it ([val])")


Share = Annotated[int | float | list[str], BeforeValidator(_share)]
All = Annotated[int | float | list[str] | Literal["all"], BeforeValidator(lambda v: v if v == "all" else _share(v))]


class Lists(Model):
    """Text files that name the images of each subset, one a line: `image`, `image mask` or an id (U2PL, UniMatch, VOC)."""

    labelled: str
    """path of the list, relative to the raw folder, to the working directory or to the repository"""
    unlabelled: str | list[Text] | None = None
    """the same for the unlabelled images, or `parts`, as [train]: all of their images that no list names; none: there are none"""
    val: str | list[Text]
    """the same for validation"""
    test: str | list[Text] | None = None
    """the same for the test; none: no test images"""
    mask_suffix: str | None = None
    """end of the masks' names in these files where it is another than the data set's `mask_suffix`, e.g. _gtFine_labelTrainIds"""
    page: str | None = None
    """where a person gets these files, for the message where they lack"""


class Split(Model):
    """One way to divide the images of a data set (an entry of `splits`)."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """of every draw of this split; for one seed the 5 % of labels are part of the 10 %"""
    column: Text | None = None
    """column of the data set's table that names subsets, or `part`; none: subsets are drawn"""
    train: list[Text] = ["train"]
    """values of `column` from which labelled and unlabelled are drawn, and val and test where these are drawn"""
    held_out: list[Text] = []
    """values of `column` from which val and test are drawn instead (test first, val from the rest; `val: 1.0` is all of it)"""
    labelled: All | None = None
    """labelled images: fraction or count of the training images, or values of `column`; all: every mask that is not in val or test"""
    unlabelled: Share | None = None
    """unlabelled images: count or fraction of what remains, or values of `column`; none: all that remain"""
    val: Share | None = None
    """validation images: fraction or count, or values of `column`"""
    test: Share | None = None
    """test images, likewise; none: no test images"""
    fixed: str | None = None
    """a CSV with columns `image` and `subset` (val, test) that names the images of these subsets, in place of `val` and `test`: they stay when images and masks come or go; a path relative to the raw folder or to the working directory; `dissent init` writes it"""
    lists: Lists | None = None
    """the subsets as text files, instead of all of the above"""
    draw: Literal["nested", "sklearn_rest", "sklearn_part", "shuffle"] = "nested"
    """nested: by a hash of seed and group; sklearn_rest, sklearn_part: labelled are the first, or the second, list that scikit-learn's train_test_split(sorted names, random_state=seed) returns (rest: ISIC and Cityscapes, part: SUIM, as published); shuffle: the first of the sorted names after Python's random.seed(seed), random.shuffle (HeLa, as published)"""
    by: Literal["group", "crop"] = "group"
    """group: what belongs together is drawn together; crop: windows of one image are drawn one by one, so that labelled and unlabelled ones overlap (HeLa, as published: a leak, told in the log)"""
    mixed_groups: bool = True
    """whether labelled and unlabelled images may come from one group, of which some images have masks; false: what is not labelled of such a group is left out. Val and test never share a group with another subset, their images without masks are left out"""
    images: dict[Literal["labelled", "unlabelled", "val", "test"], PositiveInt] | None = Field(None, exclude=True)
    """how many each subset has, where that is known before anybody has the data: for `make estimate` alone"""

    @property
    def prepared_column(self) -> str:
        """What `column` is called in files.csv, which has the columns of the user's table beside its own."""
        return "part" if self.column == "part" else f"table_{self.column}"

    @model_validator(mode="after")
    def _check(self) -> "Split":
        shares = {name: getattr(self, name) for name in DISJOINT}
        if self.lists is not None:
            given = [name for name, value in shares.items() if value is not None]
            given += [name for name in ("column", "held_out", "fixed") if getattr(self, name)]
            if given:
                raise ValueError(f"`lists` names all subsets: leave {', '.join(f'`{name}`' for name in given)} out")
            return self
        if self.fixed is not None:
            given = [name for name in ("val", "test", "held_out") if getattr(self, name)]
            if given or isinstance(self.labelled, list) or self.by == "crop":
                what = given[0] if given else "by: crop" if self.by == "crop" else "values of `labelled`"
                raise ValueError(f"`fixed` names the images of val and test: leave {what} out")
        for name in ("labelled",) if self.fixed is not None else ("labelled", "val"):
            if not shares[name]:
                raise ValueError(f"`{name}` is needed: a count, a fraction, or values of `column`")
        if self.held_out and (self.column is None or any(isinstance(shares[n], list | None) for n in ("val", "test"))):
            raise ValueError("`held_out` needs `column`, and `val` and `test` as counts or fractions to draw from it")
        named = [name for name, value in shares.items() if isinstance(value, list)]
        if named and self.column is None:
            raise ValueError(f"`{named[0]}` names values of a column: say which with `column`")
        values = [value for name in named for value in shares[name]]
        if not isinstance(self.labelled, list):
            values += self.train + self.held_out if self.column else []
            if isinstance(self.unlabelled, list):
                raise ValueError("`unlabelled` names values of `column`, so `labelled` must, too")
        elif not isinstance(self.unlabelled, list):
            raise ValueError("`labelled` names values of `column`, so `unlabelled` must, too ([] for none)")
        elif any(not isinstance(shares[name], list | None) for name in ("val", "test")):
            raise ValueError("`labelled` names values of `column`, so `val` and `test` must, too")
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"the value {', '.join(twice)} of column `{self.column}` is given to two subsets")
        return self
