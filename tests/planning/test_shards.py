"""Shards: parts of a table, tables joined, and a run in shards that equals the run in one piece, byte for byte."""

import shutil
from pathlib import Path

import pytest
from discs import SETTINGS
from test_workflow import mine, planned, snakemake

from dissent.cli.verify.faults import find
from dissent.core.files import UserError, join_tables, read_json, read_rows, read_table, sha256, write_table


def test_parts_of_a_table_are_the_table(in_tmp):
    write_table("t.csv", [{"id": f'a"{n}, {n}', "x": n} for n in range(10)], ("id", "x"))
    for count in (1, 3, 10, 12):
        parts = [list(read_rows("t.csv", ("id",), (shard, count))) for shard in range(1, count + 1)]
        assert [row for part in parts for row in part] == read_table("t.csv")
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_joined_tables_have_one_header(in_tmp):
    for name, rows in (("a", [1, 2]), ("b", []), ("c", [3])):
        write_table(f"{name}.csv", [{"id": n} for n in rows], ("id",))
    join_tables(["a.csv", "b.csv", "c.csv"], "all.csv")
    assert Path("all.csv").read_text() == "id\n1\n2\n3\n"
    write_table("d.csv", [{"other": 1}], ("other",))
    with pytest.raises(UserError, match=r"d.csv has other columns than a.csv"):
        join_tables(["a.csv", "d.csv"], "all.csv")
    assert Path("all.csv").read_text() == "id\n1\n2\n3\n"


def test_a_row_that_fails_leaves_the_old_table(in_tmp):
    write_table("t.csv", [{"id": 1}], ("id",))
    with pytest.raises(ValueError, match="lacks"):
        write_table("t.csv", iter([{"id": 2}, {"no": 3}]), ("id",))
    assert read_table("t.csv") == [{"id": "1"}] and sorted(path.name for path in Path().iterdir()) == [
        "t.csv",
        "t.json",
    ]


def pictures(folder: Path) -> dict[str, str]:
    """{path without the shard: SHA-256} of all PNG files of a generation."""
    found = sorted(folder.rglob("*.png"))
    named = {"/".join(p for p in path.relative_to(folder).parts if not p.startswith("shard")): path for path in found}
    assert len(named) == len(found)
    return {name: sha256(path) for name, path in named.items()}


@pytest.mark.slow
def test_a_run_in_shards_equals_the_run_in_one_piece(root, whole_run_here):
    settings = mine(whole_run_here, "")
    text = (SETTINGS / "experiments/tiny.yaml").read_text()
    (settings / "experiments/mine.yaml").write_text(text + "shards: 3\n")
    targets = [f"results/mine/gen2/{name}.json" for name in ("metrics", "audit", "cost")]
    jobs = planned(snakemake(root, "-n", *targets, settings=settings))
    # nobody asks for all predictions of gen1
    assert (jobs["predict_shard"], jobs["build_masks_shard"], jobs["join_shards"]) == (6, 6, 3)
    assert "predict" not in jobs and "build_masks" not in jobs
    result = snakemake(root, *targets, settings=settings)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert find([Path("data"), Path("results")]).faults == []
    one, parts = Path("results/tiny/gen2"), Path("results/mine/gen2")
    assert pictures(one) == pictures(parts) and len(pictures(one)) == 8 * 4 + 6, "and six test images to look at"
    assert (parts / "masks/shard2/consensus").is_dir() and (parts / "predictions/shard3/teacher1").is_dir()
    for name in ("masks", "predictions"):
        plain = (parts / f"{name}.csv").read_text()
        for shard in (1, 2, 3):
            plain = plain.replace(f"/shard{shard}/", "/")
        assert plain.replace("results/mine/", "results/tiny/") == (one / f"{name}.csv").read_text()
    for path in ("students/1/model.safetensors", "students/2/model.safetensors", "counts.csv"):
        assert sha256(one / path) == sha256(parts / path)
    audits = [read_json(folder / "audit.json") for folder in (one, parts)]
    assert audits[0] == audits[1] | {"run": "tiny", "made_from": audits[0]["made_from"]}
    for path in (parts / "masks/shard2.csv", parts / "predictions/shard1.json", parts / "costs/predict/shard3.json"):
        content = path.read_bytes()
        path.unlink()
        assert path in {fault.path for fault in find([Path("results")]).faults}
        path.write_bytes(content)
    shutil.rmtree(parts / "predictions/shard2")
    assert all("shard2" in str(fault.path) for fault in find([Path("results")]).faults)
