"""What a generation grows by for each unlabelled image: time, disk, files, rows; measured on a run, and reckoned for more.

    python benchmarks/growth.py [RUN] [--generation 1]

Reads what lies in results/RUN and in its data set; runs nothing. Time is that of processors (all cores) of the jobs that see every
unlabelled image, their start included, so it is a little too much for many images. The lines beyond the measured one are
multiplied, not measured; training does not grow where a network's budget is in steps.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from dissent.config.resolve import Config
from dissent.core.files import read_json, read_table

MORE = (10**5, 10**6, 10**7)


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", default="isic_small")
    parser.add_argument("--generation", type=int, default=1)
    args = parser.parse_args()
    run = Config("config").run(args.run)
    here, data = Path("results", run.name, f"gen{args.generation}"), Path("data", run.dataset_name)
    images = len(read_table(here / "masks.csv"))
    jobs = {name: read_json(here / "costs" / f"{name}.json")["cpu_seconds"] for name in ("predict", "build_masks")}
    pictures = [weigh(here / "predictions"), weigh(here / "masks")]
    tables = sum((here / f"{name}.csv").stat().st_size for name in ("predictions", "masks", "pairs"))
    bytes_of_images, number_of_images = weigh(data / "images")
    each = {
        "CPU hours, predict": jobs["predict"] / images / 3600,
        "CPU hours, build_masks": jobs["build_masks"] / images / 3600,
        "GB of PNG, a generation": sum(size for size, _ in pictures) / images / 1e9,
        "GB of tables, a generation": tables / images / 1e9,
        "files, a generation": sum(count for _, count in pictures) / images,
        "GB of prepared images": bytes_of_images / number_of_images / 1e9,
        "GB a training maps": 4 * run.dataset.size[0] * run.dataset.size[1] / 1e9,
    }
    height, width = run.dataset.size
    print(
        f"{run.name}, gen{args.generation}: {images:,} unlabelled images of {width}x{height}, {run.at(0)['teachers']} teachers\n"
    )
    print(f"| unlabelled images | {' | '.join(each)} |\n|{'---|' * (len(each) + 1)}")
    for number in (images, *MORE):
        values = " | ".join(
            f"{number * value:,.0f}" if number * value >= 100 else f"{number * value:.2g}" for value in each.values()
        )
        print(f"| {number:,} {'(measured)' if number == images else '(reckoned)'} | {values} |")


def weigh(folder: Path) -> tuple[int, int]:
    """Bytes and number of the files below a folder."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(sizes), len(sizes)


if __name__ == "__main__":
    main()
