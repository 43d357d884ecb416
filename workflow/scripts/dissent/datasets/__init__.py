"""Raw files to prepared data sets and splits. Knows no method and imports no torch."""

from dissent.datasets.fetch import fetch
from dissent.datasets.prepare import folders, prepare
from dissent.datasets.raw import find_raw, raw_digest
from dissent.datasets.split import split
from dissent.datasets.split_files import lists_of

__all__ = ["fetch", "find_raw", "folders", "lists_of", "prepare", "raw_digest", "split"]
