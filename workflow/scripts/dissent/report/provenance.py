"""What was run: settings, versions, digests. Nothing here is a time or a place, so the same run gives the same page."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

from dissent.core.files import read_json, sha256
from dissent.report.run_results import Story

_PACKAGES = (
    "dissent", "snakemake", "torch", "torchvision", "numpy", "pillow", "segmentation-models-pytorch", "timm", "matplotlib",
)  # fmt: skip


def versions() -> dict[str, str]:
    """The versions of Python and of the packages on which numbers depend, as installed where the page was made."""
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # dissent itself may be used from the path, not installed
            found[name] = "not installed"
    return found


def digests(story: Story) -> list[tuple[str, str]]:
    """(what, SHA-256) of the tables of the split and of every student that the page speaks of."""
    found = [(path, sha256(path)) for path in story.data.values()]
    for one in [*story.generations, *story.controls.values()]:
        pool = read_json(one.folder / "teachers.json")["pool"]
        models = [(f"{row['folder']}/model.safetensors", row["sha256"]["model.safetensors"]) for row in pool]
        found += [(Path(path).as_posix(), value) for path, value in sorted(models)]
    return found + [(f"code of {rule}", value) for rule, value in story.params["code"].items()]


def settings(story: Story) -> str:
    """The config as resolved, as YAML."""
    return yaml.safe_dump(story.params["settings"], sort_keys=False, width=100, allow_unicode=True)
