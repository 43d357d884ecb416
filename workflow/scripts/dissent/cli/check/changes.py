"""What is not as it was when the data set was prepared last, and what will be trained anew for it: a part of `dissent check`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dissent.cli.check.looks import Found, Seen
from dissent.core.columns import DISJOINT, SUBSETS
from dissent.core.files import UserError, read_json, read_table
from dissent.core.rebuild_hint import first
from dissent.core.words import some
from dissent.planning.job import Job
from dissent.planning.jobs import Graph, planned
from dissent.planning.reached import reached


@dataclass(frozen=True)
class Changes:
    """What changed since a data set was prepared."""

    lines: list[str] = field(default_factory=list)
    """for the terminal; none where nothing was prepared, or nothing changed"""
    found: Found = field(default_factory=Found)
    """a note where scores cannot be compared"""
    anew: frozenset[Job] = frozenset()
    """jobs that are done again"""


def changes(seen: Seen) -> Changes:
    """What changed since the data set was prepared, and what is done again for it."""
    data = Path("data", seen.run.dataset_name)
    try:
        before, said = read_table(data / "files.csv"), read_json(data / "dataset.json")
    except UserError:
        return Changes()
    now, says = read_table(seen.prepared / "files.csv"), read_json(seen.prepared / "dataset.json")
    lines = [*_settings(said, says), *_files(before, now)]
    subsets, found = _subsets(seen, data / "splits" / seen.run.split)
    if not lines and not subsets:
        return Changes(found=found)
    graph = planned(seen.plan, [f"results/{seen.run.name}/report.html"])
    anew = _reached(seen, graph, data)
    return Changes([*lines, *subsets, *_work(seen, graph, anew)], found, frozenset(anew))


def _settings(before: Mapping, now: Mapping) -> Iterator[str]:
    called = {key: f"`{key}`" for key in ("size", "channels", "task")} | {"levels": "grey levels"}
    for key, name in called.items():
        if before.get(key) != now[key]:
            told = "" if key == "task" else f" {before.get(key)} was, {now[key]} is"
            yield f"{name} of the data set {'are others' if key == 'levels' else 'is another'}:{told}".rstrip(":")


def _files(before: list[dict], now: list[dict]) -> Iterator[str]:
    """What happened to images and masks, by the names of raw images."""
    then, here = _by_source(before), _by_source(now)
    gone, new = ({a: one[a]["image"] for a in one if a not in other} for one, other in ((then, here), (here, then)))
    was = {image: old for old, image in gone.items()}
    renamed = {was[image]: name for name, image in new.items() if image in was}
    if renamed:
        yield f"{len(renamed)} image{'s are' if len(renamed) > 1 else ' is'} renamed: {some([f'{a} to {b}' for a, b in renamed.items()])}"
    then = {renamed.get(source, source): parts for source, parts in then.items()}
    found: dict[tuple[str, str], list[str]] = {}
    for source in sorted(then.keys() | here.keys()):
        for what in ("image", "mask"):
            had, has = (one.get(source, {}).get(what, ()) for one in (then, here))
            if had != has:
                how = "new" if not any(had) else "gone" if not any(has) else "changed"
                found.setdefault((what, how), []).append(source)
    for (what, how), names in sorted(found.items()):
        many = f"{len(names)} {what}{'s' * (len(names) > 1)} {'are' if len(names) > 1 else 'is'}"
        of = "of " * (what == "mask")
        yield f"{many} {how}: {of}{some(names)}"


def _by_source(rows: list[dict]) -> dict[str, dict[str, tuple[str, ...]]]:
    """{raw image: digests of its windows and of their masks}."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in rows:
        one = found.setdefault(row["source"], {"image": (), "mask": ()})
        one["image"] += (row["image_sha256"],)
        one["mask"] += (row["label_sha256"],)
    return found


