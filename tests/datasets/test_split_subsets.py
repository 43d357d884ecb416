"""Subsets from columns, groups and lists."""

from pathlib import Path

import pytest
from raw_data import dataset, ids, pairs, photo, prepared, save
from split_data import NAMES, SUBSETS, divided, lists, not_divided

from dissent.cli.check.grouped import check_grouped
from dissent.config.dataset import Dataset
from dissent.core.files import UserError, read_table
from dissent.datasets import lists_of

SUBSET_OF_VIDEO = ["train", "train", "val", "test"]


@pytest.fixture
def twenty(in_tmp):
    """Twenty prepared images."""
    prepared(pairs(Path("raw"), NAMES), Path("out"))


@pytest.fixture
def with_table(in_tmp):
    """Twenty prepared images with a table: four videos, of which the last are val and test."""
    rows = [f"{name},{SUBSET_OF_VIDEO[i // 5]},v{i // 5}" for i, name in enumerate(NAMES)]
    pairs(Path("raw"), NAMES)
    Path("raw/splits.csv").write_text("\n".join(["stem,subset,video", *rows]) + "\n")
    prepared(Path("raw"), Path("out"), table={"path": "splits.csv"})


def test_a_column_names_subsets(with_table):
    keys = {"table": {"path": "splits.csv"}}
    found = divided({"column": "subset", "labelled": 0.1, "val": ["val"], "test": ["test"]}, **keys)
    assert found["val"] == NAMES[10:15] and found["test"] == NAMES[15:]
    assert len(found["labelled"]) == 1 and set(found["labelled"]) | set(found["unlabelled"]) == set(NAMES[:10])
    found = divided({"column": "subset", "train": ["train", "test"], "labelled": 4, "val": ["val"]}, **keys)
    assert len(found["unlabelled"]) == 11
    plan = {"column": "video", "labelled": ["v0"], "unlabelled": ["v1", "v2"], "val": ["v3"]}
    assert divided(plan, **keys)["unlabelled"] == NAMES[5:15]


def test_parts_are_subsets(in_tmp):
    parts = []
    for seed, name in enumerate(("training", "validation")):
        save(Path(f"raw/{name}/a{seed}.png"), photo(seed))
        save(Path(f"raw/{name}_masks/a{seed}.png"), ids(seed))
        parts.append({"name": name, "images": name, "masks": f"{name}_masks"})
    prepared(Path("raw"), Path("out"), parts=parts)
    found = divided({"column": "part", "train": ["training"], "labelled": 1, "val": ["validation"]}, parts=parts)
    assert (found["labelled"], found["val"]) == (["a0"], ["a1"])


@pytest.mark.parametrize(
    ("folders", "told"), [(["p1", "p2", "p2", "p3"], "those of 1 are in two subsets of the split (p2)"), ("abcd", "")]
)
def test_folders_on_two_subsets_that_a_person_names_are_told(in_tmp, folders, told):
    names = [f"{folder}/{kind}{i}" for i in (1, 2) for folder, kind in zip(folders, "wxyz", strict=True)]
    rows = [f"{name},{'train' if name[-2] in 'wx' else 'val'}" for name in names]
    pairs(Path("raw"), names)
    Path("raw/splits.csv").write_text("\n".join(["stem,subset", *rows]) + "\n")
    plan, keys = {"column": "subset", "labelled": 1.0, "val": ["val"]}, {"table": {"path": "splits.csv"}}
    prepared(Path("raw"), Path("out"), **keys)
    divided(plan, **keys)
    source = Dataset.model_validate(dataset(splits={"one": plan}, **keys))
    found = check_grouped(source, "one", Path("out"), Path("out/splits/one"))
    assert told in "".join(found) and bool(found) == bool(told)


