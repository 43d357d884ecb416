"""`dissent init`: what a folder of masks means is concluded for all of them together, or asked for, never guessed."""

import re
from pathlib import Path

import numpy as np
import pytest
from cli_data import dissent
from PIL import Image
from raw_data import ids, photo, save

from dissent.config.base import read_yaml
from dissent.core.files import read_table, sha256, write_text
from dissent.datasets.groups import suggested

NAMES = [f"{letter}{i}" for i in range(4) for letter in "abc"]
TABLE = [(0, 0, 0), (128, 64, 10), (7, 200, 200)]


def folder(mask, masked=NAMES, names=NAMES, raw="raw", ending=".png", **photos) -> None:
    """images/NAME.png for all names, masks/NAME.png of `mask(seed)` for some."""
    for seed, name in enumerate(names):
        save(Path(raw, "images", f"{name}.png"), photo(seed, **photos))
        if name in masked:
            save(Path(raw, "masks", f"{name}{ending}"), mask(seed))


def init(*arguments, raw="raw", name="mine") -> int:
    Path("own").mkdir(exist_ok=True)
    return dissent("init", raw, "--settings", "own", "--name", name, *arguments)


def written(name="mine") -> dict:
    return read_yaml(Path("own/datasets") / f"{name}.yaml")


def check_too(name="mine") -> None:
    """What was written decodes every file as it says, and can run."""
    assert dissent("check", name, "--settings", "own") == 0


def asked(capsys, *flags) -> None:
    told = capsys.readouterr().err
    assert told.startswith("error: ") and "Say what is meant" in told, told
    assert all(f"  {flag} " in told for flag in flags), told
    assert not list(Path("own").rglob("*.yaml"))


def values(*given):
    """A mask that holds these values."""
    return lambda seed: np.array(given, np.uint8)[ids(seed, len(given))]


def colours(*given):
    return lambda seed: np.array(given, np.uint8)[ids(seed, len(given))]


@pytest.mark.parametrize("name", ["a\udcffb", "p\udcff/a"])
def test_a_name_that_is_no_text_is_refused(in_tmp, capsys, name):
    folder(values(0, 1), names=[*NAMES, name])
    assert init() == 2
    assert f"{f'images/{name}.png'!a}: its name is no UTF-8; rename it" in capsys.readouterr().err


def test_names_that_prepare_would_refuse_are_refused(in_tmp, capsys):
    folder(values(0, 1), names=[*NAMES, "x\ny", "a/b__c", "a__b/c", "z/c"])
    assert init() == 2
    told = capsys.readouterr().err
    assert r"'images/x\ny.png': its name has the character '\n'; rename it" in told
    assert "images/a__b/c.png and images/a/b__c.png: have the same name; rename one, as / becomes __" in told
    assert not list(Path("own").rglob("*.*"))


@pytest.mark.parametrize("name", ["1e3", "no", "0x1F", "12:30", "~"])
def test_folders_are_text_whatever_yaml_makes_of_their_names(in_tmp, name):
    folder(values(0, 1), raw=name)
    assert init(raw=name) == 0
    assert written()["raw"] == name


# numbers ---------------------------------------------------------------------------------------------------------------

NUMBERS = {  # values: (flags, kind, coding)
    (0, 1): ([], "binary", {"name": "index"}),
    (0, 255): ([], "binary", {"name": "zero_255"}),
    (0, 3): ([], "binary", {"name": "index", "ids": [3]}),
    (0, 1, 2): ([], "multiclass", {"name": "index"}),
    (0, 3, 7): ([], "multiclass", {"name": "index", "ids": [0, 3, 7]}),
    (1, 2): ([], "multiclass", {"name": "index", "ids": [1, 2]}),
    (0, 1, 255): (["--ignore", 255], "binary", {"name": "index", "ignore": [255]}),
    (0, 2, 5, 255): (["--ignore", "none"], "multiclass", {"name": "index", "ids": [0, 2, 5, 255]}),
    (0, 128, 255): (["--ignore", 128], "binary", {"name": "zero_255", "ignore": [128]}),
    (0, 1, 2, 4): (["--kind", "multilabel"], "multilabel", {"name": "index"}),
    (0, 40, 200, 255): (["--threshold", 128], "binary", {"name": "zero_255", "threshold": 128}),
    (0, 255, 254): (
        ["--kind", "multiclass", "--ignore", "none"],
        "multiclass",
        {"name": "index", "ids": [0, 254, 255]},
    ),
}


