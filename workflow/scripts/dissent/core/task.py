"""What a mask means in arithmetic: the one place that asks for the kind of task. Needs no torch to be imported.

Shape suffixes: B images of a batch, C channels of logits (1 binary, classes multiclass, labels multilabel), H rows,
W columns, L labels, K teachers. Masks are one byte a pixel: 0/1, a class id, or one bit a label; 255 = nobody knows.
The torch half works on the tensors that it is given, so that numpy users (masks, audit) never import torch.
"""

from typing import Any

import numpy as np

from dissent.core.files import MOST_BY_LABEL, UNKNOWN

_PIECE = 2**22  # pixels that are counted at a time
Tensor = Any  # torch.Tensor, not imported here


def without_doubted(label_HW: np.ndarray, doubt_HW: np.ndarray) -> np.ndarray:
    """Target bytes of at most 4 labels that overlap in which those that `doubt_HW` has a bit of are unknown, and no others."""
    return label_HW | (doubt_HW << np.uint8(MOST_BY_LABEL))


def taught(rule: dict) -> int:
    """The byte that a student learns at a pixel in doubt. `background`: the id that means nothing in particular (none: 0).

    own_class is that id as well: the task keeps it free of real classes.
    """
    return UNKNOWN if rule["target"] == "ignore" else rule.get("background", 0)