def test_a_column_called_part_is_a_question(in_tmp):
    prepared(pairs(Path("raw"), ["a", "b"]), Path("out"))  # without the table: the folder alone can be meant
    plan = {"column": "part", "train": ["all"], "labelled": 1, "val": 1}
    assert sum(map(len, divided(plan).values())) == 2
    Path("raw/splits.csv").write_text("stem,part\na,all\nb,rest\n")
    prepared(Path("raw"), Path("out"), table={"path": "splits.csv"})
    assert "may mean the `parts` or the column" in not_divided(plan, table={"path": "splits.csv"})


def test_a_wrong_column_or_value_is_named(with_table):
    keys = {"table": {"path": "splits.csv"}}
    text = not_divided({"column": "sid", "labelled": 1, "val": ["val"]}, **keys)
    assert "`column: sid` in split `one`" in text and "there are: part, stem, subset, video" in text
    text = not_divided({"column": "subset", "labelled": 1, "val": ["vall"]}, **keys)
    assert "vall" in text and "there are: test, train, val" in text
    assert r"va\x1b[31ml in split" in not_divided({"column": "subset", "labelled": 1, "val": ["va\x1b[31ml"]}, **keys)


def test_images_on_no_subset_are_told(with_table, caplog):
    table = Path("raw/splits.csv")
    table.write_text(table.read_text().replace("n11,val", "n11,vall"))
    keys = {"table": {"path": "splits.csv"}}
    prepared(Path("raw"), Path("out"), **keys)
    divided({"column": "subset", "labelled": 0.1, "val": ["val"]}, **keys)
    assert (
        "6 images are in no subset" in caplog.text
        and "no such value of `subset` ('test': 5, 'vall': 1): n11, n15" in caplog.text
    )
    divided(lists(labelled=NAMES[:2], val=NAMES[2:4]))
    assert "16 images are in none of the lists" in caplog.text


def test_groups_stay_on_one_subset(in_tmp):
    names = [f"p{i // 4}_{i % 4}" for i in range(24)]
    prepared(pairs(Path("raw"), names), Path("out"), group={"pattern": "^(p[0-9]+)_"})
    found = divided({"labelled": 3, "val": 5, "test": 0.3}, group={"pattern": "^(p[0-9]+)_"})
    groups = [{name.split("_")[0] for name in found[subset]} for subset in SUBSETS[:4]]
    assert sum(map(len, groups)) == 6 and len(set.union(*groups)) == 6
    assert [len(found[subset]) for subset in SUBSETS[:4]] == [4, 8, 4, 8]


def test_a_column_that_tears_a_group_is_refused(with_table):
    table = Path("out/files.csv")
    rows = read_table(table)
    keys = {"table": {"path": "splits.csv"}, "group": {"column": "video"}}
    prepared(Path("raw"), Path("out"), **keys)
    assert {row["group"] for row in read_table(table)} == {"v0", "v1", "v2", "v3"} and len(rows) == 20
    Path("raw/splits.csv").write_text(Path("raw/splits.csv").read_text().replace("n11,val", "n11,train"))
    prepared(Path("raw"), Path("out"), **keys)
    text = not_divided({"column": "subset", "labelled": 5, "val": ["val"], "test": ["test"]}, **keys)
    assert "group v2: in " in text and "val" in text


def test_all_tiles_of_an_image_stay_together(in_tmp):
    for seed, name in enumerate("abcdef"):
        save(Path(f"raw/images/{name}.png"), photo(seed, 32, 48))
        save(Path(f"raw/masks/{name}.png"), ids(seed, 2, 32, 48))
    keys = {"geometry": {"name": "tiles", "overlap": 0.5}}
    prepared(Path("raw"), Path("out"), **keys)
    found = divided({"labelled": 9, "val": 9, "test": 9}, **keys)
    images = [{name[0] for name in found[subset]} for subset in SUBSETS[:4]]
    assert [len(found[subset]) for subset in SUBSETS[:4]] == [9, 27, 9, 9] and len(set.union(*images)) == sum(
        map(len, images)
    )


