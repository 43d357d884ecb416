"""Speed of the consensus function against the formulas of the paper written down as they stand.

    python benchmarks/consensus.py [--height 208] [--width 416] [--teachers 4] [--images 32] [--repeats 15]

A megapixel-teacher is a million pixels of one teacher's prediction, whatever the number of labels. One thread. Both
functions see the same images, in turns, and must give the same masks.
"""

import argparse
import statistics
import time

import numpy as np
from common import Line, tell

from dissent.consensus import consensus


def naive_bits(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Section 5.1: label = [s == K], doubt = [0 < s < K], s the sum over teachers."""
    total = predictions.sum(axis=0)
    return (total == len(predictions)).astype(np.uint8), ((total > 0) & (total < len(predictions))).astype(np.uint8)


def naive_labels(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rule for bits on each label, and the union of the doubts."""
    label, doubt = naive_bits(predictions)
    return label, doubt.any(axis=0).astype(np.uint8)


def naive_ids(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Section 5.1: agree = all equal."""
    agree = (predictions == predictions[:1]).all(axis=0)
    return np.where(agree, predictions[0], 0).astype(np.uint8), (~agree).astype(np.uint8)


CASES = {
    "binary": (naive_bits, (), 2),
    "multiclass": (naive_ids, (), 35),
    "multilabel": (naive_labels, (3,), 2),
}


def seconds(function, images: list[np.ndarray], *arguments) -> float:
    """Wall time of `function` on all images."""
    start = time.perf_counter()
    for image in images:
        function(image, *arguments)
    return time.perf_counter() - start


def main() -> None:
    """Print one line a kind: megapixel-teachers a second of ours and of the formulas."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = {"height": 208, "width": 416, "teachers": 4, "images": 32, "repeats": 15}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    work = given.images * given.teachers * given.height * given.width / 1e6
    for kind, (naive, labels, values) in CASES.items():
        shape = (given.images, 1, *labels, given.height, given.width)
        images = np.repeat(rng.integers(0, values, shape, np.uint8), given.teachers, axis=1)
        wrong = rng.random(images.shape) < 0.02
        images[wrong] = rng.integers(0, values, np.count_nonzero(wrong), np.uint8)
        for image in images:
            pairs = zip(consensus(image, kind), naive(image), strict=True)
            assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)
        times = {"naive": [], "dissent": []}
        for _ in range(given.repeats):
            times["naive"].append(seconds(naive, list(images)))
            times["dissent"].append(seconds(consensus, list(images), kind))
        naive_rates, rates = ([work / value for value in measured] for measured in times.values())
        what = f"consensus, {kind}, K = {given.teachers}, {given.width}x{given.height}"
        met = statistics.median(rates) >= 500
        tell(Line(what, "megapixel-teachers/s", rates, naive_rates, ">= 500", met, "python benchmarks/consensus.py"))


if __name__ == "__main__":
    main()
