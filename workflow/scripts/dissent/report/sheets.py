"""Sheets: images side by side with what was said of them.

A line shows the image, what the teachers say, the doubt, the label, and the hidden truth where there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dissent.core.files import read_image, read_mask, read_table, verify
from dissent.report import tiles
from dissent.report.choose import choose
from dissent.report.run_results import Generation, Story
from dissent.report.tables import percent

_TEACHERS = 4  # that are shown; more would be too small to see
_FRAMES = 12  # generations that the slider goes through


@dataclass(frozen=True)
class Tile:
    """One small picture."""

    name: str
    source: str
    """data URI"""
    width: int
    height: int


class Sheets:
    """Draws tiles of at most `side` pixels from the tables of a run."""

    def __init__(self, story: Story, side: int):
        self.story, self.side = story, side
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
        shown = sorted(teachers)
        found = []
        for k in [*shown[: len(shown) - others][:_TEACHERS], *shown[len(shown) - others :]]:
            prediction = self._mask(teachers[k], "prediction", "sha256", one.folder / "predictions.csv")
            found.append(
                self._tile(
                    voters[k - 1] if k else self.story.params["settings"]["method"]["pseudo_label"],
                    prediction,
                    tiles.mask(prediction, self.story.params["palette"], self.side),
                )
            )
        marked = self._doubt(row, one.number)
        found.append(self._tile("doubt", marked, tiles.doubt(self._pixels(name), marked, self.side)))
        return [*found, self._label(row, "label", one.number)]

    def _label(self, row: dict, name: str, generation: int) -> Tile:
        label = self._mask(row, "label", "label_sha256", self._table(generation))
        unknown = self._doubt(row, generation) != 0
        return self._tile(name, label, tiles.mask(label, self.story.params["palette"], self.side, unknown))

    def _doubt(self, row: dict, generation: int):
        return self._mask(row, "doubt", "doubt_sha256", self._table(generation))

    def _table(self, generation: int):
        return self.story.generations[generation].folder / "masks.csv"

    def _image(self, name: str) -> Tile:
        pixels = self._pixels(name)
        return self._tile("image", pixels, tiles.photo(pixels, self.side))

    def _pixels(self, name: str):
        row = self.images[name]
        verify(row["image"], row["image_sha256"], self.story.data["unlabelled"])
        return read_image(row["image"], self.story.params["channels"])

    def _truth(self, name: str) -> list[Tile]:
        if name not in self.hidden:
            return []
        truth = self._mask(self.hidden[name], "label", "label_sha256", self.story.data["hidden"])
        return [self._tile("hidden truth", truth, tiles.mask(truth, self.story.params["palette"], self.side))]

    def _mask(self, row: dict, column: str, digest: str, table):
        verify(row[column], row[digest], table)
        return read_mask(row[column])

    def _tile(self, name: str, pixels, source: str) -> Tile:
        return Tile(name, source, pixels.shape[1], pixels.shape[0])


def facts(row: dict) -> str:
    """What masks.csv says of an image, in words."""
    words = [f"doubt {percent(float(row['doubt_share']))} %"]
    if row["changed_share"]:
        words.append(f"changed {percent(float(row['changed_share']))} %")
    words.append("kept" if row["kept"] == "1" else f"dropped: {row['why']}")
    return " · ".join(words)
