"""Where the shipped settings and the workflow lie: in a checkout beside the library, else inside the installed package."""

from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]


def shipped() -> Path:
    """The folder that holds Snakefile, config/ and workflow/ as they were shipped with this library."""
    checkout = LIBRARY.parents[2]
    return checkout if (checkout / "Snakefile").is_file() else LIBRARY / "shipped"


SHIPPED = shipped()
MADE = ".made.json"  # in data/{dataset}: from what `prepare` made it (datasets/made.py)
