"""Options of learners that mean nothing for a data set are refused before anything starts."""

import pytest

from dissent.config.resolve import Config
from dissent.core.files import UserError


@pytest.fixture
def run(root, tmp_path):
    """The run of an experiment on a shipped data set whose method learns so."""

    def made(dataset, learn):
        path = tmp_path / "experiments" / "mine.yaml"
        path.parent.mkdir(exist_ok=True)
        text = f"dataset: {dataset}\nsplit: few\nnetwork: unet1x1_demo\nmethod: {learn['name']}\n"
        words = ", ".join(f"{key}: {value}" for key, value in learn.items())
        path.write_text(f"{text}learn: {{{words}}}\n")
        return Config(tmp_path, root / "config").run("mine")

    return made


@pytest.mark.parametrize(
    ("dataset", "classes"), [("nuclei", "2 at a pixel, a label and its absence"), ("nuclei_multiclass", "3 at a pixel")]
)
def test_ranks_that_leave_no_negative_are_refused(run, dataset, classes):
    with pytest.raises(
        UserError, match=f"`learn.low_rank: 3` of method u2pl leaves .* data set {dataset} has {classes}"
    ):
        run(dataset, {"name": "u2pl", "low_rank": 3})
    for rank in ({}, {"low_rank": 1}):
        assert run(dataset, {"name": "u2pl"} | rank).method.learn.name == "u2pl"


def test_colours_of_grey_images_are_refused(run):
    with pytest.raises(UserError, match=r"`learn.operations` of method imas changes colours alone.* nuclei are grey"):
        run("nuclei", {"name": "imas", "operations": "[hue, colour]"})
    found = run("nuclei", {"name": "imas", "operations": "[hue, blur]"})
    assert found.at(0)["learn"]["operations"] == ["hue", "blur"]  # and not one a generation
