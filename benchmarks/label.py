"""Pseudo-labelling with two teachers, PNG in and PNG out, against a loop over images, one teacher after the other.

    python benchmarks/label.py [--images 96] [--repeats 3] [--size 256] [--width 0.5] [--before CHECKOUT]

The loop is what the published code does, in torch: for each image decode it, ask each teacher for a batch of one, keep the hard
predictions, compare them, write label and doubt with Pillow's defaults. Ours are the jobs `predict` and `build_masks`, with all
that they write (a PNG for each teacher too, tables, digests), each in a process as the workflow starts it; imports are not counted
for either. Where OpenVINO is installed a line has it (`resources: {inference: openvino}`), with the time in which it builds
networks. With `--before` an earlier checkout takes turns, too, with files that its own code wrote. Two threads. Both must give the same
masks but for pixels at which a probability is .5 in some rounding.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from common import Line, alone, in_turns, made_up, tell

SELF = str(Path(__file__).resolve())
GOAL = ">= 4, and >= 90 images/s on a quiet machine"


def main() -> None:
    """Print the lines; with `--part` be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"images": 96, "repeats": 3, "size": 256}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--inference", default="torch")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT")
    parser.add_argument("--part", choices=["loop", "ours"])
    args = parser.parse_args()
    if args.part:
        print(json.dumps({"loop": loop, "ours": ours}[args.part](args)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), args)

        def one(part: str, **more: object) -> float:
            given = {"images": args.images, "size": args.size} | more
            words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
            return alone(SELF, "--part", part, *words, cwd=folder)["rate"]

        one("loop"), one("ours")
        apart = difference(Path(folder))
        print(f"pixels that differ between the two: {apart:.1e}")
        assert apart < 1e-3
        ways = [lambda: one("loop"), lambda: one("ours"), lambda: one("ours", precision="bf16")]
        names = []
        if find_spec("openvino") is not None:
            names.append("`inference: openvino`")
            ways.append(lambda: one("ours", inference="openvino"))
        if args.before:
            names.append("an earlier checkout")
            ways.append(earlier(Path(folder), args))
        base, full, half, *others = in_turns(args.repeats, *ways)
    what = f"pseudo-labelling, 2 teachers, {args.size}x{args.size}, PNG to PNG"
    ratio = statistics.median(b / a for a, b in zip(base, full, strict=True))
    met = ratio >= 4 and statistics.median(full) >= 90
    tell(Line(what, "images/s", full, base, GOAL, met, "python benchmarks/label.py"))
    tell(Line(f"{what}, `precision: bf16`", "images/s", half, base, "", None, "python benchmarks/label.py"))
    for name, found in zip(names, others, strict=True):
        tell(Line(f"{what}, {name}", "images/s", found, base, "", None, "python benchmarks/label.py"))


def earlier(folder: Path, args: argparse.Namespace) -> Callable[[], float]:
    """One turn of the jobs of the checkout `args.before`, in a folder of its own below `folder`."""
    checkout, place = args.before.resolve(), folder / "before"
    place.mkdir()
    environment = {"PYTHONPATH": os.pathsep.join(map(str, (checkout / "benchmarks", checkout / "workflow/scripts")))}
    given = {"images": args.images, "size": args.size, "width": args.width}
    code = f"from argparse import Namespace; import label; label.write(label.Path(), Namespace(**{given})); print(1)"
    alone("-c", code, cwd=place, environment=environment)
    words = ["--part", "ours", "--images", str(args.images), "--size", str(args.size)]
    script = str(checkout / "benchmarks/label.py")
    return lambda: alone(script, *words, cwd=place, environment=environment)["rate"]


