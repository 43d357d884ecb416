"""The "1x1 U-Net" of the Inconsistency Masks papers (method notes, section 2.1), at any width and image size."""

from collections.abc import Iterable

from torch import Tensor, nn

from dissent.networks.blocks import block, exactly, he_normal, resize


class Unet1x1(nn.Module):
    """The papers' small U-Net: 3x3 and 1x1 convolutions in turn, with added skips.

    Each convolution has a ReLU, and a BatchNorm ends a block.

    Images `(B, channels, H, W)` of 0..255 give logits `(B, outputs, H, W)` in float32. The head is float32 under
    autocast too. The published sizes are multiples of 16; at others the last row or column of a coarse grid is partly
    outside.
    """

    same_channels = False

    def __init__(self, width: float, outputs: int, channels: int, norm_momentum: float = 0.01):
        super().__init__()

        def f(count: int) -> int:
            return int(count * width)

        assert f(16) >= 1, width  # told by config.network
        self.stem = block(channels, (1, f(16)))
        self.down = nn.ModuleList(
            block(f(inputs), (3, f(n)), (1, f(n))) for inputs, n in ((16, 16), (16, 32), (32, 64), (64, 128))
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.bottleneck = block(f(128), (3, f(256)), (1, f(128)))
        self.up = nn.ModuleList(
            nn.Sequential(block(f(a), (1, f(a))), block(f(a), (3, f(a)), (1, f(b))))
            for a, b in ((128, 64), (64, 32), (32, 16), (16, 16))
        )
        self.width, self.fused_channels, self.deepest_channels = width, f(16), f(128)
        self.head = nn.Conv2d(f(16), outputs, 1)
        he_normal(self, norm_momentum)

    def encode(self, x_BCHW: Tensor) -> list[Tensor]:
        """Features from fine to coarse: four skips at `1, 1/2, 1/4, 1/8` of the image's side, and the bottleneck at 1/16."""
        features = []
        x = self.stem(x_BCHW / 255)
        for part in self.down:
            features.append(part(x))
            x = self.pool(features[-1])
        return [*features, self.bottleneck(x)]

    def fuse(self, features: list[Tensor]) -> Tensor:
        """The decoder's map before the head, `(B, fused_channels, H, W)`, from features as `encode` returns them."""
        *skips, x = features
        for part, skip in zip(self.up, reversed(skips), strict=True):
            x = part(double_and_add(x, skip))
        return x

    def classify(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Logits `(B, outputs, *size)` of a map of `fuse`."""
        with exactly(x):
            return resize(self.head(x.to(self.head.weight.dtype)), size)

    def decode(self, features: list[Tensor]) -> Tensor:
        """Logits `(B, outputs, H, W)` from what `encode` returns, or from features of the same shapes."""
        x = self.fuse(features)
        return self.classify(x, (x.shape[-2], x.shape[-1]))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`encode` and `decode` in a row."""
        return self.decode(self.encode(x_BCHW))

    def encoder_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters that `encode` uses."""
        return (p for part in (self.stem, self.down, self.bottleneck) for p in part.parameters())

    def decoder_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters that `decode` uses."""
        return (p for part in (self.up, self.head) for p in part.parameters())


def build(network: dict, outputs: int, channels: int) -> Unet1x1:
    """A new network from a network file's settings."""
    return Unet1x1(network["width"], outputs, channels, network["norm_momentum"])


def double_and_add(x: Tensor, skip: Tensor) -> Tensor:
    """Nearest upsampling by two, cut to the skip's size, plus the skip."""
    x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
    return x[..., : skip.shape[-2], : skip.shape[-1]] + skip
