"""Masks that `dissent` took beside raw files: they stay with their images and their corrections, and none is lost or stops to count unseen."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from annotated_data import LAYOUTS, NAMES, coco, labelme_json, mask, write
from cli_data import dissent, pixels_of
from init_data import check_too, init
from raw_data import ids, photo, save

from dissent.config.base import read_yaml
from dissent.config.task import TaskSettings
from dissent.core.files import read_json, sha256
from dissent.datasets.own_faults import faults, follow
from dissent.datasets.own_masks import OwnMasks

OWN, SETTINGS = Path("data/raw/mine.masks"), Path("own/datasets/mine.yaml")


def bring(what: object = "raw", *more: object) -> int:
    return dissent("import", what, "--into", "mine", "--config-dir", "own", *more)


def check() -> int:
    return dissent("check", "mine", "--config-dir", "own")


def own(name: str) -> np.ndarray:
    [path] = OWN.glob(f"masks/**/{name}.png")
    return pixels_of(path)


@pytest.fixture
def labelme(in_tmp):
    """Annotations beside their images, converted; and the first one corrected since."""
    LAYOUTS["labelme"]()
    assert init() == 0
    write("fix/a0.json", labelme_json("a1") | {"imagePath": "a0.png"})
    assert bring("fix") == 0


def test_annotations_that_are_read_again_leave_a_correction_alone(labelme, capsys):
    corrected = own("a0")
    assert not np.array_equal(corrected, mask("a0"))
    write("raw/a1.json", labelme_json("a2") | {"imagePath": "a1.png"})
    capsys.readouterr()
    for _ in range(2):
        assert bring() == 0
        out = capsys.readouterr().out
        assert "stay    1 masks that were corrected since their annotations were converted: a0.png" in out
        assert np.array_equal(own("a0"), corrected) and np.array_equal(own("a1"), mask("a2"))
    check_too()


def test_a_correction_beside_a_changed_annotation_is_refused_and_each_can_be_taken(labelme, capsys):
    corrected = own("a0")
    changed = labelme_json("a1") | {"imagePath": "a0.png"}
    changed["shapes"][0]["points"] = [[0, 0], [9, 0], [9, 9], [0, 9]]
    write("raw/a0.json", changed)
    capsys.readouterr()
    assert bring() == 1
    assert "a0.png: its annotations were changed, and its mask was corrected since" in capsys.readouterr().out
    assert np.array_equal(own("a0"), corrected)
    assert bring("raw/a0.json") == 0 and not np.array_equal(own("a0"), corrected)


def test_masks_go_with_images_that_were_renamed(in_tmp, capsys):
    coco()
    assert init() == 0
    shutil.rmtree("raw/annotations")
    record = read_json(OWN / "record.json")
    record["converted"] = None  # as of an import: nothing else tells which image is meant
    (OWN / "record.json").unlink()
    fresh = OwnMasks(OWN.rename(Path("data/raw/first.masks")).parent / "mine.masks", new=True)
    fresh.record |= {"task": record["task"]}
    for key, about in record["masks"].items():
        path = Path(f"data/raw/first.masks/masks/{key}.png")
        fresh.path(key).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, fresh.path(key))
        [image] = Path("raw").glob(f"{key}.*")
        fresh.note(key, image, {"from": about["from"]})
    fresh.save()
    shutil.rmtree("data/raw/first.masks")
    check_too()
    one, two, three = (next(Path("raw").rglob(f"{name}.*")) for name in NAMES[:3])
    shown = {name: own(name) for name in NAMES[:3]}
    one.rename("aside"), two.rename(one), three.rename(two), Path("aside").rename(three)
    capsys.readouterr()
    assert check() == 1
    assert "is the mask of an image that is called" in capsys.readouterr().out
    assert init() == 0
    assert f"{OWN}: 3 masks go with their images" in capsys.readouterr().out
    for now, before in zip(NAMES[:3], (NAMES[1], NAMES[2], NAMES[0]), strict=True):
        assert np.array_equal(own(now), shown[before])
    check_too()


def test_raw_masks_that_are_renamed_with_their_images_are_no_edits(in_tmp, capsys):
    for seed, name in enumerate(NAMES):
        save(Path(f"raw/images/{name}.png"), photo(seed)), save(Path(f"raw/masks/{name}.png"), mask(name, 1))
    assert init() == 0
    save(Path("fix/a1.png"), ids(3)), save(Path("fix/a2.png"), ids(4))
    assert bring("fix", "--format", "png") == 0
    for folder in ("images", "masks"):
        one, two = (Path(f"raw/{folder}/{name}.png") for name in NAMES[1:3])
        one.rename("aside"), two.rename(one), Path("aside").rename(two)
    assert check() == 1 and init() == 0
    assert np.array_equal(own("a1"), ids(4)) and np.array_equal(own("a2"), ids(3))
    check_too()


def test_a_mask_that_is_in_the_way_stays_and_so_does_the_one_behind_it(in_tmp):
    """a1 shows what a2 shows; then a0 takes the name a1, whose mask cannot go to a2, as a2 has one."""
    task, own_of = TaskSettings(kind="binary", labels=["x"]), OwnMasks(OWN, new=True)
    images = {key: Path(f"raw/{key}.png") for key in ("a0", "a1", "a2")}
    for number, (key, path) in enumerate(images.items()):
        save(path, photo(min(number, 1)))
        own_of.put(key, ids(number), task, path, {"from": "coco"})
    own_of.save()
    images.pop("a0").replace(images["a1"])
    assert follow(own_of, Path("raw"), images) == {}
    assert [np.array_equal(own(key), ids(number)) for number, key in enumerate(("a0", "a1", "a2"))] == [True] * 3
    told = {path.stem: how for path, how, _ in faults(own_of, Path("raw"), images)}
    assert told == {"a0": "other", "a1": "other"}


def test_a_mask_whose_image_is_gone_gives_way(in_tmp, capsys):
    """As where one image is deleted, and those behind it are numbered anew."""
    coco()
    assert init() == 0
    gone, moved = (next(Path("raw").rglob(f"{name}.*")) for name in NAMES[2:4])
    before, kept = own(NAMES[3]), own(NAMES[2])
    moved.rename(gone)
    Path("raw/annotations/instances.json").unlink()
    assert check() == 1 and init() == 1
    assert np.array_equal(own(NAMES[2]), before)
    [copy] = (OWN / "replaced").rglob(f"{NAMES[2]}.png")
    assert np.array_equal(pixels_of(copy), kept)


def test_a_mask_of_another_picture_is_told_until_it_is_said_to_fit(in_tmp, capsys):
    coco()
    assert init() == 0
    [image] = Path("raw").rglob("a1.*")
    save(image, photo(77))
    capsys.readouterr()
    assert check() == 1
    assert "was made for another image than the one that is called" in capsys.readouterr().out
    assert init() == 0 and check() == 1
    assert bring(OWN, "--format", "png") == 0
    check_too()


def test_two_imports_at_once_lose_no_mask(in_tmp, capsys):
    for seed, name in enumerate(NAMES):
        save(Path(f"raw/images/{name}.png"), photo(seed))
    for name in NAMES[:3]:
        save(Path(f"raw/masks/{name}.png"), mask(name, 1))
    assert init() == 0
    first, second = OwnMasks(OWN, new=True), OwnMasks(OWN, new=True)  # as two commands read the record
    task = read_task()
    for which, name in ((first, NAMES[3]), (second, NAMES[4])):
        which.put(f"images/{name}", mask(name, 1), task, Path(f"raw/images/{name}.png"), {"from": "coco"})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: one.save(), (first, second)))
    assert sorted(read_json(OWN / "record.json")["masks"]) == [f"images/{name}" for name in NAMES[3:5]]
    again = [OwnMasks(OWN), OwnMasks(OWN)]
    for which, name in zip(again, NAMES[3:5], strict=True):
        which.put(f"images/{name}", ids(3), task, Path(f"raw/images/{name}.png"), {"from": "coco"})
    assert len(list((OWN / "replaced").iterdir())) == 2


def read_task() -> TaskSettings:
    return TaskSettings(**read_yaml(SETTINGS)["task"])


def test_a_mask_that_the_record_does_not_name_is_told(in_tmp, capsys):
    coco()
    assert init() == 0
    save(OWN / "masks/images/stray.png", ids(0))
    assert check() == 1
    assert "does not name it, so it does not count" in capsys.readouterr().out


def test_settings_that_forgot_the_masks_are_told(in_tmp, capsys):
    """As after `git checkout config`: masks that were taken would not count, and nobody would know."""
    coco()
    assert init() == 0
    text = SETTINGS.read_text()
    assert "own_masks" in text
    for name in NAMES:
        save(Path(f"raw/masks/{name}.png"), mask(name))
    SETTINGS.write_text("".join(line for line in text.splitlines(True) if "own_masks" not in line))
    before = sha256(OWN / "record.json")
    capsys.readouterr()
    assert check() == 1
    assert f"write `own_masks: {OWN}` into" in capsys.readouterr().out
    assert init() == 1 and "mend    " in capsys.readouterr().out and sha256(OWN / "record.json") == before