@pytest.mark.parametrize("given", NUMBERS)
def test_numbers(in_tmp, given):
    flags, kind, coding = NUMBERS[given]
    folder(values(*given))
    assert init(*flags) == 0
    assert (written()["task"]["kind"], written()["coding"]) == (kind, coding)
    check_too()


@pytest.mark.parametrize("given", [(0, 1, 255), (0, 1, 2, 255), (0, 128, 255), (0, 254, 255)])
def test_255_beside_other_values_is_a_question(in_tmp, capsys, given):
    folder(values(*given))
    assert init() == 2
    asked(capsys, "--ignore 255", "--ignore none")


def test_a_tile_with_two_values_of_four_keeps_them(in_tmp, capsys):
    """Never by file: {0, 3} of one mask are ids 0 and 3 where others hold 1 and 2."""
    folder(lambda seed: values(0, 3)(seed) if seed else values(0, 1, 2, 3)(seed))
    assert init() == 0
    assert written()["coding"] == {"name": "index"} and len(written()["task"]["labels"]) == 4
    check_too()


def test_numbers_of_objects_are_a_question(in_tmp, capsys):
    folder(lambda seed: values(*range(2 + seed))(seed))
    assert init() == 2
    asked(capsys, "--kind binary", "--kind multiclass")
    assert init("--kind", "binary") == 0
    assert written()["coding"]["ids"] == [list(range(1, 13))]
    check_too()


def test_palettes_keep_their_numbers(in_tmp):
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        image = Image.fromarray(values(0, 255)(seed))
        image.putpalette([0] * 765 + [255] * 3)
        Path("raw/masks").mkdir(exist_ok=True)
        image.save(f"raw/masks/{name}.png")
    assert init() == 0
    assert written()["coding"] == {"name": "index", "ids": [255]}
    check_too()


def test_one_bit_masks(in_tmp):
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        Path("raw/masks").mkdir(exist_ok=True)
        Image.fromarray(values(0, 255)(seed)).convert("1", dither=0).save(f"raw/masks/{name}.png")
    assert init() == 0 and written()["coding"] == {"name": "index"}
    check_too()


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (lambda seed: np.zeros((16, 24), np.uint8), "hold nothing but 0"),
        (lambda seed: ids(seed, 2).astype(np.uint16) * 900, "numbers up to 900"),
        (lambda seed: np.dstack([photo(seed), ids(seed, 2)]), "transparent"),
        (lambda seed: values(0, 1)(seed)[:9], "16 x 24 pixels (height x width), and its mask 9 x 24"),
    ],
)
def test_masks_that_cannot_be_used(in_tmp, capsys, mask, words):
    folder(mask)
    assert init() == 2
    assert words in capsys.readouterr().err and not list(Path("own").rglob("*.yaml"))


def test_jpeg_masks_want_a_threshold(in_tmp, capsys):
    folder(values(0, 255), ending=".jpg")
    assert init() == 2
    asked(capsys, "--threshold 128")
    assert init("--threshold", 128) == 0
    check_too()


# colours and channels --------------------------------------------------------------------------------------------------


def test_colours(in_tmp):
    folder(colours(*TABLE))
    assert init() == 0
    assert written()["coding"]["table"][0] == [0, 0, 0]
    assert sorted(written()["coding"]["table"]) == sorted(map(list, TABLE))
    assert written()["task"]["colours"] == written()["coding"]["table"]
    check_too()


def test_colours_of_a_binary_task_and_one_that_is_ignored(in_tmp):
    folder(colours((0, 0, 0), (9, 90, 200), (224, 224, 192)))
    assert init("--ignore", "224,224,192", "--labels", "leaf") == 0
    assert written()["task"] == {"kind": "binary", "labels": ["leaf"], "colours": [[9, 90, 200]]}
    assert written()["coding"]["ignore"] == [[224, 224, 192]]
    check_too()


