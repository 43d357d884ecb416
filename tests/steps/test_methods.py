"""Every shipped method runs in every kind of task, two generations; and each does what its row in docs/reference/methods.md says."""

import shutil
from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from discs import KINDS
from in_process import InProcess, code

from dissent import networks
from dissent.config.learners import Learn
from dissent.core.files import read_image, read_json, read_mask, read_table, sha256
from dissent.core.task import Task
from dissent.planning import rule_params
from dissent.pseudolabels.stable import mean_iou, reliability
from dissent.steps.train_evalnet import train_evalnet
from dissent.training import inference

torch.set_num_threads(1)
METHODS = sorted(path.stem for path in (Path(__file__).parents[2] / "config" / "methods").glob("*.yaml"))
LEARNERS = [get_args(one.model_fields["name"].annotation)[0] for one in get_args(get_args(Learn)[0])]
ON_TOP = [f"{name}_im" for name in LEARNERS]
"""a learner with IM on top"""
GENERATIONAL = [
    "evalnet", "evalnet_ensemble", "aim_plus", "aim_plus_plus", "ensemble_clean", "ensemble_soft", "gt_im_plus_plus",
    "im", "im_clean", "im_few", "im_plus", "im_plus_plus", "input_ensemble", "model_ensemble", "noisy_student", *ON_TOP,
    "st", "st_plus_plus", "st_plus_plus_im",
]  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def house(request, tmp_path_factory):
    """A working directory for one kind of task, in which pools are shared between methods."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp(request.param))
        yield InProcess(
            Path(__file__).parents[2],
            request.param,
            "methods: {ensemble_clean: {students: [4, 4, 2]}, ensemble_soft: {students: [4, 4, 2]}, im_few: {students: 4}}\n",
        )


@pytest.mark.parametrize("method", METHODS)
def test_a_method_runs(house, method):
    run = house.run(method)
    last = Path("results", run.name, f"gen{run.method.last}")
    assert run.method.last == (2 if method in GENERATIONAL else 0)
    assert read_json(last / "teachers.json")["pool"]
    for g in range(run.method.last + 1):
        CHECKS[method](run, g, Path("results", run.name, f"gen{g}"))


def test_a_finished_evalnet_comes_back_from_its_last_checkpoint(house, monkeypatch):
    """What Snakemake deletes as incomplete after a kill is there again, byte by byte, without a step."""
    run = house.run("evalnet")
    folder = Path("results", run.name, "evalnets")
    before = {path.name: sha256(path) for path in (folder / "1").iterdir()}
    shutil.rmtree(folder / "1")
    monkeypatch.setattr("dissent.training.loop.Optimizer.set_rate", lambda *_: pytest.fail("trained again"))
    tables = (house.plan.quality_pools(run), house.subsets["labelled"], house.subsets["val"])
    train_evalnet(rule_params.evalnet(run, 1, code), *tables, str(folder / "1"), str(folder / "s1"), "cpu")
    assert {path.name: sha256(path) for path in (folder / "1").iterdir()} == before


def test_teachers_of_several_widths_vote_on_the_same_images(in_tmp):
    house = InProcess(Path(__file__).parents[2], "multiclass", "start: null\ndiversify: {widths: [1, 2]}\n")
    here = Path("results", house.run("im").name)
    heads = [[networks.load(here / f"gen{g}/students/{i}")[0].head.in_channels for i in (1, 2)] for g in (0, 1, 2)]
    assert heads == [[2, 4], [2, 4], [2, 2]]
    assert {tuple(sorted(of)) for of in votes(here / "gen2").values()} == {(1, 2)}


def pairs(here):
    rows = read_table(here / "pairs.csv")
    return [row for row in rows if row["origin"] == "labelled"], [row for row in rows if row["origin"] == "pseudo"]


def seen(run, g, here):
    """How many entries the students of a generation learned from."""
    return read_json(here / "students/1/metrics.json")["pairs"]


def votes(here):
    found = {}
    for row in read_table(here / "predictions.csv"):
        found.setdefault(row["id"], {})[int(row["teacher"])] = read_mask(row["prediction"])
    return found


def people(run, g, here):
    """Learns from labels of people alone: all of them where it is an upper bound, ten times where it is augmented."""
    rows = read_table(here / "pairs.csv")
    upper, augmented = run.method_name in ("fdt", "afdt"), run.method_name in ("aldt", "afdt")
    assert Counter(row["origin"] for row in rows) == ({"labelled": 3, "hidden": 4} if upper else {"labelled": 3})
    assert {row["noise_copies"] for row in rows} == ({"9"} if augmented else {"0"})
    assert seen(run, g, here) == len(rows) * (10 if augmented else 1)
    steps = dict.fromkeys(("ldt", "aldt", "fdt", "afdt"), "pairs") | {"ldt_equal_compute": "all_generations"}
    assert run.at(g)["steps_from"] == steps.get(run.method_name, "all_images")


def agreed(run, g, here):
    labelled, pseudo = pairs(here)
    if not g:
        assert len(labelled) == 3 and not pseudo
        return
    kept = 0
    for row in read_table(here / "masks.csv"):
        said = np.stack(list(votes(here)[row["id"]].values()))
        assert len(said) == run.at(g)["teachers"]
        label, differ = read_mask(row["label"]), (said != said[0]).any(0)
        agreed_by_label = np.bitwise_and.reduce(said)
        common = agreed_by_label if run.dataset.task.kind == "multilabel" else np.where(differ, 0, said[0])
        assert (label == common).all() and ((read_mask(row["doubt"]) != 0) == differ).all()
        larger = run.method.select == "larger" and run.dataset.task.kind == "binary"
        assert row["kept"] == str(int(not larger or label.sum() > differ.sum()))
        kept += int(row["kept"])
    assert len(pseudo) == kept and (kept or run.dataset.task.kind == "binary")
    if run.method_name in ("im", "im_clean", "im_few", *ON_TOP):
        assert seen(run, g, here) == len(labelled) + kept and {row["noise_copies"] for row in pseudo} <= {"0"}
        assert width_of(here) == 2


def width_of(here):
    """Channels of the first student's head: 2 of the network that is not widened."""
    return networks.load(here / "students/1")[0].head.in_channels


