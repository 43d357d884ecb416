"""What `dissent verify` says of whole files in the wrong place or another form: no remedy trains a healthy network anew."""

import json
import shutil
from pathlib import Path

import pytest
from cli_data import dissent
from discs import SETTINGS

from dissent.core.files import read_json, read_table, write_json, write_table

GEN = "results/tiny/gen"


@pytest.fixture
def copied(copied):
    shutil.copytree(SETTINGS, "config")


def swap(one, other):
    one, other = Path(one), Path(other)
    one.rename(one.with_name("aside"))
    other.rename(one)
    one.with_name("aside").rename(other)


def told(capsys) -> str:
    assert dissent("verify") == 1
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("results/tiny", "results/old"),
        ("results/tiny", "results/Tiny"),
        (f"{GEN}1", f"{GEN}3"),
        (f"{GEN}2", f"{GEN}02"),
        ("data/tiny", "data/other"),
        ("data/tiny/splits/few", "data/tiny/splits/other"),
    ],
)
def test_a_folder_under_another_name_is_one_line_with_the_way_back(copied, capsys, before, now):
    Path(before).rename(now)
    out = told(capsys)
    assert out.startswith(f"moved  {now}  was made as {before}, ") and out.endswith(f"back:\n  mv {now} {before}\n")
    assert "1 of " in out


def test_generations_in_each_other_s_place_change_places(copied, capsys):
    swap(f"{GEN}1", f"{GEN}2")
    out = told(capsys)
    assert f"  mv {GEN}1 {GEN}1.aside && mv {GEN}2 {GEN}1 && mv {GEN}1.aside {GEN}2\n" in out and "--force" not in out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{GEN}1/students/1", f"{GEN}1/students/2"),
        (f"{GEN}1/students/1/model.safetensors", f"{GEN}1/students/2/model.safetensors"),
        (f"{GEN}1/students", f"{GEN}2/students"),
        ("data/tiny/images/i03.png", "data/tiny/images/i04.png"),
    ],
)
def test_what_was_swapped_is_copied_back(copied, capsys, one, other):
    swap(one, other)
    out = told(capsys)
    here, there = (Path(path).parent if Path(path).suffix else path for path in (one, other))
    here, there = (Path(path, "1") if Path(path).name == "students" else Path(path) for path in (here, there))
    assert f"copy into {here} from {there}, where the right files lie; some are to be overwritten, so put" in out
    assert "students" not in out.split("--force")[-1] or "--force" not in out


@pytest.mark.parametrize(
    ("file", "now"),
    [
        ("data/tiny/images/i03.png", "I03.png"),
        (f"{GEN}1/pairs.csv", "Pairs.csv"),
        (f"{GEN}1/students/2/model.safetensors", "model (1).safetensors"),
    ],
)
def test_a_renamed_file_is_found_by_its_content(copied, capsys, file, now):
    Path(file).rename(Path(file).with_name(now))
    out = told(capsys)
    assert f"lost  {file}" in out and f"lie: {now} as {Path(file).name}\n" in out and "--force" not in out


def test_a_renamed_student_is_not_trained_again(copied, capsys):
    Path(f"{GEN}1/students/1").rename(f"{GEN}1/students/3")
    out = told(capsys)
    assert (
        f"copy into {GEN}1/students/1 from {GEN}1/students/3, where" in out
        and "cost.json, metrics.json, model.json" in out
    )
    assert "--force" not in out


def test_a_ranking_of_another_copy_is_ranked_again_and_nothing_is_trained(copied, capsys):
    path = Path(f"{GEN}1/teachers.json")
    value = read_json(path)
    for row in value["pool"]:
        row["sha256"] = {"model.safetensors": "1" * 64, "model.json": "2" * 64}
        row["metrics_sha256"] = "3" * 64
    write_json(path, value)
    out = told(capsys)
    assert "1 of " in out and "another copy" in out and out.endswith(f"--force {path}\n")


@pytest.mark.parametrize("name", ["pairs", "predictions", "masks"])
def test_tables_of_another_generation(copied, capsys, name):
    for end in ("csv", "json"):
        shutil.copyfile(f"{GEN}1/{name}.{end}", f"{GEN}2/{name}.{end}")
    out = told(capsys)
    assert f"damaged  {GEN}2/{name}.csv  is that of gen1\n" in out and out.split("\nnote")[0].rstrip().endswith(
        f"--force {GEN}2/{name}.csv"
    )