def test_grey_numbers_in_rgb_files(in_tmp):
    folder(lambda seed: np.repeat(values(0, 1)(seed)[:, :, None], 3, 2))
    assert init() == 0 and written()["coding"] == {"name": "colours", "table": [[0, 0, 0], [1, 1, 1]]}
    check_too()
    folder(lambda seed: np.repeat(values(0, 255)(seed)[:, :, None], 3, 2), raw="other")
    assert init(raw="other", name="other") == 0 and written("other")["coding"] == {"name": "zero_255"}
    check_too("other")


@pytest.mark.parametrize(("kind", "name"), [("multilabel", "channels"), ("multiclass", "colours")])
def test_pure_rgb_is_a_question(in_tmp, capsys, kind, name):
    folder(colours((0, 0, 0), (255, 0, 0), (255, 255, 0), (0, 0, 255)))
    assert init() == 2
    asked(capsys, "--kind multiclass", "--kind multilabel")
    assert init("--kind", kind) == 0
    assert (written()["task"]["kind"], written()["coding"]["name"]) == (kind, name)
    check_too()


def test_blurred_colours_want_a_tolerance(in_tmp, capsys):
    def noisy(seed):
        clean = np.array(TABLE)[ids(seed, 3)]
        return (clean + np.random.default_rng(seed).integers(-6, 7, clean.shape)).clip(0, 255).astype(np.uint8)

    folder(noisy)
    assert init() == 2
    asked(capsys, "--tolerance 32")
    assert init("--tolerance", 32) == 0
    table = written()["coding"]["table"]
    assert len(table) == 3 and written()["coding"]["tolerance"] == 32
    assert all(min(max(abs(a - b) for a, b in zip(one, c, strict=True)) for c in TABLE) <= 12 for one in table)
    check_too()


# a folder for each label -----------------------------------------------------------------------------------------------


def layers(*labels, overlap=False, missing=()) -> None:
    for seed, name in enumerate(NAMES):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        chosen = ids(seed, len(labels) + 1)
        for number, label in enumerate(labels, 1):
            if (label, name) not in missing:
                mask = (chosen >= number) if overlap else (chosen == number)
                save(Path("raw/masks", label, f"{name}.png"), mask.astype(np.uint8) * 255)


@pytest.mark.parametrize(("overlap", "kind"), [(True, "multilabel"), (False, "multiclass")])
def test_folders_of_labels(in_tmp, overlap, kind):
    layers("alive", "dead", overlap=overlap)
    assert init() == 0
    task = written()["task"]
    assert task["kind"] == kind and task["labels"][-2:] == ["alive", "dead"]
    assert written()["coding"] == {"name": "folders", "folders": ["alive", "dead"]}
    check_too()


def test_folders_that_overlap_where_classes_are_meant(in_tmp):
    layers("alive", "dead", overlap=True)
    assert init("--kind", "multiclass", "--labels", "living,gone") == 0
    assert written()["coding"]["overlap"] == "later" and written()["task"]["labels"] == ["background", "living", "gone"]
    check_too()


def test_masks_that_lack_in_some_folders_are_a_question(in_tmp, capsys):
    layers("alive", "dead", missing={("dead", NAMES[0])})
    assert init() == 2
    assert "1 in dead/" in capsys.readouterr().err
    assert init("--missing", "empty") == 0 and written()["coding"]["missing"] == "empty"
    check_too()


def test_one_folder_below_masks_is_just_a_folder(in_tmp):
    layers("alive")
    assert init() == 0
    assert written()["parts"] == [{"name": "all", "images": "images", "masks": "masks/alive"}]
    check_too()


# names, pairs, sizes ---------------------------------------------------------------------------------------------------


def test_images_without_masks_are_the_unlabelled_ones(in_tmp, capsys):
    folder(values(0, 1), masked=NAMES[:5])
    assert init() == 0
    assert written()["partial"] is True
    assert written()["splits"]["first"] == {"seed": 42, "labelled": "all", "fixed": "own/datasets/mine.splits.csv"}
    out = capsys.readouterr().out
    assert f"{len(NAMES) - 5} images have no mask" in out and "17 files: 12 images (5 with a mask), 5 masks" in out
    assert "1 image for validation, none for the test" in out and "4 images labelled, 7 images unlabelled" in out
    [row] = read_table("own/datasets/mine.splits.csv")
    assert (
        row["side"] == "val"
        and row["sha256"] == sha256(Path("raw", row["image"]))
        and Path(row["image"]).stem in NAMES[:5]
    )
    check_too()


