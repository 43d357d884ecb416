"""`dissent verify`: every file that is damaged, lost, cut off or empty is found, and the command that mends it named."""

from pathlib import Path

import pytest
import rot
import torch
from cli_data import dissent, generation, pixels_of
from raw_data import photo, save

from dissent.cli.verify.faults import find
from dissent.core.files import read_json, write_json
from dissent.core.rebuild_hint import target

torch.set_num_threads(1)


def test_whole_projects_are_clean(copied, capsys):
    assert dissent("verify") == 0
    assert "files are what they were" in capsys.readouterr().out
    assert dissent("verify", "data/tiny", "results/tiny/gen1/teachers.json") == 0


FILES = {  # file: the target that makes it again
    "data/tiny/images/*.png": "data/tiny/dataset.json",
    "data/tiny/labels/*.png": "data/tiny/dataset.json",
    "data/tiny/files.csv": "data/tiny/dataset.json",
    "data/tiny/dataset.json": "data/tiny/dataset.json",
    "data/tiny/splits/few/labelled.csv": "data/tiny/splits/few/labelled.csv",
    "data/tiny/splits/few/unlabelled.csv": "data/tiny/splits/few/labelled.csv",
    "results/tiny/gen0/pairs.csv": "results/tiny/gen0/pairs.csv",
    "results/tiny/gen1/pairs.csv": "results/tiny/gen1/pairs.csv",
    "results/tiny/gen0/students/1/model.safetensors": "results/tiny/gen0/students/1/model.safetensors",
    "results/tiny/gen0/students/2/model.json": "results/tiny/gen0/students/2/model.safetensors",
    "results/tiny/gen0/teachers.json": "results/tiny/gen0/teachers.json",
    "results/tiny/gen1/predictions/teacher2/*.png": "results/tiny/gen1/predictions.csv",
    "results/tiny/gen1/predictions.csv": "results/tiny/gen1/predictions.csv",
    "results/tiny/gen1/masks/consensus/*.png": "results/tiny/gen1/masks.csv",
    "results/tiny/gen1/masks/inconsistency/*.png": "results/tiny/gen1/masks.csv",
    "results/tiny/gen1/masks.csv": "results/tiny/gen1/masks.csv",
}
IMAGES = [file for file in FILES if file.endswith((".png", ".safetensors"))]


def found(pattern: str) -> Path:
    return sorted(Path().glob(pattern))[-1]


def told(capsys, path: Path, how: str) -> None:
    """The file is the one that is named, and the command for it, unless its content lies elsewhere."""
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if line.startswith(("damaged", "lost", "empty"))]
    assert any(line.split()[:2] == [how, str(path)] for line in lines), out
    if f"copy into {path.parent} from " in out:  # an image stands beside its pair too, as students see it
        return
    commands = [line for line in out.splitlines() if "snakemake --cores 2 --force" in line]
    assert len(commands) == 1 and target(path) in commands[0].split(), out


@pytest.mark.parametrize("pattern", FILES)
def test_an_empty_file(copied, capsys, pattern):
    path = found(pattern)
    rot.empty(path, 0)
    told(capsys, path, "empty")
    assert target(path) == FILES[pattern]


@pytest.mark.parametrize("pattern", FILES)
def test_a_file_that_is_cut_off(copied, capsys, pattern):
    path = found(pattern)
    rot.cut(path, 0.5)
    told(capsys, path, "damaged")


@pytest.mark.parametrize("pattern", FILES)
def test_a_lost_file(copied, capsys, pattern):
    path = found(pattern)
    path.unlink()
    told(capsys, path, "lost")


@pytest.mark.parametrize("at", [0.01, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("pattern", IMAGES)
def test_a_flipped_bit(copied, capsys, pattern, at):
    path = found(pattern)
    rot.flip(path, at)
    told(capsys, path, "damaged")


@pytest.mark.parametrize("pattern", [file for file in IMAGES if file.endswith(".png")])
def test_another_file_with_the_old_date(copied, capsys, pattern):
    path = found(pattern)
    rot.swap(path, 0)
    told(capsys, path, "damaged")


TABLES = [file for file in FILES if file.endswith(".csv")]


@pytest.mark.parametrize("pattern", TABLES)
def test_a_flipped_digit_of_a_digest_in_a_table(copied, capsys, pattern):
    path = found(pattern)
    text = path.read_text()
    number = next(i for i, part in enumerate(text.split("\n")[1].split(",")) if len(part) == 64)
    line = text.split("\n")[1].split(",")
    line[number] = ("0" if line[number][0] != "0" else "1") + line[number][1:]
    path.write_text("\n".join([text.split("\n")[0], ",".join(line), *text.split("\n")[2:]]))
    assert dissent("verify") == 1
    assert str(path) in capsys.readouterr().out


@pytest.mark.parametrize(
    "pattern", ["data/tiny/files.csv", "results/tiny/gen1/predictions.csv", "results/tiny/gen1/*s.csv"]
)
def test_a_table_that_ends_too_early_at_a_whole_line(copied, capsys, pattern):
    path = found(pattern)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    told(capsys, path, "damaged")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",pseudo,", ",pseudp,"),
        (",labelled,", ",lab\xe9lled,"),
        ("label_sha256", "labem_sha256"),
        ("i0", "j0"),
        (",", ";"),
    ],
)
def test_flipped_letters_in_pairs(copied, capsys, old, new):
    path = found("results/tiny/gen1/pairs.csv")
    path.write_bytes(path.read_text().replace(old, new, 1).encode("latin-1"))
    assert dissent("verify") == 1
    assert str(path) in capsys.readouterr().out


