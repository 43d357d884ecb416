"""Learners: how a network learns, by the name in a recipe's `learn.name`."""

from dissent.learn.base import Learner
from dissent.learn.consistency import Consistency
from dissent.learn.fixmatch import FixMatch
from dissent.learn.supervised import Supervised

LEARNERS: dict[str, type[Learner]] = {"supervised": Supervised, "consistency": Consistency, "fixmatch": FixMatch}
