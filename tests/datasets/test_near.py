"""Near duplicates: planted pairs on real microscopy are found by kind, others are not named, and `check` tells them."""

import io
from pathlib import Path

import numpy as np
import pytest
from cli_data import dissent
from discs import SETTINGS
from PIL import Image, ImageOps

from dissent.cli.check import alike
from dissent.cli.check.alike import check_alike
from dissent.config.task import TaskSettings
from dissent.core.files import read_table, sha256, write_image, write_mask, write_table, write_text
from dissent.core.task import Task
from dissent.datasets import near
from dissent.datasets.near import Wanted, find
from dissent.datasets.near.whole import TURNS, describe, turned

NUCLEI = Path(__file__).resolve().parents[2] / "workflow" / "resources" / "nuclei" / "images"
BINARY = TaskSettings(kind="binary", labels=["nucleus"])


def jpeg(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return Image.open(file)


def brighter(image):
    return Image.fromarray(np.clip(np.asarray(image, np.float32) * 1.2 + 25, 0, 255).astype(np.uint8))


def crop(image):
    return image.crop((20, 8, 116, 104))


# what was done: (to an image, how `find` calls it)
PLANTED = {
    "resized": (lambda image: image.resize((70, 70), Image.Resampling.LANCZOS), ""),
    "compressed": (jpeg, ""),
    "flipped": (ImageOps.mirror, "flipped left to right"),
    "upside down": (ImageOps.flip, "flipped upside down"),
    "rotated": (lambda image: image.transpose(Image.Transpose.ROTATE_90), "rotated by 90"),
    "half a turn": (lambda image: image.transpose(Image.Transpose.ROTATE_180), "rotated by 180"),
    "brighter": (brighter, ""),
    "cropped": (crop, ""),
}


def nuclei(count):
    """Crops of different sources, in which there is something to see."""
    files = [path for path in sorted(NUCLEI.iterdir()) if path.stem.endswith("_0")]
    images = [Image.open(path).convert("L") for path in files]
    return [image for image in images if np.asarray(image).std() > 20][:count]


def written(images, size=(128, 128)):
    """Paths of images, prepared as by resizing."""
    paths = [Path(f"{number:03}.png") for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        image.resize(size, Image.Resampling.BILINEAR).save(path)
    return paths


def test_planted_pairs_are_found_with_their_kind_and_no_others(in_tmp):
    originals = nuclei(48)
    made = [(number, kind) for place, kind in enumerate(PLANTED) for number in range(6 * place, 6 * place + 6)]
    copies = [PLANTED[kind][0](originals[number]) for number, kind in made]
    images = originals + copies
    shapes = [image.size[::-1] for image in images]
    found = find(written(images), shapes, Wanted(np.arange(len(images)), np.arange(len(images))), Path()).pairs
    right = {(number, len(originals) + index): kind for index, (number, kind) in enumerate(made)}
    assert {(pair.first, pair.second) for pair in found} <= set(right), "others are named"
    told = {right[pair.first, pair.second]: [] for pair in found}
    for pair in found:
        told[right[pair.first, pair.second]].append(pair)
    assert all(len(told[kind]) >= (5 if kind in ("cropped", "compressed") else 6) for kind in PLANTED)
    for kind, (_, turn) in PLANTED.items():
        assert {pair.turn for pair in told[kind]} == {turn}
        assert {pair.part for pair in told[kind]} == {kind == "cropped"}
    assert all(pair.brightness for pair in told["brighter"]) and not any(pair.brightness for pair in told["rotated"])
    assert all(pair.share > 0.9 for pair in told["cropped"])


def plates(count):
    """Images of one plate, brighter or darker, each with a few discs of its own."""
    random = np.random.default_rng(5)
    plate = Image.fromarray(random.integers(0, 256, (32, 32), np.uint8)).resize((128, 128), Image.Resampling.BICUBIC)
    y, x = np.mgrid[:128, :128]
    images = []
    for _ in range(count):
        pixels = np.asarray(plate, np.float32) * random.uniform(0.5, 0.7) + random.normal(0, 4, (128, 128))
        for _ in range(5):
            disc = np.hypot(y - random.uniform(15, 113), x - random.uniform(15, 113)) < random.uniform(6, 14)
            pixels[disc] = random.uniform(30, 170) + random.normal(0, 8)
        images.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    return images


def test_what_all_images_share_makes_no_two_of_them_one(in_tmp):
    originals = plates(24)
    copies = [jpeg(originals[0]), originals[1].resize((70, 70)), brighter(originals[2]), ImageOps.mirror(originals[3])]
    images = [*originals, *copies, crop(originals[4])]
    every = np.arange(len(images))
    found = find(written(images), [image.size[::-1] for image in images], Wanted(every, every), Path())
    assert {(pair.first, pair.second) for pair in found.pairs} == {(number, 24 + number) for number in range(5)}
    assert found.alike == 5 / (29 * 28 / 2)


def test_where_nearly_all_are_alike_that_is_said_and_masks_are_not_compared(in_tmp):
    images = plates(12)
    subsets = {f"i{number:02}": (image, "labelled" if number < 8 else "test") for number, image in enumerate(images)}
    prepared(subsets, masks={"i00": np.zeros((128, 128), bool)})
    notes, [warning] = looked()
    assert notes == [] and "of all pairs of images look nearly the same: they share a background" in warning


def test_of_many_pairs_that_may_be_one_the_likest_are_compared(in_tmp, monkeypatch):
    """Of 45 pairs of ten copies 5 are compared; what share of all is alike is known from these."""
    image = nuclei(1)[0]
    images = [image.resize((128 - subset, 128 - subset)) for subset in range(10)]
    monkeypatch.setattr(near, "_MOST_WHOLE", 5)
    monkeypatch.setattr(near, "_MOST_PARTS", 0)
    paths, subsets = written(images), np.zeros(10, np.int8)
    found = find(paths, [(128, 128)] * 10, Wanted(subsets, np.arange(10), within=(0,)), Path())
    assert len(found.pairs) == 5 and found.alike == 45 / 50
    assert Wanted(np.array([0, 0, 1, 1, 1, 2]), np.arange(6), within=(0,)).count() == 13


def test_each_way_to_lay_a_square_is_one_way_to_lay_its_description():
    thumbs = np.random.default_rng(0).integers(0, 255, (2, 64, 64), np.uint8)
    known = describe(thumbs)
    for turn in TURNS:
        laid = describe(np.stack([turn.of(thumb) for thumb in thumbs]))
        assert np.allclose(turned(known, turn), laid, atol=1e-4), turn.name
    assert len({tuple(turn[1:]) for turn in TURNS}) == 8


def test_images_without_details_are_like_nothing(in_tmp):
    plain = [Image.new("L", (128, 128), grey) for grey in (0, 3, 200, 200)]
    noise = [
        Image.fromarray(
            np.full((128, 128), 90, np.uint8) + np.random.default_rng(i).integers(0, 2, (128, 128), np.uint8)
        )
        for i in (1, 2)
    ]
    images = plain + noise
    assert find(written(images), [(128, 128)] * 6, Wanted(np.arange(6), np.arange(6)), Path()).pairs == []
    assert find(written(plain), [(128, 128)] * 4, Wanted(np.arange(4), np.arange(4)), Path()).pairs == []
    assert find(written(images[:1]), [(128, 128)], Wanted(np.arange(1), np.arange(1)), Path()).pairs == []


def prepared(subsets, masks=None, groups=None, names=("png",)):
    """A prepared data set below `data`: {id: (image, subset)}; its split's tables below `split`."""
    rows, palette = [], BINARY.palette
    for number, (name, (image, subset)) in enumerate(subsets.items()):
        pixels = np.asarray(image.resize((128, 128), Image.Resampling.BILINEAR))
        label = (masks or {}).get(name, pixels > 60)
        write_image(f"data/images/{name}.png", pixels)
        write_mask(f"data/labels/{name}.png", label.astype(np.uint8), palette)
        row = {
            "id": name,
            "group": (groups or {}).get(name, name),
            "source": f"{name}.{names[number % len(names)]}",
            "subset": subset,
        }
        row |= {"raw_height": image.height, "raw_width": image.width}
        rows.append(row | {f"{what}_sha256": sha256(f"data/{what}s/{name}.png") for what in ("image", "label")})
    write_table(
        "data/files.csv",
        [{k: v for k, v in row.items() if k != "subset"} for row in rows],
        [key for key in rows[0] if key != "subset"],
    )
    for subset in ("labelled", "unlabelled", "val", "test"):
        write_table(f"split/{subset}.csv", [{"id": row["id"]} for row in rows if row["subset"] == subset], ("id",))


def looked():
    return check_alike(Path("data"), Path("split"), Task(BINARY.model_dump(mode="json")), Path("near.csv"))


def test_across_what_is_judged_it_is_a_warning_between_labelled_and_unlabelled_a_note(in_tmp):
    a, b, c, d, e = nuclei(5)
    subsets = {"a": (a, "labelled"), "b": (b, "labelled"), "c": (c, "unlabelled"), "d": (d, "val"), "e": (e, "test")}
    prepared(
        subsets
        | {"a2": (ImageOps.flip(a), "test"), "b2": (jpeg(b), "unlabelled"), "d2": (d.resize((90, 90)), "unlabelled")}
    )
    notes, [warning] = looked()
    assert "2 pairs" in warning and "a2 (test) and a (labelled): flipped upside down" in warning
    assert "d (val) and d2 (unlabelled): resized" in warning and "b2" not in warning
    assert len(notes) == 1 and "b (labelled) and b2 (unlabelled): almost the same pixels" in notes[0]
    table = read_table("near.csv")
    assert {(row["image"], row["other_image"]) for row in table} == {("a2", "a"), ("d", "d2"), ("b", "b2")}


def test_within_one_group_nothing_is_told(in_tmp):
    a, _, _, b = nuclei(4)
    subsets = {"a": (a, "labelled"), "a2": (jpeg(a), "unlabelled"), "b": (b, "val"), "b2": (crop(b), "test")}
    prepared(subsets, groups={"a": "one", "a2": "one"})
    notes, [warning] = looked()
    assert notes == [] and "b2 (test) and b (val): one is a crop of the other" in warning
    prepared(subsets, groups={"a": "one", "a2": "one", "b": "two", "b2": "two"})
    assert looked() == ([], [])


def test_one_image_with_two_masks_is_named_with_both(in_tmp):
    a, c, _, b = nuclei(4)
    empty = np.zeros((128, 128), bool)
    subsets = {
        "a": (a, "labelled"),
        "a2": (a, "labelled"),
        "b": (b, "labelled"),
        "b2": (jpeg(b), "labelled"),
        "c": (c, "val"),
    }
    prepared(subsets, masks={"a2": empty})
    [note], warnings = looked()
    share = f"{(np.asarray(a) > 60).mean():.2%}"
    assert f"a and a2 (labelled), at {share} of the pixels" in note and "b2" not in note and not warnings
    prepared(subsets, masks={"b2": empty})
    [note], _ = looked()
    assert "b and b2 (labelled), at " in note and "a2" not in note
    prepared(subsets)
    assert looked() == ([], [])


def test_of_too_many_unlabelled_images_some_are_searched_and_that_is_said(in_tmp, monkeypatch):
    images = nuclei(8)
    prepared({f"i{number}": (image, "test" if number < 2 else "unlabelled") for number, image in enumerate(images)})
    monkeypatch.setattr(alike, "MOST_COMPARED", 5)
    assert looked() == (["of unlabelled images 3 are not searched for near duplicates"], [])


@pytest.mark.parametrize("twin", ["near", "exact"])
def test_check_names_both_images(in_tmp, capsys, twin):
    """Two folders of one data set: the same picture in both, with another mask in the second."""
    images = nuclei(12)
    rows = ["stem,subset"]
    for number, image in enumerate(images):
        folder, subset = ("old", "labelled") if number < 8 else ("new", "val" if number < 10 else "test")
        for kind, picture in (("images", image), ("masks", Image.fromarray((np.asarray(image) > 60).astype(np.uint8)))):
            path = Path("raw", folder, kind, f"i{number:02}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        rows.append(f"i{number:02},{subset}")
    (images[3].resize((80, 80), Image.Resampling.LANCZOS) if twin == "near" else images[3]).save(
        "raw/new/images/i11.png"
    )
    Image.new("L", (80, 80) if twin == "near" else (128, 128), 0).save("raw/new/masks/i11.png")
    write_text("raw/subsets.csv", "\n".join(rows) + "\n")
    parts = "[{name: old, images: old/images, masks: old/masks}, {name: new, images: new/images, masks: new/masks}]"
    split = "{column: subset, labelled: [labelled], unlabelled: [], val: [val], test: [test]}"
    write_text(
        "mine/datasets/mine.yaml",
        f"task: {{kind: binary, labels: [nucleus]}}\nraw: raw\nparts: {parts}\nmask_encoding: {{name: index}}\nchannels: 1\n"
        f"table: {{path: subsets.csv}}\nsize: [128, 128]\nsplits: {{one: {split}}}\n",
    )
    write_text("mine/experiments/mine.yaml", "dataset: mine\nsplit: one\nnetwork: tiny\nmethod: ldt\n")
    write_text("mine/networks/tiny.yaml", (SETTINGS / "networks" / "tiny.yaml").read_text())
    code = dissent("check", "mine", "--config-dir", "mine")
    out, err = capsys.readouterr()
    assert not err
    if twin == "near":
        assert code == 0 and "warning: two images that are nearly the same" in out
        assert "i11 (test) and i03 (labelled): resized" in out and Path("work/near/mine.csv").is_file()
    else:
        assert code == 1 and "the same pixels: i11 and i03: in test and in labelled" in out
