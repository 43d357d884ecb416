"""What jobs ask of a cluster: more work asks for more, corrections hold, the numbers of networks are counted again."""

import re
from functools import partial

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from warm_snakemake import PLAIN, snakemake

from dissent import networks
from dissent.config.network import Network
from dissent.config.resolve import Config
from dissent.core.files import write_table
from dissent.networks.blocks import without_numbers
from dissent.networks.smp import CLASSES
from dissent.planning import network_size, resources

BASE = "dataset: nuclei\nsplit: few\nnetwork: mine\n"


@pytest.fixture
def run(root, tmp_path):
    """Make a run from the text of a network and more keys of an experiment."""

    def make(network="steps: 1000\nbatch_size: 16\n", experiment="", architecture="unet1x1"):
        for folder, text in {
            "networks": f"architecture: {architecture}\n{network}",
            "experiments": BASE + ("" if "method:" in experiment else "method: ldt\n") + experiment,
        }.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "mine.yaml").write_text(text)
        return Config(tmp_path, root / "config").run("mine")

    return make


def train(run, pairs=1000, val=100, unlabelled=10_000):
    return resources.training(run, 0, pairs, val, unlabelled)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"network": "steps: 9000\nbatch_size: 16\n"}, "runtime"),
        ({"network": "steps: 1000\nbatch_size: 64\n"}, "mem_mb"),
        ({"network": "steps: 1000\nbatch_size: 64\n"}, "runtime"),
        ({"network": "steps: 1000\nbatch_size: 16\nwidth: 4\n"}, "mem_mb"),
        ({"network": "steps: 1000\nbatch_size: 16\nwidth: 4\n"}, "runtime"),
        ({"architecture": "unet", "network": "steps: 1000\nbatch_size: 16\nencoder: resnet34\n"}, "runtime"),
        ({"experiment": "learn: {name: fixmatch}\n"}, "mem_mb"),
        ({"experiment": "learn: {name: fixmatch}\n"}, "runtime"),
        ({"experiment": "learn: {name: segkc, senior: {width_factor: 0.5}}\n"}, "mem_mb"),
        ({"experiment": "labelled_noise_copies: 9\n"}, "mem_mb"),
    ],
)
def test_more_work_asks_for_more(run, more, what):
    assert getattr(train(run(**more)), what) > getattr(train(run()), what)


def test_two_networks_ask_for_both_of_their_sizes(run):
    def asked(learn):
        return train(run(experiment=f"learn: {{name: {learn}}}\n"))

    one, two, wider = asked("fixmatch"), asked("cps"), asked("segkc, senior: {width_factor: 2}")
    assert one.mem_mb < two.mem_mb < wider.mem_mb and one.runtime < two.runtime < wider.runtime


def test_generation_0_is_reckoned_by_how_the_start_learns(run):
    started = run(experiment="start: cps\ngenerations: 1\n")
    alone, of_cps, later = (
        run(),
        run(experiment="learn: {name: cps}\n"),
        resources.training(started, 1, 1000, 100, 10_000),
    )
    assert train(started) == train(of_cps) != train(alone) == later
    assert [started.learner(g).name for g in (0, 1)] == ["cps", "supervised"]


def test_each_process_of_a_training_on_several_cards_has_its_own_pairs(run):
    network, pairs = "steps: 1000\nbatch_size: 16\nresources: {{gpus: {}}}\n", 10**5
    one, two, three = (train(run(network.format(n)), pairs=pairs).mem_mb for n in (1, 2, 3))
    assert two - one == pytest.approx(three - two, abs=1000)
    assert two - one > resources.BASE_MB + 0.9 * pairs * resources._image_mb(run())


def test_epochs_are_counted_in_pairs_with_their_copies(run):
    network = "epochs: 5\nbatch_size: 16\n"
    plain, noisy = train(run(network)), train(run(network, "labelled_noise_copies: 9\n"))
    equal = train(run(network, "steps_from: all_images\n"))
    assert plain.runtime < noisy.runtime and plain.runtime < equal.runtime


def test_many_pairs_take_memory_and_nothing_asks_for_more_than_a_day(run):
    many = train(run(), pairs=10**5).mem_mb
    assert many > train(run()).mem_mb + 0.9 * 10**5 * resources._image_mb(run())
    assert train(run(), pairs=10**6).mem_mb < many + 10**6 * resources._image_mb(run())  # no card takes so many at once
    assert train(run("steps: 10000000\nbatch_size: 16\n")).runtime == 24 * 60
    assert resources.listing(10**7).mem_mb > 40_000


def test_the_network_file_corrects_a_training_key_by_key(run):
    reckoned = train(run())
    own = train(run("steps: 1000\nbatch_size: 16\nresources: {runtime: 7}\n"))
    assert own == resources.Needs(reckoned.mem_mb, 7)
    assert train(run("steps: 1000\nbatch_size: 16\nresources: {mem_mb: 70}\n")) == resources.Needs(70, reckoned.runtime)


def test_predicting_grows_with_images_and_networks_but_not_in_memory(run):
    few, many = resources.predicting(run(), 0, 10**4, 2), resources.predicting(run(), 0, 10**5, 2)
    assert many.runtime > few.runtime and many.mem_mb - few.mem_mb <= 1000
    assert resources.predicting(run(), 0, 10**5, 4).runtime > many.runtime
    assert resources.masking(run(), 10**6, 2).runtime > resources.masking(run(), 10**5, 2).runtime


