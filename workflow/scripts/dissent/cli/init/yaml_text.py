"""Settings as YAML that a person reads: a line for each key, with what it means above it."""

from collections.abc import Mapping
from typing import Any

import yaml

from dissent.config.base import Dumper


def text_of(values: dict[str, Any], comment: str, about: Mapping[str, str] | None = None) -> str:
    """A dict as YAML, a line for each key, below a comment; `about`: what keys mean."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for key, value in values.items():
        lines += [f"# {about[key]}"] if about and key in about else []
        if key == "splits":
            lines += [f"{key}:", *(f"  {line_of(name, one)}" for name, one in value.items())]
        else:
            lines.append(line_of(key, value))
    return "\n".join(lines) + "\n"


def line_of(key: str, value: Any) -> str:
    """A key and its value as one line of YAML."""
    flow = yaml.dump([value], Dumper=Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return f"{key}: {flow.strip()[1:-1]}"
