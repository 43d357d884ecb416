"""Studies in the config: what they name, which runs they are, what these share, and what is refused."""

import re
from pathlib import Path

import pytest
from discs import prepared
from study_data import BASE, code, plan_of

from dissent.config.fractions import parted, with_share
from dissent.config.resolve import Config
from dissent.core.files import UserError, read_table, write_text
from dissent.datasets import split
from dissent.planning.command_line import check_asked
from dissent.planning.paths import Plan


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE + "sedes: [1]\n", ["`sedes` is not an option of", "mine.yaml; did you mean `seeds`?"]),
        (BASE.replace("aldt", "altd"), ["`altd` in", "mine.yaml is none of the methods; did you mean `aldt`?"]),
        (BASE.replace("tiny", "tiyn"), ["`tiyn` in", "none of the experiments; did you mean `tiny`?"]),
        (BASE + "seeds: [1, 2, 1]\n", ["mine.yaml", "`seeds` names 1 twice"]),
        (BASE + "seeds: []\n", ["`seeds: []` in", "mine.yaml"]),
        (BASE + "more_seeds: {aldt: [1]}\n", ["`more_seeds.aldt` names 1 twice"]),
        (BASE + "more_seeds: {im_claen: [2]}\n", ["speaks of im_claen", "did you mean `im_clean`?"]),
        (BASE + "label_fractions: [0.1, 1.5]\n", ["`label_fractions.1: 1.5` in", "less than 1"]),
        (BASE + "variants: {aldt: {of: im}}\n", ["`variants.aldt` in", "is the name of a method"]),
        (BASE.replace("aldt", "x") + "variants: {x: {of: imm}}\n", ["`imm` in", "did you mean `im`?"]),
        (
            BASE.replace("aldt", "x") + "variants: {x: {of: im, teachres: 3}}\n",
            ["`teachres`", "did you mean `teachers`?"],
        ),
        (BASE + "generations: two\n", ["stands twice"]),
        (BASE + "students: many\n", ["`students: 'many'`", "mine.yaml"]),
        (BASE + "select: larger\n", ["`select` is not an option of"]),
    ],
)
def test_a_wrong_study_names_file_value_and_remedy(root, in_tmp, text, words):
    with pytest.raises(UserError) as error:
        check_asked(plan_of(root, text), ["results/studies/mine/table.html"])
    assert all(word in str(error.value) for word in words), error.value


def test_varied_teachers_are_not_taken_from_a_pool_of_equal_ones(root, in_tmp):
    text = (
        BASE.replace("im_clean]", "im_clean, mixed]")
        + "variants: {mixed: {of: im_clean, diversify: {widths: [1, 2]}}}\n"
    )
    plan = plan_of(root, text)
    mixed, same = (plan.config.run(f"mine.tiny.{name}.s1") for name in ("mixed", "im_clean"))
    assert (plan.home(mixed), plan.home(same)) == (mixed.name, "mine.tiny.ldt_equal_steps.s1")


def test_a_study_is_not_called_like_an_experiment(root, in_tmp):
    with pytest.raises(UserError, match=r"tiny.yaml is called like the experiment tiny.*rename one"):
        plan_of(root, name="tiny").cells("tiny")


def test_cells_are_runs_with_the_keys_of_experiment_and_study(root, in_tmp):
    text = BASE.replace("im_clean]", "im, im_3]") + "students: 3\nseeds: [1, 2]\nmore_seeds: {im: [7]}\n"
    plan = plan_of(root, text + "variants: {im_3: {of: im, teachers: 3}}\n")
    names = [run.name for run in plan.cells("mine")]
    assert names[0] == "mine.tiny.ldt_equal_steps.s1" and "mine.tiny.im.s7" in names and len(names) == 4 * 2 + 1
    run = plan.config.run("mine.tiny.im_3.s2")
    assert (run.method_name, run.seed, run.method.last, run.at(1)["students"]) == ("im_3", 2, 1, 3)
    assert run.at(0)["teachers"] == 3 and plan.config.run("mine.tiny.im.s2").at(0)["teachers"] == 2
    assert plan.config.run("mine.tiny.aldt.s1").method.last == 0
    with pytest.raises(UserError, match=r"has generations 0 to 1.*config/studies/mine.yaml makes more"):
        run.at(2)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("results/studies/mine/gen0/metrics.json", "is nothing that a study makes"),
        ("results/studies/mine/report.html", "is nothing that a study makes"),
        ("results/mine/report.html", "is no run but a study: results/studies/mine/table.html"),
        ("results/studies/mime/table.html", "did you mean `mine`?"),
        ("results/mine.tiyn.im.s1/gen0/metrics.json", "did you mean `tiny`?"),
        ("results/mine.tiny.imm.s1/gen0/metrics.json", "did you mean `im`?"),
        ("results/mine.tiny/gen0/metrics.json", "is no run but a study"),
        ("results/studies/mine/labels.svg", "it has neither `label_fractions`"),
    ],
)
def test_a_wrong_run_of_a_study_is_told(root, in_tmp, target, words):
    plan = plan_of(root)
    with pytest.raises(UserError, match=re.escape(words)):
        check_asked(plan, [target])


