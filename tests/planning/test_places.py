"""Where raw files may lie: not where prepared data come."""

from pathlib import Path

import pytest
from cli_data import dissent
from raw_data import pairs
from test_cli_check import settings
from test_ours import NAMES, held
from test_workflow import snakemake

from dissent.config.base import read_yaml
from dissent.core.files import UserError, write_text
from dissent.datasets.place import check_place
from dissent.planning.command_line import check_asked
from dissent.planning.paths import Plan


@pytest.mark.parametrize(
    "raw",
    [
        "data/cells",
        "data/cells/raw",
        "data/other",
        "data/Cells",
        "data",
        ".",
        "..",
        "link",
        "data/raw/link",
        "disk/cells",
        "results/demo/gen1/masks",
    ],
)
def test_raw_files_where_prepared_ones_come_are_refused(in_tmp, raw):
    for folder in ("data/raw", "disk/cells/images"):
        Path(folder).mkdir(parents=True)
    Path("link").symlink_to("data/cells")
    Path("data/raw/link").symlink_to("../cells")
    Path("data/mice").symlink_to("../disk/cells")
    for path in (Path(raw), Path(raw).absolute()):
        with pytest.raises(UserError, match=r"your files would be lost. Nothing was touched. Move images .*data/raw/"):
            check_place(path, "cells", ["images"])


def test_other_raw_folders_are_fine(in_tmp):
    Path("data/cells/images").mkdir(parents=True)
    Path("elsewhere").mkdir()
    Path("there").symlink_to("elsewhere")
    for raw in ("data/raw/cells", "data/raw", "elsewhere", "there", "data_of_mine", "not/there", "Data/cells"):
        check_place(raw, "cells", ["images", "masks"])
        check_place(Path(raw).absolute(), "cells")
    Path("elsewhere/images").symlink_to("../data/cells/images")
    with pytest.raises(UserError, match=r"elsewhere/images .*lies in data/"):
        check_place("elsewhere", "cells", ["images"])
    with pytest.raises(UserError, match="cannot be the name of a data set"):
        check_place("elsewhere", "Raw")


def test_init_check_and_plan_refuse_them_alike(root, in_tmp, capsys):
    pairs(Path("data/cells"), NAMES, factor=255)
    before = held()
    assert dissent("init", "data/cells", "--config-dir", root / "config") == 2
    assert "the raw folder data/cells lies in data/" in capsys.readouterr().err
    assert held() == before
    settings()
    write_text(
        "mine/datasets/mine.yaml", Path("mine/datasets/mine.yaml").read_text().replace("raw: raw", "raw: data/cells")
    )
    write_text("mine/studies/many.yaml", "experiments: [mine]\nmethods: [ldt, im]\ngenerations: 1\n")
    before = held()
    assert dissent("check", "mine", "--config-dir", "mine") == 1
    assert "error: the raw folder data/cells lies in data/" in capsys.readouterr().out
    targets = ["results/mine/report.html", "results/mine.aldt/gen0/metrics.json", "data/mine/dataset.json"]
    targets += [
        "data/mine/splits/one/val.csv",
        "results/studies/many/table.html",
        "results/many.mine.im.s1/report.html",
    ]
    for target in targets:
        with pytest.raises(UserError, match="the raw folder data/cells"):
            check_asked(Plan({"config_dir": "mine"}, str(root)), ["-n", target])
    with pytest.raises(UserError, match="the raw folder data/cells"):
        check_asked(Plan({"config_dir": "mine", "experiments": ["mine"]}, str(root)), ["-n"])
    with pytest.raises(UserError, match="the raw folder data/cells"):
        Plan({"config_dir": "mine"}, str(root)).to_prepare("mine")  # however the target was written
    result = snakemake(root, "./data/mine/dataset.json", settings="mine")  # not even a dry run
    said = result.stdout + result.stderr
    assert result.returncode != 0 and "the raw folder data/cells lies in data/" in said and "Traceback" not in said
    assert {name: sha for name, sha in held().items() if not name.startswith(("work/", ".snake"))} == before
    assert read_yaml("mine/datasets/mine.yaml")["raw"] == "data/cells"
