"""B2: settings, networks, tables and names that try to do something: nothing of them runs, and what is wrong is named."""

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path

from dissent.core.files import sha256
from faults import made, rules, snake
from faults.product import dissent, refused, went_well
from faults.suite import Injection, Lost, Silent

NETWORK, EXPERIMENT, DATASET = (
    f"settings/{kind}.yaml" for kind in ("networks/tiny", "experiments/cells", "datasets/cells")
)
MARKER = Path("marker")


class Payload:
    """Writes a file when somebody unpickles it."""

    def __reduce__(self):
        return (Path.touch, (MARKER.absolute(),))


def _line(text: str) -> Callable[[str], str]:
    return lambda before: f"{before}{text}\n"


def _changed(old: str, new: str) -> Callable[[str], str]:
    def change(before: str) -> str:
        assert old in before, old
        return before.replace(old, new)

    return change


SETTINGS: dict[str, tuple[str, Callable[[str], str], tuple]] = {
    "a Python object": (EXPERIMENT, _line("inconsistency: !!python/object/apply:os.system [touch marker]"), ("cells.yaml",)),
    "a Python module": (NETWORK, _line("ema_decay: !!python/module:antigravity"), ("tiny.yaml",)),
    "a Python name": (DATASET, _line("exif: !!python/name:os.system"), ("cells.yaml",)),
    "a new object": (DATASET, _line("exif: !!python/object/new:pathlib.Path [x]"), ("cells.yaml",)),
    "a binary": (DATASET, _line("exif: !!binary aGVsbG8="), ("cells.yaml",)),
    "a key twice": (EXPERIMENT, _line("students: 3"), ("students", "stands twice")),
    "a key twice, deep": (DATASET, _changed("seed: 1,", "seed: 1, seed: 2,"), ("seed", "stands twice")),
    "an unknown key": (EXPERIMENT, _line("generatoins: 2"), ("generatoins", "generations")),
    "an unknown key, deep": (NETWORK, _line("optimizer: {rates: 0.1}"), ("rates", "options:", "learning_rate")),
    "a word for a number": (EXPERIMENT, _changed("students: 2", "students: two"), ("students", "two")),
    "no for a number": (EXPERIMENT, _changed("students: 2", "students: no"), ("students", "no")),
    "a number as text": (EXPERIMENT, _changed("students: 2", "students: '2'"), ("students", "2")),
    "true for a number": (EXPERIMENT, _changed("students: 2", "students: true"), ("students", "True")),
    "a fraction for a number": (EXPERIMENT, _changed("students: 2", "students: 2.5"), ("students", "2.5")),
    "a size below zero": (DATASET, _changed("[48, 48]", "[-48, 48]"), ("size", "-48")),
    "a size of zero": (DATASET, _changed("[48, 48]", "[0, 48]"), ("size", "0")),
    "a huge size": (DATASET, _changed("[48, 48]", "[100000000, 48]"), ("size", "100000000")),
    "three sizes": (DATASET, _changed("[48, 48]", "[48, 48, 3]"), ("size",)),
    "an infinite rate": (NETWORK, _line("optimizer: {learning_rate: .inf}"), ("optimizer.learning_rate",)),
    "a rate that is no number": (NETWORK, _line("optimizer: {learning_rate: .nan}"), ("optimizer.learning_rate",)),
    "a rate below zero": (NETWORK, _line("optimizer: {learning_rate: -1e-4}"), ("optimizer.learning_rate", "0.0001")),
    "no steps": (NETWORK, _changed("steps: 12", "steps: 0"), ("steps",)),
    "a width below zero": (NETWORK, _changed("width: 0.125", "width: -1"), ("width", "-1")),
    "an unknown architecture": (NETWORK, _changed("unet1x1", "unet2"), ("unet2",)),
    "an unknown loss": (NETWORK, _changed("[ce]", "[ce, dicee]"), ("dicee",)),
    "an unknown method": (EXPERIMENT, _changed("im_clean", "im_claen"), ("im_claen", "im_clean")),
    "an unknown data set": (EXPERIMENT, _changed("dataset: cells", "dataset: cell"), ("`cell`", "cells")),
    "a data set beside the folder": (EXPERIMENT, _changed("dataset: cells", "dataset: ../../etc/passwd"), ("etc/passwd",)),
    "an unknown split": (EXPERIMENT, _changed("split: few", "split: fwe"), ("fwe", "few")),
    "a share above one": (DATASET, _changed("labelled: 3", "labelled: 1.5"), ("labelled",)),
    "a table that is missing": (DATASET, _line("table: {path: gone.csv}"), ("gone.csv",)),
    "a raw folder that is missing": (DATASET, _changed("raw: raw", "raw: rwa"), ("rwa",)),
    "a raw folder that is a file": (DATASET, _changed("raw: raw", "raw: settings/datasets/cells.yaml"), ("cells.yaml",)),
    "a group that is no pattern": (DATASET, _line("group: {pattern: '(pat'}"), ("(pat",)),
    "a group that eats time": (DATASET, _line("group: {pattern: '^(i+)+$'}"), ("pattern", "i0")),
    "an environment variable": (DATASET, _changed("raw: raw", "raw: $HOME/raw"), ("$HOME",)),
    "a list for a file": (EXPERIMENT, lambda before: "- a\n- b\n", ("cells.yaml",)),
    "an empty file": (NETWORK, lambda before: "", ("tiny.yaml",)),
    "a tab": (EXPERIMENT, _line("\tstudents: 3"), ("cells.yaml",)),
    "no UTF-8": (EXPERIMENT, _line("# Zürich"), ("cells.yaml",)),
    "a NUL": (EXPERIMENT, _line("# a\0b"), ("cells.yaml",)),
    "10,000 brackets": (EXPERIMENT, _line("inconsistency: " + "[" * 10_000), ("cells.yaml",)),
    "10,000 braces": (NETWORK, _line("optimizer: " + "{a: " * 10_000), ("tiny.yaml",)),
    "aliases that grow": (EXPERIMENT, _line("a: &a [x, x]\n" + "\n".join(f"b{i}: &b{i} [*{'a' if not i else f'b{i - 1}'}, *{'a' if not i else f'b{i - 1}'}]" for i in range(25))), ("cells.yaml",)),
    "an alias of itself": (EXPERIMENT, _line("inconsistency: &a {input: *a}"), ("cells.yaml",)),
}  # fmt: skip


