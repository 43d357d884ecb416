"""Training pairs: what a table of `assemble_pairs` names, with doubt joined as the method says, and which of them a step draws."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from dissent.core.columns import PAIRS, SOFT
from dissent.core.files import UNKNOWN, UserError, read_image, read_table, verify
from dissent.core.scratch import scratch
from dissent.core.seeds import count_of, generator
from dissent.core.task import Task
from dissent.training.data import apply_doubt, load_images, load_masks
from dissent.training.offline_augment import noise_copy, part_of
from dissent.training.order import Draw, Order, RareClasses, subset

if TYPE_CHECKING:
    from dissent.core import arguments


class Pairs:
    """Training pairs of a table as `assemble_pairs` wrote it, with noise copies rendered from their key.

    A target is (H, W) bytes. Where the method learns soft labels it is (H, W, 1 + outputs): behind the label lie the
    probabilities, 255 is sure. They are 0 and 255 where people labelled.
    """

    def __init__(
        self,
        table: str,
        channels: int,
        method: "arguments.Learning",
        rotation_invariant: bool,
        key: tuple,
        member: int,
        batch: int,
        rare_classes: RareClasses | None = None,
        task: Task | None = None,
    ):
        """`key` = (seed, generation); `method` = `Method.at(generation)`; UserError when the table is empty.

        `rare_classes`: what draws a part of each step; else all pairs come equally often. `task`: what soft labels need.
        """
        rows = read_table(table, PAIRS)
        if not rows:
            raise UserError(
                f"{table} has no pairs: nothing to learn from; see masks.csv beside it for what was dropped"
            )
        self.pseudo = frozenset(row["id"] for row in rows if row["origin"] == "pseudo")
        self.people = sum(row["origin"] != "pseudo" for row in rows)
        rows = subset(rows, method["labelled_subset"], (*key, "subset", member))
        self.rows, self.method, self.key, self.rotation_invariant = rows, method, key, rotation_invariant
        self.images = load_images(rows, table, channels)
        self.labels = load_masks(rows, table)
        self._join_doubt(table)
        if task is not None and method["soft_labels"] != "none":
            self._join_soft(table, task)
        self.entries = [(index, copy) for index, row in enumerate(rows) for copy in self._copies_of(row)]
        self._rare_classes = rare_classes
        self._orders = self._make_orders(batch, method["labelled_batch_fraction"], (*key, member))
        self._last: tuple[float, list[tuple[list[int], Draw]]] = (math.inf, [])
        self._batch_and_key = batch, (*key, member, "end")
        copies = [index for index, (_, copy) in enumerate(self.entries) if copy]
        self._slots = {index: slot for slot, index in enumerate(copies)}
        self._copies = scratch(len(copies), *self.images.shape[1:]), scratch(len(copies), *self.labels.shape[1:])
        self._rendered = np.zeros(len(copies), bool)

    def __len__(self) -> int:
        return len(self.entries)

    def _copies_of(self, row: dict) -> range:
        """Numbers of a pair's copies; 0 is the pair itself."""
        alone = row["origin"] == "pseudo" and not self.method["keep_originals"]
        return range(int(alone), int(row["noise_copies"]) + 1)

    def _join_doubt(self, table: str) -> None:
        def join(index: int) -> None:
            row = self.rows[index]
            doubt = load_masks([row], table, "doubt", 1)[0]
            random = generator(*self.key, "doubt", row["id"])
            pair = apply_doubt(self.images[index], self.labels[index], doubt, self.method["inconsistency"], random)
            self.images[index], self.labels[index] = pair

        with ThreadPoolExecutor(2) as workers:
            for _ in workers.map(join, [index for index, row in enumerate(self.rows) if row["doubt"]]):
                pass

    def _join_soft(self, table: str, task: Task) -> None:
        """Put the probabilities of every pair behind its label."""
        labels = scratch(*self.labels.shape, 1 + task.outputs)

        def join(index: int) -> None:
            row, label_HW = self.rows[index], self.labels[index]
            labels[index, ..., 0] = label_HW
            planes = task.planes_of(np.where(label_HW == UNKNOWN, np.uint8(0), label_HW)) * np.uint8(255)
            if row.get(SOFT[0]):
                verify(row[SOFT[0]], row[SOFT[1]], table)
                said = read_image(row[SOFT[0]], 1).reshape(planes.shape)
                kept = task.labels.index(task.cells["position"]) if task.cells else None  # drawn anew in the label
                planes = np.stack([planes[at] if at == kept else said[at] for at in range(task.outputs)])
            labels[index, ..., 1:] = planes.transpose(1, 2, 0)

        with ThreadPoolExecutor(2) as workers:
            for _ in workers.map(join, range(len(self.rows))):
                pass
        self.labels = labels

    @property
    def targets(self) -> np.ndarray:
        """The labels alone, (N, H, W)."""
        return self.labels if self.labels.ndim == 3 else self.labels[..., 0]

    def end_on_labels(self, first: int) -> None:
        """From step `first` on draw of the pairs that annotators labelled alone, where there are any."""
        if 0 < len(self._of_people()) < len(self.entries):
            self._last = first, self._drawn(self._of_people(), *self._batch_and_key)

    def _of_people(self) -> list[int]:
        return [i for i, (row, _) in enumerate(self.entries) if self.rows[row]["origin"] != "pseudo"]

    def _make_orders(self, batch: int, share: float | None, key: tuple) -> list[tuple[list[int], Draw]]:
        pseudo = [i for i, (row, _) in enumerate(self.entries) if self.rows[row]["origin"] == "pseudo"]
        people = self._of_people()
        if share is None or not pseudo or not people:
            return self._drawn(list(range(len(self.entries))), batch, (*key, "pairs"))
        first = min(batch - 1, count_of(share, batch)) if batch > 1 else 1
        return self._drawn(people, first, (*key, "people")) + self._drawn(pseudo, batch - first, (*key, "pseudo"))

    def _drawn(self, members: list[int], batch: int, key: tuple) -> list[tuple[list[int], Draw]]:
        """What draws `batch` of these entries on every step."""
        drawn: list[tuple[list[int], Draw]] = []
        if self._rare_classes is not None and batch:
            labels = (self.targets[self.entries[index][0]] for index in members)
            if rare := self._rare_classes.order(labels, batch, key):
                drawn, batch = [(members, rare)], batch - rare.batch
        return [*drawn, (members, Order(len(members), batch, key))] if batch else drawn

    def entry(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image (H, W, C) and target of one entry; copies are rendered the first time they are asked for."""
        row, copy = self.entries[index]
        if copy == 0:
            return self.images[row], self.labels[row]
        images, labels = self._copies
        slot = self._slots[index]
        if not self._rendered[slot]:
            random = generator(*self.key, "copy", self.rows[row]["id"], copy)
            part = self.method["noise_ramp"] if self.rows[row]["origin"] == "pseudo" else 1.0
            strength = part_of(self.method["noise"], part) if part != 1 else self.method["noise"]
            pair = noise_copy(self.images[row], self.labels[row], strength, self.rotation_invariant, random)
            images[slot], labels[slot] = pair
            self._rendered[slot] = True
        return images[slot], labels[slot]

    def chosen(self, step: int) -> list[int]:
        """Indices into `entries` of step t's batch."""
        return [members[i] for members, order in self._at(step) for i in order(step)]

    def wanted(self, step: int) -> list[int]:
        """The class for which each of them was drawn, -1 where it was for none."""
        return [number for _, draw in self._at(step) for number in draw.wanted(step)]

    def _at(self, step: int) -> list[tuple[list[int], Draw]]:
        first, last = self._last
        return last if step >= first else self._orders

    def names(self, chosen: Sequence[int]) -> list[str]:
        """Ids of the images of these entries."""
        return [self.rows[self.entries[index][0]]["id"] for index in chosen]

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Step t's images (B, H, W, C), targets and names."""
        chosen = self.chosen(step)
        images, labels = zip(*(self.entry(index) for index in chosen), strict=True)
        return np.stack(images), np.stack(labels), self.names(chosen)


class Resident:
    """All entries of `pairs` as bytes on the device, where it has the room: a step copies nothing to it but indices."""

    def __init__(self, pairs: Pairs, device: str):
        images, labels = (np.stack(parts) for parts in zip(*map(pairs.entry, range(len(pairs))), strict=True))
        self.pairs, self.device = pairs, device
        self.images, self.labels = torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device)

    @staticmethod
    def fits(pairs: Pairs, device: str) -> bool:
        """Whether a card has four times as much free memory as the entries take."""
        if device != "cuda":
            return False
        entry = pairs.images[0].nbytes + pairs.labels[0].nbytes
        return 4 * len(pairs) * entry < torch.cuda.mem_get_info()[0]

    def batch(self, step: int) -> tuple[Tensor, Tensor, list[str]]:
        """Step t's images (B, H, W, C) and targets as bytes on the device, and names."""
        chosen = self.pairs.chosen(step)
        index = torch.tensor(chosen).to(self.device, non_blocking=True)
        return self.images[index], self.labels[index], self.pairs.names(chosen)
