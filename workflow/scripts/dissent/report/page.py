"""report.html: one self-contained page on a run and its controls. Works offline; names of users are escaped."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from dissent.config.as_published import told
from dissent.config.task import css
from dissent.core.files import sha256, write_text
from dissent.core.seal import seal_page
from dissent.report import figures, plain, provenance, tables, tiles
from dissent.report.disputed import disputed
from dissent.report.labelled import labelled
from dissent.report.run_results import Story
from dissent.report.scored import confusion, faults, scored_images
from dissent.report.sheets import Sheets
from dissent.report.templates import environment_of
from dissent.report.verdict import verdict

if TYPE_CHECKING:
    from dissent.core import arguments

LIMIT = 10_000_000  # bytes of the page; pictures shrink until it fits
_TABLES = (
    "metrics.json",
    "counts.csv",
    "teachers.json",
    "cost.json",
    "predictions.csv",
    "masks.csv",
    "audit.json",
    "examples/shown.json",
)
_TILE_SIDES = (256, 192, 128, 96, 64)  # pixels of a tile at most


def write_report(
    params: "arguments.Report",
    generations: Sequence[str],
    controls: Mapping[str, str],
    data: Mapping[str, str],
    templates: str,
    out: str,
    limit: int = LIMIT,
    browser: str = "",
) -> None:
    """Write the page. `generations` are the folders gen0..genN; `controls`: {method: folder of its last generation}.

    `data`: {subset of the split: its table}. `templates`: folder of report.html.j2, report.css
    and report.js. `browser`: the page with all images, to which this one leads; "": there is none.
    """
    story = Story.read(params, generations, controls, data)
    parts = _parts(story) | {"links": plain.links(Path(out))}
    parts["browser"] = relpath(browser, Path(out).parent) if browser else ""
    sources = _sources(generations, controls, data)
    for side in _TILE_SIDES:
        page = seal_page(_render(Path(templates), parts | _pictures(story, side)), sources)
        if len(page.encode()) < limit:
            break
    write_text(out, page)


def _sources(generations: Sequence[str], controls: Mapping[str, str], data: Mapping[str, str]) -> dict[str, str]:
    """What the page was made from, for `dissent verify`: of these a lost one is missed, and another one noticed."""
    folders = [*generations, *controls.values()]
    files = [Path(folder, name) for folder in folders for name in _TABLES]
    paths = [*data.values(), *(file.as_posix() for file in files if file.exists())]
    return {path: sha256(path) for path in paths}


def _parts(story: Story) -> dict:
    """All but the pictures."""
    judged_on = story.subsets[-1]
    first = story.generations[0]
    others = story.controls | ({"gen0": first} if story.last.number and not story.twins(first) else {})
    run, task = story.params["run"], story.params["task"]
    found = verdict(run, story.generations, story.last, others, judged_on, task, story.seconds)
    between = disputed(story)
    audited = [one for one in story.labelled_by_teachers if one.audit["hidden_masks"]]
    return {
        "run": story.params["run"],
        "title": plain.title(story, found),
        "done": plain.done(story),
        "found": plain.found(story, found, judged_on),
        "glossary": plain.GLOSSARY,
        "meanings": plain.PLAIN,
        "verdict": found,
        "stopped": run.get("partial") or story.stopped,
        "alarms": story.alarms,
        "judged_on": judged_on,
        "verdict_rows": tables.verdict_rows(story, found),
        "differences": figures.differences(story, found),
        "score": story.score,
        "score_name": plain.score_name(story.score),
        "score_meaning": plain.score_meaning(story.score),
        "counts_meaning": plain.COUNTS,
        "definition": story.last.metrics["definitions"][story.score],
        "ranked_by": story.last.metrics["ranked_by"],
        "subsets": {
            subset: {
                "images": story.last.counted(subset),
                "plot": figures.scores(story, subset),
                "rows": tables.score_rows(story, subset),
            }
            for subset in story.subsets
        },
        "scores_legend": figures.scores_legend(story),
        "learning": figures.learning(story),
        "pseudo": tables.pseudo_rows(story),
        "pseudo_figures": [*figures.pseudo(story), *figures.doubt_of_labels(between.doubt)],
        "disputed": between,
        "audit": tables.audit_rows(audited),
        "no_audit": plain.no_audit(story),
        "teachers": tables.teacher_rows(audited),
        "audit_figures": figures.audit(audited),
        "audit_names": tables.AUDITED,
        "audit_definitions": audited[0].audit["definitions"] if audited else {},
        "classes": tables.class_rows(story, faults(story)),
        "confusion": confusion(story),
        "last": story.last.folder.name,
        "pictured": story.pictured.folder.name,
        "cost": tables.cost_rows(story),
        "colours": [*story.params["colours"], *_coloured(tiles.LEGEND)],
        "label_colours": story.params["colours"],
        "wrong_colours": _coloured(tiles.WRONG[: 1 + len(task["labels"])]),
        "command": story.params["command"],
        "versions": provenance.versions(),
        "digests": provenance.digests(story),
        "settings": provenance.settings(story),
        "as_published": [told(name) for name in story.params["run"]["as_published"]],
    }


def _coloured(several: Sequence[tuple[str, Sequence[int]]]) -> list[tuple[str, str]]:
    return [(name, css(colour)) for name, colour in several]


def _pictures(story: Story, side: int) -> dict:
    found = {"through": [], "sheets": [], "labelled": labelled(story, side), "tested": scored_images(story, side)}
    if not story.labelled_by_teachers:
        return found
    sheets = Sheets(story, side)
    return found | {"through": sheets.through_generations(), "sheets": sheets.groups()}


def _render(folder: Path, parts: dict) -> str:
    environment = environment_of(folder)
    style, script = ((folder / name).read_text("utf-8") for name in ("report.css", "report.js"))
    # the browser runs this script alone, and loads nothing from anywhere: a name that slipped through could do no harm
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    page = environment.get_template("report.html.j2")
    return page.render(parts, policy=policy, style=style, script=script)
