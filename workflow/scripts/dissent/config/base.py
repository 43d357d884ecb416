"""Strict YAML and the base of every config model: closed, frozen, and errors that say what to type instead."""

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from dissent.core.files import UserError
from dissent.core.words import nfc

Text = Annotated[str, AfterValidator(nfc)]
"""a word that is compared with names and tables, so in composed characters"""


class Model(BaseModel):
    """Base of the config models: unknown keys are refused and values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class _Loader(yaml.SafeLoader):
    """YAML 1.1 without its traps: `1e-4` is a number, `no` is a word, a key that stands twice is an error."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("it is nested too deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for _REPLACED in [("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float", "tag:yaml.org,2002:int")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$", re.IGNORECASE), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+0123456789."),
)


class Dumper(yaml.SafeDumper):
    """Quotes the texts that `_Loader`, or a reader of YAML 1.1, would take for something else: `1e3`, `no`."""


Dumper.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *resolvers]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}

_MOST = 100_000  # values in one file
_DEEPEST = 50  # lists and mappings in one another
_DIGITS = 18  # what numpy and torch count with


def _integer(loader: _Loader, node: yaml.Node) -> int:
    text = loader.construct_scalar(node)
    if len(text) > _DIGITS:
        raise ValueError(f"{text[:6]}... is too large a number ({len(text)} digits)")
    return int(text)  # `010` is ten: YAML 1.1 would read eight


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    seen: set[str] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key `{key}` stands twice", key_node.start_mark)
        seen.add(key)
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping; UserError names the file, the line and the fault. Nothing in it is ever executed."""
    try:
        return parse_yaml(Path(path).read_text("utf-8"), path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not valid YAML: {_one_line(error)}") from None


def parse_yaml(text: str, path: str | Path) -> dict[str, Any]:
    """Read YAML as `read_yaml` does, from a text that is not written yet."""
    try:
        value = yaml.load(text, _Loader)  # a SafeLoader: plain data only
        if _size(value, {}) > _MOST:
            raise ValueError(f"its aliases (*name) grow to more than {_MOST:,} values")
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path} is not valid YAML: {_one_line(error)}") from None
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UserError(f"{path} must be a list of `key: value` lines")
    return value


def _size(value: Any, known: dict[int, int]) -> int:
    """How many values there are when every alias is written out: a few lines can stand for billions."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if id(value) not in known:
        known[id(value)] = _MOST  # of what holds itself there is no end
        known[id(value)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(value)]


def _one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"{problem} (line {mark.line + 1})" if mark else problem


def nearest(word: str, words: list[str]) -> str:
    """`; did you mean ...?` or nothing."""
    close = difflib.get_close_matches(word, words, 1, 0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def validate(model: type[Model], value: dict, source: str | Path, words: list[str] | None = None) -> Any:
    """Build `model` from `value`; UserError names `source`, the key, what is allowed and the nearest name.

    `words`: the options to list for an unknown key at the top, where they are more than the model's own.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = [_Found(dict(one), *_walk(model, value, dict(one))) for one in error.errors()]
        lines = [_explain(one, source, words) for one in _without_other_branches(found)]
        raise UserError("\n".join(dict.fromkeys(lines))) from None


class _Found(NamedTuple):
    """A mistake in a file, and where."""

    said: dict
    """as pydantic says it"""
    keys: tuple[str | int, ...]
    """the keys that lead to it, as the user wrote them"""
    options: list[str]
    """the keys that may stand where the last of them stands"""


def _walk(model: type[Model], value: Any, said: dict) -> tuple[tuple[str | int, ...], list[str]]:
    """Keys and options of an error. Pydantic's words for the form of a value (`zero_255`, `list[int]`) lie between the keys."""
    at: Any = model
    keys: list[str | int] = []
    options: list[str] = []
    for number, part in enumerate(said["loc"], 1):
        forms = _models(at)
        form = [one for one in forms if len(forms) > 1 and part in _names(one)]
        lacking = said["type"] == "missing" and number == len(said["loc"])
        written = isinstance(value, list) if isinstance(part, int) else isinstance(value, dict) and part in value
        if form:
            at = form[0]
        elif written or lacking:
            keys.append(part)
            value = value[part] if written else None
            options = sorted({name for one in forms for name in one.model_fields})
            if get_origin(at) is dict:
                at = get_args(at)[1]
            elif len(forms) == 1 and part in forms[0].model_fields:
                at = forms[0].model_fields[part].annotation
    return tuple(keys), options


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value may be, or be made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _names(model: type[BaseModel]) -> tuple[str, ...]:
    """The `name` by which a user chooses this one of several models."""
    return get_args(model.model_fields["name"].annotation) if "name" in model.model_fields else ()


def _without_other_branches(found: list[_Found]) -> list[_Found]:
    """Drop errors about the other form of a key: one that takes a value or a list is told of the form that was written."""
    kept = []
    for one in found:
        inside = any(other.keys[: len(one.keys)] == one.keys != other.keys for other in found)
        alike = [other for other in found if other.keys == one.keys]
        fitting = [other for other in alike if other.said["type"] != "list_type"]
        if not inside and one in (fitting or alike):
            kept.append(one)
    return kept


def _explain(found: _Found, source: str | Path, words: list[str] | None) -> str:
    item, keys = found.said, [str(key) for key in found.keys]
    where = ".".join(keys)
    if item["type"] == "extra_forbidden":
        options = words if words and len(keys) == 1 else found.options
        return f"`{where}` is not an option of {source}{nearest(keys[-1], options)} (options: {', '.join(sorted(options))})"
    if item["type"] == "missing":
        return f"{source} lacks `{where}`, which has no default"
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        where = ".".join([*keys, item["ctx"]["discriminator"].strip("'")])
        if item["type"] == "union_tag_not_found":
            return f"{source} lacks `{where}`, which has no default"
        names, tag = re.findall(r"'([^']+)'", item["ctx"]["expected_tags"]), item["ctx"]["tag"]
        return f"`{where}: {tag}` in {source}: there are {', '.join(names)}{nearest(tag, names)}"
    message = item["msg"].removeprefix("Value error, ")
    hint = ""
    if item["type"] == "literal_error" and isinstance(item["input"], str):
        hint = nearest(item["input"], re.findall(r"'([^']+)'", str(item.get("ctx", {}).get("expected", ""))))
    if item["type"] == "value_error" and not where:
        return f"{source}: {message}"
    return f"`{where}: {item['input']!r}` in {source}: {message[:1].lower()}{message[1:]}{hint}"
