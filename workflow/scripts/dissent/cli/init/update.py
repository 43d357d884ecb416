"""`dissent init` on a known name: what came and went is told; validation and test stay; what a person wrote stays."""

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from dissent.cli.init.first_experiment import SPLIT, experiment_text, extent_of
from dissent.cli.init.holdout import SIMULATED
from dissent.cli.init.kept_subsets import Told, update_subsets
from dissent.cli.init.yaml_text import line_of
from dissent.cli.seen import told_files
from dissent.cli.settings import config_dir_option
from dissent.config.base import parse_yaml, read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError, read_json, read_table, write_atomic
from dissent.core.places import SHIPPED
from dissent.core.words import some
from dissent.datasets.annotated import digests
from dissent.datasets.formats import FORMATS, Ask
from dissent.datasets.items import Item
from dissent.datasets.listing import Census
from dissent.datasets.own_faults import follow, unnamed
from dissent.datasets.own_masks import OwnMasks, key_of
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_items, find_raw
from dissent.planning.paths import Plan
from dissent.planning.study_subsets import subsets_of


@dataclass(frozen=True)
class Files:
    """The files of settings that `dissent init` writes for a name."""

    settings: Path
    name: str

    @property
    def check(self) -> str:
        """The command that checks these settings."""
        return f"dissent check {self.name}{config_dir_option(self.settings)}"

    @property
    def check_trained(self) -> str:
        """What tells of each experiment on this data set of which results are here what is trained anew; else of the first one."""
        here = {path.name.split(".")[0] for path in Path("results").glob("*") if path.is_dir()}
        own = {path.stem: read_yaml(path) for path in sorted((self.settings / "experiments").glob("*.yaml"))}
        names = [name for name, values in own.items() if name in here and values.get("dataset") == self.name]
        checks = [f"`{Files(self.settings, name).check}`" for name in names or [self.name]]
        return f"{' and '.join(checks)} tell{'s' * (len(checks) == 1)} what will be trained anew."

    @property
    def dataset(self) -> Path:
        """The settings of the data set."""
        return self.settings / "datasets" / f"{self.name}.yaml"

    @property
    def experiment(self) -> Path:
        """The settings of the first experiment."""
        return self.settings / "experiments" / f"{self.name}.yaml"

    @property
    def network(self) -> Path:
        """The network with weights from a file, where there are such."""
        return self.settings / "networks" / f"{self.name}.yaml"

    @property
    def table(self) -> Path:
        """The table of validation and test images."""
        return self.settings / "datasets" / f"{self.name}.splits.csv"


def check_free(files: Files, folder: Path) -> None:
    """UserError where the name of a new data set is that of a shipped one, or of one that was prepared from another folder."""
    shipped = Files(SHIPPED / "config", files.name)
    for one in (shipped.dataset, shipped.experiment):
        if one.exists() and one.resolve() not in (files.dataset.resolve(), files.experiment.resolve()):
            raise UserError(f"{files.name} is the name of settings that come with dissent ({one}); say another --name")
    about = Path("data", files.name, "dataset.json")
    try:
        before = Path(read_json(about)["raw"]["folder"])
    except (UserError, KeyError, TypeError):  # nothing is prepared
        return
    if before.resolve() != folder.resolve():
        raise UserError(
            f"data/{files.name} was prepared from {before}, and would be removed: the name is taken, say another --name"
        )


def put_aside(path: Path) -> Path:
    """Give a file of settings a name under which nothing reads it; the new name."""
    number = next(n for n in count(1) if not path.with_name(f"{path.name}.before{n}").exists())
    return path.rename(path.with_name(f"{path.name}.before{number}"))


def update(folder: Path, files: Files, flags: list[str]) -> int:
    """Tell what changed in a known raw folder, and mend what init wrote; 1 where a person has to mend something."""
    dataset = validate(Dataset, read_yaml(files.dataset), files.dataset)
    raw = find_raw(dataset.raw, SHIPPED)
    if raw.resolve() != folder.resolve():
        raise UserError(
            f"{files.dataset} describes {dataset.raw}, not {folder}; say another --name, or write `raw: {folder}` there if "
            "the folder was moved"
        )
    told, whole = Told(), dataset.model_copy(update={"allow_unlabelled": True})
    told.mend += [*unnamed(dataset, files.name), *told_sources(dataset, raw, files.name)]
    told.done += _masks_follow(whole, raw)
    census, problems = Census(), Problems()
    items = find_items(whole, raw, problems, census)
    problems.stop(raw, "; nothing was changed")
    print(told_files(census, raw, [f for part in dataset.parts for f in (part.images, part.masks) if f is not None]))
    told.notes += _since(files.name, items)
    update_subsets(dataset, files.name, files.table, raw, items, told)
    _update_settings(dataset, files, items, told)
    if missing := not files.experiment.exists():
        told.files[files.experiment] = experiment_text(files.name, dataset.task).encode()
        told.done.append(f"wrote {files.experiment}")
    if flags:
        told.notes.append(
            f"{', '.join(flags)}: not used, as {files.dataset} answers that; change it there, or say --anew"
        )
    for path, content in told.files.items():
        write_atomic(path.resolve(), content)  # a link stays one
    if missing:
        _fit_experiment(files)
    lines = [f"updated {line}" for line in told.done] + [f"note    {line}" for line in told.notes]
    lines += [f"mend    {line}" for line in told.mend]
    if not told.done:
        lines.append(f"kept    {files.dataset}, as it is" + (": nothing is to be changed" if not told.mend else ""))
    print("\n".join(lines))
    print(files.check_trained)
    return 1 if told.mend else 0