class Task:
    """A task kind's rules, built from `config.task.TaskSettings` as a plain dict."""

    def __init__(self, spec: dict):
        self.kind: str = spec["kind"]
        self.labels: list[str] = list(spec["labels"])
        self.score: str = spec["score"]
        self.exclusive = self.kind == "multiclass"
        self.bits = self.kind == "multilabel"
        self.by_label = self.bits and len(self.labels) <= MOST_BY_LABEL
        self.one_foreground = self.kind == "binary"
        self.doubt_class = bool(spec["doubt_class"])
        self.background: int | None = self._background(spec)
        self.mse_targets: list[float] | None = spec["mse_targets"]
        self.cells: dict | None = spec["cells"]
        self.outputs = len(self.labels)
        self.spec = spec

    def _background(self, spec: dict) -> int | None:
        """The id that stands for nothing in particular; None where every id is a class of its own."""
        if not self.exclusive:
            return 0
        name = spec["background"]
        return None if name is None else self.labels.index(name)

    def shows(self, pixels_NL: np.ndarray) -> np.ndarray:
        """Pixels of each label in each image -> (N,) bool: whether any label but the background occurs."""
        index = [i for i in range(self.outputs) if not self.exclusive or i != self.background]
        return np.asarray((pixels_NL[:, index] > 0).any(1))

    # numpy -----------------------------------------------------------------------------------------------------------

    def unpack(self, mask_HW: np.ndarray) -> np.ndarray:
        """One byte a pixel -> what `consensus` takes: ids (H, W), or 0/1 planes (L, H, W) for multilabel; no 255 inside."""
        if not self.bits:
            return mask_HW
        shifts = np.arange(self.outputs, dtype=np.uint8)[:, None, None]
        return (mask_HW[None] >> shifts) & np.uint8(1)

    def pack(self, label: np.ndarray) -> np.ndarray:
        """The inverse of `unpack`."""
        if not self.bits:
            return label
        result = np.zeros(label.shape[1:], np.uint8)
        for bit in range(self.outputs):
            result |= (label[bit] != 0).astype(np.uint8) << np.uint8(bit)
        return result

    def planes_of(self, mask_HW: np.ndarray) -> np.ndarray:
        """Mask bytes (no 255) -> bool planes (outputs, H, W): the foreground, each class, or each label."""
        if self.exclusive:
            return mask_HW[None] == np.arange(self.outputs, dtype=np.uint8)[:, None, None]
        return (self.unpack(mask_HW) != 0).reshape(self.outputs, *mask_HW.shape)

    def disagreement(self, predictions: np.ndarray, inconsistent_HW: np.ndarray) -> np.ndarray:
        """The byte of masks/inconsistency: non-zero where `inconsistent`; multilabel: the bits of the labels in doubt.

        Where morphology grew the doubt over pixels on which all agree, all labels count as doubted.
        """
        if not self.bits:
            return inconsistent_HW
        bits = self.pack((predictions != predictions[:1]).any(0).astype(np.uint8))
        grown = np.where(bits == 0, np.uint8(2**self.outputs - 1), bits)
        return np.where(inconsistent_HW != 0, grown, np.uint8(0))

    def pixels(self, mask_HW: np.ndarray) -> list[int]:
        """Pixels of each name of `histogram_names`, 255 counted nowhere."""
        if self.bits:
            known = mask_HW[mask_HW != UNKNOWN]
            return [int(((known >> bit) & 1).sum()) for bit in range(self.outputs)]
        flat, counts = mask_HW.ravel(), np.zeros(256, np.int64)
        for first in range(0, flat.size, _PIECE):  # numpy takes eight bytes for each byte that it counts
            counts += np.bincount(flat[first : first + _PIECE], minlength=256)
        return counts[: len(self.histogram_names)].tolist()

    @property
    def histogram_names(self) -> list[str]:
        """Names that `pixels` counts: the labels, with the background first in a binary task."""
        return self.labels if self.exclusive or self.bits else ["background", *self.labels]

    @property
    def foreground_names(self) -> list[str]:
        """Those of `histogram_names` that are something: all but the background, where there is one."""
        if self.bits or self.background is None:
            return self.labels
        return [name for number, name in enumerate(self.histogram_names) if number != self.background]

    # torch -----------------------------------------------------------------------------------------------------------

    def probabilities(self, logits_BCHW: Tensor) -> Tensor:
        """Softmax for classes that exclude each other, sigmoid otherwise; always in fp32."""
        logits = logits_BCHW.float()
        return logits.softmax(1) if self.exclusive else logits.sigmoid()

    def decide(self, probabilities_BCHW: Tensor) -> Tensor:
        """Discretise (section 5.1): binary p > .5, multiclass argmax, multilabel p >= .5 -> (B, H, W) uint8 bytes."""
        if self.exclusive:
            return probabilities_BCHW.argmax(1).byte()
        if not self.bits:
            return (probabilities_BCHW[:, 0] > 0.5).byte()
        result = (probabilities_BCHW[:, 0] >= 0.5).byte()
        for bit in range(1, self.outputs):
            result |= (probabilities_BCHW[:, bit] >= 0.5).byte() << bit
        return result

    def distributions(self, values_BCHW: Tensor) -> Tensor:
        """Probabilities, or planes of 0 and 1 -> (B, G, N, H, W): G times N classes of which one is right.

        One group of all classes where they exclude each other; else a group of two for each label: it is not there, it is.
        """
        if self.exclusive:
            return values_BCHW[:, None]
        there = values_BCHW[:, :, None]
        pair = there.repeat(1, 1, 2, 1, 1)
        pair[:, :, 0] = 1 - pair[:, :, 0]
        return pair

    def confidence(self, probabilities_BCHW: Tensor) -> Tensor:
        """How sure: (B, 1, H, W) of the winning class, or (B, C, H, W) of each label's side, .5 to 1."""
        if self.exclusive:
            return probabilities_BCHW.amax(1, keepdim=True)
        return probabilities_BCHW.maximum(1 - probabilities_BCHW)

    def planes(self, target_BHW: Tensor) -> tuple[Tensor, Tensor]:
        """Target bytes -> ((B, C, H, W) float of 0/1, (B, 1 or C, H, W) float: 1 where the pixel (of that label) is known)."""
        known_BHW = target_BHW != UNKNOWN
        ids = target_BHW * known_BHW
        if self.exclusive:
            planes = ids.new_zeros((ids.shape[0], self.outputs, *ids.shape[1:])).scatter_(1, ids[:, None].long(), 1)
        elif self.bits:
            planes = (ids[:, None] >> ids.new_tensor(range(self.outputs))[None, :, None, None]) & 1
        else:
            planes = ids[:, None]
        known_BCHW = known_BHW[:, None]
        if self.by_label:
            unknown = ids.new_tensor(range(MOST_BY_LABEL, MOST_BY_LABEL + self.outputs))
            known_BCHW = (target_BHW[:, None] >> unknown[None, :, None, None]) & 1 == 0
        return planes.float(), known_BCHW.float()

    def sureness(self, probabilities_BCHW: Tensor) -> Tensor:
        """How far probabilities are from saying nothing, 0 to 1: (B, 1, H, W), or of each label (B, C, H, W)."""
        if self.exclusive:
            none = 1 / self.outputs
            return ((probabilities_BCHW.amax(1, keepdim=True) - none) / (1 - none)).clamp(0, 1)
        return (2 * probabilities_BCHW - 1).abs()

    def cross_entropy(self, logits_BCHW: Tensor, planes_BCHW: Tensor) -> Tensor:
        """Cross-entropy a pixel: (B, 1, H, W) softmax, or (B, C, H, W) sigmoid."""
        logits = logits_BCHW.float()
        if self.exclusive:
            return -(logits.log_softmax(1) * planes_BCHW).sum(1, keepdim=True)
        return logits.clamp(min=0) - logits * planes_BCHW + (-logits.abs()).exp().log1p()
