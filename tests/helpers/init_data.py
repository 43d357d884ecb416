"""Raw folders for `dissent init`, and what it wrote of them."""

from pathlib import Path

import numpy as np
from cli_data import dissent
from raw_data import ids, photo, save

from dissent.config.base import read_yaml

NAMES = [f"{letter}{i}" for i in range(4) for letter in "abc"]
TABLE = [(0, 0, 0), (128, 64, 10), (7, 200, 200)]


def folder(mask, masked=NAMES, names=NAMES, raw="raw", ending=".png", **photos) -> None:
    """images/NAME.png for all names, masks/NAME.png of `mask(seed)` for some."""
    for seed, name in enumerate(names):
        save(Path(raw, "images", f"{name}.png"), photo(seed, **photos))
        if name in masked:
            save(Path(raw, "masks", f"{name}{ending}"), mask(seed))


def init(*arguments, raw="raw", name="mine") -> int:
    Path("own").mkdir(exist_ok=True)
    return dissent("init", raw, "--config-dir", "own", "--name", name, *arguments)


def written(name="mine") -> dict:
    return read_yaml(Path("own/datasets") / f"{name}.yaml")


def check_too(name="mine") -> None:
    """What was written decodes every file as it says, and can run."""
    assert dissent("check", name, "--config-dir", "own") == 0


def asked(capsys, *flags) -> None:
    told = capsys.readouterr().err
    assert told.startswith("error: ") and "Say what is meant" in told, told
    assert all(f"  {flag} " in told for flag in flags), told
    assert not list(Path("own").rglob("*.yaml"))


def values(*given):
    """A mask that holds these values."""
    return lambda seed: np.array(given, np.uint8)[ids(seed, len(given))]


def colours(*given):
    return lambda seed: np.array(given, np.uint8)[ids(seed, len(given))]


def layers(*labels, overlap=False, missing=()) -> None:
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        chosen = ids(seed, len(labels) + 1)
        for number, label in enumerate(labels, 1):
            if (label, name) not in missing:
                mask = (chosen >= number) if overlap else (chosen == number)
                save(Path("raw/masks", label, f"{name}.png"), mask.astype(np.uint8) * 255)