def _masks_follow(dataset: Dataset, raw: Path) -> list[str]:
    """Lines on masks of ours that go with images which were renamed."""
    if dataset.own_masks is None:
        return []
    own, problems = OwnMasks(Path(dataset.own_masks)), Problems()
    images = {key_of(item.source): item.image for item in find_items(dataset, raw, problems)}
    problems.stop(raw, "; nothing was changed")
    moved = follow(own, raw, images)
    if not moved:
        return []
    return [
        f"{own.folder}: {len(moved)} masks go with their images, which are called otherwise now: {some(sorted(moved))}; all are kept as "
        f"they were in {own.folder}/replaced"
    ]


def _fit_experiment(files: Files) -> None:
    """Write the first experiment as `init` does at first: by the number of labelled images. Tiles are counted when they are cut."""
    plan = Plan({"config_dir": str(files.settings)}, str(SHIPPED))
    run = plan.config.run(files.name)
    if subsets := subsets_of(plan, run):
        extent = extent_of(run.dataset.task, subsets)
        write_atomic(files.experiment, experiment_text(files.name, run.dataset.task, extent=extent).encode())


def _since(name: str, items: list[Item]) -> list[str]:
    """What came and went since the data set was prepared the last time."""
    path = Path("data", name, "files.csv")
    if not path.is_file():
        return []
    before = {row["source"]: bool(row["label"]) for row in read_table(path, ("source", "label"))}
    now = {item.source: bool(item.masks) for item in items}
    both = before.keys() & now.keys()
    found = {
        "new images": sorted(now.keys() - before.keys()),
        "images gone": sorted(before.keys() - now.keys()),
        "new masks": sorted(one for one in now if now[one] and not before.get(one)),
        "masks gone": sorted(one for one in both if before[one] and not now[one]),
    }
    return [f"{len(names)} {what} since the last preparation: {some(names)}" for what, names in found.items() if names]


def told_sources(dataset: Dataset, raw: Path, name: str) -> list[str]:
    """What to do where annotations that were converted into masks have changed, or came, since then."""
    converted = OwnMasks(Path(dataset.own_masks)).record["converted"] if dataset.own_masks is not None else None
    if not converted:
        return []
    problems = Problems()
    found = FORMATS[converted["layout"]].read(raw, Ask(converted["leave_out"], dataset.task), problems)
    problems.stop(raw, "; nothing was changed")
    now, then = digests(raw, found.marks), converted["sources"]
    changed = sorted(path for path in now.keys() | then.keys() if now.get(path) != then.get(path))
    if not changed:
        return []
    return [
        f"{len(changed)} files of annotations changed since they were converted: {some(changed)}: dissent import {raw} --into {name}"
    ]


def _update_settings(dataset: Dataset, files: Files, items: list[Item], told: Told) -> None:
    """Where unlabelled images came to a data set that had none: change the lines that init wrote, name the others."""
    if all(item.masks for item in items):
        return
    text = before = files.dataset.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    if not dataset.allow_unlabelled:
        wanted = dataset.model_copy(update={"allow_unlabelled": True})
        new = re.sub("^((# [^\n]*\n)?splits:)", rf"allow_unlabelled: true{end}\1", text, count=1, flags=re.MULTILINE)
        if means(new, wanted, files.dataset):
            text, dataset = new, wanted
            told.done.append(f"{files.dataset}: `allow_unlabelled: true`, as some images have no mask now")
        else:
            told.mend.append(f"{files.dataset}: write `allow_unlabelled: true`, as some images have no mask")
    split = dataset.splits.get(SPLIT)
    if split is not None and split.labelled == SIMULATED:
        keys = {"seed": split.seed, "labelled": SIMULATED, "fixed": split.fixed}
        line, new = (f"  {line_of(SPLIT, keys | {'labelled': value})}{end}" for value in (SIMULATED, "all"))
        splits = dataset.splits | {SPLIT: split.model_copy(update={"labelled": "all"})}
        if line in text and means(
            text.replace(line, new), dataset.model_copy(update={"splits": splits}), files.dataset
        ):
            text = text.replace(line, new)
            told.done.append(f"{files.dataset}: `labelled: all`, as images without masks are there to label now")
        else:
            told.notes.append(
                f"{files.dataset}: `labelled: {SIMULATED}` of `{SPLIT}` hides masks; `all` learns from each"
            )
    if text != before:
        told.files[files.dataset] = text.encode()


def means(text: str, wanted: Dataset, path: Path) -> bool:
    """Whether a changed text says what it is to say, and nothing else than before."""
    try:
        return validate(Dataset, parse_yaml(text, path), path) == wanted
    except UserError:
        return False