def _subsets(seen: Seen, split: Path) -> tuple[list[str], Found]:
    """How the subsets of the split change, if it was made before."""
    parts, same, found = [], [], Found()
    for subset in DISJOINT:
        try:
            then = {row["id"]: row for row in read_table(split / f"{subset}.csv", ("id", "image_sha256"))}
        except UserError:
            return [], found
        now = {row["id"]: row for row in read_table(seen.split / f"{subset}.csv")}
        came, went = sorted(now.keys() - then.keys()), sorted(then.keys() - now.keys())
        if came or went:
            parts.append(f"{subset} {len(now)} ({len(came)} came, {len(went)} went)")
        else:
            same.append(subset)
        if subset in ("val", "test") and (told := _moved(then, now)):
            found.notes.append(
                f"`{subset}` of the split is not what it was ({told}): scores before and after it cannot be compared"
            )
    if not parts:
        return [], found
    rest = f"; {', '.join(same)} as before" if same else ""
    return [f"split {seen.run.split}: {', '.join(parts)}{rest}"], found


def _moved(then: Mapping[str, Mapping], now: Mapping[str, Mapping]) -> str:
    """What came, went, or has another image or mask; an image that has only another name is what it was."""
    old, new = ({(row["image_sha256"], row["label_sha256"]) for row in rows.values()} for rows in (then, now))
    found: dict[str, list[str]] = {"came": [], "went": [], "changed": []}
    for rows, others, pixels, verb in ((now, then, old, "came"), (then, now, new, "went")):
        for name, row in rows.items():
            if (row["image_sha256"], row["label_sha256"]) not in pixels:
                found["changed" if name in others else verb].append(name)
    return ", ".join(f"{some(sorted({*names}))} {verb}" for verb, names in found.items() if names)


def _reached(seen: Seen, graph: Graph, data: Path) -> set[Job]:
    """Jobs that are done again after a command that prepares and splits alone: its tables have other content, or have not."""
    split = data / "splits" / seen.run.split
    changed = [f"{split}/{subset}.csv" for subset in SUBSETS if _content(split, subset) != _content(seen.split, subset)]
    later = {job: files for job, files in graph.items() if job.rule not in ("prepare", "split")}
    return reached(seen.plan, later, [*changed, f"{data}/dataset.json"])


def _work(seen: Seen, graph: Graph, again: Collection[Job]) -> list[str]:
    """Which students are trained anew, of those that are trained, and how long they took."""
    trained = {job for job in graph if job.trains and Path(job.output).is_file()}
    if not trained:
        return []
    anew = trained.intersection(again)
    if not anew:
        lines = [f"none of the {len(trained)} trained networks is trained anew"]
    else:
        lines = [f"{len(anew)} of the {len(trained)} trained networks are trained anew: {_where(anew)}{_took(anew)}"]
    if anew != trained:
        table = f"data/{seen.run.dataset_name}/splits/{seen.run.split}/labelled.csv"
        lines.append(f"so that nothing more is, prepare first, in a command of its own: {first([table])}")
    return lines


def _content(split: Path, subset: str) -> list[list[str]]:
    """A table without the paths, which are those of another folder while it is only looked at; [] where it lacks."""
    try:
        rows = read_table(split / f"{subset}.csv")
    except UserError:
        return []
    return [[value for name, value in row.items() if name not in ("image", "label")] for row in rows]


def _where(jobs: set[Job]) -> str:
    counts: dict[str, int] = {}
    for job in sorted(jobs, key=lambda job: (job.run, job.rule, job.generation)):
        name = f"{job.run} {f'gen{job.generation}' if job.rule == 'train' else 'EvalNets'}"
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _took(jobs: set[Job]) -> str:
    seconds = 0.0
    for job in jobs:
        try:
            seconds += read_json(Path(job.output).with_name("cost.json"))["seconds"]
        except (UserError, KeyError, TypeError):
            return ""
    return f"; they took {seconds / 60:,.1f} minutes, one after the other"
