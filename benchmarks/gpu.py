"""A card: throughput, memory, share of its limits, five students side by side, and the published IM run at full scale.

Started by benchmarks/gpu.sh. The parts are done one after the other and written to gpu.json as they end; a part that is there is
not done again, and students that were trained are kept below work/gpu-run, so the script may be ended and started at will.
`--toy` is the same at 32x32 for a few steps on any CPU: a test runs it.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from gpu_students import FULL, TOY, WORK, asked, place, prepare, student, train


def main() -> int:
    """Do what is not done; 0 when all is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("work/gpu-out"))
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--side-by-side", type=int, default=5, metavar="N", help="students on one card at once")
    parser.add_argument("--student", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.student:
        print(json.dumps(student(json.loads(args.student))))
        return 0
    end = time.monotonic() + 60 * args.minutes
    place(args)
    scale = TOY if args.toy else FULL
    prepare(scale)
    results = args.out / "gpu.json"
    kept = WORK / "gpu.json"  # OUT is empty at every start on a lent machine
    found = json.loads(kept.read_text()) if kept.is_file() else {}
    for name, part in (
        ("device", device),
        ("throughput", throughput),
        ("side_by_side", side_by_side),
        ("published", published),
    ):
        if name not in found:
            value = part(scale, args, end)
            if value is None:
                save(found, results, kept)
                print(f"{name}: time is over; run the same command again")
                return 75
            found[name] = value
            save(found, results, kept)
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    print("all done")
    return 0


def save(found: dict, *paths: Path) -> None:
    """Write what was found."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n")


def device(scale: dict, args: argparse.Namespace, end: float) -> dict:
    """What computes here, and the most that it does: a large matrix product in bf16 and in fp32, a copy of memory."""
    import torch

    kind = place(args)
    size, repeats = (64, 2) if args.toy else (8192, 20)

    def flops(dtype: torch.dtype) -> float:
        a = torch.randn(size, size, device=kind, dtype=dtype)
        return 2 * size**3 / best(lambda: a @ a, repeats, kind) / 1e12

    block = torch.zeros((1 << 12) if args.toy else (1 << 30), dtype=torch.uint8, device=kind)
    copied = 2 * block.numel() / best(block.clone, repeats, kind) / 1e9
    name = torch.cuda.get_device_name() if kind == "cuda" else "CPU"
    return {
        "device": name, "torch": torch.__version__, "bf16_tflops": flops(torch.bfloat16),
        "fp32_tflops": flops(torch.float32), "copy_gb_s": copied,
    }  # fmt: skip


def best(function, repeats: int, kind: str) -> float:
    """Least seconds of a call."""
    import torch

    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        if kind == "cuda":
            torch.cuda.synchronize()
        found.append(time.perf_counter() - start)
    return min(found)


def throughput(scale: dict, args: argparse.Namespace, end: float) -> dict:
    """Images a second of a training, by precision and view, with its memory and its share of the card's arithmetic."""
    result = {}
    for precision in ("fp32", "bf16"):
        for view in ("none", "strong"):
            job = asked(scale, args, "labelled.csv", f"speed/{precision}-{view}", 0, 1, precision=precision, view=view)
            found = train([job], 1)[0]
            # forward and backward are three times the forward's .312 GMAC at 256x256 (method notes, section 2.1)
            found["tflops"] = found["images_s"] * 3 * 2 * 0.312e-3 * (scale["size"] / 256) ** 2
            result[f"{precision} {view}"] = found
    return result


def side_by_side(scale: dict, args: argparse.Namespace, end: float) -> dict:
    """Seconds of a pool one after the other and at once (a process each on the same card)."""
    many = args.side_by_side
    seconds = {}
    for how, at_once in (("one after the other", 1), ("at once", many)):
        jobs = [asked(scale, args, "labelled.csv", f"pool/{at_once}-{i}", 0, i) for i in range(1, many + 1)]
        start = time.perf_counter()
        train(jobs, at_once)
        seconds[how] = time.perf_counter() - start
    return seconds | {"students": many, "ratio": seconds["one after the other"] / seconds["at once"]}


def published(scale: dict, args: argparse.Namespace, end: float) -> dict | None:
    """The published IM run: a pool on the labels, then generations of agree, drop, learn. None when time is over before its end."""
    from dissent.config.method import Method
    from dissent.config.task import TaskSettings
    from dissent.steps.assemble_pairs import assemble_pairs
    from dissent.steps.build_masks import build_masks
    from dissent.steps.predict import predict
    from dissent.steps.rank_students import rank_students

    task = TaskSettings(kind="binary", labels=["lesion"])
    facts = {
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "channels": 3,
        "precision": "bf16",
        "batch_size": 128,
        "threads": 4,
    }
    asked_once = {
        "part": [1, 1],
        "first": "",
        "soft_labels": False,
        "checkpoints": 0,
        "tta": Method().at(0)["tta"],
        "seed": 1,
    }
    spent = json.loads((WORK / "spent.json").read_text()) if (WORK / "spent.json").exists() else {}
    for g in range(scale["generations"] + 1):
        if time.monotonic() > end:
            return None
        if str(g) in spent:
            continue
        start, folder = time.perf_counter(), WORK / f"gen{g}"
        masks = None
        if g:
            before = str(WORK / f"gen{g - 1}/teachers.json")
            predict(
                facts | asked_once | {"generation": g},
                before,
                str(WORK / "unlabelled.csv"),
                str(folder / "predictions"),
                str(folder / "predictions.csv"),
                place(args),
            )
            rules = {"pseudo_label": "agreement", "select": "larger", "inconsistency": {"erode": 0, "dilate": 0}}
            rules |= {"keep_labels": False}
            masks = str(folder / "masks.csv")
            build_masks(
                facts | rules,
                str(folder / "predictions.csv"),
                None,
                str(folder / "consensus"),
                str(folder / "inconsistency"),
                masks,
            )
        copies = {"noise_copies": 0, "labelled_noise_copies": 0}
        assemble_pairs(
            copies, str(WORK / "labelled.csv"), masks, str(WORK / "unlabelled.csv"), None, str(folder / "pairs.csv")
        )
        pool = scale["pool"][min(g, 1)]
        jobs = [asked(scale, args, f"gen{g}/pairs.csv", f"gen{g}/students/{i}", g, i) for i in range(1, pool + 1)]
        train(jobs, args.side_by_side)
        rank_students([f"{job['out']}/metrics.json" for job in jobs], 2, "iou", str(folder / "teachers.json"))
        ranking = json.loads((folder / "teachers.json").read_text())
        scores = [row["score"] for row in ranking["pool"]]
        spent[str(g)] = {
            "seconds": time.perf_counter() - start,
            "students": pool,
            "val_iou": statistics.mean(s or 0.0 for s in scores),
        }
        (WORK / "spent.json").write_text(json.dumps(spent))
    return {"minutes": sum(one["seconds"] for one in spent.values()) / 60, "generations": spent}


if __name__ == "__main__":
    sys.exit(main())
