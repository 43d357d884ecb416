"""What the masks of a folder hold, all of them together: values, colours, formats. Nothing is concluded for one file."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from dissent.cli.init.pairing import Pairs
from dissent.cli.init.regions import single
from dissent.cli.init.two_readings import Open, Reading, reading
from dissent.cli.init.wishes import Wishes
from dissent.datasets import raw
from dissent.datasets.colour import opaque
from dissent.datasets.decode import Header, read_header, read_pixels, turned
from dissent.datasets.mask_readers import colours_of, read_grey

MANY = 4096  # colours that are told apart; more are the noise of a JPEG or a photograph


@dataclass
class Survey:
    """Counts over all masks: pixels and masks of each value (a number, or an RGB triple), formats and modes of files."""

    pixels: Counter = field(default_factory=Counter)
    masks: Counter = field(default_factory=Counter)
    formats: Counter = field(default_factory=Counter)
    modes: Counter = field(default_factory=Counter)
    images: list[Header] = field(default_factory=list)
    overlap: int = 0
    """folder per label: pixels that are set for two labels"""
    sets: list[frozenset[int]] = field(default_factory=list)
    """the numbers of each mask"""
    single: int = 0
    numbers: int = 0
    """of the numbers in all masks those that are one region there, and all; counted while the kind of task is open"""
    solid: Counter = field(default_factory=Counter)
    """by colour, pixels whose neighbours all have it; counted where colours are blurred (`tolerance`)"""
    counted: int = 0
    lossy: str = ""
    """the compression that blurs the values of some masks, such as JPEG"""
    reading: Reading = field(default_factory=lambda: Reading(False, False))

    def add(self, counts: Counter) -> None:
        """Pixels of each value in one mask."""
        self.masks.update(counts.keys())
        self.pixels.update(counts)
        self.sets.append(frozenset(v for v in counts if not isinstance(v, tuple)))

    @property
    def coloured(self) -> bool:
        """Whether masks are RGB, of which not every pixel is grey."""
        return any(isinstance(value, tuple) for value in self.pixels)

    @property
    def by_size(self) -> list[tuple]:
        """Colours: black, then from the most frequent to the rarest."""
        return sorted(self.pixels, key=lambda colour: (colour != (0, 0, 0), -self.pixels[colour], colour))


@dataclass
class _Looked:
    """One image: its header, the header and the content of each mask, and what its masks have in common."""

    header: Header
    masks: list[tuple[Header, Counter | Open]] = field(default_factory=list)
    overlap: int = 0
    solid: Counter = field(default_factory=Counter)
    single: tuple[int, int] = (0, 0)


def survey(pairs: Pairs, threads: int, wishes: Wishes) -> Survey:
    """Decode every mask and the header of every image; UserError lists all files that cannot be used."""
    result, problems, several = Survey(), raw.Problems(), []
    layers = "" not in pairs.masks  # a folder a label: what is shown is set or not
    jobs = [
        (image, [masks[key] for masks in pairs.masks.values() if key in masks]) for key, image in pairs.images.items()
    ]
    with ThreadPoolExecutor(threads) as pool:
        looks = pool.map(partial(_looked_at, layers=layers, wishes=wishes), jobs)
        for image, found in zip(pairs.images.values(), looks, strict=True):
            if isinstance(found, str):
                problems.append(f"{image.relative_to(pairs.raw).as_posix()}: {found}")
                continue
            result.images.append(found.header)
            result.overlap += found.overlap
            result.solid += found.solid
            result.single += found.single[0]
            result.numbers += found.single[1]
            for mask, one in found.masks:
                result.formats[mask.format] += 1
                result.modes[mask.mode] += 1
                result.lossy = result.lossy or mask.lossy
                result.counted += 1
                if isinstance(one, Open):
                    several.append(one)
                else:
                    result.add(one)
    problems.stop(pairs.raw)
    if not layers:
        result.reading = reading(several, set(result.pixels), wishes.palette)
    for one in several:
        by = result.reading.colours if one.palette else result.reading.greys
        result.add(one.shown if by else one.numbers)
    return _unified(result, by_colour=bool(result.modes["P"]))


def _looked_at(job: tuple[Path, list[Path]], layers: bool, wishes: Wishes) -> _Looked | str:
    """What an image and its masks hold, or what is wrong with them."""
    image, masks = job
    try:
        found = _Looked(read_header(image))
    except ValueError as error:
        return str(error)
    planes = []
    for path in masks:
        try:
            if layers:
                header, grey = read_header(path), read_grey(path, lossy=True)
                found.masks.append((header, _counts(grey)))
                set_ = (grey >= (wishes.threshold or 1)) & ~np.isin(grey, wishes.ignored_numbers)
                planes.append(turned(set_, header.orientation))
                continue
            header, pixels = read_pixels(path)
            if wishes.tolerance:
                found.solid += _solid(colours_of(header, pixels))
            flat = _flat(header, pixels)
            if flat.ndim == 2 and wishes.kind is None and wishes.labels is None:
                found.single = single(np.where(np.isin(flat, [*wishes.ignored_numbers, 255]), 0, flat))
            counts = _counts(flat)
            found.masks.append((header, _readings(f"{path.parent.name}/{path.name}", header, counts)))
        except ValueError as error:
            return f"its mask {path.parent.name}/{path.name} {error}"
    if len({plane.shape for plane in planes}) == 1:  # else sizes are refused, once it is known how images are turned
        layers_set = sum((plane.astype(np.uint8) for plane in planes), np.zeros(planes[0].shape, np.uint8))
        found.overlap = int((layers_set > 1).sum())
    return found


def _solid(colours: np.ndarray) -> Counter:
    """{colour: pixels in the middle of a square of 3 x 3 that has this colour alone}."""
    packed = colours.astype(np.int64) @ np.array([65536, 256, 1])
    high, wide = packed.shape
    middle = packed[1:-1, 1:-1]
    same = np.ones(middle.shape, bool)
    for y in range(3):
        for x in range(3):
            same &= packed[y : high - 2 + y, x : wide - 2 + x] == middle
    return _triples(*np.unique(middle[same], return_counts=True))


def _flat(header: Header, pixels: np.ndarray) -> np.ndarray:
    """Pixels without opaque transparency, (H, W) or (H, W, 3), values as an index mask would mean them."""
    if header.mode in ("LA", "RGBA"):
        pixels = opaque(pixels)
    if header.mode == "L" and header.bits in (2, 4):  # Pillow stretches these to 0..255
        pixels = pixels // np.uint8(255 // (2**header.bits - 1))
    if header.mode == "I;16" and set(np.unique(pixels).tolist()) <= {0, 65535}:  # white, as in masks of 8 bits
        pixels = (pixels >> 8).astype(np.uint8)
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
    return _triples(values[keep], numbers[keep])


def _triples(packed: np.ndarray, numbers: np.ndarray) -> Counter:
    colours = [(v >> 16, v >> 8 & 255, v & 255) for v in packed.tolist()]
    return Counter(dict(zip(colours, numbers.tolist(), strict=True)))


def _unified(found: Survey, by_colour: bool) -> Survey:
    """One sort of value for all: where some masks are RGB all count as RGB, and where all of it is grey as grey."""
    triples = [value for value in found.pixels if isinstance(value, tuple)]
    if not triples:
        return found
    plain = all(_grey(t) for t in triples) and not by_colour  # of palettes the colour counts, grey or not
    to = (lambda v: v[0] if isinstance(v, tuple) else v) if plain else _triple
    for name in ("pixels", "masks"):
        counts: Counter = Counter()
        for value, number in getattr(found, name).items():
            counts[to(value)] += number
        setattr(found, name, counts)
    return found


def _grey(colour: tuple[int, int, int]) -> bool:
    return len(set(colour)) == 1


def _triple(value: int | tuple) -> tuple:
    return value if isinstance(value, tuple) else (value, value, value)
