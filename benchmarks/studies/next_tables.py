"""Where the simulation of `dissent next` (next_images.py) keeps its rounds, and the tables that are made of them."""

import statistics
from pathlib import Path

from tables import Row, number, span

from dissent.core.files import read_json

HOME = Path("work/next")
RULES = ("random", "disagreement", "next")
ROUNDS = 5
FIRST, EACH = 240, 120  # steps of the first round and of the others, which go on from the networks of the round before


def place(name: str, seed: int, rule: str, turn: int) -> Path:
    """The folder of a round; every rule begins with the same images and networks."""
    return HOME / name / f"s{seed}" / (rule if turn else "first")


def rounds_of(name: str, seed: int, rule: str) -> list[dict] | None:
    """What stands in work/next/ of a cell; None where it is not finished."""
    files = [place(name, seed, rule, turn) / f"round{turn}.json" for turn in range(ROUNDS + 1)]
    return [read_json(path) for path in files] if all(path.is_file() for path in files) else None


def tables(names: list[str], seeds: list[int]) -> tuple[list[Row], list[Row]]:
    """The curves, and what rules gain over random in the mean of all rounds: of the seeds of which every rule is finished."""
    curves, gains = [], []
    for name in names:
        cells = {(seed, rule): rounds_of(name, seed, rule) for seed in seeds for rule in RULES}
        whole = [seed for seed in seeds if all(cells[seed, rule] for rule in RULES)]
        if not whole:
            continue
        about = {
            "dataset": name,
            "seeds": " ".join(map(str, whole)),
            "steps": str(FIRST + ROUNDS * EACH),
            "score": "iou",
        }
        means = {key: [statistics.mean(one["scores"]) for one in found] for key, found in cells.items() if found}
        for rule in RULES:
            row = about | {
                "rule": rule,
                "labelled": " ".join(str(one["labelled"]) for one in cells[whole[0], rule] or []),
            }
            for turn in range(ROUNDS + 1):
                values = [means[seed, rule][turn] for seed in whole]
                row |= {
                    f"round_{turn}": number(statistics.mean(values)),
                    f"round_{turn}_sd": number(statistics.stdev(values) if whole[1:] else None),
                }
            curves.append(row)
        for rule in RULES[1:]:
            apart = [
                statistics.mean(means[seed, rule][1:]) - statistics.mean(means[seed, "random"][1:]) for seed in whole
            ]
            last = [means[seed, rule][-1] - means[seed, "random"][-1] for seed in whole]
            gains.append(
                about | {"rule": rule} | span("against_random", apart) | span("against_random_at_the_end", last)
            )
    return curves, gains
