"""What stands in the masks of a data set, as a table: the first that `dissent check` prints."""

from dissent.cli.check.looks import Seen
from dissent.cli.text import columns
from dissent.config.mask_encoding import Encoding
from dissent.core.files import read_json, read_table
from dissent.core.task import Task


def summary(seen: Seen) -> str:
    """What was found: numbers of images and masks, and the table of values."""
    about, rows = read_json(seen.prepared / "dataset.json"), read_table(seen.prepared / "files.csv")
    task = Task(about["task"])
    high, wide = about["size"]
    head = f"\n{about['images']} {seen.unit}, {about['labels']} of them with masks, from {seen.raw}, at {high} x {wide} (height x width)"
    if about["levels"]:
        head += f"; grey levels {about['levels'][0]} to {about['levels'][1]} become 0 to 255"
    names = task.histogram_names
    total = about["labels"] * high * wide
    table: list[list[object]] = [["value in the files", "label", "pixels", "share", seen.unit]]
    present = [{int(value) for value in row["present"].split()} for row in rows]
    for number, (value, name) in enumerate(zip(raw_values(seen.run.dataset.mask_encoding, task), names, strict=True)):
        pixels = about["pixels"][name]
        images = sum(number in one for one in present)
        table.append([value, name, f"{pixels:,}", f"{pixels / max(total, 1):.2%}", images])
    unknown = about["nobody_knows"]
    if unknown:
        table.append(["ignored", "nobody knows", f"{unknown:,}", f"{unknown / max(total, 1):.2%}", ""])
    return f"{head}\n{columns(table)}"


def raw_values(encoding: Encoding, task: Task) -> list[str]:
    """For each name of `task.histogram_names`, what stands for it in the raw masks."""
    names = task.histogram_names
    values: list[object]
    if encoding.name == "zero_255":
        values = [0, 255]
    elif encoding.name == "colours":
        values = [" ".join(map(str, colour)) for colour in encoding.table]
    elif encoding.name == "folders":
        values = [f"{folder}/" for folder in encoding.folders or task.labels[int(task.exclusive) :]]
    elif encoding.name == "channels":
        values = [f"channel {i + 1}" for i in range(len(names))]
    elif encoding.ids:
        below = len(names) - len(task.labels)  # a background that is no label
        values = [0] * below + [" ".join(map(str, item)) if isinstance(item, list) else item for item in encoding.ids]
    else:
        values = [1 << i if task.bits else i for i in range(len(names))]
    return ["elsewhere"] * (len(names) - len(values)) + [str(value) for value in values]
