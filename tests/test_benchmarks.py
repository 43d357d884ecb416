"""The benchmarks run: their table, and at toy size what a card would do."""

import json
import os
import re
import runpy
import subprocess
import sys

import pytest
from PIL import Image

from dissent.files import UserError


def run(root, *words, **options):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{root}/workflow/scripts:{root}/benchmarks"}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, **options)


def test_one_table_of_all_that_ran(root, in_tmp):
    done = run(root, str(root / "benchmarks"), "consensus")
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("== consensus: ")[1].splitlines()[2:]
    assert table[0].startswith("| what | unit |") and len(table) == 2 + 3
    assert all(row.count("|") == 9 and "python benchmarks/consensus.py" in row for row in table[2:])
    wrong = run(root, str(root / "benchmarks"), "consenus")
    assert wrong.returncode == 2 and "there are consensus, train," in wrong.stderr


def test_the_ratio_is_of_turns_not_of_medians(root):
    code = (
        "from common import Line; line = Line('w', 'u', [2.0, 30.0, 8.0], [1.0, 10.0, 2.0], '', None, 'c'); "
        "print(line.ratio, Line('w', 'u', [1.0], [], '', None, 'c').ratio)"
    )
    assert run(root, "-c", code).stdout.split() == ["3.0", "None"]


def test_orchestration_counts_no_second_twice(root):
    code = "from orchestration import covered; print(covered([(0.0, 2.0), (0.0, 3.0), (2.5, 4.0), (6.0, 7.0), (6.1, 6.5)]))"
    assert run(root, "-c", code).stdout.split() == ["5.0"]


def test_pictures_of_the_results_come_from_its_tables(root, in_tmp):
    done = run(root, str(root / "benchmarks" / "studies" / "figures.py"), "--out", ".")
    assert done.returncode == 0, done.stderr
    drawn = sorted(path.name for path in in_tmp.glob("*.png"))
    page = (root / "docs" / "results.md").read_text(encoding="utf-8")
    assert drawn == sorted(re.findall(r"\]\(images/(.*?)\)", page))
    for name in drawn:
        shown = root / "docs" / "images" / name
        assert Image.open(name).info["Description"] == Image.open(shown).info["Description"], f"draw {shown} again"


def test_a_table_of_another_form_draws_nothing(root):
    figures = runpy.run_path(str(root / "benchmarks" / "studies" / "figures.py"))
    page = "## a\n\n| m | d |\n|---|---|\n| `x` | +1.0 (-0.5 to +2.5) |\n| `y` | |\n| `z` | 1 |\n\n## b\n\n| m |\n|---|\n| no |\n"
    rows = figures["table"](page, "## a")
    assert [row["m"] for row in rows] == ["`x`", "`y`", "`z`"]
    assert figures["difference"](rows[0], "d") == (1.0, -0.5, 2.5) and figures["difference"](rows[1], "d") is None
    with pytest.raises(UserError, match=r"`1` in the column `d`"):
        figures["difference"](rows[2], "d")
    with pytest.raises(UserError, match=r"1 tables below `## a`, and number 2"):
        figures["table"](page, "## a", 1)
    with pytest.raises(UserError, match="0 headings that start with `## c`"):
        figures["table"](page, "## c")


@pytest.mark.slow
def test_the_script_for_a_card_at_toy_size(root, in_tmp):
    """Every part of it, on the CPU; started again it does nothing anew."""
    words = (str(root / "benchmarks/gpu.py"), "--toy", "--side-by-side", "2", "--out", "out")
    stopped = run(root, *words, "--minutes", "0")
    assert stopped.returncode == 75 and "time is over; run the same command again" in stopped.stdout, stopped.stderr
    partly = json.loads((in_tmp / "out/gpu.json").read_text())
    assert list(partly) == ["device", "throughput", "side_by_side"]
    done = run(root, *words)
    assert done.returncode == 0 and done.stdout.endswith("all done\n"), done.stderr
    found = json.loads((in_tmp / "out/gpu.json").read_text())
    assert {name: found[name] for name in partly} == partly
    assert set(found["published"]["generations"]) == {"0", "1"} and found["side_by_side"]["students"] == 2
    assert all(one["steps"] == 2 and one["images_s"] > 0 for one in found["throughput"].values())
    card = run(root, str(root / "benchmarks/gpu.py"), "--out", "card", cwd=in_tmp / "out")
    assert card.returncode != 0 and "no card here" in card.stderr
