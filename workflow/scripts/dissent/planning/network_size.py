"""What a network takes of one image, reckoned from its file: operations, memory, weights. No torch."""

from dataclasses import dataclass

from dissent.config import encoders
from dissent.config.architectures import output_stride
from dissent.config.network import Network

PIXELS = 256 * 256  # the size for which the numbers of networks hold; all but weights grow with the pixels


@dataclass(frozen=True)
class Size:
    """GFLOP of a training step and MB of memory for one image, millions of weights."""

    gflop: float
    mb: float
    weights: float


# Of segmentation_models_pytorch's networks, encoder and decoder are counted without numbers, as config/encoders.csv is
# (tests/planning/test_resources.py counts again): a step is three forward passes, and takes half as much memory again as
# the backward pass needs of the forward one, by the peaks of real steps of ResNets.
_PASSES, _PEAK = 3, 1.5
# what finer last features make of an encoder, of ResNets, EfficientNets and MiTs the most
_FINER = {32: (1.0, 1.0), 16: (1.9, 1.3), 8: (8.5, 4.7)}
# decoders by their outputs beside a ResNet-18 and a ResNet-50, of a DPT beside a ViT-Tiny and a ViT-Small; one beside
# others lies on the line through them, by the channels of the encoder's features
_DECODERS = {
    "unet": (Size(6.1, 54.8, 3.15), Size(10.6, 61.9, 9.01)),
    "unetplusplus": (Size(27.2, 177, 4.79), Size(104, 288, 25.5)),
    "manet": (Size(7.1, 66.5, 10.5), Size(26.5, 88.2, 124)),
    "linknet": (Size(0.5, 50.4, 0.49), Size(3.87, 82.1, 7.67)),
    "fpn": (Size(4.14, 18.7, 1.87), Size(4.9, 24.6, 2.61)),
    "pspnet": (Size(0.3, 7.4, 0.16), Size(1.11, 10.6, 0.8)),
    "pan": (Size(0.28, 4.5, 0.19), Size(1.11, 11.9, 0.75)),
    "deeplabv3": (Size(9.4, 22, 4.72), Size(31.9, 28.3, 16.1)),
    "deeplabv3plus": (Size(1.17, 28.3, 1.15), Size(2.07, 37.8, 3.17)),
    "upernet": (Size(26.4, 57.4, 8.32), Size(27.6, 69.9, 13.8)),
    "segformer": (Size(3.48, 35.5, 0.59), Size(4.23, 41.4, 1.33)),
    "dpt": (Size(59.2, 161, 28.9), Size(59.5, 162, 29.4)),
}
_BESIDE = {False: (1024, 3904), True: (768, 1536)}  # channels of the two encoders; of ViTs
_NEW = Size(300, 500, 130)  # of an architecture that was added and not measured: a large one


def is_measured(network: Network) -> bool:
    """Whether `size_of` knows this network; of one that was added since it says what a large one takes."""
    return network.architecture in ("unet1x1", "evalnet", *_DECODERS)


def size_of(network: Network) -> Size:
    """What one image of 256x256 takes in this network."""
    if network.architecture == "unet1x1":
        return Size(7.5 * network.width**2, 125 * network.width, 0.7 * network.width**2)
    if network.architecture == "evalnet":
        return Size(3.07 * network.width**2, 90 * network.width, 0.49 * network.width**2)
    if not is_measured(network):
        return _NEW
    encoder = encoders.find(network.encoder)
    stride = 32 if encoder.patches else output_stride(network.architecture, network.options)
    slower, larger = _FINER[stride]
    less, more = _BESIDE[encoder.patches]
    place = max(0, (sum(encoder.channels[0 if encoder.patches else 1 :]) - less) / (more - less))
    small, large = _DECODERS[network.architecture]
    decoder = [low + place * (high - low) for low, high in zip(vars(small).values(), vars(large).values(), strict=True)]
    grid = (16 / encoder.multiple) ** 2 if encoder.patches else 1  # smaller patches, more of them
    aside = _aside(network, encoder, stride)
    return Size(
        gflop=_PASSES * (encoder.gflop * slower + decoder[0] * grid + aside.gflop),
        mb=_PEAK * (encoder.mb * larger + decoder[1] * grid + aside.mb),
        weights=encoder.weights + decoder[2] + aside.weights,
    )


def _aside(network: Network, encoder: encoders.Encoder, stride: int) -> Size:
    """What an auxiliary head takes: a 3x3 convolution of the second-coarsest features, kept thrice on its way."""
    head = network.options.aux_head
    if head is None:
        return Size(0, 0, 0)
    side = 256 / encoder.multiple if encoder.patches else 256 / min(16, stride)
    weights = 9 * encoder.channels[-2] * head.channels / 1e6
    return Size(2 * weights * side**2 / 1e3, (encoder.channels[-2] + 3 * head.channels) * side**2 * 4 / 1e6, weights)