def settings(path: str, change: Callable[[str], str], names: tuple) -> str:
    """`dissent check` refuses the file by name, with what is wrong in it."""
    made.base(made.plain)
    text = change(Path(path).read_text())
    Path(path).write_bytes(text.encode("latin-1" if "Zürich" in text else "utf-8"))
    said = dissent("check", "cells", "--config-dir", "settings")
    _nothing_ran()
    return refused(said, *names)


def _nothing_ran() -> None:
    if MARKER.exists() or any(Path(folder, "marker").exists() for folder in ("raw", "settings", "results")):
        raise Silent("something was executed")


STUDENT = Path("results/cells/gen1/students/1")
ABOUT = "model.json"


def _pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": Payload()}))


def _pickled_and_named(path: Path) -> None:
    _pickled(path)
    about = json.loads((STUDENT / ABOUT).read_text())
    (STUDENT / ABOUT).write_text(json.dumps(about | {"sha256": sha256(path), "bytes": path.stat().st_size}))


def _header(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes((1 << 62).to_bytes(8, "little") + content[8:])
    about = json.loads((STUDENT / ABOUT).read_text())
    (STUDENT / ABOUT).write_text(json.dumps(about | {"sha256": sha256(path)}))


def _about(**changes) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        about = json.loads((STUDENT / ABOUT).read_text())
        for key, value in changes.items():
            part, _, inner = key.partition("__")
            about[part] = about[part] | {inner: value} if inner else value
        (STUDENT / ABOUT).write_text(json.dumps(about))

    return act


def _raw_about(text: str) -> Callable[[Path], None]:
    return lambda path: (STUDENT / ABOUT).write_text(text) and None


NETWORKS: dict[str, tuple[Callable[[Path], None], tuple]] = {
    "a pickle in place of weights": (_pickled, ("model.safetensors",)),
    "a pickle that model.json names": (_pickled_and_named, (("model.safetensors", "model.json"),)),
    "a header of 4 EiB": (_header, (("model.safetensors", "model.json"),)),
    "a width of -1": (_about(network__width=-1), ("model.json",)),
    "a width of a billion": (_about(network__width=1e9), ("model.json",)),
    "a width that is no number": (_about(network__width="wide"), ("model.json",)),
    "an architecture that is not there": (_about(network__architecture="os.system"), ("model.json",)),
    "a billion outputs": (_about(outputs=10**9), ("model.json",)),
    "outputs below zero": (_about(outputs=-1), ("model.json",)),
    "no channels": (_about(channels=0), ("model.json",)),
    "a size of a billion": (_about(size=[10**9, 10**9]), ("model.json",)),
    "a size below zero": (_about(size=[-48, 48]), ("model.json",)),
    "a size of text": (_about(size="48x48"), ("model.json",)),
    "another format": (_about(format=99), ("model.json",)),
    "no task": (_about(task=None), ("model.json",)),
    "a task of another kind": (_about(task__kind="regression"), ("model.json",)),
    "100,000 brackets": (_raw_about("[" * 100_000), ("model.json",)),
    "a list": (_raw_about("[1, 2]"), ("model.json",)),
    "NaN": (_raw_about('{"format": NaN}'), ("model.json",)),
    "no JSON": (_raw_about("format: 1\n"), ("model.json",)),
}  # fmt: skip


def network(act: Callable[[Path], None], names: tuple) -> str:
    """`dissent predict` refuses the student by name; what it is made of never runs."""
    made.base(rules.whole)
    act(STUDENT / "model.safetensors")
    said = dissent("predict", STUDENT, "raw/images", "out", "--device", "cpu", "--threads", 1)
    _nothing_ran()
    return refused(said, *names)


HOSTILE = "a<img src=x onerror=alert(1)>&amp;\"'{{7*7}}"


def page() -> str:
    """A name that is markup is text on the page."""
    made.plain()
    for folder in ("images", "masks"):
        Path(f"raw/{folder}/i00.png").rename(f"raw/{folder}/{HOSTILE}.png")
    rules.plan_jobs()
    rules.complete()
    text = Path("results/cells/report.html").read_text()
    if "<img src=x" in text or "49" in re.findall(r"amp;.{0,20}", text):
        raise Silent("a name is markup on the page")
    went_well(dissent("verify"))
    return "survived"


def cells(text: str) -> str:
    """A cell of the user's table that a spreadsheet would run: it does not come first in a cell of ours."""
    made.base(made.plain)
    lines = [f"i{number:02}{('.png', '.jpg', '.tif', '.bmp')[number % 4]},{text}" for number in range(12)]
    Path("raw/table.csv").write_text("\n".join(["image,note", *lines]) + "\n")
    made.settings(made.DATASET + "table: {path: table.csv, key: image}\n")
    said = made.prepared()
    if said.code:
        return refused(said, "table.csv")
    ours = Path("data/cells/files.csv").read_text()
    if re.search(r'(^|,)"?[=+@]', ours, re.M) or re.search(r'(^|,)"?-[^\d,]', ours, re.M):
        raise Silent(f"files.csv has a cell that a spreadsheet runs: {ours[:500]}")
    return "survived"


def raw_in_data(link: bool, how: str) -> str:
    """The user's own files lie where the outputs go: refused before any job, byte for byte as they were."""
    made.raw(12, 10)
    place = {"is": "data/cells", "holds": "data", "lies in": "data/cells/mine"}[how]
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    if link:
        Path("raw").rename("elsewhere")
        Path("data/cells").mkdir(parents=True, exist_ok=True) if how == "lies in" else None
        Path(place).symlink_to(Path("elsewhere").absolute())
    else:
        Path("data").mkdir(exist_ok=True)
        for folder in ("images", "masks"):
            Path(place).mkdir(parents=True, exist_ok=True)
            Path(f"raw/{folder}").rename(f"{place}/{folder}")
        Path("raw").rmdir()
    mine = made.snapshot(place, "elsewhere")
    Path("settings").mkdir()
    asked = dissent("init", place, "--config-dir", "settings", "--name", "cells", "--size", 48, 48)
    if not Path("settings/datasets/cells.yaml").exists():
        made.settings(made.DATASET.replace("raw: raw", f"raw: {place}"))
    checked = dissent("check", "cells", "--config-dir", "settings")
    planned = snake.snakemake(snake.REPORT)
    if made.snapshot(place, "elsewhere") != mine:
        raise Lost("files of the user's have changed")
    for said in (asked, checked, planned):
        refused(said, "data/cells")
    return "refused"


def injections(seed: int) -> list[Injection]:
    return [
        *[Injection(f"settings: {title}", lambda one=one: settings(*one)) for title, one in SETTINGS.items()],
        *[Injection(f"network: {title}", lambda one=one: network(*one)) for title, one in NETWORKS.items()],
        Injection("a name that is markup, in the report", page),
        *[
            Injection(f"a cell {text!r}", lambda text=text: cells(text))
            for text in ('"=HYPERLINK(""http://x"")"', "=1+1", "+cmd", "-cmd", "@SUM(A1)")
        ],
        *[
            Injection(
                f"raw files {'behind a link ' * link}where data/cells {how}",
                lambda link=link, how=how: raw_in_data(link, how),
            )
            for link in (False, True)
            for how in ("is", "lies in")
        ],
    ]
