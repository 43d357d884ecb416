"""Predict and evaluate in process: what the files say is what the networks say."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import KINDS, config, prepared
from resealed import reseal

from dissent import networks
from dissent.core.files import (
    UserError,
    read_image,
    read_json,
    read_mask,
    read_table,
    sha256,
    write_json,
    write_mask,
    write_table,
)
from dissent.core.task import Task
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import pool_counts
from dissent.planning import rule_params
from dissent.report.run_results import Generation
from dissent.steps.evaluate import evaluate
from dissent.steps.predict import predict
from dissent.steps.rank_students import rank_students

torch.set_num_threads(1)


def pool(root, name):
    """Two networks that were not trained, saved and ranked as `train` and `rank_students` leave them."""
    run = config(root).run(name)
    task = run.dataset.task.model_dump(mode="json")
    outputs = Task(task).outputs
    for member in (1, 2):
        torch.manual_seed(member)
        spec = run.network.model_dump(mode="json")
        network = networks.build(spec, outputs, 3)
        networks.save(network, f"students/{member}", spec, outputs, 3, {"task": task, "size": [32, 32]})
        write_json(f"students/{member}/metrics.json", {"val": {"iou": {"value": member / 10}}})
    files = [str(path) for path in Path("students").glob("*/*")]
    rank_students(files, teachers=2, score="iou", out="teachers.json")
    return run, task


def decided(task, member, image):
    network, _ = networks.load(f"students/{member}")
    with torch.inference_mode():
        probabilities = Task(task).probabilities(network(torch.from_numpy(image).permute(2, 0, 1)[None].float()))
    return probabilities, Task(task).decide(probabilities)[0].numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_predict_writes_what_each_teacher_says(root, in_tmp, kind):
    split = prepared(root, KINDS[kind])
    run, task = pool(root, KINDS[kind])
    settings = rule_params.prediction(run, 1, lambda *names: "code")
    done = predict(settings, "teachers.json", f"{split}/unlabelled.csv", "p", "p.csv", "cpu")
    rows = read_table("p.csv")
    assert done == {"images": 8} and len(rows) == 16
    row = read_table(f"{split}/unlabelled.csv")[3]
    image = read_image(row["image"], 3)
    for teacher, member in ((1, 2), (2, 1)):  # teacher 1 is the better one: student 2
        assert (read_mask(f"p/teacher{teacher}/{row['id']}.png") == decided(task, member, image)[1]).all()


def evaluated(run, split: str, subsets: dict[str, str]) -> dict:
    """metrics.json of generation 0."""
    settings, about = rule_params.evaluation(run, 0, lambda *names: "code"), "data/tiny/dataset.json"
    tables = (subsets, None, f"{split}/labelled.csv")
    evaluate(settings, "teachers.json", *tables, about, "m.json", "c.csv", "cpu")
    return read_json("m.json")


def test_evaluate_says_what_the_networks_say(root, in_tmp):
    split = prepared(root)
    run, task = pool(root, "tiny")
    subsets = {subset: f"{split}/{subset}.csv" for subset in ("val", "test")}
    found = evaluated(run, split, subsets)
    counts = {who: [] for who in ("student1", "student2", "ensemble")}
    for row in read_table(subsets["test"]):
        image, label = read_image(row["image"], 3), read_mask(row["label"])
        parts = [decided(task, member, image) for member in (1, 2)]
        both = Task(task).decide((parts[0][0] + parts[1][0]) / 2)[0].numpy()
        for who, mask in zip(counts, (parts[0][1], parts[1][1], both), strict=True):
            counts[who].append(metrics.counts(mask, label, task))
    expected = {who: metrics.scorer("iou", task)(np.stack(one))["value"] for who, one in counts.items()}
    test = found["test"]
    assert {who: one["iou"]["value"] for who, one in test["students"].items()} == {
        who: pytest.approx(expected[who]) for who in ("student1", "student2")
    }
    assert test["ensemble"]["iou"]["value"] == pytest.approx(expected["ensemble"])
    assert test["best"] == test["students"]["student2"] and found["best_student"] == 2
    values = [expected["student1"], expected["student2"]]
    assert test["pool"]["iou"] == {
        "mean": pytest.approx(np.mean(values)),
        "sd": pytest.approx(np.std(values, ddof=1)),
        "n": 2,
    }
    assert set(found["definitions"]) == set(metrics.SCORES) and "pseudo_labels" not in found
    rows = read_table("c.csv")
    assert len(rows) == (4 + 6) * 3
    one = next(row for row in rows if row["subset"] == "test" and row["who"] == "student1")
    assert [int(one[name]) for name in ("tp", "fp", "fn", "tn")] == counts["student1"][0][0].tolist()


@pytest.mark.parametrize(("window", "of"), [("0 0 32 32", "images"), ("", "groups")])
def test_what_belongs_together_is_drawn_together(root, in_tmp, window, of):
    """Six test images of two sources: windows of two images, or images of two groups, such as videos."""
    split = prepared(root)
    run, _ = pool(root, "tiny")
    rows = read_table("data/tiny/files.csv")
    test = {row["id"]: f"source{number % 2}" for number, row in enumerate(read_table(f"{split}/test.csv"))}
    for row in rows:
        row |= {"group": test.get(row["id"], row["group"]), "window": window}
        row |= {"source": test.get(row["id"], row["source"])} if window else {}
    write_table("data/tiny/files.csv", rows, list(rows[0]))
    reseal("data/tiny/files.csv")
    settings = rule_params.evaluation(run, 0, lambda *names: "code")
    subsets = {subset: f"{split}/{subset}.csv" for subset in ("val", "test")}
    about = "data/tiny/dataset.json"
    evaluate(
        settings,
        "teachers.json",
        subsets,
        None,
        f"{split}/labelled.csv",
        about,
        "g/metrics.json",
        "g/counts.csv",
        "cpu",
    )
    unit = "windows" if window else "images"
    assert read_json("g/metrics.json")["test"]["drawn"] == {"groups": 2, "unit": unit, "of": of}
    found = pool_counts("g/counts.csv", "test")
    assert dict(zip(found.ids, found.groups, strict=True)) == test
    assert Generation(Path("g")).counted("test") == f"6 test {unit} of 2 {of}"
    one = read_json("g/metrics.json")
    one["test"]["drawn"]["groups"] = 1
    write_json("g/metrics.json", one)
    assert Generation(Path("g")).counted("test") == f"6 test {unit} of 1 {of.removesuffix('s')}"


def test_scores_with_targets_of_their_own(root, in_tmp):
    """ISIC's grey masks: published_iou is measured against mask > 0, published_dice against mask >= 128."""
    split = prepared(root)
    run, _ = pool(root, "tiny")
    about = read_json("data/tiny/dataset.json") | {"metric_labels": {"published_iou": "labels_any"}}
    write_json("data/tiny/about.json", about)
    shutil.copytree("data/tiny/labels", "data/tiny/labels_any")
    palette = run.dataset.task.palette
    for path in Path("data/tiny/labels_any").iterdir():
        write_mask(path, np.ones((32, 32), np.uint8), palette)
    rows = read_table("data/tiny/files.csv")
    more = {row["id"]: {"labels_any_sha256": sha256(f"data/tiny/labels_any/{row['id']}.png")} for row in rows}
    write_table("data/tiny/files.csv", [row | more[row["id"]] for row in rows], (*rows[0], "labels_any_sha256"))
    reseal("data/tiny/files.csv")
    settings = rule_params.evaluation(run, 0, lambda *names: "code")
    arguments = (None, f"{split}/labelled.csv")
    subsets = {"val": f"{split}/val.csv", "test": f"{split}/test.csv"}
    for name in ("data/tiny/about.json", "data/tiny/dataset.json"):
        evaluate(settings, "teachers.json", subsets, *arguments, name, f"{Path(name).stem}.m.json", "c.csv", "cpu")
    told = {name: read_json(f"{name}.m.json")["definitions"]["published_iou"] for name in ("about", "dataset")}
    assert told["about"].endswith("foreground where grey > 0") and told["about"].startswith(told["dataset"])
    ours, plain = read_json("about.m.json")["test"]["best"], read_json("dataset.m.json")["test"]["best"]
    assert ours["iou"] == plain["iou"] and ours["published_dice"] == plain["published_dice"]
    assert ours["published_iou"] != plain["published_iou"]
    damaged = sorted(Path("data/tiny/labels_any").iterdir())[0]
    for path in Path("data/tiny/labels_any").iterdir():
        path.write_bytes(damaged.read_bytes() + b" ")
    with pytest.raises(UserError, match=r"is not the file that data/tiny/files.csv names"):
        evaluate(settings, "teachers.json", subsets, *arguments, "data/tiny/about.json", "m.json", "c.csv", "cpu")


def test_an_empty_test_subset_is_no_error(root, in_tmp):
    split = prepared(root)
    run, _ = pool(root, "tiny")
    Path("empty.csv").write_text("id,image,label,image_sha256,label_sha256\n")
    found = evaluated(run, split, {"val": f"{split}/val.csv", "test": "empty.csv"})
    assert found["test"] is None and found["val"]["images"] == 4


def test_a_changed_teacher_is_refused(root, in_tmp):
    split = prepared(root)
    run, _ = pool(root, "tiny")
    path = Path("students/1/model.safetensors")
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(content)
    settings = rule_params.prediction(run, 1, lambda *names: "code")
    with pytest.raises(UserError, match=r"students/1/model\.safetensors is not the file that teachers\.json names"):
        predict(settings, "teachers.json", f"{split}/unlabelled.csv", "p", "p.csv", "cpu")
    assert not Path("p.csv").exists()