def test_masks_are_hidden_where_every_image_has_one_alone(in_tmp, capsys):
    folder(values(0, 1), masked=NAMES[:8])
    assert init("--labelled", 0.5) == 2
    assert "`--labelled 0.5` hides masks" in capsys.readouterr().err and not list(Path("own").rglob("*.*"))


def test_where_every_image_has_a_mask_most_are_hidden_and_that_is_said(in_tmp, capsys):
    folder(values(0, 1))
    assert init() == 0
    assert written()["splits"]["first"]["labelled"] == 0.2
    assert "Every image had a mask" in Path("own/datasets/mine.yaml").read_text()
    out = capsys.readouterr().out
    assert "2 images for validation, 2 images for the test" in out and "2 images labelled, 6 images unlabelled" in out
    assert "masks of 6 images are hidden on purpose (`labelled: 0.2`)" in out
    check_too()
    assert init("--labelled", "all", name="every") == 0
    assert written("every")["splits"]["first"]["labelled"] == "all" and "hidden" not in capsys.readouterr().out[-900:]


@pytest.mark.parametrize(
    ("image_end", "mask_end"), [("", "_segmentation"), ("_leftImg8bit", "_gtFine_labelIds"), ("", "_mask"), ("_im", "")]
)
def test_ends_of_names(in_tmp, image_end, mask_end):
    for seed, name in enumerate(["x1", "x10", "x2", "yy_3", "yy_30", "z"]):
        save(Path("raw/images", f"{name}{image_end}.png"), photo(seed))
        save(Path("raw/masks", f"{name}{mask_end}.png"), ids(seed))
    assert init() == 0
    assert written().get("image_suffix", "") == image_end and written().get("mask_suffix", "") == mask_end
    check_too()


def test_images_and_masks_in_one_folder(in_tmp):
    for seed, name in enumerate(["a", "a1", "b", "c", "d"]):
        save(Path("raw/all", f"{name}.jpg"), photo(seed))
        save(Path("raw/all", f"{name}_mask.png"), ids(seed))
    assert init("--images", "all", "--masks", "raw/all") == 0  # as the shell completes it
    assert written()["mask_suffix"] == "_mask"
    check_too()


def test_folders_within_folders(in_tmp):
    for seed, name in enumerate(["train/1", "train/2", "val/1", "val/2", "val/3"]):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        save(Path("raw/masks", f"{name}.png"), ids(seed))
    assert init() == 0 and written()["names"] == "path"
    check_too()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Path("raw/images/a0.png").unlink(), "masks/a0.png: no image belongs to this mask"),
        (lambda: Path("raw/masks/a0.png").write_bytes(b""), "a0.png is empty"),
        (lambda: Path("raw/images/a0.png").write_bytes(b"x"), "images/a0.png: is no"),
        (lambda: Path("raw/masks").rename("raw/annotations"), "there are: annotations, images"),
        (lambda: [path.unlink() for path in sorted(Path("raw/masks").iterdir())[1:]], "1 images have masks; 3 at least"),
        (lambda: save(Path("raw/images/a0.jpg"), photo(1)), "has the same name as"),
        (lambda: Image.fromarray(photo(1, channels=1).astype(np.uint16) * 200).save("raw/images/a0.png"), "16 bits"),
    ],
)  # fmt: skip
def test_pairs_that_do_not_fit(in_tmp, capsys, change, words):
    folder(values(0, 1))
    change()
    assert init() == 2
    assert words in capsys.readouterr().err and not list(Path("own").rglob("*.yaml"))


