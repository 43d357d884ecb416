"""Files of the user's in the folders of a generation are named before a job would remove them."""

import os
from pathlib import Path

import pytest

from dissent.core.files import UserError, write_text
from dissent.planning.kept import check_kept


def test_files_of_the_user_in_the_folders_of_a_generation_are_named(in_tmp):
    gen = Path("results/mine/gen1")
    folders = [gen / "predictions/teacher1", gen / "masks/consensus", gen / "masks/inconsistency", gen / "pairs/inputs"]
    for folder in folders:
        write_text(folder / "i0.png", "x")
    write_text(gen / "predictions.csv", f"id,prediction\ni0,{folders[0]}/i0.png\n")
    write_text(gen / "masks.csv", f"id,label,doubt\ni0,{folders[1]}/i0.png,{folders[2]}/i0.png\n")
    write_text(gen / "pairs/shown.json", '{"files": {"inputs/i0.png": "0"}}')
    for name in ("predictions", "masks/consensus", "masks/inconsistency", "pairs"):
        write_text(gen / name / ".snakemake_timestamp", "")
    check_kept("mine")
    for folder in folders:  # copied elsewhere, or checked out: other dates
        os.utime(folder / "i0.png", (4e9, 4e9))
        os.utime(folder, (4e9, 4e9))
    check_kept("mine")
    for path in (gen / "predictions/shard1/teacher1/i0.png", gen / "predictions/shard1.csv"):  # `shards` came later
        write_text(path, "x")
    os.utime(gen / "predictions", (4e9, 4e9))
    check_kept("mine")
    strange = [folders[0] / "mine.txt", folders[1] / "corrected.png", gen / "pairs/more/a.png"]
    for path in strange:
        write_text(path, "x")
        os.utime(path.parent, (5e9, 5e9))
    os.utime(gen / "pairs", (5e9, 5e9))
    with pytest.raises(UserError) as caught:
        check_kept("mine")
    assert f"no job wrote: {', '.join(sorted(path.as_posix() for path in strange))}. They would" in str(caught.value)
    assert all(path.exists() for path in strange) and "cannot be read" not in str(caught.value)
    (gen / "masks.csv").unlink()
    with pytest.raises(
        UserError, match=r"\(results/mine/gen1/masks\.csv, which names those that jobs wrote, cannot be read\)"
    ):
        check_kept("mine")
