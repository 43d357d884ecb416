"""Tell what a study takes before anything starts: jobs, hours and disk.

Hours are by the rate of the trainings that lie in results/, or by an assumed one where there is none, which is said.
They are of job after job; jobs that run side by side share them. What is done already is not counted into the hours."""

import argparse
import contextlib
import os

from dissent.cli.settings import add_config_dir, settings_folder
from dissent.cli.text import columns
from dissent.core.places import SHIPPED
from dissent.planning.estimate import GIVEN, Estimate, Rate, estimate
from dissent.planning.paths import Plan

EXAMPLES = """examples:
  dissent estimate study_b
  dissent estimate study_a --tflops 60
  dissent estimate mine --config-dir my_config"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent estimate`."""
    parser.add_argument("study", help="name of a file in config/studies")
    parser.add_argument(
        "--tflops",
        type=_positive,
        metavar="NUMBER",
        help="TFLOP a second that a card reaches in training, in place of what was measured or is assumed",
    )
    add_config_dir(parser)


def _positive(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < 1e6:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is no number of TFLOP a second, e.g. 60")


def run(args: argparse.Namespace) -> int:
    """Print the table; returns 0."""
    plan = Plan({"config_dir": str(settings_folder(args.config_dir))}, str(SHIPPED))
    asked = Rate(1000 * args.tflops, 0, GIVEN) if args.tflops else None
    found = estimate(plan, args.study, asked)
    cells = plan.cells(args.study)
    print(f"{args.study}: {len(cells)} runs, {sum(found.jobs.values()):,} jobs if none is done yet")
    print(columns([["rule", "jobs"], *([rule, f"{number:,}"] for rule, number in found.jobs.items())]))
    print(f"\n{found.trainings:,} trainings, {found.done:,} of them done already")
    threads = max(run.network.resources.threads for run in cells)
    print("\n".join(_hours(found, max(1, (os.cpu_count() or 1) // threads))))
    lacks = f" (without {', '.join(found.without)})" if found.without else ""
    print(f"\ndisk, about {sum(found.disk.values()) / 1e9:,.2f} GB in all{lacks}:")
    print(columns([["what", "GB"], *([what, f"{size / 1e9:,.2f}"] for what, size in found.disk.items())]))
    print("".join(f"\nnote: {note}" for note in found.notes), end="\n" * bool(found.notes))
    return 0


def _hours(found: Estimate, beside: int) -> list[str]:
    hours = sum(found.seconds.values()) / 3600
    longest = sorted(found.seconds.items(), key=lambda item: -item[1])[:3]
    parts = ", ".join(f"{rule} {seconds / 3600:,.1f}" for rule, seconds in longest)
    lacks = f", without {', '.join(found.without)}" if found.without else ""
    return [
        f"\nabout {hours:,.1f} hours{lacks}, one job after the other ({parts}); {hours / beside:,.1f} with {beside} at a time, "
        "as this machine's cores allow",
        told_rate(found.rate),
    ]


def told_rate(rate: Rate) -> str:
    """By which rate hours were reckoned."""
    if rate.device == GIVEN:
        return f"by {rate.gflop / 1000:,g} TFLOP a second, as --tflops says; a card reaches a third to a half of what its maker tells"
    if rate.trainings:
        return f"by the median rate of {rate.trainings} trainings in results/: {rate.gflop:,.1f} GFLOP a second on {rate.device}"
    return (
        f"no training lies in results/: {rate.gflop:,.0f} GFLOP a second assumed, as two threads or one of a desktop's cores "
        "reach; a graphics card is ten to a hundred times as fast"
    )