def test_sizes(in_tmp, capsys):
    folder(values(0, 1))
    assert init() == 0 and written()["size"] == [16, 24]
    for seed, name in enumerate(NAMES):
        high = 270 + 2 * seed
        save(Path("large/images", f"{name}.png"), photo(seed, high, 2 * high))
        save(Path("large/masks", f"{name}.png"), ids(seed, 2, high, 2 * high))
    assert init(raw="large", name="large") == 0 and written("large")["size"] == [128, 256]
    assert init("--size", 64, 96, raw="large", name="other") == 0 and written("other")["size"] == [64, 96]
    assert init("--geometry", "tiles", raw="large", name="tiles") == 0
    assert written("tiles")["size"] == [256, 256] and written("tiles")["geometry"]["name"] == "tiles"
    assert "2 images (12 tiles) for validation" in capsys.readouterr().out
    check_too("tiles")
    assert init("--geometry", "tiles", "--size", 999, 999, raw="large", name="more") == 2


def test_grey_images_and_deep_ones(in_tmp):
    folder(values(0, 1), channels=1)
    assert init() == 0 and written()["channels"] == 1
    for seed, name in enumerate(NAMES):
        save(Path("deep/images", f"{name}.tif"), photo(seed, channels=1).astype(np.uint16) * 16)
        save(Path("deep/masks", f"{name}.png"), ids(seed))
    assert init(raw="deep", name="deep") == 0
    assert (written("deep")["channels"], written("deep")["depth"]) == (1, 16)
    check_too("deep")


def test_groups_stay_together(in_tmp, capsys):
    folder(values(0, 1), names=[f"scan{i}_{j}" for i in range(6) for j in range(3)],
           masked=[f"scan{i}_{j}" for i in range(6) for j in range(3)])  # fmt: skip
    assert init() == 0
    [pattern] = re.findall(r"--group '([^']*)'", capsys.readouterr().out)
    before = {path: path.read_bytes() for path in sorted(Path("own").rglob("mine.*"))}
    assert init("--group", pattern) == 0 and {path: path.read_bytes() for path in before} == before
    assert "--group: not used, as own/datasets/mine.yaml answers that" in capsys.readouterr().out
    assert init("--group", pattern, "--anew") == 0 and written()["group"] == {"pattern": pattern}
    assert all(path.with_name(f"{path.name}.before1").read_bytes() == content for path, content in before.items())
    check_too()
    capsys.readouterr()
    assert init("--group", pattern, name="grouped") == 0
    assert written("grouped")["group"] == {"pattern": pattern}
    assert "3 images (1 group) for validation, 3 images (1 group) for the test" in capsys.readouterr().out
    check_too("grouped")
    assert init("--group", "other", name="third") == 2


# what is written -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([f"pat{i:02}_f{j}" for i in range(3) for j in range(2)], {"pat00", "pat01", "pat02"}),
        ([f"a_{i}_{j}" for i in range(3) for j in range(2)], {"a_0", "a_1", "a_2"}),
        (["a1", "a2", "b1", "b2", "c1", "c2"], {"a", "b", "c"}),
        (["scan3-07b", "scan3-08b", "scan4-01a", "scan4-02", "s.5-1", "s.5-2"], {"scan3", "scan4", "s.5"}),
        (["x_1", "x_2", "y_1", "y_2", "overview", "y_3"], {"x", "y", "overview"}),
        (["new1", "new2", "s1", "s2"], None),
        ([f"pat{i:02}/f{j}" for i in range(3) for j in range(2)], {"pat00", "pat01", "pat02"}),
        ([f"pat{i:02}/pat{i:02}_f{j}" for i in range(3) for j in range(2)], {"pat00", "pat01", "pat02"}),
        ([f"site/p{i}/f_{j}" for i in range(3) for j in range(2)], {"site/p0", "site/p1", "site/p2"}),
        (["p0/1", "p0/2", "p0/3", "p0/4", "p1/1", "p1/2", "p1/3", "alone"], {"p0", "p1", "alone"}),
        (
            [f"{side}/pat{i}_{side}{j}" for side in ("train", "val") for i in range(3) for j in range(2)],
            {"pat0", "pat1", "pat2"},
        ),
        ([f"{side}/{letter}{j}" for side in ("new", "old") for letter in "abc" for j in range(2)], None),
        (["IMG-0001", "IMG-0002", "IMG-0003", "IMG-0004"], None),
        (["cell", "leaf", "rock", "tree"], None),
    ],
)
def test_a_suggested_pattern_fits_the_names(names, groups):
    found = suggested(names)
    assert (found and set(found.images)) == groups
    if groups:
        assert {found.of(name) for name in names} == groups


