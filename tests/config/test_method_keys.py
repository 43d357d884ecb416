"""Keys of methods: schedules, ramps, teachers that differ, and what an experiment sets anew."""

import pytest
import yaml
from test_config import write

from dissent.config.method import Method
from dissent.config.resolve import Config
from dissent.core.files import UserError
from dissent.planning import resources, rule_params


def test_schedules_are_flattened():
    method = Method(generations=3, students=[10, 5], teachers=2, noise={"alpha": [0.1, 0.2], "beta": 5})
    assert [method.at(g)["students"] for g in range(4)] == [10, 5, 5, 5]
    assert [method.at(g)["noise"]["alpha"] for g in range(4)] == [0.1, 0.2, 0.2, 0.2]
    assert method.at(2)["noise"]["beta"] == 5


def test_ramps_begin_as_they_did_where_an_experiment_has_fewer_generations(root):
    config = Config(root / "config")
    long, short = config.run("isic.im_plus"), config.run("isic_small.im_plus")
    assert [long.network_at(g).width for g in range(6)] == [0.5, 0.5, 0.75, 1.0, 1.25, 1.5]
    assert [short.network_at(g).width for g in range(3)] == [0.5, 0.5, 0.75]
    assert [short.at(g)["noise_ramp"] for g in (1, 2)] == [0.2, 0.4] and short.at(1)["noise_copies"] == 1


def test_an_experiment_widens_those_that_grow_and_disturbs_all(root, tmp_path):
    text = (root / "config/experiments/isic_small.yaml").read_text()
    more = "width_factor: [1, 1, 3]\nnoise: {alpha: 0.3, beta: 15.0}\n"
    mine = Config(write(tmp_path, experiments__grown=text + more), root / "config")
    assert [mine.run("grown.im_plus").at(g)["width_factor"] for g in range(3)] == [1, 1, 3]
    assert {mine.run(f"grown.{m}").at(0)["width_factor"] for m in ("im", "aldt", "fdt")} == {1.0}
    assert mine.run("grown.aldt").at(0)["noise"] == {"alpha": 0.3, "beta": 15.0, "blur": 3, "noise": 25}


def test_students_who_teach_differ_in_turn_and_the_last_ones_do_not(root, tmp_path):
    text = (root / "config/experiments/isic_small.yaml").read_text().replace("students: 3", "students: [4, 2]")
    more = "diversify: {widths: [1, 1.5], augmentations: [strong, none, weak]}\n"
    run = Config(write(tmp_path, experiments__mixed=text + more), root / "config").run("mixed")
    for g in (0, 1):
        students = [rule_params.student(run, g, i, lambda *names: "code") for i in range(1, run.at(g)["students"] + 1)]
        assert [one["network"]["width"] for one in students] == [0.5, 0.75, 0.5, 0.75][: 4 - 2 * g]
        assert [one["method"]["augmentation"] for one in students] == ["strong", "none", "weak", "strong"][: 4 - 2 * g]
        assert run.network_at(g).width == 0.75  # the widest, by which memory is reckoned
    last = [rule_params.student(run, 2, i, lambda *names: "code") for i in (1, 2)]
    assert {(one["network"]["width"], one["method"]["augmentation"]) for one in last} == {(0.5, "strong")}
    assert resources.predicting(run, 2, 10_000, 2) == resources.predicting(run, 1, 10_000, 2)  # by teachers of gen1


def test_teachers_of_several_widths_need_a_network_that_has_widths(root, tmp_path):
    text = (root / "config/experiments/isic_small.yaml").read_text()
    network = "architecture: deeplabv3plus\nencoder: resnet18\nsteps: 10\nbatch_size: 2\n"
    more = text.replace("unet1x1_small", "deep") + "diversify: {widths: [1, 2]}\n"
    mine = Config(write(tmp_path, experiments__mixed=more, networks__deep=network), root / "config")
    with pytest.raises(UserError, match=r"`diversify.widths` of im_clean needs a unet1x1, not the deeplabv3plus"):
        mine.run("mixed")