LINES = {
    "names": lambda name: name,
    "images": lambda name: f"images/{name}.png",
    "images and masks": lambda name: f"images/{name}.png masks/{name}.png",
    "from elsewhere": lambda name: f"./JPEGImages/{name}.jpg SegmentationClass/{name}.png",
}


@pytest.mark.parametrize("way", LINES)
def test_lists_of_u2pl_and_unimatch(twenty, way):
    line = LINES[way]
    plan = lists(
        labelled=map(line, NAMES[:2]),
        unlabelled=map(line, NAMES[2:12]),
        val=map(line, NAMES[12:15]),
        test=[line("n19")],
    )
    found = divided(plan)
    assert [found[subset] for subset in SUBSETS[:4]] == [NAMES[:2], NAMES[2:12], NAMES[12:15], ["n19"]]
    assert lists_of(dataset(splits={"one": plan}), "one") == [
        f"lists/{subset}.txt" for subset in ("labelled", "unlabelled", "val", "test")
    ]


def test_a_list_that_snakemake_would_take_for_another_is_refused(twenty):
    plan = lists(labelled=NAMES[:2], val=NAMES[2:4])
    Path("lists/val.txt").rename("lists/{split}.txt")
    plan["lists"]["val"] = "lists/{split}.txt"
    assert "lists/{split}.txt: Snakemake would replace what stands in braces" in not_divided(plan)
    with pytest.raises(UserError, match="braces"):
        lists_of(dataset(splits={"one": plan}), "one")


def test_lists_lie_in_the_raw_folder_or_elsewhere(twenty):
    plan = lists(labelled=NAMES[:2], val=NAMES[2:4])
    Path("lists").rename("raw/lists")
    found = divided(plan)
    assert (found["labelled"], found["unlabelled"]) == (NAMES[:2], [])


def test_cityscapes_names(in_tmp):
    for seed, city in enumerate(("aachen", "ulm", "bonn")):
        save(Path(f"raw/leftImg8bit/train/{city}/{city}_1_leftImg8bit.png"), photo(seed))
        save(Path(f"raw/gtFine/train/{city}/{city}_1_gtFine_labelTrainIds.png"), ids(seed))
    keys = {
        "parts": [{"name": "train", "images": "leftImg8bit/train", "masks": "gtFine/train"}],
        "image_suffix": "_leftImg8bit",
        "mask_suffix": "_gtFine_labelTrainIds",
    }
    prepared(Path("raw"), Path("out"), **keys)
    image = "leftImg8bit/train/{0}/{0}_1_leftImg8bit.png"
    both = image + " gtFine/train/{0}/{0}_1_gtFine_labelTrainIds.png"
    plan = lists(labelled=[image.format("ulm")], unlabelled=[both.format("aachen")], val=[both.format("bonn")])
    found = divided(plan, **keys)
    assert [found[subset] for subset in SUBSETS[:3]] == [["ulm_1"], ["aachen_1"], ["bonn_1"]]


def test_names_with_blanks_in_lists(in_tmp):
    prepared(pairs(Path("raw"), ["a b", "c d e"]), Path("out"))
    found = divided(lists(labelled=["images/a b.png masks/a b.png"], val=["images/c d e.png"]))
    assert (found["labelled"], found["val"]) == (["a b"], ["c d e"])


def test_lists_that_do_not_fit_are_told_line_by_line(twenty):
    text = not_divided(lists(labelled=["n00", "n00", "nope", "", "images/n01.png masks/n02.png"], val=["n05"]))
    assert "labelled.txt, line 2: n00 stands twice" in text and "line 3: nope is no image" in text
    assert "line 5: pairs images/n01.png with masks/n02.png" in text
    assert "no.txt, the list of `val`, does not exist" in not_divided(
        {"lists": {"labelled": "lists/labelled.txt", "val": "no.txt"}}
    )
