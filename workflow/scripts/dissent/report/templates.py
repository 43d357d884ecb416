"""Fills the pages of runs and studies. The user's names are escaped, and a value that is not given is an error."""

from pathlib import Path

import jinja2


def environment_of(folder: Path, escaped: bool = True) -> jinja2.Environment:
    """The templates of a folder; `escaped`: for pages of HTML."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
