"""A card: throughput, memory, share of its limits, five students side by side, and the published IM run at full scale.

Started by benchmarks/gpu.sh. The parts are done one after the other and written to gpu.json as they end; a part that is there is
not done again, and students that were trained are kept below work/gpu-run, so the script may be ended and started at will.
`--toy` is the same at 32x32 for a few steps on any CPU: a test runs it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from common import made_up

SELF = str(Path(__file__).resolve())
WORK = Path("work/gpu-run")
FULL = {
    "size": 256,
    "labelled": 259,
    "unlabelled": 2335,
    "val": 100,
    "epochs": 50,
    "batch": 32,
    "generations": 5,
    "pool": [10, 5],
}
TOY = {"size": 32, "labelled": 6, "unlabelled": 12, "val": 4, "epochs": 2, "batch": 4, "generations": 1, "pool": [2, 2]}


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


def prepare(scale: dict) -> None:
    """Tables and PNG files of the split below work/gpu-run, from work/gpu/images.tar.gz or made up."""
    import numpy as np
    from PIL import Image

    from dissent.files import sha256, write_image, write_mask, write_table

    if (WORK / "val.csv").exists():
        return
    number = scale["labelled"] + scale["unlabelled"] + scale["val"]
    packed = Path("work/gpu/images.tar.gz")
    if packed.is_file():
        with tarfile.open(packed) as archive:
            archive.extractall(WORK / "packed", filter="data")
        paths = sorted((WORK / "packed/images").iterdir())[:number]
        masks = [np.array(Image.open(WORK / "packed/masks" / f"{path.stem}.png")) for path in paths]
        photos = [np.array(Image.open(path).convert("RGB")) for path in paths]
    else:
        photos, masks = made_up(number, scale["size"], scale["size"])
    rows = []
    for index, (photo, mask) in enumerate(zip(photos, masks, strict=True)):
        paths = {"image": WORK / f"data/images/i{index:05}.png", "label": WORK / f"data/labels/i{index:05}.png"}
        write_image(paths["image"], photo)
        write_mask(paths["label"], mask, [[0] * 3] * 256)
        row = {"id": f"i{index:05}"}
        for key, path in paths.items():
            row |= {key: str(path), f"{key}_sha256": sha256(path)}
        rows.append(row)
    head = ("id", "image", "label", "image_sha256", "label_sha256")
    first, second = scale["labelled"], scale["labelled"] + scale["unlabelled"]
    write_table(WORK / "labelled.csv", rows[:first], head)
    bare = [{key: row[key] for key in ("id", "image", "image_sha256")} for row in rows[first:second]]
    write_table(WORK / "unlabelled.csv", bare, ("id", "image", "image_sha256"))
    write_table(WORK / "val.csv", rows[second:], head)  # last: it tells that all is there


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


def place(args: argparse.Namespace) -> str:
    """cuda, or with `--toy` the CPU."""
    import torch

    if not args.toy and not torch.cuda.is_available():
        raise SystemExit("error: no card here; --toy tries the script on a CPU")
    return "cpu" if args.toy else "cuda"


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
        for view in ("plain", "strong"):
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
    from dissent.generation.masks import build_masks
    from dissent.generation.pairs import assemble_pairs
    from dissent.generation.predict import predict
    from dissent.generation.rank import rank_students
    from dissent.spec.task import Task

    task = Task(kind="binary", labels=["lesion"])
    facts = {
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "channels": 3,
        "precision": "bf16",
        "batch": 128,
        "threads": 4,
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
                facts | {"part": [1, 1]},
                before,
                str(WORK / "unlabelled.csv"),
                str(folder / "predictions"),
                str(folder / "predictions.csv"),
                place(args),
            )
            rules = {"label": "agree", "select": "larger", "doubt": {"erode": 0, "dilate": 0}}
            masks = str(folder / "masks.csv")
            build_masks(
                facts | rules,
                str(folder / "predictions.csv"),
                None,
                str(folder / "consensus"),
                str(folder / "inconsistency"),
                masks,
            )
        copies = {"copies": 0, "labelled_copies": 0}
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


def asked(
    scale: dict,
    args: argparse.Namespace,
    pairs: str,
    out: str,
    generation: int,
    member: int,
    precision: str = "bf16",
    view: str = "plain",
) -> dict:
    """What one student is: parameters of `train_student`, and its files."""
    from dissent.generation.pairs import assemble_pairs
    from dissent.spec.network import Network
    from dissent.spec.recipe import Recipe
    from dissent.spec.task import Task

    if pairs == "labelled.csv":  # the throughput's and the pool's students learn from the labels alone
        pairs = "labels_as_pairs.csv"
        copies = {"copies": 0, "labelled_copies": 0}
        assemble_pairs(copies, str(WORK / "labelled.csv"), None, str(WORK / "unlabelled.csv"), None, str(WORK / pairs))
    budget = {"epochs": scale["epochs"], "batch": scale["batch"]}
    spec = Network(architecture="unet1x1", width=0.5, loss=["mse"], precision=precision, **budget).model_dump(
        mode="json"
    )
    params = {
        "task": Task(kind="binary", labels=["lesion"]).model_dump(mode="json"), "size": [scale["size"]] * 2, "channels": 3, "input": {},
        "free_rotation": True, "network": spec, "recipe": Recipe(view=view).at(0), "seed": 1, "generation": generation, "member": member,
    }  # fmt: skip
    return {"params": params, "pairs": str(WORK / pairs), "out": str(WORK / out), "toy": args.toy}


def train(jobs: list[dict], at_once: int) -> list[dict]:
    """Train students, so many processes at a time; those that are there are not trained again."""
    waiting, running, done = list(enumerate(jobs)), [], {}
    while waiting or running:
        while waiting and len(running) < at_once:
            index, job = waiting.pop(0)
            note = Path(job["out"], "speed.json")
            if note.is_file():
                done[index] = json.loads(note.read_text())
                continue
            command = [sys.executable, SELF, "--student", json.dumps(job)]
            running.append((index, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        for index, process in list(running):
            if process.poll() is not None:
                if process.returncode:
                    raise SystemExit(f"a student failed ({process.returncode}): {jobs[index]['out']}")
                done[index] = json.loads(process.stdout.read().splitlines()[-1])
                running.remove((index, process))
        time.sleep(0.05)
    return [done[index] for index in range(len(jobs))]


def student(job: dict) -> dict:
    """Train one student in this process; images a second of the training, its memory."""
    from dissent.devices import prepare_process

    kind = prepare_process(4, "cpu" if job["toy"] else "cuda", benchmark=True).type
    import torch

    from dissent.generation.student import train_student

    start = time.perf_counter()
    files = {"pairs": job["pairs"], "val": str(WORK / "val.csv"), "unlabelled": str(WORK / "unlabelled.csv")}
    done = train_student(job["params"], **files, out=job["out"], state=f"{job['out']}.state", device=kind)
    seconds = time.perf_counter() - start
    memory = torch.cuda.max_memory_allocated() / 2**20 if kind == "cuda" else None
    found = {"images_s": done["images"] / seconds, "seconds": seconds, "steps": done["steps"], "memory_mb": memory}
    Path(job["out"], "speed.json").write_text(json.dumps(found))
    return found


if __name__ == "__main__":
    sys.exit(main())
