"""A table that a test changed on purpose becomes the one that its step wrote: else every reader would refuse it."""

from pathlib import Path

from dissent.core.files import read_json, read_table, sha256, write_json
from dissent.core.seal import keepers


def reseal(table):
    """Put digest and rows of a table as it stands now into the JSON that keeps them."""
    keeper = keepers(Path(table))[0]
    value = read_json(keeper)
    value["tables"][Path(table).name] = {"rows": len(read_table(table, sealed=False)), "sha256": sha256(table)}
    write_json(keeper, value)
