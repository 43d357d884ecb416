"""A method: how generations learn, label and select. Schedules are flattened by `at(generation)`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from dissent.config.automatic import Auto, Generations
from dissent.config.base import Model
from dissent.config.learners import Fraction, Learn, Supervised
from dissent.config.quality import Quality
from dissent.config.schedule import PerGeneration, flat, scheduled

Augmentation = Literal["none", "weak", "strong", "cutout"]


class Noise(Model):
    """Strength of a noise copy (section 4, AUG): a static, photometrically disturbed and flipped copy of a pair."""

    alpha: PerGeneration[Fraction] = 0.5
    """contrast factor is drawn from 1 - alpha to 1 + alpha"""
    beta: PerGeneration[Annotated[float, Field(ge=0, le=255)]] = 25.0
    """brightness offset is drawn from -beta to beta grey levels"""
    blur: PerGeneration[Annotated[int, Field(ge=0, le=3)]] = 3
    """largest blur level: 0 none, 1, 2, 3 = Gaussian of 3, 5, 7 pixels"""
    noise: PerGeneration[Annotated[int, Field(ge=0, le=255)]] = 25
    """noise per pixel and channel is drawn from -noise to noise - 1 grey levels"""


class Inconsistency(Model):
    """What a student sees where its teachers disagreed. Applied when a pair is loaded; the files stay untouched."""

    input: Literal["block", "keep", "mean", "noise"] = "block"
    """block: the pixel becomes black (published); keep: as it is; mean: the image's mean colour; noise: uniform noise"""
    target: Literal["background", "ignore", "ignore_label", "own_class"] = "background"
    """background: class 0 (published); ignore: no loss there; ignore_label: no loss there for the labels in doubt, the others are learned (labels that overlap, at most 4; other tasks: as ignore); own_class: id 0, which the task keeps for doubt"""
    erode: Annotated[int, Field(ge=0, le=31)] = 0
    """side of the square by which the inconsistency mask is eroded, 0 = not at all"""
    dilate: Annotated[int, Field(ge=0, le=31)] = 0
    """side of the square by which it is dilated after that, 0 = not at all"""


class TestTime(Model):
    """Several views of each image: they vote in place of several teachers (section 5, 6), or each teacher is their mean."""

    mode: Literal["none", "turned", "cumulative", "averaged"] = "none"
    """none: every teacher sees the image itself; turned: flips, quarter turns and noise, drawn anew for each view; cumulative: each view is the disturbed one before it; both ask the best teacher alone, whose views vote; averaged: every teacher gives the mean of its probabilities for the image in all `scales`, and mirrored (ST++)"""
    scales: Annotated[list[Annotated[float, Field(ge=0.25, le=4)]], Field(min_length=1)] = [0.5, 0.75, 1.0, 1.5, 2.0]
    """of `averaged`: factors on the sides of the image"""
    mirrored: bool = True
    """of `averaged`: whether each is seen mirrored too"""
    number: PerGeneration[Annotated[int, Field(ge=2, le=20)]] = 5
    """views of an image; `cumulative` takes one more, as published"""
    noise: Noise = Noise()


class Diversify(Model):
    """How the students of a pool differ, so that they agree less by chance when they teach. Those of the last generation are alike."""

    widths: list[PositiveFloat] = []
    """factors on the network's width (unet1x1), beside `width_factor`: the first student has the first, and so on in turn"""
    augmentations: list[Augmentation] = []
    """`augmentation` of each student, in turn"""


SHARED = ("generations", "students", "augmentation", "labelled_subset", "noise", "width_factor")
"""method keys that, set by an experiment, hold for its controls and every other method beside it (generations: for those that have any; width_factor: for those whose networks grow)"""

ONE_TEACHER = ("turned", "cumulative")
"""modes of `tta` in which the views of the best teacher vote"""

AGREEING = ("agreement", "majority", "unanimous")
"""labels that need two voters"""


