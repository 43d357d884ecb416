"""Prepared data sets to split, and what a split wrote."""

from pathlib import Path

import pytest
from raw_data import dataset

from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_table
from dissent.datasets import split

NAMES = [f"n{i:02}" for i in range(20)]


def subsets(out: Path = Path("out/splits/one")) -> dict[str, list[str]]:
    """{subset: ids}."""
    return {subset: [row["id"] for row in read_table(out / f"{subset}.csv")] for subset in SUBSETS}


def divided(plan: dict, **keys) -> dict[str, list[str]]:
    """Split the data set in out/ by `plan`; {subset: ids}."""
    split(dataset(splits={"one": plan}, **keys), "one", "out", "out/splits/one")
    return subsets()


def not_divided(plan: dict, **keys) -> str:
    """The message with which a split is refused; what an earlier one wrote stays as it is."""
    before = {path: path.read_bytes() for path in Path("out").rglob("*.csv")}
    with pytest.raises(UserError) as caught:
        divided(plan, **keys)
    assert {path: path.read_bytes() for path in Path("out").rglob("*.csv")} == before
    return str(caught.value)


def lists(**lines) -> dict:
    """Write lists/SUBSET.txt; the plan that reads them."""
    Path("lists").mkdir(exist_ok=True)
    for subset, content in lines.items():
        Path("lists", f"{subset}.txt").write_text("\n".join(content))  # without a last newline, as some are
    return {"lists": {subset: f"lists/{subset}.txt" for subset in lines}}
