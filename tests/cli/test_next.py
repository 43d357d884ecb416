"""`dissent next` on a finished run: what it offers, why, what it leaves out, and that its list goes out as drafts."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from annotators import CORRECT
from cli_data import dissent, pixels_of
from PIL import Image
from resealed import reseal

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import read_table, sha256, write_mask

TABLE = Path("results/tiny/gen1/predictions.csv")


@pytest.fixture
def project(finished_here) -> Path:
    """Where the drafts of a finished run go."""
    return Path("out")


def ask(*more: object) -> int:
    return dissent("next", "results/tiny", "out", "--device", "cpu", "--threads", 1, "--config-dir", "own", *more)


def rows() -> list[dict]:
    return read_table("out/next.csv", sealed=False)


def say(name: str, *masks: np.ndarray) -> None:
    """Put other predictions of an image into all generations."""
    for table in Path("results/tiny").glob("gen*/predictions.csv"):
        text = table.read_text()
        for teacher, mask in enumerate(masks, 1):
            [row] = [one for one in read_table(table) if (one["id"], one["teacher"]) == (name, str(teacher))]
            write_mask(row["prediction"], mask, [[0, 0, 0], [255, 255, 255]])
            text = text.replace(
                row["prediction"] + "," + row["sha256"], row["prediction"] + "," + sha256(row["prediction"])
            )
            table.write_text(text)
            reseal(table)


def task_of(folder: str):
    return validate(Dataset, read_yaml(f"{folder}/datasets/tiny.yaml"), "tiny").task


def subset(name: str) -> list[str]:
    return [row["id"] for row in read_table(f"data/tiny/splits/few/{name}.csv")]


def test_the_list_has_reasons_and_goes_out_as_drafts(project, capsys):
    pool = subset("unlabelled")
    here = np.zeros((32, 32), np.uint8)
    for name in pool:
        say(name, here, here)
    there = here.copy()
    there[:16] = 1
    say(pool[3], here, there)
    assert ask("-n", 4) == 0
    found, out = rows(), capsys.readouterr().out
    assert len(found) == 4 and len({row["id"] for row in found}) == 4 and {row["id"] for row in found} <= set(pool)
    assert found[0]["id"] == pool[3] and found[0]["doubt_share"] == "0.500000"
    assert "teachers differ on 50.0 % of its pixels (usual: 0.0 %)" in found[0]["reason"]
    assert found[0]["reason"] in out and found[0]["nearest"] in subset("labelled")
    drafts = read_table("out/drafts.csv")
    assert [row["id"] for row in drafts] == [row["id"] for row in found]
    assert [row["doubt_share"] for row in drafts] == [row["doubt_share"] for row in found]
    for row in drafts:
        assert pixels_of(Path("out/masks", f"{row['id']}.png")).shape == (32, 32)
    assert dissent("import", "out", "--into", "tiny", "--config-dir", "own") == 0
    assert "drafts  4 that nobody changed" in capsys.readouterr().out


def test_a_list_of_ones_own(project, capsys):
    pool = subset("unlabelled")
    Path("list.txt").write_text(f"# a remark\n{pool[5]}\n\n {pool[2]} \n")
    assert ask("--pick", "list.txt", "--no-drafts") == 0
    assert [row["id"] for row in rows()] == [pool[5], pool[2]]
    assert rows()[0]["reason"].startswith("named in list.txt; teachers differ on ")
    assert [path.name for path in project.iterdir()] == ["next.csv"]
    assert "dissent drafts tiny FOLDER --format cvat --ids out/next.csv" in capsys.readouterr().out
    for table in Path("results/tiny").glob("gen*/predictions.csv"):
        table.unlink()  # a person can choose without any teacher
    shutil.rmtree("out")
    assert ask("--pick", "list.txt", "--no-drafts") == 0 and rows()[0]["reason"] == "named in list.txt"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "{pool}\nnobody\n",
            "list.txt, line 2: `nobody` is not an unlabelled image of the run; take it out of the list",
        ),
        ("{test}\n", "list.txt, line 1: `{test}` is in test, and is not to be learned from; take it out"),
        ("{labelled}\n", "list.txt, line 1: `{labelled}` is in labelled already; take it out of the list"),
        ("\n", "list.txt is empty: write the ids of images, one a line"),
    ],
)
def test_a_line_that_cannot_be_labelled_is_named(lines, told, project, capsys):
    names = {name: subset(name)[0] for name in ("test", "labelled")} | {"pool": subset("unlabelled")[0]}
    Path("list.txt").write_text(lines.format(**names))
    assert ask("--pick", "list.txt") == 2 and told.format(**names) in capsys.readouterr().err
    assert not project.exists()


def test_copies_of_what_has_its_mask_are_passed_over(project, capsys):
    """The prepared picture of one image of the pool is nearly that of a test image, of another that of one of the pool."""
    pool, known = subset("unlabelled"), subset("test")[0]
    for copy, of in ((pool[0], known), (pool[2], pool[1])):
        image = Image.open(f"data/tiny/images/{of}.png")
        Image.fromarray(np.asarray(image) // 16 * 16).save(f"data/tiny/images/{copy}.png")
    assert ask("-n", 50, "--no-drafts") == 0
    found = {row["id"] for row in rows()}
    assert pool[0] not in found and len(found & set(pool[1:3])) == 1 and len(found) == len(pool) - 2
    told = f"note    1 images are passed over, as nearly the same one has its mask: images/{pool[0]}.png (like {known})"
    assert told in capsys.readouterr().out


def test_images_with_a_corrected_mask_are_not_offered_again(project, capsys):
    assert ask("-n", 2) == 0
    first = {row["id"] for row in rows()}
    CORRECT["png"](project, "disc", task_of("own"))
    assert dissent("import", "out", "--into", "tiny", "--config-dir", "own") == 0
    shutil.rmtree("out")
    assert ask("-n", 50, "--no-drafts") == 0
    assert first and not first & {row["id"] for row in rows()}
    assert len(rows()) == len(subset("unlabelled")) - 2


def test_the_encoder_can_tell_images_apart(project):
    assert ask("-n", 3, "--features", "encoder") == 0
    assert len(rows()) == len(list(project.glob("masks/*.png"))) == 3 and all(
        float(row["distance"]) > 0 for row in rows()
    )


def test_one_group_does_not_fill_the_list(project):
    path = Path("own/datasets/tiny.yaml")
    path.write_text(path.read_text() + "group: {pattern: '^i.'}\n")
    table = Path("data/tiny/files.csv")
    lines = [line.split(",") for line in table.read_text().splitlines()]
    at = lines[0].index("group")
    for line in lines[1:]:
        line[at] = line[0][:2]
    table.write_text("".join(",".join(line) + "\n" for line in lines))
    reseal(table)
    for name in subset("unlabelled"):
        half = np.zeros((32, 32), np.uint8)
        half[:16] = name.startswith("i1")  # teachers differ on these alone
        say(name, np.zeros((32, 32), np.uint8), half)
    assert ask("-n", 3, "--no-drafts") == 0
    groups = {name[:2] for name in subset("unlabelled")}
    assert len(groups) == 3 and sum(name.startswith("i1") for name in subset("unlabelled")) > 2
    assert [row["group"] for row in rows()].count("i1") == 2


def test_without_teachers_that_said_something_the_command_is_told(project, capsys):
    for table in Path("results/tiny").glob("gen*/predictions.csv"):
        table.unlink()
    assert ask() == 2
    assert "nothing tells on which images teachers disagree; make it" in capsys.readouterr().err
    shutil.copytree("results/tiny/gen0", "results/tiny.ldt/gen0")
    assert dissent("next", "tiny.ldt", "out", "--config-dir", "own") == 2
    assert "tiny.ldt learns from given labels alone (method ldt)" in capsys.readouterr().err
    shutil.rmtree("results")
    assert ask() == 2 and "results/tiny has no trained generation; make it with" in capsys.readouterr().err
