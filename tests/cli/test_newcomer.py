"""A person with a folder of images types what is printed, from the first command to a network file, and edits no YAML."""

import re
import shlex
from pathlib import Path

import pytest
import torch
import warm_snakemake
from annotators import AREA, cvat
from cli_data import dissent, pixels_of
from discs import draw

from dissent.config.task import TaskSettings
from dissent.core.files import read_json, read_table

MASKED, POOL = ({f"i{number:02}" for number in some} for some in (range(8), range(8, 16)))
REPORT = "results/mine_quick/report.html"


@pytest.fixture
def types(in_tmp, capsys):
    """Types a command, which must end well; what it says."""
    threads = torch.get_num_threads()

    def type_it(line: str) -> str:
        program, *words = shlex.split(line, comments=True)
        if program == "snakemake":
            done = warm_snakemake.snakemake(warm_snakemake.OURS, *words)
            code, said = done.returncode, done.stdout + done.stderr
        else:
            code, told = dissent(*words), capsys.readouterr()
            said = told.out + told.err
        assert program in ("dissent", "snakemake") and code == 0, said[-3000:]
        return said

    yield type_it
    torch.set_num_threads(threads)


def printed(said: str, begin: str, **places: str) -> str:
    """The one command that begins so among those that were printed, with the person's own names in it."""
    found = re.findall(rf"(?:^|[`:]|next)\s*({begin}[^`#\n]*?)\s*(?:`|#|  |$)", said, re.MULTILINE)
    assert len(set(found)) == 1, said
    for place, name in places.items():
        assert place in found[0]
        found[0] = found[0].replace(place, name)
    return found[0]


def test_from_a_folder_to_a_network_file_and_back_to_labels(types):
    draw(Path(), images=16)
    Path("raw/tiny").rename("photos")
    for name in POOL:
        Path(f"photos/masks/{name}.png").unlink()

    said = types("dissent init photos --name mine --quick --steps 6")
    first, proper = printed(said, f"snakemake .*{REPORT}"), printed(said, "snakemake .*results/mine/report.html")
    settings = {path: path.read_bytes() for path in Path("config").rglob("*.*")}
    types(printed(said, "dissent workflow"))
    assert f"ready: {first}" in types(printed(said, "dissent check mine_quick"))

    said = types(first)
    assert (
        f"report   {REPORT} (open" in said and f"browse   {Path(REPORT).with_name('browse.html')}: the images" in said
    )
    assert printed(said, "snakemake") == proper.split("  #")[0]
    rows = Path("results/mine_quick/browse/images001.js").read_text()
    assert all(f'["{name}","unlabelled"' in rows for name in POOL) and all(f'["{name}",' in rows for name in MASKED)
    predict = printed(said, "dissent predict", NEW_IMAGES="new", OUT="out")
    export = printed(said, "dissent export", MODEL="model")

    said = types(printed(said, "dissent next", TO_LABEL="to_label") + " -n 3 --format cvat")
    chosen = [row["id"] for row in read_table("to_label/next.csv")]
    assert len(chosen) == 3 and set(chosen) < POOL and all(f"{name}  teachers differ" in said for name in chosen)
    assert "upload annotations.zip as `Segmentation mask 1.1`" in said
    cvat(Path("to_label"), "object", TaskSettings(kind="binary", labels=["object"]), only=chosen[0])

    said = types(printed(said, "dissent import"))
    assert f"new     1 image gets a mask: images/{chosen[0]}.png" in said
    assert "drafts  2 that nobody changed are not taken" in said
    assert (pixels_of(Path(f"data/raw/mine.masks/masks/images/{chosen[0]}.png"))[AREA] == 1).all()

    said = types(printed(said, "dissent check"))
    assert f"1 mask is new: of images/{chosen[0]}.png" in said
    assert "labelled 7 (1 came, 0 went), unlabelled 7 (0 came, 1 went); val, test as before" in said
    assert "4 of the 4 trained networks are trained anew: mine_quick gen0 2, mine_quick gen1 2" in said
    assert "are not counted" not in said  # in the minutes that it takes

    said = types(printed(said, "snakemake"))
    assert "train mine_quick gen0 student 1" in said and "train mine_quick gen1 student 2" in said
    assert chosen[0] in {
        row["id"] for row in read_table("results/mine_quick/gen1/pairs.csv") if row["origin"] == "labelled"
    }
    Path("new").mkdir()
    Path("photos/images/i15.png").rename("new/photo.png")
    assert "1 of 1 images are labelled: out/masks" in types(predict)
    assert pixels_of(Path("out/masks/photo.png")).shape == (32, 32)
    assert "equals the networks" in types(export) and read_json("model/export.json")
    after = {path: path.read_bytes() for path in settings}
    assert {path.name for path in settings if after[path] != settings[path]} == {
        "mine.yaml"
    }  # of the data set, by import