def write(folder: Path, args: argparse.Namespace) -> None:
    """Images, unlabelled.csv, and two teachers with teachers.json, in `folder`."""
    import torch

    from dissent import networks
    from dissent.config.network import Network
    from dissent.core.files import sha256, write_image, write_json, write_table

    rows = []
    for number, photo in enumerate(made_up(args.images, args.size, args.size)[0]):
        path = folder / "images" / f"i{number:04}.png"
        write_image(path, photo)
        rows.append({"id": path.stem, "image": f"images/{path.name}", "image_sha256": sha256(path)})
    write_table(folder / "unlabelled.csv", rows, tuple(rows[0]))
    spec = Network(architecture="unet1x1", width=args.width, steps=1).model_dump(mode="json")
    pool = []
    for student in (1, 2):
        torch.manual_seed(student)
        network = networks.build(spec, 1, 3).train()
        with torch.no_grad():  # running statistics that fit the images
            for _ in range(60):
                network(torch.rand(2, 3, 64, 64) * 255)
        networks.save(network, folder / f"students/{student}", spec, 1, 3, {})
        digests = {name: sha256(folder / f"students/{student}/{name}") for name in ("model.safetensors", "model.json")}
        pool.append(
            {"student": student, "folder": f"students/{student}", "teacher": True, "score": 0.5, "sha256": digests}
        )
    write_json(folder / "teachers.json", {"ranked_by": "val iou", "teachers": 2, "pool": pool})


def loop(args: argparse.Namespace) -> dict:
    """One image at a time, one teacher after the other."""
    import numpy as np
    import torch
    from PIL import Image

    from dissent import networks

    torch.set_num_threads(2)
    teachers = [networks.load(f"students/{student}")[0].eval() for student in (1, 2)]
    for name in ("label", "doubt"):
        Path("loop", name).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    for path in sorted(Path("images").iterdir()):
        image = np.array(Image.open(path).convert("RGB"))
        batch = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            masks = [(teacher(batch).sigmoid()[0, 0] > 0.5).numpy() for teacher in teachers]
        total = np.sum(masks, axis=0)
        Image.fromarray((total == 2).astype(np.uint8)).save(f"loop/label/{path.name}")
        Image.fromarray(((total > 0) & (total < 2)).astype(np.uint8)).save(f"loop/doubt/{path.name}")
    return {"rate": args.images / (time.perf_counter() - start)}


def ours(args: argparse.Namespace) -> dict:
    """The jobs `predict` and `build_masks`."""
    from dissent.runtime.devices import prepare_process

    prepare_process(2)
    from dissent.config.method import Method
    from dissent.config.task import TaskSettings
    from dissent.steps.build_masks import build_masks
    from dissent.steps.predict import predict

    task = TaskSettings(kind="binary", labels=["disc"])
    settings = {
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "channels": 3,
        "threads": 2,
        "batch_size": 32,
    }
    settings |= {
        "precision": args.precision,
        "inference": args.inference,
        "part": [1, 1],
        "first": "",
        "soft_labels": False,
        "checkpoints": 0,
        "tta": Method().at(0)["tta"],
        "pseudo_label": "agreement",
        "select": "all",
        "keep_labels": False,
        "inconsistency": {"erode": 0, "dilate": 0},
    }
    start = time.perf_counter()
    predict(settings, "teachers.json", "unlabelled.csv", "predictions", "predictions.csv", "cpu")
    build_masks(settings, "predictions.csv", None, "masks/consensus", "masks/inconsistency", "masks.csv")
    return {"rate": args.images / (time.perf_counter() - start)}


def difference(folder: Path) -> float:
    """Share of the pixels in which label or doubt of the two differ."""
    import numpy as np
    from PIL import Image

    apart = []
    for ours_, theirs in (("masks/consensus", "loop/label"), ("masks/inconsistency", "loop/doubt")):
        for path in sorted((folder / theirs).iterdir()):
            pair = [np.array(Image.open(one)) for one in (folder / ours_ / path.name, path)]
            apart.append(float((pair[0] != pair[1]).mean()))
    return max(apart)


if __name__ == "__main__":
    sys.exit(main())
