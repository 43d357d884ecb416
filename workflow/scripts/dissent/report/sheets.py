"""Sheets: images side by side with what was said of them.

A line shows the image, what the teachers say, the doubt, the label, and the hidden truth where there is one.
"""

from collections.abc import Sequence

from dissent.core.files import read_table
from dissent.report import tiles
from dissent.report.choose import choose
from dissent.report.pictures import Pictures, Tile
from dissent.report.run_results import Generation, Story
from dissent.report.tables import percent

_TEACHERS = 4  # that are shown; more would be too small to see
_FRAMES = 12  # generations that the slider goes through


class Sheets(Pictures):
    """Draws tiles of unlabelled images from the tables of a run."""

    def __init__(self, story: Story, side: int):
        super().__init__(story, side)
        self.images = {row["id"]: row for row in read_table(story.data["unlabelled"])}
        self.hidden = {row["id"]: row for row in read_table(story.data["hidden"])}
        self.rows = {one.number: {row["id"]: row for row in one.masks} for one in story.labelled_by_teachers}

    def groups(self) -> list[dict]:
        """The groups of `choose` in the generation that is pictured: name, rule, lines (id, facts, tiles)."""
        last = self.story.pictured
        return [
            {"name": group.name, "rule": group.rule, "lines": [self._line(last, row, group.name) for row in group.rows]}
            for group in choose(last.masks)
        ]

    def through_generations(self) -> list[dict]:
        """What the slider shows of the first image of each group: name, id, tiles that stay, a frame a generation."""
        shown = self._frames()
        found: dict[str, dict] = {}
        for group in choose(self.story.pictured.masks, each=1):
            name = group.rows[0]["id"]
            if name in found:
                found[name]["name"] += f", {group.name.lower()}"
                continue
            frames = [
                {
                    "name": f"gen{one.number}",
                    "facts": facts(self.rows[one.number][name]),
                    "tiles": self._said(one, name),
                }
                for one in shown
                if name in self.rows[one.number]
            ]
            found[name] = {
                "name": group.name,
                "id": name,
                "still": [self._image(name), *self._truth(name)],
                "frames": frames,
            }
        return list(found.values())

    def _frames(self) -> Sequence[Generation]:
        """All generations with pseudo-labels, or as many as are shown, evenly, the first and the last among them."""
        every = self.story.labelled_by_teachers
        if len(every) <= _FRAMES:
            return every
        return [every[round(i * (len(every) - 1) / (_FRAMES - 1))] for i in range(_FRAMES)]

    def _line(self, one: Generation, row: dict, group: str) -> dict:
        found = [self._image(row["id"]), *self._said(one, row["id"])]
        if group == "Most changed":
            before = self.rows[one.number - 1][row["id"]]
            found.append(self._label(before, f"label in gen{one.number - 1}", one.number - 1))
        return {"id": row["id"], "facts": facts(row), "tiles": [*found, *self._truth(row["id"])]}

    def _said(self, one: Generation, name: str) -> list[Tile]:
        """Tiles of the teachers, the doubt and the label of an image in a generation."""
        row, teachers = self.rows[one.number][name], one.predictions[name]
        voters = self.story.params["voters"][one.number - 1]
        others = len(self.story.params["settings"]["external_teachers"])
        method = self.story.params["settings"]["method"]
        first = "mean" if method["soft_labels"] != "none" else method["pseudo_label"]
        shown = sorted(teachers)
        found = []
        for k in [*shown[: len(shown) - others][:_TEACHERS], *shown[len(shown) - others :]]:
            prediction = self.mask_of(teachers[k], "prediction", "sha256", one.folder / "predictions.csv")
            found.append(self.plain_mask(voters[k - 1] if k else first, prediction))
        marked = self._doubt(row, one.number)
        found.append(self.tile("doubt", marked, tiles.doubt(self._pixels(name), marked, self.side)))
        return [*found, self._label(row, "label", one.number)]

    def _label(self, row: dict, name: str, generation: int) -> Tile:
        label = self.mask_of(row, "label", "label_sha256", self._table(generation))
        unknown = self._doubt(row, generation) != 0
        return self.tile(name, label, tiles.mask(label, self.story.params["palette"], self.side, unknown))

    def _doubt(self, row: dict, generation: int):
        return self.mask_of(row, "doubt", "doubt_sha256", self._table(generation))

    def _table(self, generation: int):
        return self.story.generations[generation].folder / "masks.csv"

    def _image(self, name: str) -> Tile:
        return self.photo(self._pixels(name))

    def _pixels(self, name: str):
        return self.pixels_of(self.images[name], "unlabelled")

    def _truth(self, name: str) -> list[Tile]:
        if name not in self.hidden:
            return []
        truth = self.mask_of(self.hidden[name], "label", "label_sha256", self.story.data["hidden"])
        return [self.plain_mask("hidden truth", truth)]


def facts(row: dict) -> str:
    """What masks.csv says of an image, in words."""
    words = [f"doubt {percent(float(row['doubt_share']))} %"]
    if row["changed_share"]:
        words.append(f"changed {percent(float(row['changed_share']))} %")
    words.append("kept" if row["kept"] == "1" else f"dropped: {row['why']}")
    return " · ".join(words)
