"""Put the workflow into a folder of your own: Snakefile, rules, profiles, and the shipped settings.

Then `snakemake` runs there with the installed library. A file that exists and is equal is passed over. If one is not
equal, nothing is written and the file is named. In a checkout of the project you do not need this."""

import argparse
import shutil
from pathlib import Path

from dissent.core.files import UserError, write_atomic
from dissent.core.places import SHIPPED
from dissent.core.words import some

EXAMPLES = """examples:
  dissent workflow my_project
  dissent workflow .              into this folder"""
_PARTS = ("Snakefile", "config", "envs", "profiles", "workflow")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent workflow`."""
    parser.add_argument("folder", type=Path, help="where to put it; made if it is not there")


def run(args: argparse.Namespace) -> int:
    """Copy the files; returns 0, or UserError when other files of these names lie there."""
    if args.folder.exists() and not args.folder.is_dir():
        raise UserError(f"{args.folder} is a file; name a folder")
    wanted = {path.relative_to(SHIPPED): path for part in _PARTS for path in _files(SHIPPED / part)}
    present = [name for name in wanted if (args.folder / name).exists()]
    other = [str(name) for name in present if (args.folder / name).read_bytes() != wanted[name].read_bytes()]
    if other:
        raise UserError(
            f"{args.folder} holds {len(other)} files that are not the shipped ones: {some(other)}. "
            "They stay as they are, and nothing was written. Name another folder, or move them away"
        )
    new = [name for name in wanted if name not in set(present)]
    for name in new:
        write_atomic(args.folder / name, wanted[name].read_bytes())
    print(f"{len(new)} files written to {args.folder}, {len(present)} were there")
    if shutil.which("snakemake") is None:
        print("Snakemake is not installed here: pip install snakemake dvc")
    if args.folder.resolve() != Path.cwd():
        print(
            f"Next:\n  cd {args.folder}\n  dissent init FOLDER --quick  # your images; or the demo: snakemake --cores 2 results/demo/report.html"
        )
    return 0


def has_workflow(folder: Path) -> bool:
    """Whether `snakemake` finds rules in a folder."""
    return any((folder / place / name).is_file() for place in ("", "workflow") for name in ("Snakefile", "snakefile"))


def _files(path: Path) -> list[Path]:
    """Plain files at or below `path`, without the library and what Python leaves."""
    if path.is_file():
        return [path]
    found = [file for file in sorted(path.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
    below = SHIPPED / "workflow" / "scripts"
    return [file for file in found if below not in file.parents or file.parent == below]
