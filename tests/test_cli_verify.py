"""`dissent verify`: every file that is damaged, lost, cut off or empty is found, and the command that mends it named."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from cli_data import dissent, pixels_of
from discs import config, prepared
from raw_data import photo, save

from dissent import networks
from dissent.cli.verify import find_faults
from dissent.files import write_json, write_table
from dissent.generation.masks import build_masks
from dissent.generation.pairs import assemble_pairs
from dissent.generation.predict import predict
from dissent.generation.rank import rank_students
from dissent.remedy import target
from dissent.spec import slices

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def project(root_of_module, tmp_path_factory):
    """What two generations leave behind, by the jobs that make it; students are not trained."""
    folder = tmp_path_factory.mktemp("project")
    before = Path.cwd()
    os.chdir(folder)
    try:
        split = prepared(root_of_module)
        run = config(root_of_module).run("tiny")
        for g in (0, 1):
            _generation(run, g, split)
        Path("results/tiny/report.html").write_text("<html></html>\n")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(scope="module")
def root_of_module():
    return Path(__file__).resolve().parents[1]


def _generation(run, g, split):
    code = lambda *names: "code"  # noqa: E731
    here, before = f"results/tiny/gen{g}", f"results/tiny/gen{g - 1}"
    if g:
        tables = (f"{before}/teachers.json", f"{split}/unlabelled.csv")
        predict(slices.prediction(run, g, code), *tables, f"{here}/predictions", f"{here}/predictions.csv", "cpu")
        folders = (f"{here}/masks/consensus", f"{here}/masks/inconsistency")
        build_masks(slices.masks(run, g, code), f"{here}/predictions.csv", None, *folders, f"{here}/masks.csv")
    masks = f"{here}/masks.csv" if g else None
    settings = slices.pairs(run, g, code)
    assemble_pairs(settings, f"{split}/labelled.csv", masks, f"{split}/unlabelled.csv", None, f"{here}/pairs.csv")
    spec = slices.student(run, g, 1, code)
    for i in (1, 2):
        torch.manual_seed(10 * g + i)
        student = Path(here, "students", str(i))
        about = {key: spec[key] for key in ("task", "size", "input")}
        networks.save(networks.build(spec["network"], 1, 3), student, spec["network"], 1, 3, about)
        write_json(student / "metrics.json", {"val": {"iou": {"value": 0.5}}})
        write_table(student / "history.csv", [{"step": 1, "loss": 0.5}], ["step", "loss"])
    files = [f"{here}/students/{i}/model.json" for i in (1, 2)]
    rank_students(files, 2, "iou", f"{here}/teachers.json")
    write_json(f"{here}/metrics.json", {"score": "iou"})


@pytest.fixture
def copied(project, tmp_path, monkeypatch):
    shutil.copytree(project, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(tmp_path / "project")


def flip(path: Path, at: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def swap(path: Path) -> None:
    """Another file of the same kind, with the date of the old one."""
    date = path.stat()
    other = next(one for one in sorted(path.parent.iterdir()) if one.read_bytes() != path.read_bytes())
    shutil.copyfile(other, path)
    os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))


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
    """The file is the one that is named, and the command for it."""
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if line.startswith(("damaged", "lost", "empty"))]
    assert any(line.split()[:2] == [how, str(path)] for line in lines), out
    commands = [line for line in out.splitlines() if "snakemake --cores 2 --force" in line]
    assert len(commands) == 1 and target(path) in commands[0].split(), out


@pytest.mark.parametrize("pattern", FILES)
def test_an_empty_file(copied, capsys, pattern):
    path = found(pattern)
    empty(path)
    told(capsys, path, "empty")
    assert target(path) == FILES[pattern]


@pytest.mark.parametrize("pattern", FILES)
def test_a_file_that_is_cut_off(copied, capsys, pattern):
    path = found(pattern)
    cut(path)
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
    flip(path, at)
    told(capsys, path, "damaged")


@pytest.mark.parametrize("pattern", [file for file in IMAGES if file.endswith(".png")])
def test_another_file_with_the_old_date(copied, capsys, pattern):
    path = found(pattern)
    swap(path)
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
    digest = path.read_text().split('"model.safetensors": "')[1][:64]
    path.write_text(path.read_text().replace(digest, "0" * 64))
    assert dissent("verify") == 1
    assert f"damaged  {path}  names another version of" in capsys.readouterr().out


def test_pages_json_and_views_without_a_digest(copied, capsys):
    Path("results/tiny/report.html").write_text("<html>")
    Path("results/tiny/gen1/metrics.json").write_text('{"score": ')
    Path("results/tiny/gen0/students/1/history.csv").write_text("step,loss\n1")
    save(Path("results/tiny/gen1/pairs/inputs/a.png"), photo(1))
    flip(Path("results/tiny/gen1/pairs/inputs/a.png"))
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert out.count("damaged") >= 4
    for name in ("report.html", "gen1/metrics.json", "gen0/students/1/history.csv", "gen1/pairs/inputs/a.png"):
        assert f"results/tiny/{name}" in out
    assert "results/tiny/gen1/pairs " in out and "results/tiny/report.html" in out.split("--force")[1]


def test_what_dvc_keeps(copied, capsys):
    right = Path(".dvc/cache/files/md5/09/8f6bcd4621d373cade4e832627b4f6")  # MD5 of "test"
    right.parent.mkdir(parents=True)
    right.write_bytes(b"test")
    assert dissent("verify") == 0
    right.write_bytes(b"tesu")
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert str(right) in out and "dvc pull" in out


def test_masks_of_new_images(copied, capsys):
    save(Path("photos/a.png"), photo(1))
    save(Path("photos/b.png"), photo(2))
    assert dissent("predict", "results/tiny/gen1", "photos", "out", "--device", "cpu", "--threads", 1) == 0
    assert dissent("verify", "out") == 0
    assert pixels_of(Path("out/masks/a.png")).shape == (16, 24)
    flip(Path("out/masks/b.png"))
    assert dissent("verify", "out") == 1
    assert "dissent predict" in capsys.readouterr().out


def test_several_faults_are_told_at_once_each_command_once(copied, capsys):
    for path in sorted(Path("results/tiny/gen1/masks/consensus").glob("*.png"))[:3]:
        empty(path)
    found("data/tiny/images/*.png").unlink()
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
        flip(path, number % 97 / 97)
        folder = path.parents[1] if "splits" not in path.parts else path.parent
        faults, _ = find_faults([Path("data"), Path("results")] if number % 20 == 0 else [folder.parent])
        assert any(fault.path == path for fault in faults), path
        path.write_bytes(content)
    assert len(files) >= 80