class Method(Model):
    """A method (a file of config/methods); an experiment may set any key anew."""

    start: str | None = None
    """the method whose generation 0 is trained first (ldt, aldt, fixmatch ...); none: this method's own"""
    generations: Generations = 0
    """generations after generation 0; `{auto: 10, patience: 2}`: as many of ten as bring a gain on validation"""
    students: PerGeneration[PositiveInt] = 2
    """students trained in a generation"""
    teachers: PerGeneration[PositiveInt | Literal["all"]] = 2
    """the best of the pool that label for the next generation"""
    use_hidden_masks: bool = False
    """true: hidden masks are learned too (needs `upper_bound`)"""
    upper_bound: bool = False
    """the method may read hidden masks, and every table marks it"""
    tta: TestTime = TestTime()
    pseudo_label: Literal["agreement", "majority", "unanimous", "mean", "best", "scored"] = "agreement"
    """how the teachers' predictions become one label; agreement: where all agree, doubt elsewhere; majority: of more than half, doubt at ties; unanimous: where all agree, else background, no doubt; mean: of their mean probabilities, no doubt; best: the first teacher's; scored: the prediction that EvalNets rate best, or the one of the generation before"""
    soft_labels: Literal["none", "mean", "weighted"] = "none"
    """what students learn of a pseudo-label; none: the one label of each pixel; mean: the teachers' mean probabilities, kept with 8 bits; weighted: these, and a pixel counts by how sure they are, from 0 (all classes alike) to 1. For `pseudo_label: mean`; or agreement or majority, where the doubt is ignored"""
    select: Literal["all", "larger", "equal_classes", "eroded", "scored", "stable"] = "all"
    """which labelled images become pairs; larger: agreed foreground > doubt (published for binary tasks; others keep all); equal_classes: all teachers see the same classes; eroded: some foreground outlasts erosion by a square of 5 (binary tasks; others keep all); scored: the estimated quality reaches `quality.high`; stable: the share `reliable_share` on which those who vote agree most (ST++)"""
    reliable_share: PerGeneration[Annotated[float, Field(gt=0, le=1)]] = 0.5
    """of `select: stable`: share of the images that is kept, rounded down; [0.5, 0.5, 1]: half in gen1, all in gen2"""
    keep_labels: bool = False
    """true: an image that was kept in the generation before keeps its label and its doubt"""
    voters: Literal["teachers", "checkpoints"] = "teachers"
    """who votes on an image; checkpoints: the kept ones of the best teacher (`keep_checkpoints`), the last one first, each seeing the image itself; `pseudo_label: best` is the best teacher all the same"""
    inconsistency: Inconsistency = Inconsistency()
    noise_copies: PerGeneration[Annotated[int, Field(ge=0, le=20)]] = 0
    """noise copies of each pseudo-labelled pair, added to it"""
    noise_copies_by: Literal["number", "quality"] = "number"
    """number: `noise_copies` of each; quality: one to five by the estimated quality of its mask (section 5, 11)"""
    keep_originals: bool = True
    """whether a pseudo-labelled pair is learned beside its noise copies; false: the copies alone"""
    labelled_noise_copies: PerGeneration[Annotated[int, Field(ge=0, le=20)]] = 0
    """noise copies of each labelled pair, added to it (ALDT: 9)"""
    noise: Noise = Noise()
    noise_ramp: PerGeneration[Fraction] = 1.0
    """part of `noise` that copies of pseudo-labelled pairs get (ramps: .2 to 1); labelled copies get all of it"""
    width_factor: PerGeneration[PositiveFloat] = 1.0
    """factor on the network's width (unet1x1): students that grow from generation to generation"""
    quality: Quality = Quality()
    augmentation: Augmentation = "none"
    """how pairs are disturbed on every step: none not at all, weak flips and small shifts, strong rotation, scale, shift and colour too; cutout: as weak, with colour, and half of the images lose a box, which is noise and not learned (ST++)"""
    pseudo_augmentation: Augmentation | None = None
    """the same for pseudo-labelled pairs alone; none: as `augmentation` says"""
    labelled_batch_fraction: PerGeneration[Fraction] | None = None
    """share of each batch that is drawn from pairs labelled by annotators; none: as they come"""
    end_on_labels: Fraction = 0.0
    """share of the steps, the last ones, in which students learn from pairs labelled by annotators alone"""
    labelled_subset: PerGeneration[Annotated[float, Field(gt=0, le=1)]] = 1.0
    """share of the labelled pairs that each student sees, drawn anew for each: teachers that differ more doubt more ([0.5, 1]: gen0 alone)"""
    diversify: Diversify = Diversify()
    learn: Learn = Supervised()
    keep_checkpoints: Annotated[int, Field(ge=0, le=10)] = 0
    """how many checkpoints of each training lie in its model file: 3 keeps those at 1/3, 2/3 and the end of its steps"""
    steps_from: Literal["pairs", "all_images", "all_generations"] = "pairs"
    """where the budget is in epochs, whose number gives the steps: the pairs', or all training images' (equal steps). all_generations: as all_images, and then, in epochs or steps, that budget times all generations from gen0 on of the experiment's method, or of the study's method that has most (equal compute)"""

    @property
    def last(self) -> int:
        """Number of the last generation that is planned: of `generations: auto` the most there may be."""
        return self.generations.auto if isinstance(self.generations, Auto) else self.generations

    @property
    def patience(self) -> int | None:
        """Of `generations: auto`: how many generations without a gain end the run; None where all are made."""
        return self.generations.patience if isinstance(self.generations, Auto) else None

    @model_validator(mode="after")
    def _check(self) -> "Method":
        if self.use_hidden_masks and not self.upper_bound:
            raise ValueError("`use_hidden_masks: true` reads hidden masks; say `upper_bound: true` if that is meant")
        if self.rates and self.quality.by == "truth" and not self.upper_bound:
            raise ValueError("`quality.by: truth` reads hidden masks; say `upper_bound: true` if that is meant")
        if self.voters == "checkpoints" and (self.keep_checkpoints < 2 or self.tta.mode in ONE_TEACHER):
            raise ValueError("`voters: checkpoints` needs `keep_checkpoints: 2` or more, and no `tta` whose views vote")
        if self.steps_from == "all_generations" and self.last:
            raise ValueError("`steps_from: all_generations` is for labels alone: leave `generations` out")
        if self.soft_labels != "none" and self.pseudo_label != "mean" and not self._ignores_doubt:
            raise ValueError(
                f"`soft_labels: {self.soft_labels}` is for `pseudo_label: mean`, or for agreement or majority with "
                "`inconsistency.target: ignore` or ignore_label; other settings teach another label than the teachers' mean"
            )
        for name, value in scheduled(self, LISTS):
            if len(value) > self.last + 1:
                raise ValueError(
                    f"`{name}` has {len(value)} values for {self.last + 1} generations (gen0 to gen{self.last})"
                )
        if (self.pseudo_label == "scored") != (self.select == "scored"):
            raise ValueError(
                "`pseudo_label: scored` and `select: scored` go together: predictions are rated before they are chosen"
            )
        for generation in range(self.last):
            self._check_at(generation)
        return self

    def _check_at(self, generation: int) -> None:
        now, then = self.at(generation), self.at(generation + 1)
        if now["teachers"] > now["students"]:
            raise ValueError(
                f"`teachers: {now['teachers']}` of gen{generation} is more than `students: {now['students']}`; in an experiment "
                f"`methods: {{NAME: {{students: {now['teachers']}}}}}` gives one method more than the others have"
            )
        alone = now["teachers"] < 2 and self.tta.mode not in ONE_TEACHER and self.voters == "teachers"
        if alone and (self.pseudo_label in AGREEING or self.select == "stable"):
            key = "pseudo_label: " + self.pseudo_label if self.pseudo_label in AGREEING else "select: stable"
            raise ValueError(f"`{key}` needs at least 2 teachers, `tta` whose views vote, or `voters: checkpoints`")
        if not self.keep_originals and not then["noise_copies"]:
            raise ValueError("`keep_originals: false` leaves no pairs where `noise_copies` is 0")

    @property
    def _ignores_doubt(self) -> bool:
        return self.pseudo_label in ("agreement", "majority") and self.inconsistency.target.startswith("ignore")

    @property
    def teaches_background(self) -> bool:
        """Whether students learn the label that means nothing in particular wherever teachers disagree."""
        doubts = self.pseudo_label in ("agreement", "majority") and self.inconsistency.target == "background"
        return bool(self.last) and (doubts or self.pseudo_label == "unanimous")

    @property
    def rates(self) -> str:
        """What is rated before pairs are assembled: "predictions", "masks" (with their doubt blocked), or nothing ("")."""
        if self.pseudo_label == "scored":
            return "predictions"
        return "masks" if self.noise_copies_by == "quality" else ""

    def at(self, generation: int) -> dict:
        """This method in one generation: a plain dict in which every schedule is one value."""
        found = flat(self, generation, LISTS)
        if found["teachers"] == "all":
            found["teachers"] = found["students"]
        if self.noise_copies_by == "quality":
            found["noise_copies"] = MOST_COPIES
        return found


MOST_COPIES = 5
"""copies of the pairs that are rated best (section 5, 11)"""

LISTS = frozenset({"of", "widths", "augmentations", "operations", "scales"})
"""keys that are lists by nature, and not one value a generation"""
