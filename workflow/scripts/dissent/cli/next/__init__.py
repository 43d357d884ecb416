"""Choose the images to label next, and write them with draft masks to correct.

The choice is by disagreement of the teachers (a label that the labelled images lack counts more), and by how many images one stands for:
those that are more like it than like any that is labelled or chosen already. One group (patient, video) does not fill the list, and near duplicates are passed over. Images with a
label, of validation and of the test are never offered. OUT/next.csv has each image with the reason in words. The rest of OUT is what `dissent drafts`
writes, and `dissent import` brings the corrections back. `--pick` takes a list of your own instead."""

import argparse
from pathlib import Path

from dissent.cli.drafts import add_machine, check_place, generation_of, positive, run_of, send
from dissent.cli.next.pick import picked
from dissent.cli.next.rank import ranked
from dissent.cli.next.table import COLUMNS
from dissent.cli.next.teachers import teachers_of
from dissent.cli.settings import config_dir_option, settings_folder
from dissent.cli.text import columns
from dissent.cli.unlabelled import Free
from dissent.core.files import write_table
from dissent.datasets.formats import DRAFTS

EXAMPLES = """examples:
  dissent next mine to_label                            20 images, with PNG masks to correct
  dissent next mine to_label -n 50 --format cvat
  dissent next mine to_label --no-drafts                only the list: to_label/next.csv
  dissent next mine to_label --pick list.txt            these images, one id a line"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent next`."""
    parser.add_argument("run", help="a run that has trained networks, e.g. mine")
    parser.add_argument("out", type=Path, help="folder for list and drafts; it must be empty, or not there")
    parser.add_argument("-n", "--number", type=positive, default=20, help="how many images (default: 20)")
    parser.add_argument(
        "--format", choices=DRAFTS, default="png", help="the tool that is to read drafts (default: png)"
    )
    parser.add_argument("--no-drafts", action="store_true", help="write next.csv alone")
    parser.add_argument("--pick", type=Path, metavar="FILE", help="ids of images, one a line: these, whatever -n says")
    parser.add_argument(
        "--features",
        choices=["looks", "encoder"],
        default="looks",
        help="what tells images apart: labels and colours in a grid, or the best student's encoder (default: looks)",
    )
    add_machine(parser)


def run(args: argparse.Namespace) -> int:
    """Returns 0; UserError says what lacks."""
    about = run_of(args)
    check_place(about, args.format, args.out)
    where = generation_of(about)
    free = Free.of(about)
    found = teachers_of(about, where, free, wanted=args.pick is None)
    if args.pick is None:
        assert found is not None
        rows = ranked(found, about, where, free, args)
    else:
        rows = picked(args.pick, free, found, about)
    write_table(args.out / "next.csv", rows, COLUMNS, keeper=False)
    print(columns([(row["rank"], row["id"], row["reason"]) for row in rows]))
    by = found.table if found and args.pick is None else args.pick
    print(f"{len(rows)} images to label next, from {by}: {args.out / 'next.csv'}")
    if args.pick is None:
        print(
            "note    in our simulation it could not be told from images drawn at random yet (docs/results/next_images.md)"
        )
    if args.no_drafts:
        own = config_dir_option(settings_folder(args.config_dir))
        print(f"Then: dissent drafts {about.name} FOLDER --format cvat --ids {args.out / 'next.csv'}{own}")
        return 0
    items = [(free.items[row["source"]], row["doubt_share"]) for row in rows]
    return send(items, about, where, args)
