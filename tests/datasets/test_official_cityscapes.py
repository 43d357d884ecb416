"""The shipped Cityscapes files on a miniature of the official layout: 35 ids as published, 19 classes, splits and lists."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from official import cityscapes, divided, made_up_table, prepared, shipped
from PIL import Image
from raw_data import label

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.config.resolve import Config
from dissent.core.files import UNKNOWN, UserError, write_text
from dissent.datasets import lists_of
from dissent.datasets.geometry import resize_mask, resize_photo

CITIES = {"train": {"aachen": 5, "ulm": 5}, "val": {"frankfurt": 3, "lindau": 3}, "test": {"berlin": 2}}
# labels.py of the data set's own scripts: id of each class that is evaluated, in the order of train ids
TRAIN_IDS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]


def raw_ids(name, part, city):
    return np.array(Image.open(f"raw/gtFine/{part}/{city}/{name}_gtFine_labelIds.png"))


def test_35_ids_as_published(root, in_tmp):
    cityscapes(Path("raw"), CITIES)
    about, rows = prepared(shipped(root, "cityscapes", size=[16, 32]))
    assert about["images"] == 16 and {row["part"] for row in rows.values()} == {"train", "val"}
    name = "ulm_000003_000019"
    ids = resize_mask(raw_ids(name, "train", "ulm"), (16, 32), True).astype(int)
    assert np.array_equal(label(rows, name), np.where(ids > 0, ids + 1, 0))
    assert about["pixels"]["unused"] == about["nobody_knows"] == 0 and about["pixels"]["bicycle"]
    photograph = np.array(Image.open(f"raw/leftImg8bit/train/ulm/{name}_leftImg8bit.png"))
    assert np.array_equal(np.array(Image.open(rows[name]["image"])), resize_photo(photograph, (16, 32), True))


def test_sizes_names_and_classes_of_the_shipped_files(root):
    both = [shipped(root, name) for name in ("cityscapes", "cityscapes_19")]
    # .2 of 2048 x 1024, each side rounded up to a multiple of 16
    assert both[0]["size"] == [-(-(side // 5) // 16) * 16 for side in (1024, 2048)]
    assert both[0]["task"]["labels"][8] == both[1]["task"]["labels"][0] == "road"
    assert [both[0]["task"]["labels"][i + 1] for i in TRAIN_IDS] == both[1]["task"]["labels"]
    assert both[0]["obtain"] == both[1]["obtain"] and both[0]["raw"] == both[1]["raw"]


@pytest.mark.parametrize("size", [[64, 128], [32, 64], [40, 56]])
def test_19_classes_at_any_size(root, in_tmp, size):
    cityscapes(Path("raw"), CITIES)
    about, rows = prepared(shipped(root, "cityscapes_19", size=size))
    ids = resize_mask(raw_ids("aachen_000002_000019", "train", "aachen"), tuple(size), False)
    expected = np.full(ids.shape, UNKNOWN, np.uint8)
    for train_id, raw_id in enumerate(TRAIN_IDS):
        expected[ids == raw_id] = train_id
    assert np.array_equal(label(rows, "aachen_000002_000019"), expected)
    assert about["nobody_knows"] > 0


def test_faults_are_told(root, in_tmp):
    cityscapes(Path("raw"), CITIES)
    Path("raw/gtFine/val/lindau/lindau_000001_000019_gtFine_labelIds.png").unlink()
    path = Path("raw/gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png")
    Image.fromarray(np.full((64, 128), 77, np.uint8)).save(path)
    with pytest.raises(UserError) as error:
        prepared(shipped(root, "cityscapes", size=[16, 32]))
    assert "lindau_000001_000019_leftImg8bit.png: has no mask" in str(error.value)
    assert "ulm_000000_000019_gtFine_labelIds.png: has the value 77, which is no id" in str(error.value)


def test_the_published_split(root, in_tmp):
    """297 of 2,975 labelled; the 500 of validation halved, the first list for validation and the second for the test."""
    made_up_table({"train": [f"t{i:04}" for i in range(2975)], "val": [f"v{i:03}" for i in range(500)]})
    found = divided(shipped(root, "cityscapes"), "published")
    numbers = {subset: sorted(int(name[1:]) for name in of) for subset, of in found.items()}
    assert {subset: (len(of), sum(of)) for subset, of in numbers.items() if subset != "hidden"} == {
        "labelled": (297, 466130),
        "unlabelled": (2678, 3957695),
        "val": (250, 64699),
        "test": (250, 60051),
    }
    assert {1415, 2845, 1527, 2896, 1300} <= set(numbers["labelled"]) and {469, 296, 474} <= set(numbers["val"])
    assert all(name.startswith("v") for name in found["val"] + found["test"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"val": ["val"]}, "`held_out` needs `column`, and `val` and `test` as counts or fractions"),
        ({"column": None}, "`held_out` needs `column`"),
        ({"train": ["train", "val"]}, "the value val of column `part` is given to two subsets"),
    ],
)
def test_held_out_parts_are_for_evaluation_alone(root, change, words):
    split = shipped(root, "cityscapes")["splits"]["published"] | change
    with pytest.raises(UserError, match=words):
        shipped(root, "cityscapes", splits={"one": split})


# the lists that are shipped


def shipped_list(root, family, count):
    """City, sequence and frame of each labelled image."""
    return (root / f"workflow/resources/splits/cityscapes/{family}_{count}.txt").read_text().splitlines()


# of the sorted names with a newline behind each: facts of the published lists (docs/how-to/study_a.md)
MD5 = {186: "c7574628c524", 372: "96efdae09794", 744: "182b14ba11cc", 1488: "22eadd4d32a8"}


@pytest.mark.parametrize("count", MD5)
def test_the_lists_of_u2pl_are_the_published_ones(root, count):
    names = shipped_list(root, "u2pl", count)
    assert len(set(names)) == count
    assert hashlib.md5("".join(f"{name}\n" for name in sorted(names)).encode()).hexdigest().startswith(MD5[count])


def test_the_lists_of_u2pl_are_not_nested(root):
    lists = [set(shipped_list(root, "u2pl", count)) for count in MD5]
    assert [len(less & more) for less, more in pairwise(lists)] == [28, 81, 388]


def test_the_lists_of_cps_are_nested_and_share_few_images_with_those_of_u2pl(root):
    """Counts that were measured on the published lists: they tell one family from the other, and a wrong name."""
    cps, u2pl = ([set(shipped_list(root, family, count)) for count in MD5] for family in ("cps", "u2pl"))
    assert [len(names) for names in cps] == list(MD5) and all(less < more for less, more in pairwise(cps))
    assert [len(ours & others) for ours, others in zip(cps, u2pl, strict=True)] == [8, 48, 182, 720]


@pytest.mark.parametrize("count", MD5)
@pytest.mark.parametrize("family", ["u2pl", "cps"])
def test_a_shipped_split_is_its_list_and_the_rest_of_the_training_images(root, in_tmp, family, count):
    labelled = shipped_list(root, family, count)
    rest = [f"zurich_{number:06}_000019" for number in range(500, 500 + 2975 - count)]
    made_up_table({"train": [*labelled, *rest], "val": [f"munster_{number:06}_000019" for number in range(500)]})
    source = shipped(root, "cityscapes_19")
    found = divided(source, f"{family}_{count}")
    assert found["labelled"] == sorted(labelled) and found["unlabelled"] == rest and len(found["val"]) == 500
    plan = validate(Dataset, read_yaml(root / "config/datasets/cityscapes_19.yaml"), "").splits[f"{family}_{count}"]
    assert plan.images == {subset: len(found[subset]) for subset in ("labelled", "unlabelled", "val")}


# lists as others write them


def listed(root, **keys):
    """The shipped data set with lists of one image a subset."""
    lists = {"labelled": "186/labeled.txt", "unlabelled": "186/unlabeled.txt", "val": "val.txt"}
    lists |= {"mask_suffix": "_gtFine_labelTrainIds", "page": "github.com/Haochen-Wang409/U2PL"} | keys
    lists = {key: f"data/raw/mine/{value}" if str(value).endswith(".txt") else value for key, value in lists.items()}
    return shipped(root, "cityscapes_19", size=[16, 32], splits={"mine": {"lists": lists}})


def write_lists(line):
    names = {
        "186/labeled": ("train", "ulm", 1),
        "186/unlabeled": ("train", "aachen", 4),
        "val": ("val", "lindau", 0),
    }
    for name, (part, city, number) in names.items():
        stem = f"{part}/{city}/{city}_{number:06}_000019"
        write_text(f"data/raw/mine/{name}.txt", line.format(stem) + "\n")


@pytest.mark.parametrize(
    "line",
    [
        "leftImg8bit/{0}_leftImg8bit.png",  # U2PL
        "leftImg8bit/{0}_leftImg8bit.png gtFine/{0}_gtFine_labelTrainIds.png",  # UniMatch
        "leftImg8bit/{0}_leftImg8bit.png gtFine/{0}_gtFine_labelIds.png",
    ],
)
def test_lists_of_both_kinds(root, in_tmp, line):
    cityscapes(Path("raw"), CITIES)
    source = listed(root)
    prepared(source)
    write_lists(line)
    assert divided(source, "mine") == {
        "labelled": ["ulm_000001_000019"],
        "unlabelled": ["aachen_000004_000019"],
        "val": ["lindau_000000_000019"],
        "test": [],
        "hidden": ["aachen_000004_000019"],
    }
    assert lists_of(source, "mine") == [f"data/raw/mine/{name}.txt" for name in ("186/labeled", "186/unlabeled", "val")]


def test_parts_of_the_data_set_stand_for_the_images_that_no_list_names(root, in_tmp):
    made_up_table({"train": ["t1", "t2", "t3"], "val": ["v1", "v2"]})
    write_text("data/raw/mine/186/labeled.txt", "t2\n")
    write_text("data/raw/mine/val.txt", "v1\n")
    source = listed(root, unlabelled=["train"], test=["val"])
    found = divided(source, "mine")
    assert (found["unlabelled"], found["val"], found["test"]) == (["t1", "t3"], ["v1"], ["v2"])
    assert lists_of(source, "mine") == ["data/raw/mine/186/labeled.txt", "data/raw/mine/val.txt"]
    with pytest.raises(UserError, match=r"`splits\.mine\.lists\.val` names the part vla, and `parts` has train, val"):
        listed(root, val=["vla"])


def test_a_list_with_the_mask_of_another_image_is_refused(root, in_tmp):
    cityscapes(Path("raw"), CITIES)
    source = listed(root)
    prepared(source)
    write_lists("leftImg8bit/{0}_leftImg8bit.png gtFine/{0}_gtFine_labelTrainIds.png")
    path = Path("data/raw/mine/val.txt")
    path.write_text(path.read_text().replace("lindau_000000_000019_gtFine", "lindau_000001_000019_gtFine"))
    with pytest.raises(UserError, match="where the data set goes by equal names"):
        divided(source, "mine")


def test_lists_that_lack_are_asked_for_and_do_not_stop_the_plan(root, in_tmp):
    made_up_table({"train": ["t1", "t2"], "val": ["v1"]})
    source = listed(root)
    assert lists_of(source, "mine") == []
    with pytest.raises(UserError) as error:
        divided(source, "mine")
    assert str(error.value).splitlines() == [
        "lists that lack; they are at github.com/Haochen-Wang409/U2PL, put them here:",
        "  data/raw/mine/186/labeled.txt",
        "  data/raw/mine/186/unlabeled.txt",
        "  data/raw/mine/val.txt",
    ]


def test_who_has_train_ids_changes_three_lines(root, in_tmp):
    """Archives that others prepared have labelTrainIds alone: docs/how-to/study_a.md."""
    cityscapes(Path("raw"), CITIES)
    by_ids = prepared(shipped(root, "cityscapes_19", size=[64, 128]))[1]
    for path in Path("raw/gtFine").rglob("*_labelIds.png"):
        ids = np.array(Image.open(path))
        trained = np.full(ids.shape, 255, np.uint8)
        for train_id, raw_id in enumerate(TRAIN_IDS):
            trained[ids == raw_id] = train_id
        Image.fromarray(trained).save(str(path).replace("labelIds", "labelTrainIds"))
        path.unlink()
    leave_out = ["*_gtFine_color.png", "*_gtFine_instanceIds.png"]
    encoding = {"mask_suffix": "_gtFine_labelTrainIds", "mask_encoding": {"name": "index", "ignore": [255]}}
    trained_ids = prepared(
        shipped(root, "cityscapes_19", size=[64, 128], leave_out=leave_out, **encoding), out="other"
    )[1]
    assert [row["label_sha256"] for row in trained_ids.values()] == [row["label_sha256"] for row in by_ids.values()]


# what nobody can fetch


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hela", ["1JRlgYDcxYdWUhCbLHrTVO8UizLhTnF1W", "ODC-BY", "leaves train_full/, val/, test/"]),
        ("suim", ["train_val.zip  164 MB", "TEST.zip       12 MB", "10KMK0rNB43V2g30NcA1RYipL535DuZ-h"]),
        ("cityscapes", ["needs a login", "gtFine_trainvaltest.zip       241 MB", "www.cityscapes-dataset.com"]),
        ("cityscapes_19", ["leftImg8bit_trainvaltest.zip  11 GB"]),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_what_must_be_got_by_hand_is_asked_for(root, in_tmp, name, words, there):
    source = shipped(root, name)
    if there:  # an empty folder is no data either
        Path(source["raw"]).mkdir(parents=True)
    with pytest.raises(UserError) as error:
        prepared(source, source["raw"])
    text = str(error.value)
    assert all(word in text for word in [*words, f"unpack in data/raw/{source['raw'].split('/')[-1]}/"]), text
    assert not Path("out").exists()


def test_a_data_set_is_fetched_or_got_not_both(root):
    obtain = shipped(root, "hela")["obtain"]
    with pytest.raises(UserError, match="`fetch` and `obtain` exclude each other"):
        shipped(root, "isic", obtain=obtain)


@pytest.mark.parametrize("name", ["hela", "suim", "cityscapes"])
def test_the_shipped_experiments_are_as_published(root, name):
    run = Config(root / "config").run(name)
    assert (run.split, run.method_name, run.method.last, run.network.width) == ("published", "im", 5, 1.0)
    assert (run.at(0)["students"], run.at(5)["students"], run.at(5)["teachers"]) == (10, 5, 2)
    assert run.dataset.protocol == "published" and run.controls == ["ldt", "ldt_equal_steps", "aldt"]
