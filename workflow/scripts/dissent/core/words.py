"""Names as words in messages: such that cannot disturb a terminal, and the first of many."""

import unicodedata
from collections.abc import Sequence


def printable(name: object) -> str:
    """`name` without control characters and broken bytes, which would garble a terminal or stop a print."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))


def some(names: Sequence[object], shown: int = 5, between: str = ", ") -> str:
    """The first names, and how many more there are."""
    rest = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return between.join(map(printable, names[:shown])) + rest


def nfc(text: str) -> str:
    """The text with composed characters (NFC). All names are compared in this form."""
    return unicodedata.normalize("NFC", text)