def test_a_table_that_is_older_than_its_file_is_told_as_such(copied, capsys):
    """One table of several disagrees with the file: the table is wrong."""
    path = found("results/tiny/gen0/teachers.json")
    value = read_json(path)
    value["pool"][0]["sha256"]["model.safetensors"] = "0" * 64
    write_json(path, value)
    assert dissent("verify") == 1
    assert f"damaged  {path}  ranks another student than the whole one in" in capsys.readouterr().out


@pytest.mark.parametrize("job", ["students/1/cost.json", "costs/predict.json"])
def test_a_sum_of_costs_that_is_not_theirs_is_told_and_no_job_is_done_again_for_it(copied, capsys, job):
    write_json(f"results/tiny/gen1/{job}", read_json(f"results/tiny/gen1/{job}") | {"seconds": 1e6})
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert f"results/tiny/gen1/cost.json  counts {'train 1' if 'train' in out else 'predict'} otherwise" in out
    assert "1 of " in out and out.endswith("--force results/tiny/gen1/cost.json\n")


def test_pages_json_and_views_without_a_digest(copied, capsys):
    Path("results/tiny/report.html").write_text("<html>")
    Path("results/tiny/gen1/metrics.json").write_text('{"score": ')
    Path("results/tiny/gen0/students/1/history.csv").write_text("step,loss\n1")
    Path("results/tiny/gen1/pairs/shown.json").unlink()
    rot.flip(found("results/tiny/gen1/pairs/inputs/i*.png"), 0.5)
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert out.count("damaged") >= 4
    for name in ("report.html", "gen1/metrics.json", "gen0/students/1/history.csv", "gen1/pairs/inputs/i"):
        assert f"results/tiny/{name}" in out
    assert "results/tiny/gen1/pairs " in out and "results/tiny/report.html" in out.split("--force")[1]


def test_masks_of_new_images(copied, capsys):
    save(Path("photos/a.png"), photo(1))
    save(Path("photos/b.png"), photo(2))
    assert dissent("predict", "results/tiny/gen1", "photos", "out", "--device", "cpu", "--threads", 1) == 0
    assert dissent("verify", "out") == 0
    assert pixels_of(Path("out/masks/a.png")).shape == (16, 24)
    rot.flip(Path("out/masks/b.png"), 0.5)
    assert dissent("verify", "out") == 1
    assert "dissent predict" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_pictures_beside_the_masks_of_new_images(in_tmp, capsys, kind):
    generation(kind, size=(16, 24))
    for number in (1, 2):
        save(Path(f"photos/{number}.png"), photo(number))
    assert dissent("predict", "results/toy/gen1", "photos", "out", "--pool", "--device", "cpu", "--threads", 1) == 0
    assert dissent("verify", "out") == 0
    capsys.readouterr()
    for folder in sorted(
        path for path in Path("out").rglob("*") if path.is_dir() and path.name not in ("masks", "labels")
    ):
        save(folder / "1.png", pixels_of(folder / "2.png") ^ 255)
        assert dissent("verify", "out") == 1
        out = capsys.readouterr().out
        assert f"{folder}/1.png " in out and "is not the file that out/made_with.json names" in out


def test_several_faults_are_told_at_once_each_command_once(copied, capsys):
    for path in sorted(Path("results/tiny/gen1/masks/consensus").glob("*.png"))[:3]:
        rot.empty(path, 0)
    Path("data/tiny/images/i00.png").unlink()
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert out.count("\nempty ") + out.startswith("empty ") == 3 and "4 of " in out
    assert out.rstrip().endswith("--force data/tiny/dataset.json results/tiny/gen1/masks.csv")


def test_raw_files_and_hidden_ones_are_left_alone(copied):
    Path("data/raw/isic").mkdir(parents=True)
    Path("data/raw/isic/part.zip").touch()
    Path("results/tiny/gen1/masks/.snakemake_timestamp").touch()
    assert dissent("verify") == 0


def test_nowhere(in_tmp, capsys):
    assert dissent("verify") == 2
    assert dissent("verify", "nothing") == 2
    assert "nothing" in capsys.readouterr().err


def test_a_hundred_flips_are_all_seen(copied):
    """Row G1 of the fault table, by the function, over every image and network."""
    files = sorted(path for path in [*Path("data").rglob("*.png"), *Path("results").rglob("*.png")])
    files += sorted(Path("results").rglob("*.safetensors"))
    for number, path in enumerate(files):
        content = path.read_bytes()
        rot.flip(path, number % 97 / 97)
        folder = path.parents[1] if "splits" not in path.parts else path.parent
        faults = find([Path("data"), Path("results")] if number % 20 == 0 else [folder.parent]).faults
        assert any(fault.path == path for fault in faults), path
        path.write_bytes(content)
    assert len(files) >= 80
