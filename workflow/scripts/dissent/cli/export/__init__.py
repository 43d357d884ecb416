"""Take a run elsewhere: ONNX and torch files that need no dissent, its pseudo-labels for other tools, and a model card.

RUN is results/RUN, of which the generation is taken that its verdict keeps, or one generation. Writes OUT/model.onnx (the best
student by validation), OUT/pool.onnx (the mean of all teachers), OUT/model.pt2 (torch.export), OUT/nnunet (a raw data set
of nnU-Net v2, doubt as `ignore`), OUT/coco.json (masks of the pseudo-labels), OUT/MODEL_CARD.md and OUT/export.json.

Every network file is opened again and compared with the networks on the run's test images. What was measured is printed
and stands in export.json; the exit code is 1 where a file says something else than the networks."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dissent.cli.machine import cores
from dissent.core.files import UserError, sha256, write_json
from dissent.core.words import some

if TYPE_CHECKING:
    from dissent.cli.export.source import Source
    from dissent.cli.predict.pool import Pool
    from dissent.core.task import Task

EXAMPLES = """examples:
  dissent export results/isic isic_model                        model.onnx with its card
  dissent export results/isic isic_model --as onnx pool torch   the pool too, and torch's own format
  dissent export results/isic/gen3 isic_labels --as nnunet coco the pseudo-labels of generation 3"""
FILES = {"onnx": "model.onnx", "pool": "pool.onnx", "torch": "model.pt2", "nnunet": "nnunet", "coco": "coco.json"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent export`."""
    parser.add_argument("run", type=Path, help="a run (results/RUN) or one of its generations (results/RUN/gen3)")
    parser.add_argument("out", type=Path, help="folder for the files")
    parser.add_argument(
        "--as", dest="forms", nargs="+", choices=FILES, default=["onnx"], help="what to write (default: onnx)"
    )
    parser.add_argument("--licence", metavar="TEXT", help="what the card says of it; the run's files tell nothing")
    parser.add_argument("--overwrite", action="store_true", help="write anew what is in OUT already")


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 1 when an exported file and the networks differ."""
    wanted = [*(FILES[form] for form in args.forms), "MODEL_CARD.md", "export.json"]
    there = [name for name in wanted if os.path.lexists(args.out / name)]
    if there and not args.overwrite:
        raise UserError(f"{args.out} holds {some(there)} already; name another folder, or add --overwrite")
    if not args.run.is_dir():
        raise UserError(f"{args.run} does not exist; name a run (results/RUN) or one of its generations")
    from dissent.cli.export.formats import check_packages
    from dissent.runtime.devices import prepare_process

    if {"onnx", "pool"} & set(args.forms):
        check_packages()
    prepare_process(cores(), "cpu")
    return _export(args)


def _export(args: argparse.Namespace) -> int:
    from dissent.cli.export.card import write_card
    from dissent.cli.export.coco import write_coco
    from dissent.cli.export.nnunet import write_nnunet
    from dissent.cli.export.source import check_labels, source_of
    from dissent.cli.predict.pool import open_pool
    from dissent.core.task import Task

    source = source_of(args.run)
    pool = open_pool(source.folder, False, False, "cpu")
    task = Task(pool.knows.task.model_dump(mode="json"))
    check_labels(source, task, args.forms)  # before anything is written
    found: dict[str, dict] = {}
    for form in dict.fromkeys(args.forms):
        name, out = FILES[form], args.out / FILES[form]
        if form == "nnunet":
            made = write_nnunet(source, task, pool.knows.channels, pool.knows.input.dataset, out)
            made["told"] = f"{made['train']} training and {made['val']} validation pairs, {made['test']} test images"
        elif form == "coco":
            made = write_coco(source, task, out)
            made["told"] = f"{made['annotations']} masks on {made['images']} images"
        else:
            made = _network(
                source, pool if form != "pool" else open_pool(source.folder, True, False, "cpu"), task, form, out
            )
        found[name] = made
        print(f"{out}: {made['told']}")
    write_card(source, pool, task, found, args.out / "MODEL_CARD.md", args.licence)
    write_json(args.out / "export.json", {"from": source.folder.as_posix(), "files": found})
    print(f"what it is, for whom, and how good: {args.out / 'MODEL_CARD.md'}")
    return int(not all(one.get("equal", True) for one in found.values()))


def _network(source: "Source", pool: "Pool", task: "Task", form: str, out: Path) -> dict:
    """Write one network file, open it again, and measure it."""
    from dissent.cli.export import compare, formats
    from dissent.cli.export.graph import Graph

    graph = Graph(pool, task).eval()
    about = {
        "task": task.kind,
        "labels": task.labels,
        "size": pool.knows.size,
        "channels": pool.knows.channels,
        "input": pool.knows.input.model_dump(mode="json"),
        "weights_sha256": pool.digests,
    }
    write, opened = (
        (formats.write_torch, formats.run_torch) if form == "torch" else (formats.write_onnx, formats.run_onnx)
    )
    write(formats.traced(graph, pool.knows.channels), out, about)
    images, what = compare.images_of(source.tables, pool)
    made = compare.measured(opened(out), graph, pool, task, images, what)
    made |= {"networks": len(pool.networks), "sha256": sha256(out), "equal": compare.equal(made)}
    apart, ties = max(made["largest_difference"], made["at_other_size"]), made["ties"]
    made["told"] = (
        f"{'equals' if made['equal'] else 'DIFFERS FROM'} the networks on {made['on']}: probabilities are apart by {apart:.1e} "
        f"at most, {made['other_decisions']} of {made['pixels']:,} pixels are decided otherwise"
        + (f" ({ties} more are ties)" if ties else "")
    )
    return made
