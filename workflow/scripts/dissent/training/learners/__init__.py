"""Learners: how a network learns, by the name in a method's `learn.name`."""

from dissent.training.learners.base import Learner
from dissent.training.learners.consistency import Consistency
from dissent.training.learners.fixmatch import FixMatch
from dissent.training.learners.supervised import Supervised

LEARNERS: dict[str, type[Learner]] = {"supervised": Supervised, "consistency": Consistency, "fixmatch": FixMatch}