def ensemble(run, g, here):
    """The mean of all teachers, 0 in the table, is the label, and nothing is doubted."""
    labelled, pseudo = pairs(here)
    assert seen(run, g, here) == len(labelled) + len(pseudo) and len(pseudo) == (4 if g else 0)
    if g:
        members = range(1, {"model_ensemble": 2}.get(run.method_name, 4) + 1)
        for row in read_table(here / "masks.csv"):
            of = votes(here)[row["id"]]
            assert sorted(of) == [0, *members] and (read_mask(row["label"]) == of[0]).all()
            assert row["doubt_share"] == "0.0" and not read_mask(row["doubt"]).any()
            # what all say is what their mean says, but where a class that none prefers wins
            if run.dataset.task.kind == "binary":
                same = np.logical_and.reduce([of[k] == of[1] for k in members])
                assert (of[0][same] == of[1][same]).all()


def soft_ensemble(run, g, here):
    """Students learn the mean of what four networks say of an image, to a part in 255."""
    ensemble(run, g, here)
    labelled, pseudo = pairs(here)
    if not g:
        assert "probabilities" not in labelled[0]
        return
    task = Task(run.dataset.task.model_dump(mode="json"))
    pool = [networks.load(row["folder"])[0] for row in read_json(here.parent / f"gen{g - 1}/teachers.json")["pool"]]
    masks = {row["id"]: row for row in read_table(here / "masks.csv")}
    for row in pseudo:
        image = torch.from_numpy(read_image(row["image"], 3)).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            mean = torch.stack([task.probabilities(one.eval()(image)) for one in pool]).mean(0)[0]
        soft = read_image(row["probabilities"], 1).reshape(mean.shape) / 255
        assert np.abs(soft - mean.numpy()).max() < 0.5 / 255 + 1e-4
        assert row["probabilities_sha256"] == sha256(row["probabilities"]) == masks[row["id"]]["probabilities_sha256"]
    assert {row["probabilities"] for row in labelled} == {""}


def views(run, g, here):
    if g:
        for name, of in votes(here).items():
            assert sorted(of) == [1, 2, 3, 4, 5]
            row = next(row for row in read_table(here / "masks.csv") if row["id"] == name)
            agreed = np.logical_and.reduce([of[k] == of[1] for k in of])
            label = read_mask(row["label"])
            if run.dataset.task.kind == "multilabel":
                assert (label == np.bitwise_and.reduce([of[k] for k in of])).all()
            else:
                assert (label[agreed] == of[1][agreed]).all() and not label[~agreed].any()
            assert not read_mask(row["doubt"]).any()


def student(run, g, here):
    assert width_of(here) == int(16 * 0.125 * (1, 1, 1.5)[g])
    labelled, pseudo = pairs(here)
    if g:
        assert all((read_mask(row["label"]) == votes(here)[row["id"]][1]).all() for row in pseudo) and len(pseudo) == 4
        assert Counter(row["noise_copies"] for row in pseudo) == {"1": 4} and seen(run, g, here) == len(labelled) + 4


