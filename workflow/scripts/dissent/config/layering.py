"""Values of one YAML file laid over those of another: what an experiment says of a method."""

from typing import Any

from dissent.config.method import LISTS


def cut(values: dict, generations: int | None) -> dict:
    """Shorten a method's schedules to the generations of an experiment: each keeps its first values."""
    if generations is None:
        return values

    def shorter(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: inner if key in LISTS and isinstance(inner, list) else shorter(inner)
                for key, inner in value.items()
            }
        return value[: generations + 1] if isinstance(value, list) else value

    return shorter(values)


def lay_over(base: dict, changes: dict) -> dict:
    """`base` with `changes` over it, key by key; another learner replaces all that was said of the one before."""
    result = dict(base)
    for key, value in changes.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            other_learner = key == "learn" and value.get("name") not in (None, below.get("name"))
            value = value if other_learner else lay_over(below, value)
        result[key] = value
    return result