def test_methods_of_a_study_share_the_pool_they_start_from(root, in_tmp):
    plan = plan_of(root, BASE.replace("aldt", "aldt, im, im_plus, model_ensemble"))
    ldt = plan.students(plan.config.run("mine.tiny.ldt.s1"), 0, "model.safetensors")
    for method in ("im", "im_plus", "model_ensemble"):
        run = plan.config.run(f"mine.tiny.{method}.s1")
        assert plan.students(run, 0, "model.safetensors") == ldt, method
        assert plan.students(run, 1, "x")[0] == f"results/mine.tiny.{method}.s1/gen1/students/1/x"
        # how many of the pool teach is the method's own
        assert plan.teachers(run, 1) == f"results/mine.tiny.{method}.s1/gen0/teachers.json"
        assert ldt[0].replace("model.safetensors", "cost.json") in plan.costs(run, 0)
    # other seeds, and runs outside of studies, train their own
    assert plan.students(plan.config.run("mine.tiny.im.s2"), 0, "x")[0].startswith("results/mine.tiny.ldt.s2/")
    assert plan.students(plan.config.run("tiny.im"), 0, "x")[0].startswith("results/tiny.im/gen0/")


def test_a_larger_start_pool_is_not_taken_from_a_smaller_one(root, in_tmp):
    plan = plan_of(root, BASE.replace("im_clean", "im_4") + "variants: {im_4: {of: im, students: 4, teachers: 4}}\n")
    assert plan.home(plan.config.run("mine.tiny.im_4.s1")) == "mine.tiny.im_4.s1"


def test_methods_of_a_study_share_equal_evalnets(root, in_tmp):
    plan = plan_of(
        root,
        BASE.replace("im_clean", "im_plus_plus, again, evalnet")
        + "variants: {again: {of: im_plus_plus, noise_copies: 0}}\n",
    )
    first, again, other = (plan.config.run(f"mine.tiny.{name}.s1") for name in ("im_plus_plus", "again", "evalnet"))
    assert plan.evalnets(again, "x") == plan.evalnets(first, "x")
    assert plan.evalnet_home(other) == other.name


def test_label_fractions_are_nested_splits_with_the_same_test_images(root, in_tmp):
    prepared(root)
    plan = plan_of(root, BASE + "label_fractions: [.15, .3, .5]\n")
    labelled, others = [], []
    for run in plan.cells("mine")[::3]:
        out = Path(plan.subset(run, "val")).parent
        split(plan.dividing("tiny", run.split), run.split, "data/tiny", str(out))
        subsets = {
            subset: {row["id"] for row in read_table(out / f"{subset}.csv")} for subset in ("labelled", "unlabelled")
        }
        labelled.append(subsets["labelled"])
        assert len(subsets["labelled"] | subsets["unlabelled"]) == 14
        others.append([(out / f"{subset}.csv").read_text() for subset in ("val", "test")])
    assert [len(ids) for ids in labelled] == [2, 4, 7]
    assert labelled[0] < labelled[1] < labelled[2] and others[0] == others[1] == others[2]
    check_asked(plan, ["data/tiny/splits/few-15pct/labelled.csv"])


def test_fractions_have_names():
    for share, name in ((0.02, "few-2pct"), (0.5, "few-50pct"), (0.005, "few-0_5pct"), (0.07, "few-7pct")):
        assert with_share("few", share) == name and parted(name) == ("few", share)
    assert parted("few") == ("few", None)


def test_a_split_that_names_its_labels_has_no_fractions(root, in_tmp):
    plan = plan_of(root, BASE.replace("tiny", "demo_14") + "label_fractions: [.5]\n")
    with pytest.raises(UserError, match="names its labelled images, so no share of them can be drawn"):
        plan.cells("mine")


def test_every_shipped_study_is_valid(root):
    plan = Plan({}, str(root))
    assert {"study_b", "study_small", "study_labels"} <= set(plan.config.names("studies"))
    for name in plan.config.names("studies"):
        assert plan.cells(name)


def test_published_numbers_stand_beside_what_matches_and_are_marked_elsewhere(root, in_tmp):
    from dissent.planning.tabulation import tabulation

    write_text(
        "settings/studies/mine.yaml",
        "experiments: [isic, isic_small]\nmethods: [aldt, im, im_clean, im_3]\nvariants: {im_3: {of: im, teachers: 3}}\n",
    )
    plan = Plan({"config_dir": "settings"}, str(root))
    same, small = (block["published"] for block in tabulation(plan.config, "mine", code)["blocks"])
    assert [table["name"] for table in same] == ["v3 Study B", "v2 curves"]
    everywhere = ["students ranked by the IoU of the whole set (theirs: mean over images)"]
    assert same[0]["rows"]["im"] == {"value": "72.3", "unlike": everywhere}
    assert same[1]["rows"]["im"] == {"value": "71.8", "unlike": everywhere}, "gen5's, the last"
    assert same[0]["rows"]["im_3"]["unlike"] == ["other teachers", *everywhere] and "im_clean" not in same[0]["rows"]
    assert small[1]["rows"]["im"]["value"] == "71.0", "gen2's"
    assert small[0]["rows"]["im"]["unlike"][:2] == ["data set isic_small", "split small"]


