"""What the masks of a folder hold, all of them together: values, colours, formats. Nothing is concluded for one file."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dissent.cli.init.pairing import Pairs
from dissent.cli.init.two_readings import Open, Reading, reading
from dissent.datasets import raw
from dissent.datasets.decode import Header, read_header, read_pixels, turned_size

MANY = 4096  # colours that are told apart; more are the noise of a JPEG or a photograph


@dataclass
class Survey:
    """Counts over all masks: pixels and masks of each value (a number, or an RGB triple), formats and modes of files."""

    pixels: Counter = field(default_factory=Counter)
    masks: Counter = field(default_factory=Counter)
    formats: Counter = field(default_factory=Counter)
    modes: Counter = field(default_factory=Counter)
    images: list[Header] = field(default_factory=list)
    labels: Counter = field(default_factory=Counter)
    """folder per label: pixels that are set in each"""
    overlap: int = 0
    """folder per label: pixels that are set for two labels"""
    runs: int = 0
    """masks whose values are exactly 0..k: numbers of objects are like that"""
    counted: int = 0
    lossy: str = ""
    """the coding that blurs the values of some masks, such as JPEG"""
    reading: Reading = field(default_factory=lambda: Reading(False, False))

    def add(self, label: str, counts: Counter) -> None:
        """Pixels of each value in one mask."""
        self.labels[label] += sum(number for value, number in counts.items() if value)
        self.masks.update(counts.keys())
        self.pixels.update(counts)
        values = sorted(counts) if not any(isinstance(v, tuple) for v in counts) else []
        self.runs += bool(values) and values == list(range(values[0], values[0] + len(values))) and values[0] < 2

    @property
    def coloured(self) -> bool:
        """Whether masks are RGB, of which not every pixel is grey."""
        return any(isinstance(value, tuple) for value in self.pixels)


def survey(pairs: Pairs, threads: int, palette: str | None = None) -> Survey:
    """Decode every mask and the header of every image; UserError lists all files that cannot be used.

    `palette`: numbers or colours, where the user says what counts in masks with a palette.
    """
    result, problems, several = Survey(), raw.Problems(), []
    jobs = [
        (image, {label: masks[key] for label, masks in pairs.masks.items() if key in masks})
        for key, image in pairs.images.items()
    ]
    with ThreadPoolExecutor(threads) as pool:
        for image, found in zip(pairs.images.values(), pool.map(_looked_at, jobs), strict=True):
            name = image.relative_to(pairs.raw).as_posix()
            if isinstance(found, str):
                problems.append(f"{name}: {found}")
                continue
            header, masks, overlap = found
            result.images.append(header)
            result.overlap += overlap
            for label, mask, one in masks:
                result.formats[mask.format] += 1
                result.modes[mask.mode] += 1
                result.lossy = result.lossy or mask.lossy
                result.counted += 1
                if isinstance(one, Open):
                    several.append((label, one))
                else:
                    result.add(label, one)
    problems.stop(pairs.raw)
    layers = "" not in pairs.masks  # a folder a label: what is shown is set or not
    both = Reading(True, True) if layers else reading([one for _, one in several], set(result.pixels), palette)
    result.reading = both
    for label, one in several:
        result.add(label, one.shown if (both.colours if one.palette else both.greys) else one.numbers)
    return _unified(result, by_colour=bool(result.modes["P"]) and not layers)


def _looked_at(job: tuple[Path, dict[str, Path]]) -> tuple[Header, list[tuple[str, Header, Counter | Open]], int] | str:
    """Header of the image, what each mask holds, pixels that are set twice; or what is wrong."""
    image, masks = job
    try:
        header = read_header(image)
    except ValueError as error:
        return str(error)
    sizes = {header.size, turned_size(header.size, header.orientation)}
    found, total = [], np.zeros((), np.uint8)
    for label, path in masks.items():
        try:
            mask, pixels = read_pixels(path)
            if mask.size not in sizes:
                high, wide = mask.size
                return f"has {header.size[0]} x {header.size[1]} pixels (height x width), and its mask {high} x {wide}"
            pixels = _flat(mask, pixels)
            found.append((label, mask, _readings(f"{path.parent.name}/{path.name}", mask, _counts(pixels))))
        except ValueError as error:
            return f"its mask {path.parent.name}/{path.name} {error}"
        if len(masks) > 1 and pixels.ndim == 2:
            total = total + (pixels > 0).astype(np.uint8)
    return header, found, int((total > 1).sum())


def _flat(header: Header, pixels: np.ndarray) -> np.ndarray:
    """Pixels without opaque transparency, (H, W) or (H, W, 3), values as an index mask would mean them."""
    if header.mode in ("LA", "RGBA"):
        if (pixels[..., -1] != 255).any():
            raise ValueError("has transparent pixels; save it without transparency")
        pixels = pixels[..., 0] if header.mode == "LA" else pixels[..., :3]
    if header.mode == "L" and header.bits in (2, 4):  # Pillow stretches these to 0..255
        pixels = pixels // np.uint8(255 // (2**header.bits - 1))
    return pixels


def _readings(name: str, header: Header, numbers: Counter) -> Counter | Open:
    """What a mask holds: one reading, or two where numbers are shown as other greys or as colours."""
    colours, factor = header.palette, 255 if header.mode == "1" else 255 // (2**header.bits - 1)
    if header.mode == "P":
        shown: Counter = Counter()
        if max(numbers) >= len(colours) // 3:  # a palette too short for its numbers: by colour, `check` refuses it
            return Open(name, numbers, shown, colours)
        for number, count in numbers.items():
            shown[tuple(colours[3 * number : 3 * number + 3])] += count
        return Open(name, numbers, shown, colours)
    if header.mode == "1" or (header.mode == "L" and header.bits < 8):
        return Open(name, numbers, Counter({number * factor: count for number, count in numbers.items()}), b"")
    return numbers


def _counts(pixels: np.ndarray) -> Counter:
    if pixels.ndim == 2:
        values, numbers = np.unique(pixels, return_counts=True)
        return Counter(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    packed = pixels.reshape(-1, 3).astype(np.int64) @ np.array([65536, 256, 1])
    values, numbers = np.unique(packed, return_counts=True)
    keep = np.argsort(-numbers, kind="stable")[:MANY]
    triples = [(v >> 16, v >> 8 & 255, v & 255) for v in values[keep].tolist()]
    return Counter(dict(zip(triples, numbers[keep].tolist(), strict=True)))


def _unified(found: Survey, by_colour: bool) -> Survey:
    """One sort of value for all: where some masks are RGB all count as RGB, and where all of it is grey as grey."""
    triples = [value for value in found.pixels if isinstance(value, tuple)]
    if not triples:
        return found
    plain = all(_grey(t) for t in triples) and not by_colour  # of palettes the colour counts, grey or not
    to = (lambda v: v[0] if isinstance(v, tuple) else v) if plain else _triple
    for name in ("pixels", "masks"):
        counts = Counter()
        for value, number in getattr(found, name).items():
            counts[to(value)] += number
        setattr(found, name, counts)
    return found


def _grey(colour: tuple[int, int, int]) -> bool:
    return len(set(colour)) == 1


def _triple(value: int | tuple) -> tuple:
    return value if isinstance(value, tuple) else (value, value, value)
