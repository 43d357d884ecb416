"""The images of the card's benchmark, and its students: each is a process, a number of them at a time."""

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from common import made_up

STARTED = str(Path(__file__).resolve().with_name("gpu.py"))
WORK = Path("work/gpu-run")
FULL = {
    "size": 256,
    "labelled": 259,
    "unlabelled": 2335,
    "val": 100,
    "epochs": 50,
    "batch_size": 32,
    "generations": 5,
    "pool": [10, 5],
}
TOY = {
    "size": 32,
    "labelled": 6,
    "unlabelled": 12,
    "val": 4,
    "epochs": 2,
    "batch_size": 4,
    "generations": 1,
    "pool": [2, 2],
}


def prepare(scale: dict) -> None:
    """Tables and PNG files of the split below work/gpu-run, from work/gpu/images.tar.gz or made up."""
    import numpy as np
    from PIL import Image

    from dissent.core.files import sha256, write_image, write_mask, write_table

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


def place(args: argparse.Namespace) -> str:
    """cuda, or with `--toy` the CPU."""
    import torch

    if not args.toy and not torch.cuda.is_available():
        raise SystemExit("error: no card here; --toy tries the script on a CPU")
    return "cpu" if args.toy else "cuda"


def asked(
    scale: dict,
    args: argparse.Namespace,
    pairs: str,
    out: str,
    generation: int,
    member: int,
    precision: str = "bf16",
    view: str = "none",
) -> dict:
    """What one student is: parameters of `train_student`, and its files."""
    from dissent.config.method import Method
    from dissent.config.network import Network
    from dissent.config.task import TaskSettings
    from dissent.steps.assemble_pairs import assemble_pairs

    if pairs == "labelled.csv":  # the throughput's and the pool's students learn from the labels alone
        pairs = "labels_as_pairs.csv"
        copies = {"noise_copies": 0, "labelled_noise_copies": 0}
        assemble_pairs(copies, str(WORK / "labelled.csv"), None, str(WORK / "unlabelled.csv"), None, str(WORK / pairs))
    budget = {"epochs": scale["epochs"], "batch_size": scale["batch_size"]}
    spec = Network(architecture="unet1x1", width=0.5, loss=["mse"], precision=precision, **budget).model_dump(
        mode="json"
    )
    params = {
        "task": TaskSettings(kind="binary", labels=["lesion"]).model_dump(mode="json"), "size": [scale["size"]] * 2, "channels": 3, "input": {},
        "rotation_invariant": True, "network": spec, "method": Method(augmentation=view).at(0), "seed": 1, "generation": generation, "member": member,
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
            command = [sys.executable, STARTED, "--student", json.dumps(job)]
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
    from dissent.runtime.devices import prepare_process

    kind = prepare_process(4, "cpu" if job["toy"] else "cuda", benchmark=True).type
    import torch

    from dissent.steps.train import train_student

    start = time.perf_counter()
    files = {"pairs": job["pairs"], "val": str(WORK / "val.csv"), "unlabelled": str(WORK / "unlabelled.csv")}
    done = train_student(job["params"], **files, out=job["out"], state=f"{job['out']}.state", device=kind)
    seconds = time.perf_counter() - start
    memory = torch.cuda.max_memory_allocated() / 2**20 if kind == "cuda" else None
    shutil.rmtree(f"{job['out']}.state")  # the finished training: a start after a kill would measure its reading
    found = {"images_s": done["images"] / seconds, "seconds": seconds, "steps": done["steps"], "memory_mb": memory}
    Path(job["out"], "speed.json").write_text(json.dumps(found))
    return found
