"""BMP files with a palette: their numbers and colours. Pillow takes some of them for 1-bit images, which they are not."""

import numpy as np

HEAD = 14 + 124 + 4 * 256
"""bytes that hold the headers and the palette of every such file"""


class Palette:
    """What the head of a BMP with 1, 4 or 8 bits a pixel says: size, bits, its colours, and where its lines are."""

    def __init__(self, head: bytes):
        """ValueError when it is compressed, or its palette is longer than its numbers reach."""
        at = 14 + _number(head, 14, 4)
        if at == 26:  # OS/2
            self.width, height, self.bits = (_number(head, place, 2) for place in (18, 20, 24))
            given, entry, compression = 0, 3, 0
        else:
            self.width, height = _number(head, 18, 4), _number(head, 22, 4, signed=True)
            self.bits, compression, given = _number(head, 28, 2), _number(head, 30, 4), _number(head, 46, 4)
            entry = 4
        self.height, self.upwards = abs(height), height > 0
        count = given or 1 << self.bits
        if compression:
            raise ValueError("is a BMP with compressed lines; save it as PNG")
        if count > 1 << self.bits or len(head) < at + entry * count:
            raise ValueError(f"is a BMP with a palette of {count} colours, which its {self.bits} bits cannot hold")
        blue_green_red = np.frombuffer(head[at : at + entry * count], np.uint8).reshape(count, entry)[:, :3]
        self.colours = [tuple(map(int, colour)) for colour in blue_green_red[:, ::-1]]
        self.offset = _number(head, 10, 4) or at + entry * count

    @property
    def mode(self) -> str:
        """Pillow's word for what the numbers are: 1 (black and white), L (greys that are the numbers), or P."""
        if self.bits == 1 and self.colours == [(0,) * 3, (255,) * 3]:
            return "1"
        return "L" if all(colour == (number,) * 3 for number, colour in enumerate(self.colours)) else "P"

    def numbers(self, content: bytes) -> np.ndarray:
        """Indices into `colours`, (H, W) uint8; ValueError when lines lack."""
        stride = (self.width * self.bits + 31) // 32 * 4
        lines = np.frombuffer(content[self.offset : self.offset + stride * self.height], np.uint8)
        if lines.size < stride * self.height:
            raise ValueError("is truncated")
        lines = lines.reshape(self.height, stride)
        if self.bits < 8:
            shifts = np.arange(8 - self.bits, -1, -self.bits, dtype=np.uint8)
            lines = (lines[:, :, None] >> shifts & np.uint8(2**self.bits - 1)).reshape(self.height, -1)
        found = lines[:: -1 if self.upwards else 1, : self.width].copy()
        if found.size and found.max() >= len(self.colours):
            raise ValueError(f"has the number {found.max()} where its palette has {len(self.colours)} colours")
        return found


def palette_of(head: bytes) -> Palette | None:
    """The palette of a BMP; None where its pixels are colours."""
    bits = _number(head, 24 if _number(head, 14, 4) == 12 else 28, 2)
    return Palette(head) if bits in (1, 4, 8) else None


def _number(head: bytes, at: int, size: int, signed: bool = False) -> int:
    return int.from_bytes(head[at : at + size], "little", signed=signed)
