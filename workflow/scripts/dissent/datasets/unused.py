"""What a split leaves unused, said by number and reason: masks that teach nothing, images in no subset. No torch."""

import logging
from collections import Counter

from dissent.config.split import Split
from dissent.core.words import some
from dissent.datasets.sampling import unit_of

log = logging.getLogger(__name__)


def tell_unused(rows: list[dict], subsets: dict[str, list[dict]], plan: Split) -> None:
    """Log the size of each subset; warn of masks and images that nobody asked to leave out.

    Where every image has a mask, hidden masks are what a simulation is about, so they are told and not warned of.
    """
    hidden = [row for row in subsets["unlabelled"] if row["label"]]
    used = {row["id"] for chosen in subsets.values() for row in chosen}
    out = [row for row in rows if row["id"] not in used]
    unit = unit_of(rows)
    counts = ", ".join(f"{len(chosen)} {subset}" for subset, chosen in subsets.items())
    log.info("%s (%d of the unlabelled have masks for the audit), %d %s unused", counts, len(hidden), len(out), unit)
    held = {row["group"] for subset in ("val", "test") for row in subsets[subset]}
    labelled = {row["group"] for row in subsets["labelled"]}
    _warn([row for row in out if row["group"] in held and not row["label"]],
          f"{unit} without a mask are left out of everything, as images of their groups are in val or test")  # fmt: skip
    _warn([row for row in out if row["group"] in held and row["label"]],
          f"{unit} with a mask are not used, as others of their groups are in val or test and `fixed` does not name "
          "these")  # fmt: skip
    if not plan.mixed_groups:
        _warn([row for row in out if row["group"] in labelled - held],
              f"{unit} are left out, as others of their groups are labelled and `mixed_groups` is false")  # fmt: skip
        held |= labelled
    others = [row for row in out if row["group"] not in held]
    _in_no_subset(others, plan, unit)
    if all(row["label"] for row in rows):
        return
    if plan.lists is None and plan.column is None:
        _warn(
            [row for row in others if row["label"]],
            f"{unit} with a mask are not used (`unlabelled: {plan.unlabelled}`)",
        )
    why = "a list or a table says so" if not isinstance(plan.labelled, int | float) else f"`labelled: {plan.labelled}`"
    _warn(hidden, f"{unit} have masks that nothing is learned from ({why}); `labelled: all` uses every mask")


def _in_no_subset(rows: list[dict], plan: Split, unit: str) -> None:
    """Images that no value of a column, or no list, puts into a subset: a misspelt value is among them."""
    if plan.lists is not None:
        _warn(rows, f"{unit} are in none of the lists, so they are not used")
    if plan.column is None:
        return
    shares = (plan.labelled, plan.unlabelled, plan.val, plan.test)
    named = {value for share in shares if isinstance(share, list) for value in share}
    named |= set() if isinstance(plan.labelled, list) else {*plan.train, *plan.held_out}
    column = plan.prepared_column
    strange = [row for row in rows if row[column] not in named]
    told = ", ".join(f"{value!r}: {count}" for value, count in Counter(row[column] for row in strange).most_common(5))
    _warn(strange, f"{unit} are in no subset, as the split names no such value of `{plan.column}` ({told})")


def _warn(rows: list[dict], text: str) -> None:
    if rows:
        log.warning("%d %s: %s", len(rows), text, some([row["id"] for row in rows]))