def test_a_folder_in_the_place_of_a_table(copied, capsys):
    Path(f"{GEN}1/pairs.csv").unlink()
    Path(f"{GEN}1/pairs.csv").mkdir()
    assert f"lost  {GEN}1/pairs.csv" in told(capsys)


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("form", [lambda text: text.replace(b"\n", b"\r\n"), lambda text: MARK + text])
@pytest.mark.parametrize(
    "file", [f"{GEN}1/students/1/model.json", f"{GEN}1/students/1/history.csv", f"{GEN}1/pairs.csv", "results/tiny/report.html"]
)  # fmt: skip
def test_line_ends_are_mended_in_place(copied, capsys, form, file):
    before = Path(file).read_bytes()
    Path(file).write_bytes(form(before))
    out = told(capsys)
    assert "has the line ends of Windows, or a mark" in out and "--force" not in out
    [command] = [line for line in out.splitlines() if line.startswith("  sed ")]
    run(command)
    assert Path(file).read_bytes() == before and dissent("verify") == 0


def test_json_that_an_editor_wrote_anew_is_mended_in_place(copied, capsys):
    path = Path(f"{GEN}1/students/1/model.json")
    before = path.read_text()
    path.write_text(json.dumps(json.loads(before), indent=4))
    out = told(capsys)
    assert "was written anew by an editor" in out and "--force" not in out
    run(next(line for line in out.splitlines() if line.startswith("  python ")))
    assert path.read_text() == before and dissent("verify") == 0
    path.write_text(before.replace('"channels": 3', '"channels": 4'))
    assert "--force" in told(capsys)


def test_a_mix_of_two_copies_is_told_and_the_first_that_does_not_fit_is_made_anew(copied, capsys):
    """Costs keep what their jobs read: here as if gen1's teachers had been others."""
    for path in (f"{GEN}2/costs/predict.json", f"{GEN}1/costs/evaluate.json"):
        value = read_json(path)
        name = next(name for name in value["made_from"] if name.endswith("teachers.json"))
        write_json(path, value | {"made_from": value["made_from"] | {name: "0" * 64}})
    out = told(capsys)
    assert f"mixed  {GEN}1/metrics.json     was made from another {GEN}1/teachers.json than lies here\n" in out
    assert f"mixed  {GEN}2/predictions.csv  was made from another {GEN}1/teachers.json than lies here\n" in out
    assert "take the whole run from one copy" in out and out.endswith(f"--force {GEN}1/metrics.json\n")


def test_a_page_and_an_audit_of_another_copy(copied, capsys):
    value = read_json(f"{GEN}1/audit.json")
    write_json(f"{GEN}1/audit.json", value | {"made_from": value["made_from"] | {"masks.csv": "0" * 64}})
    out = told(capsys)
    assert f"mixed  {GEN}1/audit.json  was made from another {GEN}1/masks.csv than" in out
    assert f"mixed  results/tiny/report.html      was made from another {GEN}1/audit.json than" in out


def test_what_a_job_did_not_write_is_told(copied, capsys):
    path = Path(f"{GEN}2/metrics.json")
    write_json(path, read_json(path) | {"best_student": 1})
    assert f"mixed  {path}  is not what the job of {GEN}2/costs/evaluate.json wrote" in told(capsys)


@pytest.mark.parametrize("source", [f"{GEN}1/students/2/cost.json", f"{GEN}2/students/1/cost.json"])
def test_the_cost_of_another_student_trains_nobody(copied, capsys, source):
    shutil.copyfile(source, f"{GEN}1/students/1/cost.json")
    out = told(capsys)
    assert "1 of " in out and out.endswith(f"--force {GEN}1/cost.json\n")


def test_results_of_other_data_are_a_note(copied, capsys):
    table, keeper = Path("data/tiny/splits/few/val.csv"), Path("data/tiny/splits/few/split.json")
    rows, about = read_table(table), read_json(keeper)
    about["tables"]["val.csv"] = write_table(table, rows[:-1], tuple(rows[0]))
    write_json(keeper, about)
    assert dissent("verify") == 0
    out = capsys.readouterr().out
    assert (
        "note: 11 results were made from other tables of data/ than lie here, and your next run makes them anew: "
        in out
    )


def run(command: str) -> None:
    import subprocess

    assert subprocess.run(["bash", "-ec", command]).returncode == 0
