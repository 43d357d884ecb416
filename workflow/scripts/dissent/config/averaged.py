"""Options of learners that keep an averaged teacher, and use more than its hard labels."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from dissent.config.unlabelled import Fraction, Share, Unlabelled

Operation = Literal[
    "identity",
    "autocontrast",
    "equalize",
    "invert",
    "blur",
    "contrast",
    "brightness",
    "colour",
    "sharpness",
    "posterize",
    "solarize",
    "hue",
]
COLOURFUL: tuple[Operation, ...] = ("colour", "hue")
"""operations that leave a grey image as it is"""


class Taught(Unlabelled):
    """What learners ask whose teacher is the average of the student's weights."""

    ema: Share = 0.99
    """decay of the average of the weights, which is kept; for trainings of many thousand steps .996"""


class IMAS(Taught):
    """Images on which student and teacher agree are disturbed more, and count more (iMAS, Zhao et al. 2023)."""

    passes: ClassVar[float] = 8 / 3
    name: Literal["imas"]
    weight: Annotated[float, Field(ge=0)] = 3.0
    """weight of the unlabelled loss"""
    threshold: Fraction = 0.7
    """a pixel of the weak view counts where the teacher is at least this sure; published .95 for Pascal VOC"""
    hardness: Literal["v1", "v2"] = "v1"
    """how agreement (IoU) and sureness (share of sure pixels) of the two become one number; v1: mean of their products (published), v2: mean of the IoU, weighted by sureness"""
    background: bool = False
    """whether the background counts in the agreement"""
    operations: Annotated[list[Operation], Field(min_length=1)] = [
        *("identity", "autocontrast", "equalize", "invert", "blur", "contrast"),
        *("brightness", "colour", "sharpness", "posterize", "solarize", "hue"),
    ]
    """two of these, drawn with replacement, make a weak view strong; on stained or dermoscopic images leave out invert, solarize and hue; grey images do without colour and hue"""


class PSMT(Taught):
    """Two averaged teachers take turns; adversarial noise disturbs the student's features (PS-MT, Liu et al. 2022)."""

    passes: ClassVar[float] = 13 / 3
    name: Literal["ps_mt"]
    weight: Annotated[float, Field(ge=0)] = 1.5
    """weight of the unlabelled loss; published 1.5 and .6 for Pascal VOC, 3 for Cityscapes"""
    warmup: Fraction = 0.1
    """share of the steps over which that weight rises from 0, as a cosine"""
    pairs_first: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """share of the steps that learn pairs alone, the second teacher by itself"""
    threshold: Fraction = 0.75
    """a pixel counts, by its confidence, where the teachers' mean is at least this sure; published .6, for 19 classes and more"""
    cutmix: Fraction = 1.0
    """probability that a box of another image is pasted into a strong view"""
    noise: Annotated[float, Field(ge=0)] = 0.1
    """length of the noise, as share of the length of the coarsest features"""
    assist: PositiveInt = 7
    """likeliest classes of a pixel that the resting teacher tells; the others are the leading one's, and with fewer classes none is"""
    as_released: bool = False
    """true: noise as the released code has it, of length 2 by a probe of 1e-6; it all but vanishes"""


class U2PL(Taught):
    """Sure pixels are learned; unsure ones show, by contrast, which classes they are not (U2PL, Wang et al. 2022)."""

    passes: ClassVar[float] = 2.0
    name: Literal["u2pl"]
    warmup: Fraction = 0.1
    """share of the steps over which `weight` and `contrast` rise from near 0, as exp(-5 (1 - t)^2)"""
    pairs_first: Share = 0.1
    """share of the steps that learn pairs alone"""
    unreliable: Share = 0.2
    """share of pixels, those of the highest entropy, that are not learned; it falls to 0 over the training"""
    cutmix: Fraction = 0.5
    """probability that a box of another image is pasted into an image"""
    contrast: Annotated[float, Field(ge=0)] = 0.1
    """weight of the contrastive loss"""
    dimensions: PositiveInt = 64
    """numbers that represent a pixel; published 256"""
    low_rank: PositiveInt | None = None
    """likeliest classes that a pixel may well be, so that it is no negative of them; default: 3 (published), and with four classes 2, with two or three 1: else nothing is left"""
    high_rank: PositiveInt = 20
    """rank from which a class is too unlikely for a negative to teach"""
    anchor_probability: Fraction = 0.3
    """a pixel learns by contrast where the teacher gives its label more than this"""
    temperature: PositiveFloat = 0.5
    """divides the cosine similarities"""
    anchors: PositiveInt = 64
    """pixels of a class that learn by contrast in a step, drawn with replacement; published 256"""
    negatives: PositiveInt = 32
    """negatives of each of them, drawn from the queue of the class; published 50"""
    queue: PositiveInt = 4096
    """negatives that are kept of each class; published 30000"""
    as_released: bool = False
    """true: only pixels labelled with a class can be its negatives, which the released code asks by mistake; labelled images then give none"""