def test_a_folder_for_each_patient_is_a_group(in_tmp, capsys):
    names = [f"pat{i:02}/f{j}" for i in range(6) for j in range(4)]
    folder(values(0, 1), names=names, masked=names)
    assert init() == 0
    [pattern] = re.findall(r"--group '([^']*)'", capsys.readouterr().out)
    check_too()
    assert re.search(r"images look like 6 sources .* are on two sides of the split \(pat0", capsys.readouterr().out)
    assert init("--group", pattern, "--anew") == 0
    assert "4 images (1 group) for validation, 4 images (1 group) for the test" in capsys.readouterr().out
    check_too()
    assert "images look like" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flag", "said"), [("images/more", "leave `--unlabelled` out"), ("masks", "a folder of its own")]
)
def test_no_image_is_taken_twice(in_tmp, capsys, flag, said):
    folder(values(0, 1), names=[*NAMES, "more/x"])
    assert init("--unlabelled", flag) == 2
    told = capsys.readouterr().err
    assert "would be taken twice" in told and said in told
    Path("raw/extra").symlink_to("images/more")
    assert init("--unlabelled", "extra") == 2


@pytest.mark.parametrize(("pattern", "said"), [("", "is empty"), ("^(p", "is no regular expression")])
def test_a_pattern_that_means_nothing_is_refused(in_tmp, capsys, pattern, said):
    folder(values(0, 1))
    with pytest.raises(SystemExit):
        init("--group", pattern)
    assert said in capsys.readouterr().err


def test_too_few_groups_are_told(in_tmp, capsys):
    names = [f"p{i % 2}_{i}" for i in range(12)]
    folder(values(0, 1), names=names, masked=[name for name in names if name.startswith("p0")])
    assert init("--group", "^(p.)") == 2
    assert "6 images in 1 group have masks; 3 at least are needed, in 2 groups" in capsys.readouterr().err
    folder(values(0, 1), names=names, masked=names)
    assert init("--group", "^(p.)") == 0  # one group to learn from, one to choose by, none for a test
    assert "6 images (1 group) for validation, none for the test" in capsys.readouterr().out


def test_tables_beside_the_images_are_told_and_read(in_tmp, capsys):
    folder(values(0, 1))
    Path("raw/splits.csv").write_bytes("image,site\na0,Köln\n".encode("cp1252"))
    Path("raw/val.txt").write_text("a0\n")
    assert init() == 0
    out = capsys.readouterr().out
    assert "note    raw/splits.csv, line 2: byte 0xf6 is no UTF-8" in out and "val.txt may tell groups or sides" in out


def test_existing_files_stay(in_tmp, capsys):
    folder(values(0, 1))
    write_text("own/experiments/mine.yaml", "mine")
    assert init() == 2
    assert "stay as they are" in capsys.readouterr().err
    assert Path("own/experiments/mine.yaml").read_text() == "mine" and not Path("own/datasets/mine.yaml").exists()


def test_names_of_labels(in_tmp, capsys):
    folder(values(0, 1, 2))
    assert init("--labels", "sky,road") == 2
    assert "names 2 labels for 3 values" in capsys.readouterr().err
    assert init("--labels", "sky, road,no") == 0
    assert written()["task"]["labels"] == ["sky", "road", "no"]


def test_the_name_is_the_folder_s(in_tmp, capsys):
    folder(values(0, 1), raw="my cells (2)")
    Path("own").mkdir()
    assert dissent("init", "my cells (2)", "--settings", "own") == 0
    assert "dissent check my_cells_2_ --settings own" in capsys.readouterr().out
    assert dissent("init", "my cells (2)", "--settings", "own", "--name", "a.b") == 2
    assert dissent("init", "nowhere", "--settings", "own") == 2
    assert read_yaml("own/datasets/my_cells_2_.yaml")["raw"] == "my cells (2)"


def test_what_is_printed(in_tmp, capsys):
    folder(values(0, 255), masked=NAMES[:8])
    assert init() == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert any(row[:2] == ["255", "object"] and row[-1] == "8" for row in rows)
    for words in ("12 in raw/images: PNG RGB 8 bit, 16 x 24", "8 in raw/masks: PNG (8 L)", "coding  zero_255"):
        assert words in out
