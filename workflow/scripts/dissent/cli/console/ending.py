"""The last words of a run: the verdict, the generation to use, where things lie, and the commands that go on from there."""

import contextlib
import html
import re
from collections.abc import Sequence
from pathlib import Path

from dissent.cli.settings import config_dir_option
from dissent.cli.text import described, duration, filled
from dissent.core.files import UserError, read_json
from dissent.core.rebuild_hint import option
from dissent.report.kept import to_use

_REPORT = re.compile(r"(?:\./)?(results/([^/]+)/report\.html)")
_FIELD = 9  # letters of the first column


def ending(words: Sequence[str], code: int, done: int, total: int, seconds: float) -> str:
    """How a run ended that had `total` jobs; none where all was done before."""
    if code and not total:
        return ""
    if code:
        return (
            f"\nstopped: {done} of {total} jobs are done, and stay so; the same command goes on from there. "
            "Logs of jobs: logs; Snakemake's own: .snakemake/log"
        )
    parts = [f"\ndone: {total} job{'s' * (total > 1)} in {duration(seconds)}"] if total else []
    folder = next((word.split("=", 1)[1] for word in words if word.startswith("config_dir=")), "config")
    for word in words:
        if match := _REPORT.fullmatch(word):
            parts.append(of_run(Path(match[1]), match[2], folder))
    return "\n".join(part for part in parts if part)


def of_run(report: Path, name: str, settings: str) -> str:
    """What a person does with a run whose report was made."""
    if not report.is_file():
        return ""
    run = report.parent
    rows = [("verdict", verdict_of(report)), ("report", f"{report} (open it in a browser)")]
    if (run / "browse.html").is_file():
        rows.append(("browse", f"{run}/browse.html: the images, those in doubt first"))
    with contextlib.suppress(UserError, OSError, KeyError, ValueError):
        folder, why = to_use(run)
        if folder is not None:
            rows.append(("use", f"{folder}: {why}"))
            if (folder / "masks" / "consensus").is_dir():
                rows.append(("masks", f"{folder}/masks/consensus{_differ(run, folder)}"))
    for number, command in enumerate(described(_next(run, name, settings))):
        rows.append(("" if number else "next", command))
    return "\n".join(_row(field, text) for field, text in rows if text)


def _differ(run: Path, folder: Path) -> str:
    """Where a person sees the disagreement: labels that leave nothing out have blank inconsistency masks."""
    if read_json(folder / "metrics.json")["pseudo_labels"]["doubt_share"]:
        return f", and where teachers differ: {folder}/masks/inconsistency"
    return f", and where teachers differ: {run}/browse.html" if (run / "browse.html").is_file() else ""


def _next(run: Path, name: str, settings: str) -> list[tuple[str, str]]:
    """Commands that go on from a run, each with what it does."""
    found = []
    proper = name.removesuffix("_quick")
    if proper != name and Path(settings, "experiments", f"{proper}.yaml").is_file():
        found.append((f"snakemake --cores 2 results/{proper}/report.html{option(settings)}", "the proper run"))
    if any(run.glob("gen*/predictions.csv")):
        own = config_dir_option(Path(settings))
        found.append((f"dissent next {name} TO_LABEL{own}", "what to label next, with drafts to correct"))
    found.append((f"dissent predict {run} NEW_IMAGES OUT", "labels new images"))
    found.append((f"dissent export {run} MODEL", "a network file for other tools"))
    return found


def verdict_of(report: Path) -> str:
    """The sentence of the verdict, as the page says it."""
    match = re.search(r'<p class="verdict[^"]*">(.*?)</p>', report.read_text("utf-8"), re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", match[1])).split()) if match else ""


def _row(field: str, text: str) -> str:
    if field != "verdict":
        return f"{field:{_FIELD}}{text}"
    first, *more = filled(text, 100).splitlines()
    return "\n".join([f"{field:{_FIELD}}{first}", *(" " * _FIELD + line for line in more)])
