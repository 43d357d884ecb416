"""The type of a key that is one value, or one value a generation: strengths, widths, copies, pools."""

from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import Field

from dissent.config.base import Model

_T = TypeVar("_T")

PerGeneration: TypeAlias = _T | Annotated[list[_T], Field(min_length=1)]
"""the type of a method key that is one value, or one value a generation"""


def at(value: Any, generation: int) -> Any:
    """The value in one generation: the last of a list holds on."""
    return value[min(generation, len(value) - 1)] if isinstance(value, list) else value


def flat(model: Model, generation: int, lists: frozenset[str] = frozenset()) -> dict:
    """A model as a plain dict in which every schedule is one value; keys in `lists` are lists by nature."""
    result = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Model):
            value = flat(value, generation, lists)
        elif name not in lists:
            value = at(value, generation)
        result[name] = value
    return result


def scheduled(model: Model, lists: frozenset[str] = frozenset(), prefix: str = "") -> list[tuple[str, list]]:
    """(dotted name, list) of every schedule of a model that has more than one value."""
    found = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Model):
            found += scheduled(value, lists, f"{prefix}{name}.")
        elif isinstance(value, list) and name not in lists:
            found.append((prefix + name, value))
    return found
