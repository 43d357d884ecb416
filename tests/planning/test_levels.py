"""Grey levels of 16-bit images: a network keeps those it learned with, and a date of dataset.json trains nothing anew."""

from pathlib import Path

import numpy as np
import pytest
from discs import SETTINGS, draw
from init_data import init
from PIL import Image
from raw_data import ids, save
from test_workflow import mine, planned, snakemake

from dissent.core.files import UserError, read_json, write_json
from dissent.steps.levels import with_levels


def test_settings_of_16_bit_students_have_the_levels(in_tmp):
    write_json("dataset.json", {"files": {}, "levels": [3, 900]})
    deep, flat = ({"seed": 1, "input": {"bit_depth": depth, "exif": "auto"}} for depth in (16, 8))
    assert with_levels(deep, "dataset.json")["input"] == {"bit_depth": 16, "exif": "auto", "levels": [3, 900]}
    assert with_levels(flat, []) is flat and "levels" not in deep["input"]
    write_json("dataset.json", {"files": {}, "levels": None})
    with pytest.raises(UserError, match="has no grey levels"):
        with_levels(deep, "dataset.json")


def test_init_and_check_tell_of_percentiles_that_meet(in_tmp, capsys):
    for seed in range(8):
        image = np.zeros((64, 64), np.uint16)
        image[seed, 5], image[40, seed] = 300, 60000
        save(Path(f"raw/images/a{seed}.png"), image)
        save(Path(f"raw/masks/a{seed}.png"), ids(seed, 2, 64, 64))
    assert init() == 0
    assert "values reach from 0 to 60000: 0 to 60000 become 0 to 255 instead" in capsys.readouterr().out


@pytest.mark.slow
def test_a_network_keeps_its_levels_and_a_new_date_trains_nothing_anew(root, tmp_path):
    draw(tmp_path, images=22)
    for path in (tmp_path / "raw/tiny/images").iterdir():
        Image.fromarray(np.array(Image.open(path).convert("L")).astype(np.uint16) * 200).save(path)
    text = (SETTINGS / "datasets/tiny.yaml").read_text().replace("\nsize:", "\nchannels: 1\nbit_depth: 16\nsize:")
    settings = mine(tmp_path, text, "datasets")
    (settings / "datasets/mine.yaml").rename(settings / "datasets/tiny.yaml")
    model = "results/tiny.ldt/gen0/students/1/model.json"
    told = snakemake(root, model, settings=settings, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    about = tmp_path / "data/tiny/dataset.json"
    levels = read_json(tmp_path / model)["input"]["levels"]
    assert levels == read_json(about)["levels"] and levels[1] > 255
    about.write_bytes(about.read_bytes())  # another date, and the same levels
    assert "train" not in planned(snakemake(root, "-n", model, settings=settings, cwd=tmp_path))
