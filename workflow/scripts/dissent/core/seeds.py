"""All randomness of the project: a stream for a key such as `(seed, generation, member, step)`."""

import hashlib
import json

import numpy as np


def seed_of(*key: int | str) -> int:
    """A 63-bit seed for `key`: the same on every machine, unrelated for keys that differ anywhere."""
    return int.from_bytes(hashlib.sha256(json.dumps(key).encode()).digest()[:8], "big") >> 1


def count_of(share: float, number: int) -> int:
    """How many of `number` things a share of them is: at least one, where there are any."""
    return min(number, max(1, round(share * number)))


def generator(*key: int | str) -> np.random.Generator:
    """A numpy generator for `key`."""
    return np.random.default_rng(seed_of(*key))
