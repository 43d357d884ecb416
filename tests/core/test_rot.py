"""Row G1 of the fault matrix: every kind of damage in every kind of file of a finished run is found by `dissent verify`."""

import os
import shutil
from pathlib import Path

import pytest
import rot
from cli_data import dissent

from dissent.cli.verify.faults import find
from dissent.cli.verify.logged import logged
from dissent.cli.verify.places import files_below
from dissent.core.files import UserError, read_json, read_table, sha256, write_json
from dissent.core.rebuild_hint import target

ROOTS = (Path("data"), Path("results"))
GEN = "results/tiny/gen"
KINDS = (
    ["data/tiny/files.csv", "data/tiny/dataset.json", "data/tiny/raw.csv", "data/tiny/raw.json"]
    + [f"data/tiny/splits/few/{subset}.csv" for subset in ("labelled", "unlabelled", "val", "test", "hidden")]
    + ["data/tiny/splits/few/split.json", "data/tiny/images/*.png", "data/tiny/labels/*.png"]
    + [f"{GEN}0/{name}" for name in ("pairs.csv", "teachers.json", "metrics.json", "counts.csv", "cost.json")]
    + [f"{GEN}1/{name}.{end}" for name in ("pairs", "predictions", "masks") for end in ("csv", "json")]
    + [f"{GEN}2/{name}" for name in ("teachers.json", "metrics.json", "counts.csv", "cost.json", "audit.json")]
    + [f"{GEN}1/{folder}/*.png" for folder in ("predictions/teacher2", "masks/consensus", "masks/inconsistency")]
    + [f"{GEN}1/pairs/*/*.png", f"{GEN}1/pairs/shown.json", "results/tiny/report.html"]
    + [f"{GEN}2/costs/{name}.json" for name in ("evaluate", "predict", "build_masks")]
    + [f"{GEN}2/students/2/{name}" for name in ("model.safetensors", "model.json", "metrics.json", "history.csv", "cost.json")]
)  # fmt: skip


ROT = {"flip": rot.flip, "cut": rot.cut, "zeros": rot.zeros, "empty": rot.empty, "delete": rot.delete, "swap": rot.swap}
LINES = {"lost line": rot.lose_line, "doubled line": rot.double_line, "swapped lines": rot.swap_lines}
PLACES = {
    "flip": (0.02, 0.7),
    "cut": (0.1, 0.99),
    "zeros": (0.3,),
    "delete": (0,),
    "empty": (0,),
    "swap": (0.2,),
}  # `make faults` has more


def injected(how, places, kinds):
    """(how often it was injected, what was not found)."""
    count, missed = 0, []
    for kind in kinds:
        path = sorted(Path().glob(kind))[-1]
        for at in places:
            content, date = path.read_bytes(), path.stat()
            (ROT | LINES)[how](path, at)
            if path.exists() and path.read_bytes() == content:
                continue
            count += 1
            faults = find(ROOTS, written=logged(ROOTS, files_below(ROOTS))).faults
            # of a table and the JSON with its digest that do not fit each other the table is told, and that JSON with it
            if not any(fault.path == path or str(path) in fault.why for fault in faults):
                missed.append((kind, at, faults))
            path.write_bytes(content)
            os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))
    return count, missed


@pytest.mark.parametrize("how", ROT)
def test_rot_in_every_kind_of_file_is_found(copied, how):
    assert find(ROOTS).faults == []
    count, missed = injected(how, PLACES[how], KINDS)
    print(f"{how}: {count - len(missed)} of {count} found")
    assert missed == [] and count >= 30


@pytest.mark.parametrize("how", LINES)
def test_lines_of_tables(copied, how):
    count, missed = injected(how, (0.0, 0.99), [kind for kind in KINDS if kind.endswith(".csv")])
    print(f"{how}: {count - len(missed)} of {count} found")
    assert missed == [] and count >= 20


FOLDERS = ("data/tiny/images", "data/tiny/labels", "data/tiny/splits", "data/tiny/splits/few", "data/tiny", f"{GEN}0", f"{GEN}1",
           f"{GEN}2", f"{GEN}1/predictions", f"{GEN}1/predictions/teacher1", f"{GEN}2/masks", f"{GEN}1/masks/consensus", f"{GEN}1/students",
           f"{GEN}2/students/1", f"{GEN}1/costs", f"{GEN}1/pairs/inputs")  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_whole_folder_is_missed(copied, folder):
    shutil.rmtree(folder)
    roots = [root for root in ROOTS if root.exists()]
    faults = find(roots).faults
    assert faults and {fault.how for fault in faults} == {"lost"}
    assert all(fault.path.is_relative_to(folder) or Path(folder).is_relative_to(fault.path) for fault in faults)


def test_where_a_digest_is_wrong_no_network_is_trained_again(copied, capsys):
    """teachers.json with another digest of a healthy network is ranked anew; so says who reads it, too."""
    path = Path(f"{GEN}1/teachers.json")
    digest = sha256(f"{GEN}1/students/2/model.safetensors")
    path.write_text(path.read_text().replace(digest, digest[:-1] + ("0" if digest[-1] != "0" else "1")))
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert f"--force {path}\n" in out and "students" not in out and "1 of " in out
    with pytest.raises(UserError, match=rf"teachers\.json is not as it was written.*--force {path}$"):
        read_json(path)


@pytest.mark.parametrize("name", ["model.json", "history.csv", "metrics.json"])
def test_whole_weights_beside_a_damaged_file_are_told(copied, capsys, name):
    folder = Path(f"{GEN}1/students/2")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert dissent("verify") == 1
    assert f"{folder}: its weights are whole, as teachers.json says" in capsys.readouterr().out
    (folder / "model.safetensors").write_bytes(b"other")
    assert dissent("verify") == 1
    assert "its weights are whole" not in capsys.readouterr().out


def test_the_command_names_the_rule_that_wrote_the_file(copied):
    for kind in KINDS:
        path = sorted(Path().glob(kind))[-1]
        assert target(path), path


def test_a_file_of_an_earlier_version_is_a_note(copied, capsys):
    cost = f"{GEN}0/costs/evaluate.json"  # an earlier version kept no record of what a job wrote
    write_json(cost, {name: value for name, value in read_json(cost).items() if name not in ("made", "made_from")})
    Path("results/tiny/report.html").unlink()
    shutil.rmtree("logs")
    for path in Path("results/tiny/gen0").rglob("*.json"):
        if path.name in ("metrics.json", "cost.json") and path.parent.name == "gen0":
            text = path.read_text()
            path.write_text(text[: text.index(',\n "seal"')] + "\n}\n")
    assert dissent("verify") == 0
    out = capsys.readouterr().out
    assert "note: 3 files carry no digest, being of an earlier version" in out and "counts.csv" in out
    assert read_table("results/tiny/gen0/counts.csv")


def test_files_of_one_folder_with_one_fault_are_one_line(copied, capsys):
    folder = Path(f"{GEN}1/masks/consensus")
    for path in folder.iterdir():
        path.write_bytes(b"")
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert f"empty  {folder}/  8 files: " in out and " and 3 more (--all names them)" in out
    assert dissent("verify", "--all") == 1
    assert capsys.readouterr().out.count(f"{folder}/i") == 8


def test_a_copy_of_a_run_under_another_name_is_no_fault(copied):
    shutil.copytree("results/tiny", "results/kept")
    assert find(ROOTS).faults == []
    write_json("results/kept/gen1/metrics.json", read_json("results/tiny/gen2/metrics.json"))
    assert [fault.path.as_posix() for fault in find(ROOTS).faults][-1] == "results/kept/gen1/metrics.json"
