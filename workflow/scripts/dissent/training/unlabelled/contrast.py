"""Contrast of pixels in the space of representations: anchors of a class, its mean, and negatives from a queue a class (U2PL)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Queues(nn.Module):
    """The last `length` vectors of each of `number` classes, first in, first out. They are buffers, so they are saved and resumed.

    Of more vectors at once than there is room for, random ones are kept: the last ones are the lower edge of the last image.
    """

    keys: Tensor
    place: Tensor
    filled: Tensor

    def __init__(self, number: int, length: int, dimensions: int):
        super().__init__()
        self.register_buffer("keys", torch.zeros(number, length, dimensions))
        self.register_buffer("place", torch.zeros(number, dtype=torch.long))
        self.register_buffer("filled", torch.zeros(number, dtype=torch.long))

    def push(self, number: int, vectors_ND: Tensor) -> None:
        """Put vectors behind those that are there; the oldest make room."""
        length = self.keys.shape[1]
        vectors = vectors_ND.detach()
        if len(vectors) > length:
            vectors = vectors[torch.randperm(len(vectors))[:length].to(vectors.device)]
        where = (self.place[number] + torch.arange(len(vectors), device=vectors.device)) % length
        self.keys[number, where] = vectors.to(self.keys.dtype)
        self.place[number] = (self.place[number] + len(vectors)) % length
        self.filled[number] = (self.filled[number] + len(vectors)).clamp(max=length)

    def draw(self, number: int, *shape: int) -> Tensor | None:
        """Vectors (*shape, dimensions), drawn with replacement; None where there are none yet."""
        filled = int(self.filled[number])
        if not filled:
            return None
        found: Tensor = self.keys[number][torch.randint(filled, shape).to(self.keys.device)]
        return found

    def share(self) -> Tensor:
        """How full they are, 0 to 1."""
        return self.filled.float().mean() / self.keys.shape[1]


def representation(channels: int, dimensions: int) -> nn.Sequential:
    """U2PL's head on the decoder's map: two 3x3 convolutions with BatchNorm, ReLU and dropout, and a 1x1 one."""
    layers: list[nn.Module] = []
    for inputs in (channels, dimensions):
        layers += [
            nn.Conv2d(inputs, dimensions, 3, padding=1),
            nn.BatchNorm2d(dimensions),
            nn.ReLU(inplace=True),
            nn.Dropout2d(0.1),
        ]
    return nn.Sequential(*layers, nn.Conv2d(dimensions, dimensions, 1))


def info_nce(anchors_AD: Tensor, positive_D: Tensor, negatives_AMD: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the positive among it and the negatives of each anchor, by cosine similarity / temperature."""
    anchors = F.normalize(anchors_AD, dim=1)
    near = (anchors * F.normalize(positive_D, dim=0)).sum(1)  # and no product of matrices, which autocast would round
    far = (anchors[:, None] * F.normalize(negatives_AMD, dim=2)).sum(2)
    logits = torch.cat([near[:, None], far], 1) / temperature
    return (logits.logsumexp(1) - logits[:, 0]).mean()


def contrast(
    student_PD: Tensor,
    teacher_PD: Tensor,
    anchors_NP: Tensor,
    own_NP: Tensor,
    queues: Queues,
    first: int,
    options: dict,
) -> Tensor:
    """The mean loss of N classes that exclude each other, whose queues are `first` and those behind it.

    P pixels have a representation of the student and one of the teacher. Of each class, `own` are those whose mean by the teacher is
    the positive, and `anchors` those that learn. Fewer than two classes with pixels of their own teach nothing.
    """
    present: Sequence[int] = own_NP.any(1).nonzero()[:, 0].tolist()
    total = 0.0 * student_PD.sum()
    if len(present) < 2:
        return total
    for number in present:
        chosen = anchors_NP[number].nonzero()[:, 0]
        negatives = queues.draw(first + number, options["anchors"], options["negatives"]) if len(chosen) else None
        if negatives is None:
            continue
        drawn = chosen[torch.randint(len(chosen), (options["anchors"],)).to(chosen.device)]
        positive = teacher_PD[own_NP[number]].mean(0)
        total = total + info_nce(student_PD[drawn], positive, negatives, options["temperature"])
    return total / len(present)
