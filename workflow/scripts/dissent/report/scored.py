"""Scored images beside their truth: what the best student says, and where it is wrong; and which labels it takes for others."""

from collections import defaultdict

from dissent.core.columns import COUNTS
from dissent.core.files import read_json, read_rows, read_table
from dissent.core.task import Task
from dissent.report import tiles
from dissent.report.pictures import Pictures
from dissent.report.run_results import Story
from dissent.report.tables import percent

_MATRIX = 12  # classes whose confusion is a table of its own; of more the largest parts are told
_PARTS = 15


def scored_images(story: Story, side: int) -> dict:
    """The groups of examples/shown.json (name, lines) of the generation that stands for the run, and of which subset; {} without."""
    table = story.last.folder / "examples" / "shown.json"
    told = read_json(table) if table.is_file() else {"images": []}
    if not told["images"]:
        return {}
    pictures, task = Pictures(story, side), Task(story.params["task"])
    subset = told["subset"]
    rows = {row["id"]: row for row in read_table(story.data[subset])}
    groups: dict[str, list[dict]] = defaultdict(list)
    for one in told["images"]:
        row, name = rows[one["id"]], f"{one['id']}.png"
        pixels = pictures.pixels_of(row, subset)
        truth = pictures.mask_of(row, "label", "label_sha256", story.data[subset])
        said = {"mask": str(table.with_name(name)), "sha256": told["files"][name]}
        mask = pictures.mask_of(said, "mask", "sha256", table)
        shown = [
            pictures.photo(pixels),
            pictures.plain_mask("truth", truth),
            pictures.plain_mask("prediction", mask),
            pictures.tile("where it is wrong", pixels, tiles.wrong(pixels, truth, mask, task, side)),
        ]
        groups[one["why"]].append({"id": one["id"], "value": percent(one["value"]), "tiles": shown})
    return {"subset": subset, "groups": dict(groups)}


def confusion(story: Story) -> dict:
    """What the best student says of each true class: a whole table of few classes, the largest parts of many; {} where labels overlap."""
    subset = story.subsets[-1]
    found = story.last.metrics[subset].get("confusion")
    if not found:
        return {}
    whole = {true: sum(said.values()) for true, said in found.items()}
    shares = {true: {name: said[name] / whole[true] for name in said} for true, said in found.items() if whole[true]}
    if len(found) <= _MATRIX:
        names = list(found)
        rows = [(true, [said.get(name, 0.0) for name in names]) for true, said in shares.items()]
        return {"subset": subset, "names": names, "rows": rows}
    parts = [(true, name, share) for true, said in shares.items() for name, share in said.items() if name != true]
    return {"subset": subset, "names": [], "rows": sorted(parts, key=lambda part: -part[2])[:_PARTS]}


def faults(story: Story) -> dict[str, tuple[float | None, float | None]]:
    """{label: (share of its true pixels that the best student misses, share of what it calls so that is none)} on the last subset."""
    best, subset = f"student{story.last.metrics['best_student']}", story.subsets[-1]
    total: dict[str, list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    for row in read_rows(story.last.folder / "counts.csv"):
        if row["subset"] == subset and row["who"] == best:
            total[row["label"]] = [had + int(row[name]) for had, name in zip(total[row["label"]], COUNTS, strict=True)]
    return {label: (_share(fn, tp + fn), _share(fp, tp + fp)) for label, (tp, fp, fn, _) in total.items()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
