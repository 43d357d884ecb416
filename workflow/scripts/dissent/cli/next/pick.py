"""A list of images that a person made: one id a line."""

from pathlib import Path

from dissent.cli.next.teachers import Teachers
from dissent.cli.picks import listed
from dissent.cli.unlabelled import Free
from dissent.config.resolve import Run
from dissent.core.columns import DISJOINT
from dissent.core.files import UserError, read_table


def picked(path: Path, free: Free, said: Teachers | None, about: Run) -> list[dict]:
    """Rows of next.csv in the order of the list; UserError names the line of an image that cannot be labelled."""
    wanted = free.uncorrected(_sources(path, free, about))
    places = {source: index for index, source in enumerate(said.sources)} if said else {}
    rows = []
    for rank, source in enumerate(wanted, 1):
        doubt = f"{said.doubt_N[places[source]]:.6f}" if said and source in places else ""
        told = f"; teachers differ on {100 * float(doubt):.1f} % of its pixels" if doubt else ""
        row = {"rank": rank, "id": free.items[source].id, "source": source, "group": free.items[source].group}
        row |= {"doubt_share": doubt, "reason": f"named in {path.name}{told}"}
        rows.append(row | dict.fromkeys(("score", "most_about", "need", "stands_for", "distance", "nearest"), ""))
    return rows


def _sources(path: Path, free: Free, about: Run) -> list[str]:
    found = []
    for number, name in listed(path):
        source = free.source_of(name)
        if source is None or source not in free.items:
            raise UserError(f"{path}, line {number}: `{name}` {_why(name, about)}; take it out of the list")
        found.append(source)
    return found


def _why(name: str, about: Run) -> str:
    """What keeps an image from being labelled."""
    folder = Path("data", about.dataset_name, "splits", about.split)
    for subset in DISJOINT:
        if subset != "unlabelled" and any(row["id"] == name for row in read_table(folder / f"{subset}.csv", ("id",))):
            return (
                f"is in {subset} already" if subset == "labelled" else f"is in {subset}, and is not to be learned from"
            )
    return "is not an unlabelled image of the run"
