"""The network of a first experiment: another shipped file, and weights of its encoder with the digest that they have."""

from pathlib import Path

from init_data import folder, init, values

from dissent.config.base import read_yaml
from dissent.config.resolve import Config
from dissent.core.files import sha256


def test_a_shipped_network_is_named_and_none_is_written(in_tmp):
    folder(values(0, 1))
    assert init("--network", "unet1x1_study") == 0
    assert read_yaml(Path("own/experiments/mine.yaml"))["network"] == "unet1x1_study"
    assert not Path("own/networks").exists()


def test_weights_get_their_digest_and_a_file_of_their_own(root, in_tmp, capsys):
    folder(values(0, 1))
    Path("resnet.pth").write_bytes(b"any bytes: the training reads them")
    wanted = ("--network", "resnet50_deeplabv3plus", "--weights", "resnet.pth", "--size", "64", "64")
    assert init(*wanted) == 0
    assert "own/networks/mine.yaml" in capsys.readouterr().out
    run = Config("own", root / "config").run("mine")
    assert run.network_name == "mine" and run.network.encoder == "tu-resnet50s"
    assert (run.network.weights, run.network.weights_sha256) == ("resnet.pth", sha256("resnet.pth"))
    assert init(*wanted, name="other") == 0
    before = Path("own/networks/mine.yaml").read_bytes()
    Path("own/datasets/mine.yaml").unlink()
    Path("own/datasets/mine.splits.csv").unlink()
    Path("own/experiments/mine.yaml").unlink()
    assert init(*wanted) == 2 and "own/networks/mine.yaml exists and stays as it is" in capsys.readouterr().err
    assert init(*wanted, "--anew") == 0 and Path("own/networks/mine.yaml.before1").read_bytes() == before


def test_what_does_not_fit_is_told_before_anything_is_written(in_tmp, capsys):
    folder(values(0, 1))
    Path("resnet.pth").write_bytes(b"x")
    for arguments, words in (
        (("--network", "unet1x1_dem"), "did you mean `unet1x1_demo`?"),
        (("--weights", "resnet.pth"), "unet1x1_first has none; say `--network` too"),
        (("--network", "lite0_unet", "--weights", "lost.pth"), "`--weights lost.pth` is no file"),
        (("--network", "dinov2_dpt", "--size", "64", "64"), "say `--size H W`"),
    ):
        assert init(*arguments) == 2
        assert words in capsys.readouterr().err
    assert not list(Path("own").rglob("*.yaml"))
