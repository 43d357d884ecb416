"""Learners: how a network learns, by the name in a method's `learn.name`."""

from dissent.training.learners.base import Course, Learner
from dissent.training.learners.consistency import Consistency
from dissent.training.learners.cps import CrossPseudoSupervision
from dissent.training.learners.crossmatch import CrossMatch
from dissent.training.learners.fixmatch import FixMatch
from dissent.training.learners.fpl import FuzzyPositive
from dissent.training.learners.im_step import ImStep
from dissent.training.learners.imas import IMAS
from dissent.training.learners.mean_teacher import MeanTeacher
from dissent.training.learners.ps_mt import PSMT
from dissent.training.learners.segkc import SegKCStyle
from dissent.training.learners.supervised import Supervised
from dissent.training.learners.u2pl import U2PL
from dissent.training.learners.unimatch import UniMatch
from dissent.training.learners.unimatch_v2 import UniMatchV2

__all__ = ["LEARNERS", "Course", "Learner"]

LEARNERS: dict[str, type[Learner]] = {
    "supervised": Supervised,
    "consistency": Consistency,
    "fixmatch": FixMatch,
    "mean_teacher": MeanTeacher,
    "unimatch": UniMatch,
    "cps": CrossPseudoSupervision,
    "im_step": ImStep,
    "fpl": FuzzyPositive,
    "unimatch_v2": UniMatchV2,
    "imas": IMAS,
    "ps_mt": PSMT,
    "u2pl": U2PL,
    "crossmatch": CrossMatch,
    "segkc": SegKCStyle,
}
