"""Whether a PNG is whole: each of its chunks has a checksum (CRC), and Pillow looks at some of them only. No imports of ours.

Source: PNG specification (W3C), sections 5 (chunks), 8.2 (interlacing) and 11.2.2 (header).
"""

import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
_PIECE = 1 << 20


def fault(content: bytes) -> str:
    """What is wrong with the chunks of a PNG file, "" when all are as they were written, or when it is another kind of file.

    What stands behind the last chunk is no part of the image.
    """
    if not content.startswith(SIGNATURE):
        return ""
    for at, name, data, crc in _chunks(content):
        if zlib.crc32(data, zlib.crc32(name)) != crc:
            return f"is damaged: the checksum (CRC) of its chunk {ascii(name)[2:-1]} at byte {at} is wrong"
        if name == b"IEND":
            return ""
    return "is truncated"


def lacking(content: bytes) -> str:
    """Whether lines of pixels lack behind right checksums, which Pillow takes for black; of a file that has no `fault`."""
    if not content.startswith(SIGNATURE):
        return ""
    wanted, unpacked, length = _length(content), zlib.decompressobj(), 0
    for _, name, data, _ in _chunks(content):
        piece = data if name == b"IDAT" else b""
        while piece and length < wanted:
            length += len(unpacked.decompress(piece, _PIECE))
            piece = unpacked.unconsumed_tail
        if length >= wanted or name == b"IEND":
            break
    return "" if length >= wanted else "is truncated: lines of pixels lack"


def _chunks(content: bytes) -> Iterator[tuple[int, bytes, memoryview, int]]:
    """Place, name, data and checksum of each chunk that is there to its end."""
    view, at = memoryview(content), len(SIGNATURE)
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(view[at : at + 4])
        if end > len(content):
            return
        yield at, bytes(view[at + 4 : at + 8]), view[at + 8 : end - 4], int.from_bytes(view[end - 4 : end])
        at = end


def _length(content: bytes) -> int:
    """Bytes of all lines, each with the byte of its filter."""
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    bits, kind, interlaced = content[24], content[25], content[28]
    passes = _PASSES if interlaced else [(0, 0, 1, 1)]
    total = 0
    for top, left, down, right in passes:
        lines, columns = -((top - height) // down), -((left - width) // right)
        if lines > 0 and columns > 0:
            total += lines * (1 + (columns * bits * _SAMPLES.get(kind, 0) + 7) // 8)
    return total