def plus(run, g, here):
    agreed(run, g, here)
    labelled, pseudo = pairs(here)
    assert width_of(here) == int(16 * 0.125 * (1, 1, 1.5)[g])
    if g:
        aim = run.method_name.startswith("aim")
        copies = [int(row["noise_copies"]) for row in pseudo]
        assert all(row["noise_copies"] == ("9" if aim else "0") for row in labelled)
        assert seen(run, g, here) == len(labelled) * (10 if aim else 1) + sum(copies) + len(copies) * aim
        assert set(copies) <= ({1} if run.method_name.endswith("im_plus") else {1, 2, 3, 4, 5})
        if run.method.rates:
            scores = {row["id"]: row for row in read_table(here / "scores.csv")}
            assert all(scores[row["id"]]["noise_copies"] == row["noise_copies"] for row in pseudo)


def rated(run, g, here):
    if not g:
        return
    limits = read_json(here.parent / "evalnets/thresholds.json")
    scores = read_table(here / "scores.csv")
    before = {row["id"]: row for row in read_table(here.parent / f"gen{g - 1}/masks.csv")} if g > 1 else {}
    for row in read_table(here / "masks.csv"):
        best = max(float(one["score"]) for one in scores if one["id"] == row["id"])
        old = before.get(row["id"], {"kept": "0"})
        value = max(best, float(old["score"])) if old["kept"] == "1" else best
        assert float(row["score"]) == value and row["kept"] == str(int(value >= limits["high"]))
        if old["kept"] == "1" and float(old["score"]) >= best:
            assert (read_mask(row["label"]) == read_mask(old["label"])).all()
        else:
            winner = max((one for one in scores if one["id"] == row["id"]), key=lambda one: float(one["score"]))
            assert (read_mask(row["label"]) == votes(here)[row["id"]][int(winner["teacher"])]).all()
        assert old["kept"] == "0" or row["kept"] == "1"  # images accumulate


def self_trained(run, g, here):
    """The best teacher labels, as the mean of its views. ST++: first the half on which its checkpoints agree most, whose labels stay."""
    labelled, pseudo = pairs(here)
    if not g:
        assert len(labelled) == 3 and not pseudo
        return
    plus, task = run.method_name == "st_plus_plus", Task(run.dataset.task.model_dump(mode="json"))
    before = {row["id"]: row for row in read_table(here.parent / f"gen{g - 1}/masks.csv")} if g > 1 else {}
    teacher = Path(read_json(here.parent / f"gen{g - 1}/teachers.json")["pool"][0]["folder"])
    images = {row["id"]: read_image(row["image"], 3) for row in read_table("data/" + run.dataset_name + "/files.csv")}
    scores = []
    for row in read_table(here / "masks.csv"):
        of = votes(here)[row["id"]]
        assert sorted(of) == ([0, 1, 2, 3] if plus else [1])
        for voter, checkpoint in ((1, 3), (2, 2), (3, 1)) if plus else ():
            network = networks.load(teacher, checkpoint)[0]
            assert (inference.masks(network, images[row["id"]][None], task, "cpu", "fp32")[0] == of[voter]).all()
        stays = plus and before.get(row["id"], {"kept": "0"})["kept"] == "1"
        label = read_mask(before[row["id"]]["label"]) if stays else of[0 if plus else 1]
        assert (read_mask(row["label"]) == label).all() and not read_mask(row["doubt"]).any()
        scores.append((-reliability([of[1], of[2], of[3]], task) if plus else 0, row["id"]))
    most = sorted(name for _, name in sorted(scores)[: 2 if plus and g == 1 else 4])
    assert sorted(row["id"] for row in pseudo) == most


def agreed_most(run, g, here):
    """Three networks vote, those on whose images they agree most come first, and what they doubt is marked."""
    labelled, pseudo = pairs(here)
    assert len(labelled) == 3 and len(pseudo) == (0, 2, 4)[g]
    if g == 1:
        for row in read_table(here / "masks.csv"):
            of, doubt = votes(here)[row["id"]], read_mask(row["doubt"])
            assert sorted(of) == [1, 2] and ((doubt != 0) == (of[1] != of[2])).all()
            task = Task(run.dataset.task.model_dump(mode="json"))
            assert float(row["score"]) == pytest.approx(mean_iou(of[2], of[1], task), abs=1e-6)


CHECKS = {
    **dict.fromkeys(("st", "st_plus_plus"), self_trained),
    "st_plus_plus_im": agreed_most,
    **dict.fromkeys(("ldt", "ldt_equal_steps", "ldt_equal_compute", "aldt", "fdt", "afdt", *LEARNERS), people),
    **dict.fromkeys(("im", "im_clean", "im_few", *ON_TOP), agreed),
    **dict.fromkeys(("model_ensemble", "ensemble_clean"), ensemble),
    "ensemble_soft": soft_ensemble,
    "input_ensemble": views,
    "noisy_student": student,
    "im_plus": plus,
    "im_plus_plus": plus,
    "aim_plus": plus,
    "aim_plus_plus": plus,
    "gt_im_plus_plus": plus,
    "evalnet": rated,
    "evalnet_ensemble": rated,
}
