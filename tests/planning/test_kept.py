"""Files of the user's in the folders of a generation are named before a job would remove them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from raw_data import save

from dissent.core.files import UserError, sha256, write_text
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


def later(path: Path) -> None:
    os.utime(path, (5e9, 5e9))


def told() -> str:
    with pytest.raises(UserError) as caught:
        check_kept("mine")
    return str(caught.value)


def test_files_of_the_user_beside_the_page_of_all_images_are_named(in_tmp):
    page = Path("results/mine/browse")
    for name in ("images001.js", "gen1/doubt0001.js"):
        write_text(page / name, "x")
    files = {name: sha256(page / name) for name in ("images001.js", "gen1/doubt0001.js")}
    write_text(page / "shown.json", json.dumps({"files": files}))
    write_text(page / ".snakemake_timestamp", "")
    check_kept("mine")
    theirs = [page / "cells.picks.txt", page / "gen1/notes.txt", page / "mine/a.png"]
    for path in theirs:
        write_text(path, "x")
        later(path)
    assert f"no job wrote: {', '.join(sorted(map(str, theirs)))}. They" in told()


@pytest.mark.parametrize("shard", ["", "/shard1"])
def test_masks_that_the_user_edited_in_place_are_named(in_tmp, shard):
    gen = Path("results/mine/gen1")
    one, label, doubt = (
        gen / f"{folder}/i0.png"
        for folder in (f"predictions{shard}/teacher1", f"masks{shard}/consensus", f"masks{shard}/inconsistency")
    )
    overlay, soft = gen / f"masks{shard}/overlay/i0.png", gen / f"predictions{shard}/probabilities/i0.png"
    paths = [one, soft, label, doubt, overlay]
    for path in paths:
        save(path, np.zeros((4, 4), np.uint8))
    shas = {path: sha256(path) for path in paths}
    write_text(
        gen / f"predictions{shard}.csv",
        f"id,teacher,prediction,sha256,probabilities,probabilities_sha256\ni0,1,{one},{shas[one]},{soft},{shas[soft]}\n",
    )
    write_text(
        gen / f"masks{shard}.csv",
        f"id,label,doubt,label_sha256,doubt_sha256\ni0,{label},{doubt},{shas[label]},{shas[doubt]}\n",
    )
    write_text(overlay.parent / "shown.json", json.dumps({"files": {"i0.png": shas[overlay]}}))
    for folder in (one.parent.parent, label.parent, doubt.parent, overlay.parent):
        write_text(folder / ".snakemake_timestamp", "")
    for path in paths:  # a copy has new dates
        later(path)
    check_kept("mine")
    one.write_bytes(b"half a file")  # nobody's work
    later(one)
    check_kept("mine")
    for path in paths:
        save(path, np.ones((5, 4), np.uint8))
        os.utime(path, (6e9, 6e9))
    words = told()
    assert f"edited since a job wrote them: {', '.join(sorted(map(str, paths)))}. They" in words
    assert "`dissent import`" in words and "no job wrote:" not in words
    assert all(sha256(path) != shas[path] for path in paths)
