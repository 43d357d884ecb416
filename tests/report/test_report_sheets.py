"""Which images the page shows, and what its tiles hold."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from untrained_run import Untrained

from dissent.config.task import TaskSettings
from dissent.core.files import UserError, read_table
from dissent.report import tiles
from dissent.report.choose import choose
from dissent.report.run_results import Story
from dissent.report.sheets import Sheets

PALETTE = TaskSettings(kind="binary", labels=["x"]).palette


def seen(uri):
    """(format, pixels as RGB) of a data URI."""
    head, content = uri.split(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    return image.format, np.array(image.convert("RGB"))


def row(n, doubt, changed="", kept=True, differ=0):
    about = {"id": f"i{n}", "doubt_share": str(doubt), "doubt_pixels": str(differ)}
    return about | {"changed_share": str(changed), "kept": str(int(kept))}


def test_images_are_chosen_by_rule():
    rows = [row(n, n / 10, changed=(7 * n % 10) / 10, kept=n != 3) for n in range(10)]
    groups = {group.name: [one["id"] for one in group.rows] for group in choose(rows, each=2)}
    assert groups["Most doubtful"] == ["i9", "i8"] and groups["Least doubtful"] == ["i0", "i1"]
    assert groups["Dropped"] == ["i3"] and groups["Most changed"] == ["i7", "i4"] and len(groups["Random"]) == 2
    assert [group.rows for group in choose(rows, each=2)] == [group.rows for group in choose(rows, each=2)]
    assert all(group.rule for group in choose(rows))


def test_where_nothing_is_left_out_the_most_disputed_come_first():
    """Of the teachers' mean no pixel is in doubt, and `doubt_pixels` says on how many they differ."""
    groups = {group.name: group.rows for group in choose([row(n, 0.0, differ=n % 3) for n in range(5)], each=2)}
    assert [one["id"] for one in groups["Most doubtful"]] == ["i2", "i1"]
    assert [one["id"] for one in groups["Least doubtful"]] == ["i0", "i3"]


def test_ties_go_by_name_and_empty_groups_are_left_out():
    rows = [row(n, 0.5) for n in (3, 1, 2)]
    groups = {group.name: [one["id"] for one in group.rows] for group in choose(rows, each=2)}
    assert groups["Most doubtful"] == groups["Least doubtful"] == ["i1", "i2"]
    assert set(groups) == {"Most doubtful", "Least doubtful", "Random"}


def test_a_mask_keeps_its_colours_and_what_nobody_knows_is_grey():
    mask = np.array([[0, 1], [255, 1]], np.uint8)
    kind, pixels = seen(tiles.mask(mask, PALETTE, 64, unknown=np.array([[False, False], [False, True]])))
    assert kind == "PNG" and pixels.shape == (2, 2, 3)
    assert pixels[0, 0].tolist() == [0, 0, 0] and pixels[0, 1].tolist() == PALETTE[1]
    assert pixels[1, 0].tolist() == pixels[1, 1].tolist() == list(tiles.NOBODY_KNOWS)


def test_doubt_is_orange_on_the_dimmed_image_and_a_thin_seam_survives_shrinking():
    image, doubt = np.full((64, 64, 1), 200, np.uint8), np.zeros((64, 64), np.uint8)
    doubt[:, 30] = 4  # multilabel: a bit
    _, pixels = seen(tiles.doubt(image, doubt, 64))
    assert abs(pixels[5, 5].astype(int) - 120).max() < 12
    assert pixels[5, 30, 0] > 180 > pixels[5, 30, 2] + 60
    _, small = seen(tiles.doubt(image, doubt, 16))
    assert small.shape == (16, 16, 3) and int(small[5, 7, 0]) - int(small[5, 7, 2]) > 20


@pytest.mark.parametrize(("shape", "side", "expected"), [((300, 100), 150, (150, 50)), ((20, 30), 150, (20, 30))])
def test_tiles_keep_their_shape_and_are_never_enlarged(shape, side, expected):
    assert seen(tiles.photo(np.zeros((*shape, 3), np.uint8), side))[1].shape[:2] == expected
    assert seen(tiles.mask(np.zeros(shape, np.uint8), PALETTE, side))[1].shape[:2] == expected


def test_a_photo_takes_the_smaller_form():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert seen(tiles.photo(noise, 64))[0] == "JPEG"
    assert seen(tiles.photo(np.zeros((64, 64, 1), np.uint8), 64))[0] == "PNG"


@pytest.fixture
def story(root, in_tmp, monkeypatch):
    arguments = Untrained(root, monkeypatch).report(controls=())
    return Story.read(*(arguments[name] for name in ("params", "generations", "controls", "data")))


def test_a_line_shows_image_teachers_doubt_label_truth_and_what_was_before(story):
    groups = {group["name"]: group for group in Sheets(story, 64).groups()}
    names = ["image", "teacher 1", "teacher 2", "doubt", "label", "hidden truth"]
    for line in groups["Most doubtful"]["lines"]:
        assert [tile.name for tile in line["tiles"]] == names
        truth = read_table(story.data["hidden"])
        path = next(one["label"] for one in truth if one["id"] == line["id"])
        expected = np.array(PALETTE, np.uint8)[np.array(Image.open(path))]
        assert np.array_equal(seen(line["tiles"][-1].source)[1], expected)
    changed = groups["Most changed"]["lines"][0]
    assert [tile.name for tile in changed["tiles"]] == [*names[:5], "label in gen1", "hidden truth"]
    assert "changed" in changed["facts"] and "kept" in changed["facts"]


def test_the_slider_has_a_frame_for_each_generation_of_the_same_image(story):
    subjects = Sheets(story, 64).through_generations()
    assert len({one["id"] for one in subjects}) == len(subjects) >= 2
    for one in subjects:
        assert [frame["name"] for frame in one["frames"]] == ["gen1", "gen2"]
        assert [tile.name for tile in one["still"]] == ["image", "hidden truth"]
        assert [tile.name for tile in one["frames"][0]["tiles"]] == ["teacher 1", "teacher 2", "doubt", "label"]
    first = subjects[0]["frames"]
    assert [tile.source for tile in first[0]["tiles"]] != [tile.source for tile in first[1]["tiles"]]


def test_a_file_that_is_not_what_the_table_names_is_not_shown(story):
    chosen = choose(story.last.masks, each=1)[0].rows[0]
    with open(chosen["label"], "ab") as stream:
        stream.write(b"x")
    with pytest.raises(UserError, match=r"is not the file that .*masks.csv names"):
        Sheets(story, 64).groups()
