"""What a grey level of a raw mask means by the data set's encoding, as our byte. No torch."""

from dissent.config.mask_encoding import Colours, Encoding, Index
from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN


def table_of_ids(encoding: Index, task: TaskSettings) -> dict[int, int]:
    """{value in the files: our byte} of index masks."""
    if task.overlapping:
        table = {value: value for value in range(2 ** len(task.labels))}
    else:
        first = int(task.one_foreground)
        ids = encoding.ids or list(range(first, len(task.labels) + first))
        table = {0: 0} if task.one_foreground else {}
        table |= {v: i + first for i, item in enumerate(ids) for v in (item if isinstance(item, list) else [item])}
    return table | dict.fromkeys(encoding.ignore, UNKNOWN)


def codes_of(encoding: Colours, task: TaskSettings) -> list[tuple[list[int], int]]:
    """Each colour with our byte of it; no colour stands for doubt."""
    first = int(bool(task.doubt_class))
    return [*zip(encoding.table, range(first, 256), strict=False), *((colour, UNKNOWN) for colour in encoding.ignore)]


def meanings_of_greys(encoding: Encoding, task: TaskSettings) -> dict[int, int]:
    """{grey level of a raw mask: our byte}; of a folder a label, as if there were one label. {} where no grey means anything."""
    if encoding.name == "index":
        return table_of_ids(encoding, task)
    if encoding.name == "channels":
        return {}
    if encoding.name == "colours":
        found = {}
        for level in range(256):
            far = [(max(abs(channel - level) for channel in colour), byte) for colour, byte in codes_of(encoding, task)]
            least, byte = min(far, key=lambda one: one[0])
            if least <= encoding.tolerance:
                found[level] = byte
        return found
    first = encoding.threshold or 1
    given = range(first, 256) if encoding.threshold else (255,) if encoding.name == "zero_255" else (1, 255)
    return dict.fromkeys(range(first), 0) | dict.fromkeys(given, 1) | dict.fromkeys(encoding.ignore, UNKNOWN)
