"""config/README.md, written from the models: `python -m dissent.config.reference > config/README.md`."""

import typing
from collections.abc import Iterable
from types import UnionType
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dissent.config.dataset import Dataset
from dissent.config.experiment import Experiment
from dissent.config.method import SHARED, Method
from dissent.config.network import Network
from dissent.config.settings import Settings
from dissent.config.study import Study

_HUGE = 2**31  # a bound of the machine's, not of meaning
_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below", "min_length": "", "max_length": ""}

_HEAD = """# Every option

Made from the models in `workflow/scripts/dissent/config/` by `python -m dissent.config.reference > config/README.md`; a test
compares. A key that is not here is refused, with the nearest name or a list of all, before anything runs.

A key marked *schedule* takes one value, or a list with one value a generation (gen0 first; the last one holds on).
"""

_FILES: list[tuple[str, str, type[BaseModel], str]] = [
    ("Top", "config/config.yaml", Settings, "A key can be set for one command: `snakemake TARGET --config config_dir=my_config`."),
    ("Experiment", "config/experiments/NAME.yaml", Experiment, "Beside these keys an experiment may set any key of a method anew. "
     f"Of those, {', '.join(f'`{key}`' for key in SHARED)} hold for its controls, and for any other method that is run beside it."),
    ("Study", "config/studies/NAME.yaml", Study, "Beside these keys a study may set those that an experiment shares with its controls, for all its methods."),
    ("Method", "config/methods/NAME.yaml", Method, ""),
    ("Network", "config/networks/NAME.yaml", Network, ""),
    ("Data set", "config/datasets/NAME.yaml", Dataset, ""),
]  # fmt: skip


def render() -> str:
    """The whole page as Markdown."""
    parts: list[str] = [_HEAD]
    seen: set[type] = set()
    for title, path, model, more in _FILES:
        parts.append(f"## {title}: `{path}`\n\n{_sentence(model)}{' ' + more if more else ''}\n")
        parts += _tables(model, seen)
    return "\n".join(parts)


def _tables(model: type[BaseModel], seen: set[type]) -> list[str]:
    """The model's own table, then those of the models that its keys hold."""
    if model in seen:
        return []
    seen.add(model)
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    inner: list[type[BaseModel]] = []
    for name, field in model.model_fields.items():
        inner += [one for one in _models(field.annotation) if one not in inner]
        meaning = " ".join((field.description or _first_meaning(field)).split())
        lines.append(f"| `{name}` | {_type(field)} | {_default(field)} | {_cell(meaning)} |")
    result = ["\n".join(lines) + "\n"]
    for one in inner:
        if one not in seen:
            result += [f"### {one.__name__}\n\n{_sentence(one)}\n", *_tables(one, seen)]
    return result


def _sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _first_meaning(field: FieldInfo) -> str:
    models = _models(field.annotation)
    return _sentence(models[0]) if len(models) == 1 else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models(part)]


def _type(field: FieldInfo) -> str:
    return _cell(_name(field.annotation) + _bounds(field.metadata))


def _bounds(metadata: Iterable[Any]) -> str:
    """What values are allowed, in words: ` from 0 to 31`, ` above 0`, `, at least 2 of them`."""
    limits: dict[str, float] = {}
    for one in metadata:
        held = one.metadata if isinstance(one, FieldInfo) else [one]
        limits |= {name: getattr(each, name) for each in held for name in _LIMITS if hasattr(each, name)}
    low, high, length, most = (limits.get(name) for name in ("ge", "le", "min_length", "max_length"))
    words = f" from {low:g} to {high:g}" if low is not None and high is not None else ""
    if not words:
        told = [name for name in ("ge", "gt", "le", "lt") if abs(limits.get(name, _HUGE)) < _HUGE]
        words = ",".join(f" {_LIMITS[name]} {limits[name]:g}" for name in told)
    if length is not None and length == most:
        return f"{words}, {length} of them"
    words += f", at least {length} of them" if (length or 0) > 1 else ""
    return words + (f", at most {most} of them" if most is not None else "")


def _name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _name(arguments[0]) + _bounds(arguments[1:])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, UnionType):
        arguments = tuple(part for part in arguments if part is not type(None))
        names = [_name(part) for part in arguments]
        if len(names) > 1 and _scheduled(arguments):
            return f"{' or '.join(names[:-1])} (*schedule*)"
        return " or ".join(dict.fromkeys(names))
    if origin is list:
        return f"list of {_name(arguments[0])}"
    if origin is dict:
        return f"{_name(arguments[0])}: {_name(arguments[1])}"
    if origin is tuple:
        return f"list of {_name(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__
    plain = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "none", dict: "its keys"}
    return plain.get(annotation, str(annotation))


def _scheduled(arguments: tuple) -> bool:
    """Whether a union is `X | list[X]`, one value or one a generation."""
    *single, several = arguments
    inner = typing.get_args(several)[0] if typing.get_origin(several) is typing.Annotated else several
    held = typing.get_args(inner)
    same = held == tuple(single) or (len(held) == 1 and set(typing.get_args(held[0])) == set(single))
    return typing.get_origin(inner) is list and same


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, list) and value and isinstance(value[0], BaseModel):
        return "one with its defaults"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    print(render(), end="")
