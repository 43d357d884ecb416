"""The large studies on miniatures of their data: shipped settings, smaller images, a small network on crops, whole generations."""

from pathlib import Path

import pytest
from in_process import NETWORK, InProcess
from official import cityscapes, voc

from dissent import networks
from dissent.core.columns import SUBSETS
from dissent.core.files import read_json, read_table, write_text
from dissent.datasets import prepare, split
from dissent.planning.paths import Plan

TRAIN = [f"2007_{number:06}" for number in range(6)]


def of_cityscapes():
    cityscapes(Path("data/raw/cityscapes"), {"train": {"ulm": 6}, "val": {"frankfurt": 2}})
    write_text("labelled.txt", "ulm_000001_000019\nulm_000004_000019\n")
    return {"workflow/resources/splits/cityscapes/u2pl_186.txt": "labelled.txt", "[1024, 2048]": "[64, 128]"}


def of_voc():
    names = (
        dict.fromkeys(TRAIN[:3], True) | dict.fromkeys(TRAIN[3:], False) | {"2008_000001": True, "2008_000002": True}
    )
    voc(Path("data/raw/voc"), names)
    for name, some in {
        "92/labeled": TRAIN[:2],
        "92/unlabeled": TRAIN[2:],
        "val": ["2008_000001", "2008_000002"],
    }.items():
        write_text(f"data/raw/voc_splits/{name}.txt", "\n".join(some))
    return {"[512, 512]": "[64, 64]"}


class Miniature(InProcess):
    """A split of a study, with files of the shipped settings changed word by word."""

    def __init__(self, root: Path, study: str, dataset: str, division: str, changes: dict[str, str]):
        text = (root / f"config/datasets/{dataset}.yaml").read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        self._write("datasets", dataset, text)
        for path in root.glob(f"config/networks/{dataset.split('_')[0]}_*.yaml"):
            self._write("networks", path.stem, f"{NETWORK}crop: {{size: [32, 48]}}\n")
        self.plan, self.name = Plan({"config_dir": "settings"}, str(root)), dataset
        settings = self.plan.config.dataset(dataset).model_dump(mode="json")
        prepare(settings, dataset, settings["raw"], f"data/{dataset}")
        self.subsets = {subset: f"data/{dataset}/splits/{division}/{subset}.csv" for subset in SUBSETS}
        split(settings, division, f"data/{dataset}", str(Path(self.subsets["val"]).parent))
        self.block = f"{study}.{dataset}-{division}"

    def run(self, method: str):
        """The run of a method, all generations done."""
        run = self.plan.config.run(f"{self.block}.{method}.s1")
        for g in range(run.method.last + 1):
            self.generation(run, g)
        return run


@pytest.mark.parametrize(
    ("study", "dataset", "division", "data"),
    [("study_a", "cityscapes_19", "u2pl_186", of_cityscapes), ("study_voc", "voc", "fine_92", of_voc)],
)
def test_a_miniature_runs_through_the_study(root, in_tmp, study, dataset, division, data):
    small = Miniature(root, study, dataset, division, data())
    assert [len(read_table(small.subsets[name])) for name in ("labelled", "unlabelled", "val")] == [2, 4, 2]
    for method in ("ldt_equal_steps", "im_clean", "unimatch_im"):
        run = small.run(method)
        here = f"results/{run.name}/gen{run.method.last}"
        assert len(read_table(f"{here}/pairs.csv")) == (6 if run.method.last else 2)
        network, about = networks.load(f"{here}/students/1")
        assert network.crop["size"] == [32, 48] and about["outputs"] == len(run.dataset.task.labels)
        assert read_json(f"{here}/students/1/metrics.json")["val"]["iou"]["value"] is not None