def test_methods_may_have_keys_of_their_own_on_a_data_set(root, tmp_path):
    config = Config(root / "config")
    labels = {name: config.run(f"{name}.model_ensemble").method.pseudo_label for name in ("isic", "isic_small", "suim")}
    assert labels == {"isic": "unanimous", "isic_small": "mean", "suim": "mean"}
    views = {name: config.run(f"study_b.{name}.input_ensemble.s1").method.tta.mode for name in ("isic", "hela")}
    assert views == {"isic": "turned", "hela": "cumulative"}
    run = config.run("study_b.cityscapes.noisy_student.s1")
    ramp = [run.at(g)["noise"]["alpha"] * run.at(g)["noise_ramp"] for g in range(1, 6)]
    assert ramp == pytest.approx([0.05, 0.1, 0.2, 0.3, 0.4], abs=1e-4) and run.at(1)["noise"]["blur"] == 1
    text = (root / "config/experiments/isic_small.yaml").read_text()
    for more, words in (
        ("methods: {im_claen: {teachers: 3}}\n", "`im_claen` is none of the methods"),
        (
            "methods: {im_clean: {teachers: 3}}\n",
            "`methods.im_clean`.*is the experiment's own: its keys stand at the top",
        ),
        ("methods: {aldt: {labelled_copeis: 3}}\n", "labelled_copeis"),
    ):
        mine = Config(write(tmp_path, experiments__mine=text + more), root / "config")
        with pytest.raises(UserError, match=words):
            mine.run("mine.aldt")


def test_ps_mt_disturbs_labelled_images_strongly_where_others_do_not(root):
    config = Config(root / "config")
    for experiment in ("voc", "cityscapes_19"):
        found = {method: config.run(f"{experiment}.{method}") for method in ("ps_mt", "ps_mt_im", "unimatch_im")}
        assert [found["ps_mt"].at(0)["augmentation"], found["unimatch_im"].at(1)["augmentation"]] == ["strong", "weak"]
        assert {found["ps_mt_im"].at(g)["augmentation"] for g in (0, 1)} == {"strong"}


def test_who_rates_masks_learns_from_the_pools_that_are_named(root):
    config = Config(root / "config")
    run = config.run("isic_small.evalnet_ensemble.s2")
    assert run.rated_pools == ["isic_small.ldt.s2", "isic_small.aldt.s2"] and run.method.rates == "predictions"
    assert config.run("isic_small.im").rated_pools == [] and config.run("isic_small.im").evalnet is None
    assert config.run("isic_small.gt_im_plus_plus").evalnet is None
    assert config.run("isic.evalnet").at(0)["teachers"] == 10 and config.run("isic.evalnet").at(1)["teachers"] == 5


def test_students_settings_do_not_say_how_labels_were_made(root):
    """So a change of the vote or the filter that leaves pairs.csv alone trains nothing anew."""
    run = Config(root / "tests" / "settings", root / "config").run("tiny")
    found = rule_params.student(run, 1, 1, lambda *names: "code")
    assert not {"pseudo_label", "select", "teachers", "generations", "students"} & set(found["method"])
    assert "labels" not in found["method"] and "hidden" not in str(found)


def test_how_many_teach_is_a_key_of_their_own_generation(root, config, tmp_path):
    text = "dataset: nuclei\nsplit: few\nnetwork: unet1x1_small\nmethod: im_clean\ngenerations: 2\nstudents: [4, 3]\n"
    write(tmp_path, experiments__mine=text + "teachers: [3, 2, 2]\n")
    run = config.run("mine")
    assert [rule_params.ranking(run, g, lambda *_: "")["teachers"] for g in range(3)] == [3, 2, 2]
    assert [run.at(g)["students"] for g in range(3)] == [4, 3, 3]
    assert config.run("mine.aldt").at(0)["students"] == 4 and config.run("mine.im").at(1)["students"] == 3


OVERLAP = "dataset: {}\nsplit: few\nnetwork: unet1x1_demo\nmethod: im_clean\ngenerations: 1\ninconsistency: {{target: ignore_label}}\n"


@pytest.mark.parametrize(
    ("dataset", "target"),
    [("nuclei", "ignore"), ("nuclei_multiclass", "ignore"), ("nuclei_multilabel", "ignore_label")],
)
def test_doubt_by_label_is_for_labels_that_overlap(config, tmp_path, dataset, target):
    write(tmp_path, experiments__mine=OVERLAP.format(dataset))
    student = rule_params.student(config.run("mine"), 1, 1, lambda *names: "")
    assert student["method"]["inconsistency"]["target"] == target


def test_doubt_by_label_needs_room_in_the_byte(config, tmp_path):
    dataset = yaml.safe_load((config.folders[-1] / "datasets/nuclei_multilabel.yaml").read_text())
    dataset["task"]["labels"] += ["fourth", "fifth"]
    dataset["mask_encoding"] = {"name": "folders"}
    write(tmp_path, experiments__mine=OVERLAP.format("many"), datasets__many=yaml.safe_dump(dataset))
    with pytest.raises(
        UserError, match=r"`inconsistency\.target: ignore_label` is for 4 labels at most, and data set many has 5"
    ):
        config.run("mine")
