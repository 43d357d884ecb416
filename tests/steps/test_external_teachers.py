"""A teacher from outside counts as one more teacher in every generation, for every kind of task and under every vote."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import KINDS
from in_process import InProcess, code
from PIL import Image

from dissent.cli.verify import remedies
from dissent.cli.verify.faults import find
from dissent.core.files import UserError, read_json, read_mask, read_table
from dissent.planning import outside, rule_params
from dissent.steps.audit import audit

torch.set_num_threads(1)
ROOT = Path(__file__).parents[2]
VOTES = [
    *((kind, "agreement") for kind in KINDS),
    ("binary", "majority"), ("multiclass", "unanimous"), ("multiclass", "mean"), ("multilabel", "mean"), ("multilabel", "best"),
]  # fmt: skip


def tool(kind, folder="sam"):
    """Masks of a tool that knows where half of the truth is: the images' right half is empty."""
    for path in Path("raw", KINDS[kind], "masks").glob("*.png"):
        mask = np.array(Image.open(path))
        mask[:, 32:] = 0
        Path(folder).mkdir(exist_ok=True)
        Image.fromarray(mask).save(Path(folder, path.name))


def house(kind, vote="agreement", more=""):
    text = (
        f"{more or 'external_teachers: [{name: sam, masks: sam}]'}\nmethods: {{im_clean: {{pseudo_label: {vote}}}}}\n"
    )
    made = InProcess(ROOT, kind, text)
    tool(kind)
    return made


def votes(here):
    found = {}
    for row in read_table(here / "predictions.csv"):
        found.setdefault(row["id"], {})[int(row["teacher"])] = read_mask(row["prediction"])
    return found


@pytest.mark.parametrize(("kind", "vote"), VOTES)
def test_it_votes_in_every_generation(in_tmp, kind, vote):
    made = house(kind, vote)
    run = made.run("im_clean")
    assert run.voter_names(1) == ["teacher 1", "teacher 2", "sam"]
    for g in (1, 2):
        here = Path("results", run.name, f"gen{g}")
        rows = {row["id"]: row for row in read_table(here / "masks.csv")}
        for name, of in votes(here).items():
            assert sorted(of) == [0, 1, 2, 3][vote != "mean" :]
            assert (of[3] == read_mask(f"sam/{name}.png")).all()
            label, doubt = (read_mask(rows[name][part]) for part in ("label", "doubt"))
            alike = (of[1] == of[2]) & (of[1] == of[3])
            if vote == "agreement":
                assert ((doubt == 0) == alike).all() and (label[alike] == of[1][alike]).all()
            if vote == "majority" and kind == "binary":
                assert (label == (of[1] + of[2] + of[3] >= 2)).all() and not doubt.any()
            if vote == "best":
                assert (label == of[1]).all() and int(rows[name]["doubt_pixels"]) >= (~alike).sum()
            if vote == "mean":
                assert (label == of[0]).all()
                assert kind == "multiclass" or (of[0][alike] == of[1][alike]).all()  # a class that none prefers may win
    external = read_json(Path("results", run.name, "gen0", "teachers.json"))["external"]
    assert [(one["teacher"], one["table"]) for one in external] == [("sam", outside.tables(run)[0])]
    assert 0 < external[0]["score"] < 1  # its masks of validation images are there too
    params = rule_params.auditing(run, 1, code)
    here = Path("results", run.name, "gen1")
    audit(params, made.subsets["hidden"], str(here / "masks.csv"), str(here / "predictions.csv"), "audit.json")
    wrong = read_json("audit.json")["wrong_of"]
    assert list(wrong) == ["teacher 1", "teacher 2", "sam"]
    assert wrong["teacher 1"] == read_json("audit.json")["all_images"]["wrong_of_teacher"]
    truths = {row["id"]: read_mask(row["label"]) for row in read_table(made.subsets["hidden"])}
    planes = [np.unpackbits(np.stack([one ^ read_mask(f"sam/{name}.png") for name, one in truths.items()])).sum()]
    if kind != "multiclass":
        assert wrong["sam"] == pytest.approx(planes[0] / (4 * 64 * 64 * (3 if kind == "multilabel" else 1)), abs=1e-6)


def test_a_changed_mask_is_read_again_and_verify_tells_of_it(in_tmp):
    made = house("binary")
    run = made.run("im_clean")
    before = outside.settings(run, "sam", code)
    assert not [fault for fault in find([Path("results")]).faults if "sam" in str(fault.path)]
    [name] = [row["id"] for row in read_table(made.subsets["unlabelled"])][:1]
    Image.fromarray(np.ones((64, 64), np.uint8)).save(f"sam/{name}.png")
    [fault] = [fault for fault in find([Path("results")]).faults if fault.path == Path(f"sam/{name}.png")]
    assert fault.how == "edited" and "since it was read" in fault.why
    assert outside.settings(run, "sam", code)["digest"] != before["digest"]
    table = Path("results", run.name, "external/sam.csv")
    Path("results", run.name, f"external/sam/{name}.png").unlink()
    assert f"snakemake --cores 2 --force {table}" in remedies([Path("results", run.name, f"external/sam/{name}.png")])


def test_masks_that_were_put_away_after_reading_are_not_missed_until_they_must_be_read_anew(in_tmp):
    made = house("binary")
    run = made.run("im_clean")
    before = outside.settings(run, "sam", code)
    Path("sam").rename("away")
    outside.check(run)
    assert outside.settings(run, "sam", lambda *_: "of another library") == before
    other = run.external_teachers[0].model_copy(update={"ids": {"background": "others"}})
    with pytest.raises(UserError, match="`masks: sam` of the external teacher sam is no folder"):
        outside.settings(run.model_copy(update={"external_teachers": [other]}), "sam", code)


def test_a_plan_tells_what_lacks_before_anything_is_trained(in_tmp):
    made = house("binary")
    run = made.plan.config.run(f"{made.name}.im_clean")
    [name] = [row["id"] for row in read_table(made.subsets["unlabelled"])][:1]
    Image.fromarray(np.zeros((9, 64), np.uint8)).save(f"sam/{name}.png")
    with pytest.raises(Exception, match=rf"sam/{name}\.png: has 9 x 64 pixels.*64 x 64: give masks of that size"):
        outside.check(run)
    Path(f"sam/{name}.png").unlink()
    with pytest.raises(Exception, match=rf"sam: has no {name}\.png; a teacher labels every unlabelled image"):
        outside.check(run)
    shutil.rmtree("sam")
    with pytest.raises(Exception, match="`masks: sam` of the external teacher sam is no folder"):
        outside.check(run)


def test_the_experiment_that_docs_show_runs(in_tmp):
    text = (ROOT / "docs/how-to/external_teachers.md").read_text("utf-8")
    shown = re.search(r"```yaml\n# config/experiments/tiny\.yaml\n(.*?)```", text, re.DOTALL)[1]
    made = house("binary", more=shown)
    for number, path in enumerate(sorted(Path("sam").glob("*.png"))):
        mask = np.array(Image.open(path))
        for folder, name, pixels in (
            ("sam_masks", path.stem, mask * np.uint8(255)),
            ("cells", f"{path.stem}_cp_masks", mask * np.uint16(300 + number)),
        ):
            Path(folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(f"{folder}/{name}.png")
    run = made.run("im_clean")
    assert run.voter_names(2) == ["teacher 1", "teacher 2", "sam", "cellpose"]
    for name, of in votes(Path("results", run.name, "gen2")).items():
        assert (of[3] == of[4]).all() and (of[3] == read_mask(f"sam/{name}.png")).all()
