"""Options of learners that mean nothing for a data set are refused before anything starts."""

import pytest

from dissent.config.resolve import Config
from dissent.core.files import UserError


@pytest.fixture
def run(root, tmp_path):
    """The run of an experiment on a shipped data set whose method learns so."""

    def made(dataset, learn, network="unet1x1_demo", start=False):
        path = tmp_path / "experiments" / "mine.yaml"
        path.parent.mkdir(exist_ok=True)
        text = f"dataset: {dataset}\nsplit: few\nnetwork: {network}\nmethod: "
        words = f"learn: {{{', '.join(f'{key}: {value}' for key, value in learn.items())}}}"
        own = f"{learn['name']}\n{words}\n"
        begun = f"im_clean\ngenerations: 1\nstart: {learn['name']}\nmethods: {{{learn['name']}: {{{words}}}}}\n"
        path.write_text(text + (begun if start else own))
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
    with pytest.raises(UserError, match=r"`learn\.low_rank: 3` of method u2pl leaves"):
        run(dataset, {"name": "u2pl", "low_rank": 3}, start=True)  # generation 0 of another method
    for rank in ({}, {"low_rank": 1}):
        assert run(dataset, {"name": "u2pl"} | rank).method.learn.name == "u2pl"


def test_colours_of_grey_images_are_refused(run):
    with pytest.raises(UserError, match=r"`learn.operations` of method imas changes colours alone.* nuclei are grey"):
        run("nuclei", {"name": "imas", "operations": "[hue, colour]"})
    found = run("nuclei", {"name": "imas", "operations": "[hue, blur]"})
    assert found.at(0)["learn"]["operations"] == ["hue", "blur"]  # and not one a generation


UNET, DEEPLAB = "unet1x1_demo", "encoded"


@pytest.mark.parametrize(
    ("network", "senior", "said"),
    [
        (UNET, "{encoder: resnet50}", "`architecture: unet1x1` has no encoder of its own; .*width_factor: 2"),
        (UNET, "{width_factor: 1}", "makes two equal networks; take another factor, or `learn: {name: cps}`"),
        (UNET, "{width_factor: 0.1}", "`width: 0.05.* leaves no channels"),
        (DEEPLAB, "{}", "the senior needs another encoder than the junior's resnet18"),
        (DEEPLAB, "{encoder: resnet18}", "the senior needs another encoder than the junior's resnet18"),
        (DEEPLAB, "{width_factor: 2}", "`senior.width_factor` is for unet1x1; .*`senior: {encoder: NAME}`"),
        (DEEPLAB, "{encoder: resnet5}", "resnet5"),
        ("weighted", "{encoder: resnet50}", "those of the junior's encoder; say those of the senior's"),
    ],
)
def test_a_senior_that_is_no_other_network_is_refused(run, tmp_path, network, senior, said):
    encoders(tmp_path)
    with pytest.raises(UserError, match=said):
        run("nuclei", {"name": "segkc", "senior": senior}, network)


def encoders(tmp_path):
    """Two networks with encoders, the one of which has weights from a file."""
    (tmp_path / "networks").mkdir()
    text = "architecture: unet\nencoder: resnet18\nsteps: 10\n"
    (tmp_path / "networks" / "encoded.yaml").write_text(text)
    weights = f"weights: a.safetensors\nweights_sha256: {64 * 'a'}\n"
    (tmp_path / "networks" / "weighted.yaml").write_text(text + weights)


def test_a_senior_is_the_network_file_but_for_what_is_said(run, tmp_path):
    encoders(tmp_path)
    for network, senior, key, value in (
        (UNET, "{}", "width", 1.0),
        (UNET, "{width_factor: 4}", "width", 2.0),
        (DEEPLAB, "{encoder: resnet50}", "encoder", "resnet50"),
        ("weighted", "{encoder: resnet50, weights: none}", "weights", "none"),
    ):
        found = run("nuclei", {"name": "segkc", "senior": senior}, network)
        junior, second = found.method.learn.trained(found.network)
        assert junior == found.network and getattr(second, key) == value
        assert second.steps == junior.steps