def test_rating_masks_asks_for_the_networks_that_rate(run):
    """Of one student and many raters, of one rater and many students: memory and time are the raters'."""
    rated = "method: im_plus_plus\ncontrols: []\nevalnet: {}\nquality: {{trained: 3, used: {}}}\n"

    def score(evalnet, used=1, **more):
        return resources.scoring(run(**more, experiment=rated.format(evalnet, used)), 10**6)

    small = score("evalnet_small")
    assert score("evalnet_small", network="steps: 1000\nbatch_size: 16\nwidth: 4\n") == small
    assert score("evalnet_small", used=3).runtime > small.runtime
    wide = score("evalnet_wide")
    assert wide.runtime > small.runtime and wide.mem_mb > small.mem_mb


@pytest.mark.parametrize("rows", [0, 1, 700, 50_000])
def test_rows_are_told_from_the_size_of_a_table(tmp_path, rows):
    table = tmp_path / "a.csv"
    write_table(table, ({"id": f"i{i:08}", "image": f"images/i{i:08}.png"} for i in range(rows)), ("id", "image"))
    assert resources.rows_about(table) == pytest.approx(rows, rel=0.01)
    with pytest.raises(FileNotFoundError):  # which Snakemake takes for "not yet"
        resources.rows_about(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("architecture", "more"),
    [
        *((a, {"width": w}) for a in ("unet1x1", "evalnet") for w in (0.5, 2)),
        *((a, {"encoder": "resnet34"}) for a in CLASSES if a != "dpt"),
        ("unet", {"encoder": "resnet101"}),
        ("unet", {"encoder": "tu-tf_efficientnet_lite0"}),
        ("segformer", {"encoder": "mit_b0"}),
        ("deeplabv3plus", {"encoder": "resnet50", "options": {"encoder_output_stride": 8}}),
        ("dpt", {"encoder": "tu-vit_small_patch14_dinov2"}),
    ],
)
def test_the_numbers_of_networks_are_those_that_torch_counts(architecture, more):
    """Of a forward pass: of a backward one torch counts more than there is where convolutions have groups."""
    network = Network(architecture=architecture, steps=1, **more)
    small = architecture in ("unet1x1", "evalnet")
    with without_numbers():
        made = networks.build(network.model_dump(mode="json", exclude={"resources"}), 3, 3)
    channels = 3 + 3 * (architecture == "evalnet")  # which sees a mask of three planes too
    side = 64 if small else 252 if "patch14" in network.encoder else 256
    with FlopCounterMode(display=False) as counter:
        made(torch.zeros(2, channels, side, side, device="meta"))  # two, for BatchNorm
    gflop = counter.get_total_flops() / 2 * (256 / side) ** 2 / 1e9
    weights = sum(one.numel() for one in made.parameters()) / 1e6
    size = network_size.size_of(network)
    assert 0.9 * 3 * gflop <= size.gflop <= 3 * gflop * (1.1 if small else 2.5)
    assert 0.9 * weights <= size.weights <= weights * (1.1 if small else 1.6) or architecture == "pspnet"


def test_the_plan_asks_for_them_and_a_command_line_corrects_them(root, in_tmp):
    """Of a table that exists at once; where it is still to be made Snakemake asks again."""
    subsets = in_tmp / "data/nuclei/splits/few"
    subsets.mkdir(parents=True)
    for subset in ("labelled", "unlabelled", "val", "test", "hidden"):
        (subsets / f"{subset}.csv").write_text("id,image\n" + "a,b\n" * 100)
    (in_tmp / "data/nuclei/dataset.json").write_text('{\n "dataset": "nuclei"\n}\n')
    (in_tmp / "data/nuclei/files.csv").write_text("id,image,label,image_sha256\n")
    target = "results/demo_14.ldt/gen0/pairs.csv"
    plan = partial(snakemake, PLAIN, "-n", "--snakefile", root / "Snakefile", target)
    done = plan()
    assert done.returncode == 0 and "rule assemble_pairs" in done.stdout + done.stderr, done.stdout + done.stderr
    assert "mem_mb=3500" in done.stdout + done.stderr
    done = plan("--set-resources", "assemble_pairs:mem_mb=123")
    assert "mem_mb=123" in done.stdout + done.stderr


def test_each_rule_that_takes_a_card_says_how_much_memory_and_time(root):
    rules = "".join(path.read_text("utf-8") for path in sorted((root / "workflow/rules").glob("*.smk")))
    cards = [block for block in re.split(r"^rule ", rules, flags=re.MULTILINE)[1:] if "gpu=" in block]
    assert len(cards) >= 5
    assert not [block.split(":")[0] for block in cards if "mem_mb=" not in block or "runtime=" not in block]


def test_views_of_a_teacher_count_in_time_and_not_in_masks(run):
    """ST++: three checkpoints see an image once, and the best teacher in five sizes and mirrored."""
    seen = 2 * (0.25 + 0.5625 + 1 + 2.25 + 4)
    one, three = (run(experiment=f"method: {name}\n") for name in ("st_plus_plus", "st_plus_plus_im"))
    assert (one.voters(1), one.passes(1), three.voters(1), three.passes(1)) == (3, 3 + seen, 3, 3 * seen)
    many, few = (resources.predicting(one, 0, 10_000, 3, passes) for passes in (one.passes(1), None))
    assert many.mem_mb == few.mem_mb and many.runtime > few.runtime
    assert run(experiment="method: im\n").passes(1) == 2
    plain = run(experiment="method: st_plus_plus\ntta: {mode: none}\n")
    assert plain.first(1) == "best" and plain.passes(1) == 4