OF_CITIES = (
    "experiments: [cityscapes_19]\nmethods: [ldt_equal_steps, unimatch, unimatch_im]\nsplits: [u2pl_186, cps_744]\n"
)


def test_a_study_has_a_table_for_each_of_its_splits(root, in_tmp):
    plan = plan_of(root, OF_CITIES)
    runs = plan.cells("mine")
    assert [run.name for run in runs[::3]] == [
        f"mine.cityscapes_19-{one}.ldt_equal_steps.s1" for one in ("u2pl_186", "cps_744")
    ]
    assert [run.split for run in runs] == ["u2pl_186"] * 3 + ["cps_744"] * 3
    check_asked(plan, ["results/mine.cityscapes_19-cps_744.unimatch_im.s1/gen1/metrics.json"])
    for text, words in {
        OF_CITIES + "label_fractions: [.1]\n": "give `splits` or `label_fractions`",
        OF_CITIES.replace("744", "74"): "`split: cps_74` in .*; did you mean `cps_744`",
    }.items():
        with pytest.raises(UserError, match=words):
            plan_of(root, text).cells("mine")


def test_a_method_of_a_study_has_a_network_of_its_own_and_so_have_those_that_start_from_it(root, in_tmp):
    plan = plan_of(root, OF_CITIES + "networks: {unimatch: cityscapes_resnet50_u2pl}\n")
    names = {run.method_name: run.network_name for run in plan.cells("mine")}
    assert names["ldt_equal_steps"] == "cityscapes_resnet50"
    assert names["unimatch"] == names["unimatch_im"] == "cityscapes_resnet50_u2pl"
    first, second = (plan.config.run(f"mine.cityscapes_19-cps_744.{one}.s1") for one in ("unimatch", "unimatch_im"))
    assert plan.home(second) == first.name, "what unimatch trained is where unimatch_im begins"
    for text, words in {
        "networks: {unimatch: cityscapes_resnet5}\n": "none of the networks; did you mean",
        "networks: {unimach: cityscapes_resnet50}\n": "`networks` speaks of unimach",
    }.items():
        with pytest.raises(UserError, match=words):
            plan_of(root, OF_CITIES + text).cells("mine")


def test_published_numbers_depend_on_the_split_and_study_a_is_as_published(root, in_tmp):
    from dissent.planning.tabulation import tabulation

    plan = Plan({}, str(root))
    blocks = tabulation(plan.config, "study_a", code)["blocks"]
    assert [block["split"] for block in blocks] == ["u2pl_186", "u2pl_372", "u2pl_744", "u2pl_1488"]
    rows = [block["published"][0]["rows"] for block in blocks]
    decoder = "a lighter decoder (one separable convolution behind the join; theirs: two whole ones)"
    everywhere = [decoder, "an epoch has all training images (theirs: the unlabelled ones)"]
    assert rows[0]["im_clean"] == {"value": "72.53", "unlike": everywhere}
    assert rows[0]["unimatch_v2"]["unlike"] == everywhere[1:], "DINOv2 has a decoder of its own"
    assert [row["unimatch_im"]["value"] for row in rows] == ["74.10", "77.38", "78.58", "79.60"]
    assert blocks[0]["published"][0]["subset"] == "val"
    other = plan_of(root, OF_CITIES + "networks: {unimatch: cityscapes_resnet50_u2pl}\n")
    u2pl, cps = (block["published"] for block in tabulation(other.config, "mine", code)["blocks"])
    assert [table["name"] for table in u2pl] == ["v3 Study A"], "iMAS alone has others, and is not in the study"
    assert u2pl[0]["rows"]["unimatch"]["unlike"] == ["network cityscapes_resnet50_u2pl", *everywhere]
    assert [table["name"] for table in cps] == ["the methods' authors"]
    assert cps[0]["rows"]["unimatch"] == {
        "value": "77.49",
        "unlike": ["network cityscapes_resnet50_u2pl", *everywhere],
    }


def test_the_study_of_learners_has_every_one_of_them():
    config = Config("config")
    named = config.study("study_learners")[0].methods
    learners = {name for name in config.names("methods") if config.method(name).learn.name != "supervised"}
    assert learners <= set(named) and {"st_plus_plus", "st_plus_plus_im"} <= set(named)
    generations = {name: config.run(f"study_learners.isic_few.{name}.s1").method.last for name in named}
    assert {name for name, last in generations.items() if last == 2} == {"st_plus_plus", "st_plus_plus_im"}
