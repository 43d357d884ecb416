"""Write the report of a run that is not done yet: of the generations and controls that are, and it says so.

It needs no Snakemake, and may be made while the run goes on. The report of all is `snakemake results/RUN/report.html`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from dissent.cli.outdated import outdated
from dissent.cli.settings import add_config_dir, config_of, settings_folder
from dissent.config.resolve import Run
from dissent.core.columns import SUBSETS
from dissent.core.files import UserError
from dissent.core.places import SHIPPED
from dissent.core.rebuild_hint import first
from dissent.planning import browsing, rule_params
from dissent.planning.paths import Plan

EXAMPLES = """examples:
  dissent report mine
  dissent report mine here.html"""
NAME = "partial.html"
_ALWAYS = ("metrics.json", "counts.csv", "teachers.json", "cost.json")
_FROM_GEN1 = ("predictions.csv", "masks.csv", "audit.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent report`."""
    parser.add_argument("run", help="name of a run")
    parser.add_argument("out", nargs="?", type=Path, help=f"the page (default: results/RUN/{NAME})")
    add_config_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page; returns 0."""
    folder = settings_folder(args.config_dir)
    plan = Plan({"config_dir": str(folder)}, str(SHIPPED))
    config_of(folder)
    one, controls = plan.config.run(args.run), plan.config.controls(args.run)
    out = args.out or Path("results", one.name, NAME)
    if out.exists() and out.name != NAME:
        raise UserError(f"{out} exists and stays as it is: name another file")
    done = generations_done(one)
    if not done:
        raise UserError(f"gen0 of {one.name} is not done yet; `dissent status {one.name}` says how far it is")
    beside = [each for each in controls if len(generations_done(each)) > each.method.last]
    from dissent.report.page import write_report  # matplotlib only now

    params = rule_params.report(one, beside, plan.code, plan.config)
    params["run"] |= {"partial": told(one, done, controls, beside)}
    write_report(
        params,
        generations=[str(path) for path in done],
        controls={each.method_name: f"results/{each.name}/gen{each.method.last}" for each in beside},
        data={subset: plan.subset(one, subset) for subset in SUBSETS},
        templates=str(SHIPPED / "workflow" / "report"),
        out=str(out),
        browser=next((page for page in browsing.page(one) if Path(page).is_file()), ""),
    )
    print(f"{out}: {params['run']['partial'] or 'all of the run'}")
    if told_so := outdated(plan, one):
        print(f"note    {told_so}")
    return 0


def generations_done(run: Run) -> list[Path]:
    """Folders of the generations of a run from gen0 on, up to the first of which something lacks."""
    found: list[Path] = []
    for g in range(run.method.last + 1):
        folder = Path("results", run.name, f"gen{g}")
        if not all((folder / name).is_file() for name in (*_ALWAYS, *(_FROM_GEN1 if g else ()))):
            break
        found.append(folder)
    return found


def told(run: Run, done: Sequence[Path], controls: Sequence[Run], beside: Sequence[Run]) -> str:
    """What the page lacks; "" where all is there."""
    lacking = [each.method_name for each in controls if each not in beside]
    last = run.method.last
    if len(done) > last and not lacking:
        return ""
    there = f"gen0 to gen{len(done) - 1}" if len(done) > 1 else "gen0"
    words = [f"This report is partial: {there} of gen0 to gen{last} {'is' if len(done) == 1 else 'are'} done"]
    words += [f"of the controls {', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not"] if lacking else []
    return f"{'; '.join(words)}. The whole one: {first([f'results/{run.name}/report.html'])}"
