"""The page of all images: how fast it opens in a browser, and how fast it is made.

    python benchmarks/browse.py [--sizes 1000] [--repeats 3] [--size 256]

Made-up images (a few that repeat under new names) of which two teachers say different things in one generation. Headless Chromium
opens the page from the disk, each time with an empty profile. The clock runs from its first request until all rows are there, the
first tiles stand on the screen and their pictures are decoded. The baseline is the same page with 25 images. Without a browser
only the making is measured.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, Line, in_turns, made_up, tell

sys.path.insert(0, str(ROOT / "tests" / "helpers"))
from browser import CHROMIUM, WHY_NOT, chromium

FEW = 25
LIMIT = {1000: 2}
OPENED = """new Promise(async (done) => {
  const until = async (there) => { while (!there()) await new Promise(requestAnimationFrame); };
  await until(() => document.documentElement.dataset.ready);
  const addresses = new Set([...document.querySelectorAll(".thumb")].filter((one) => one.getBoundingClientRect().top < innerHeight)
    .flatMap((one) => one.style.backgroundImage.match(/"[^"]+"/g)));
  await Promise.all([...addresses].map((one) => { const image = new Image(); image.src = one.slice(1, -1); return image.decode(); }));
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  done([performance.now() / 1000, addresses.size]);
})"""


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", type=int, default=256)
    args = parser.parse_args()
    command = "python benchmarks/browse.py"
    with tempfile.TemporaryDirectory(dir=".") as folder:
        few, _ = made(Path(folder), FEW, args.size)
        for count in args.sizes:
            page, seconds = made(Path(folder), count, args.size)
            rest = sum(path.stat().st_size for path in page.with_suffix("").rglob("*.*")) / 1e6
            print(f"{count:,} images: made in {seconds:.0f} s, {rest:.0f} MB beside the page")
            tell(Line(f"browse.html of {count:,} images is made", "images/s", [count / seconds], [], "", None, command))
            if CHROMIUM is None:
                print(WHY_NOT)
                continue
            base, ours = in_turns(args.repeats, lambda: opened(few), lambda page=page: opened(page))
            limit = LIMIT.get(count)
            met = None if limit is None else statistics.median(ours) < limit
            goal = "" if limit is None else f"< {limit} s"
            tell(Line(f"browse.html opens, {count:,} images against {FEW}", "s", ours, base, goal, met, command))


def opened(page: Path) -> float:
    """Seconds until the first screen stands."""
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as tab:
        tab.look(1400)
        tab.open(page)
        seconds, sheets = tab.ask(OPENED)
        assert sheets and not tab.complaints, tab.complaints
        return seconds


def made(folder: Path, count: int, size: int) -> tuple[Path, float]:
    """Write a run of `count` unlabelled images and its page; seconds of the page alone."""
    from dissent.config.resolve import Config
    from dissent.planning import browsing
    from dissent.report.browse import write_browser

    run = Config(ROOT / "config").run("demo")
    data, results = folder / f"data{count}", folder / f"results{count}"
    write(data, results, count, size)
    start = time.perf_counter()
    write_browser(
        browsing.settings(run, [], lambda *names: "code") | {"channels": 3},
        generations=[str(results / f"gen{g}") for g in (0, 1)],
        data={subset: str(data / f"{subset}.csv") for subset in ("labelled", "unlabelled", "val", "hidden")},
        files=str(data / "files.csv"),
        templates=str(ROOT / "workflow" / "report"),
        out=str(results / "browse.html"),
    )
    return results / "browse.html", time.perf_counter() - start


def write(data: Path, results: Path, count: int, size: int) -> None:
    """Tables of `count` images; 64 pictures under many names (hard links)."""
    import numpy as np

    from dissent.core.columns import LABELLED, MASKS, PREDICTIONS, UNLABELLED
    from dissent.core.files import DOUBT_PALETTE, sha256, write_image, write_json, write_mask, write_table

    palette, here = [[0, 0, 0], [230, 159, 0], *[[0, 0, 0]] * 254], results / "gen1"
    kinds = {
        "image": data / "images", "1": here / "predictions/teacher1", "2": here / "predictions/teacher2",
        "label": here / "masks/consensus", "doubt": here / "masks/inconsistency",
    }  # fmt: skip
    shares = []
    for number, (photo, mask) in enumerate(zip(*made_up(64, size, size), strict=True)):
        other = np.roll(mask, 1 + number % 7, 1)
        write_image(kinds["image"] / f"o{number}.png", photo)
        for kind, ids in (("1", mask), ("2", other), ("label", mask & other)):
            write_mask(kinds[kind] / f"o{number}.png", ids, palette)
        write_mask(kinds["doubt"] / f"o{number}.png", (mask != other).astype(np.uint8), DOUBT_PALETTE)
        shares.append(int((mask != other).sum()))
    digests = {kind: [sha256(path / f"o{number}.png") for number in range(64)] for kind, path in kinds.items()}

    def put(kind: str, number: int) -> tuple[str, str]:
        path = kinds[kind] / f"i{number:06}.png"
        path.hardlink_to(kinds[kind] / f"o{number % 64}.png")
        return path.as_posix(), digests[kind][number % 64]

    images, predictions, masks = [], [], []
    for number in range(count):
        name, doubt = f"i{number:06}", shares[number % 64]
        image, digest = put("image", number)
        images.append({"id": name, "image": image, "image_sha256": digest})
        for teacher in ("1", "2"):
            path, digest = put(teacher, number)
            predictions.append({"id": name, "teacher": teacher, "prediction": path, "sha256": digest})
        (label, label_digest), (mask, mask_digest) = put("label", number), put("doubt", number)
        row = dict.fromkeys(MASKS, "") | {"id": name, "label": label, "doubt": mask, "kept": 1, "pixels": size * size}
        row |= {"doubt_pixels": doubt, "doubt_share": doubt / size**2, "agreed_foreground": 0}
        row |= {"label_sha256": label_digest, "doubt_sha256": mask_digest, "pixels_background": 0, "pixels_nucleus": 0}
        masks.append(row)
    tables = {"unlabelled.csv": write_table(data / "unlabelled.csv", images, UNLABELLED)}
    for subset in ("labelled", "val", "hidden"):
        tables[f"{subset}.csv"] = write_table(data / f"{subset}.csv", [], LABELLED)
    groups = [{"id": row["id"], "group": row["id"]} for row in images]
    write_json(data / "split.json", {"tables": tables})
    write_json(
        data / "dataset.json", {"tables": {"files.csv": write_table(data / "files.csv", groups, ("id", "group"))}}
    )
    write_table(here / "predictions.csv", predictions, PREDICTIONS)
    write_table(here / "masks.csv", masks, (*MASKS, "pixels_background", "pixels_nucleus"))
    for g in (0, 1):
        write_json(results / f"gen{g}" / "metrics.json", {"generation": g})


if __name__ == "__main__":
    main()
