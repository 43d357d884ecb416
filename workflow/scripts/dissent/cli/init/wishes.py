"""What the flags of `dissent init` say of the masks."""

from dataclasses import dataclass
from typing import Any

Value = Any  # a number, or an RGB triple


@dataclass(frozen=True)
class Wishes:
    """What the user says of the masks; None where nothing was said."""

    kind: str | None = None
    labels: list[str] | None = None
    ignore: list[Value] | None = None
    """[]: no value means that nobody knows"""
    threshold: int | None = None
    tolerance: int | None = None
    missing: str | None = None
    palette: str | None = None

    @property
    def ignored_numbers(self) -> list[int]:
        """Numbers to ignore; an RGB triple of one grey means that number."""
        greys = [v if isinstance(v, tuple) else (v, v, v) for v in self.ignore or []]
        return list(dict.fromkeys(grey[0] for grey in greys if len(set(grey)) == 1))

    @property
    def ignored_colours(self) -> list[tuple[int, int, int]]:
        """Colours to ignore; a number means that grey."""
        return list(dict.fromkeys(v if isinstance(v, tuple) else (v, v, v) for v in self.ignore or []))
