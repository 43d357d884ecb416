"""Fills the pages of runs and studies. The user's names are escaped, and a value that is not given is an error."""

from pathlib import Path

import jinja2


def environment_of(folder: Path) -> jinja2.Environment:
    """The templates of a folder."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
