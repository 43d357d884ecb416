"""Where every id is a real class, no class is taught where teachers disagree; and what is learned is what is counted."""

import numpy as np
import pytest
import yaml
from test_generation import PALETTE, build, ids, predictions, settings

from dissent.cli.check import looks
from dissent.config.resolve import Config
from dissent.config.task import TaskSettings
from dissent.consensus import areas, consensus
from dissent.core.files import UserError, encode_png, read_mask, read_table, sha256, write_atomic
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.evaluation.diagnostic_facts import empties
from dissent.evaluation.diagnostics import raised
from dissent.planning import rule_params
from dissent.pseudolabels.aggregate import LABELERS
from dissent.pseudolabels.evalnet_examples import Examples, blocked
from dissent.pseudolabels.learned import columns_of, shares
from dissent.pseudolabels.quality import truth
from dissent.steps.build_masks import build_masks
from dissent.steps.score_pairs import _true_score
from dissent.training.data import apply_doubt

STREETS = TaskSettings(kind="multiclass", labels=["sky", "road", "tree"])


def of(**spec):
    return Task(TaskSettings(**spec).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("labels", "more", "background"),
    [
        (["sky", "road"], {}, None),
        (["background", "cell"], {}, 0),
        (["Background", "cell"], {}, 0),
        (["un-labelled", "cell"], {}, 0),
        (["road", "car", "void"], {}, 2),
        (["sky", "soil"], {"background": "soil"}, 1),
        (["doubt", "road"], {"doubt_class": True}, 0),
        (["background_of_the_sky", "road"], {}, None),
    ],
)
def test_which_label_means_nothing_in_particular(labels, more, background):
    assert of(kind="multiclass", labels=labels, **more).background == background


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "multiclass", "background": "rood"},
        {"kind": "multilabel", "background": "road"},
        {"kind": "multiclass", "background": "road", "doubt_class": True},
    ],
)
def test_a_background_that_cannot_be_is_refused(more):
    with pytest.raises(ValueError, match="background"):
        TaskSettings(labels=["sky", "road"], **more)


@pytest.fixture
def streets(root, tmp_path):
    """Configurations of an experiment on sky, road and tree: a function of the task and of the experiment's keys."""

    def config(task, **experiment):
        data = {"task": {"kind": "multiclass", "labels": ["sky", "road", "tree"], **task}, "raw": "raw/streets"}
        data |= {"size": [32, 32], "splits": {"few": {"seed": 1, "labelled": 4, "val": 4}}}
        own = {"dataset": "streets", "split": "few", "network": "tiny", "method": "im_clean"} | experiment
        for kind, values in (("datasets", data), ("experiments", own)):
            path = tmp_path / kind / "streets.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(values))
        return Config(tmp_path, root / "tests" / "settings", root / "config")

    return config


def test_of_two_labels_that_may_mean_nothing_one_is_asked_for():
    with pytest.raises(ValueError, match=r"`background` and `Void` may each be .*`background: background`"):
        TaskSettings(kind="multiclass", labels=["background", "cell", "Void"])
    assert of(kind="multiclass", labels=["background", "cell", "Void"], background="Void").background == 2
    assert TaskSettings(kind="multilabel", labels=["empty", "void"]).background is None


def test_black_is_the_background_and_every_label_has_a_colour_of_its_own():
    every = [
        TaskSettings(kind="multiclass", labels=[f"c{i}" for i in range(count)]).palette[:count]
        for count in (3, 19, 254)
    ]
    for found in every:
        assert len({tuple(colour) for colour in found} | {(0, 0, 0), (255, 255, 255)}) == len(found) + 2
        apart = np.abs(np.array(found)[:, None] - found).sum(-1)
        assert apart[~np.eye(len(found), dtype=bool)].min() > 40
    assert every[2][:19] == every[1] and every[1][:3] == every[0] == [[230, 159, 0], [86, 180, 233], [0, 158, 115]]
    last = TaskSettings(kind="multiclass", labels=["sky", "soil"], background="soil").palette
    assert last[:2] == [[230, 159, 0], [0, 0, 0]]
    for kind, labels in (("binary", ["a"]), ("multiclass", ["background", "a"])):
        assert TaskSettings(kind=kind, labels=labels).palette[:2] == [[0, 0, 0], [230, 159, 0]]


@pytest.mark.parametrize("method", ["im", "im_plus", "im_plus_plus", "aim_plus", "input_ensemble", "gt_im_plus_plus"])
def test_a_real_class_is_taught_by_no_published_method(streets, method):
    with pytest.raises(UserError, match=r"`sky`.*(ignore|mean).*`background: NAME`.*`doubt_class: true`"):
        streets({}, evalnet="tiny_evalnet").run(f"streets.{method}")
    named = streets({"background": "tree"}, evalnet="tiny_evalnet").run(f"streets.{method}")
    assert named.dataset.task.background == "tree"


def test_the_students_of_a_named_background_learn_it_and_not_id_0(streets):
    run = streets({"background": "tree"}).run("streets.im")
    rule = rule_params.student(run, 1, 1, lambda *names: "")["method"]["inconsistency"]
    image, target = apply_doubt(np.full((1, 2, 3), 9, np.uint8), ids("11"), ids("01"), rule, generator(0))
    assert target.tolist() == [[1, 2]] and image[0, 1].tolist() == [0, 0, 0]


def test_methods_without_doubt_or_that_ignore_it_run_on_real_classes(streets):
    config = streets({}, evalnet="tiny_evalnet")
    for method in ("ldt", "aldt", "fdt", "im_clean", "ensemble_clean", "noisy_student", "evalnet", "fixmatch_im"):
        config.run(f"streets.{method}")
    with pytest.raises(UserError, match="unanimous"):
        streets({}, pseudo_label="unanimous").run("streets")


def test_check_says_which_label_is_taught_where_teachers_disagree(streets):
    background = streets({"background": "tree"})
    [note] = looks._taught(None, background.run("streets.im")).notes
    assert "learn `tree`" in note and "rename it in data set streets" in note
    for run in (background.run("streets"), streets({"doubt_class": True}).run("streets.im")):
        assert looks._taught(None, run) == looks.Found()


def test_settings_of_every_method_resolve_on_published_and_demo_data(root):
    config = Config(root / "config")
    for name in ("suim", "cityscapes", "hela", "isic", "demo_multiclass", "demo_multilabel"):
        for method in config.names("methods"):
            if method != config.run(name).method_name and (name, method) != ("isic", "evalnet"):
                config.run(f"{name}.{method}")


def test_after_an_erosion_no_real_class_fills_what_no_teacher_agreed_on():
    far = np.stack([np.full((9, 9), 1, np.uint8), np.full((9, 9), 2, np.uint8)])
    far[:, 4, 4] = 0  # one pixel of sky on which both agree, all else in doubt
    real, left = consensus(far, "multiclass", erode=7, background=None)
    plain, freed = consensus(far, "multiclass", erode=7)
    assert freed.sum() < left.sum() == 81 - 9 and (real[3:6, 3:6] == 0).all()
    assert ((left != 0) | (real == 0)).all() and (plain == 0).all()
    other, gone = consensus(far, "multiclass", erode=7, background=2)
    assert (gone == freed).all() and (other[0] == 2).all() and other[4, 4] == 0


def test_agreement_on_a_real_class_is_agreement():
    votes = np.stack([ids("0012"), ids("0011")])
    assert areas(votes, "multiclass") == (1, 1)
    assert areas(votes, "multiclass", None) == (1, 3) and areas(votes, "multiclass", 1) == (1, 2)
    label, doubt, _, agreed = LABELERS["unanimous"](votes, "multiclass", background=2)
    assert label.tolist() == [[0, 0, 1, 2]] and not doubt.any() and agreed == 3
    with pytest.raises(AssertionError):
        LABELERS["unanimous"](votes, "multiclass", background=None)


def test_evalnets_see_doubt_as_no_class(in_tmp):
    task = Task(STREETS.model_dump(mode="json"))
    image, label, doubt = np.full((1, 4, 3), 7, np.uint8), ids("0112"), ids("0011")
    seen, mask = apply_doubt(image, label, doubt, blocked(task), generator(0))
    planes = Examples(seen[None], mask[None], np.zeros((1, 2, 3))).planes([0], task)[0, 0, :, 3:]
    assert planes.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]] and seen[0, 2].tolist() == [0, 0, 0]
    assert truth(mask, label, doubt, task).iou.tolist() == [1.0, 0.5, 0.0]
    nuclei = of(kind="multiclass", labels=["background", "cell", "rim"])
    assert apply_doubt(image, label, doubt, blocked(nuclei), generator(0))[1].tolist() == [[0, 1, 0, 0]]


def test_the_true_score_of_a_mask_with_doubt_compares_no_real_class_there(in_tmp):
    for name, mask in {"label": ids("1100"), "doubt": ids("0011"), "true": ids("1122")}.items():
        write_atomic(f"{name}.png", encode_png(mask, PALETTE))
    digests = {f"{name}_sha256": sha256(f"{name}.png") for name in ("label", "doubt")}
    row = {"label": "label.png", "doubt": "doubt.png", **digests}
    hidden = {"label": "true.png", "label_sha256": sha256("true.png")}
    streets, nuclei = Task(STREETS.model_dump(mode="json")), of(kind="multiclass", labels=["void", "a", "b"])
    assert _true_score(row, hidden, streets, "masks.csv", "hidden.csv") == 1.0  # road, and nothing else is known
    assert _true_score(row, hidden, nuclei, "masks.csv", "hidden.csv") == 1.0  # road, and doubt as published
    write_atomic("true.png", encode_png(ids("1022"), PALETTE))
    hidden["label_sha256"] = sha256("true.png")
    assert _true_score(row, hidden, streets, "masks.csv", "hidden.csv") == pytest.approx((1 / 2 + 0) / 2)
    assert _true_score(row, hidden, nuclei, "masks.csv", "hidden.csv") == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_shares_are_of_what_is_learned(in_tmp):
    task = of(kind="multiclass", labels=["background", "a", "b"])
    rows = list(build("multiclass", {"x": [ids("0112"), ids("0122")], "y": [ids("1111"), ids("1112")]}).values())
    rows = [
        row | {"pixels_background": row["pixels_a"], "pixels_a": row["pixels_b"], "pixels_b": row["pixels_c"]}
        for row in rows
    ]
    assert shares(rows, task, "ignore") == pytest.approx({"background": 1 / 6, "a": 4 / 6, "b": 1 / 6})
    assert shares(rows, task, "background") == pytest.approx({"background": 3 / 8, "a": 4 / 8, "b": 1 / 8})


def test_shares_of_labels_that_overlap_follow_the_doubt_of_each(in_tmp):
    # bits: 1 a, 2 b, 4 c; teachers differ about b in the second pixel and about c in the third
    row = build("multilabel", {"x": [ids("1314"), ids("1150")]})["x"]
    assert read_mask("inconsistency/x.png").tolist() == [[0, 2, 4, 4]]
    task = of(kind="multilabel", labels=["a", "b", "c"])
    assert shares([row], task, "ignore") == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert shares([row], task, "background") == {"a": 0.25, "b": 0.0, "c": 0.0}
    assert shares([row], task, "ignore_label") == {"a": 0.75, "b": 0.0, "c": 0.0}
    assert [name for name in row if name.startswith(("pixels_", "own_", "known_"))] == columns_of(task)


def test_a_flood_of_background_is_told_where_doubt_is_learned_as_that():
    """Teachers agree on every class in the right share, and half of the pixels are in doubt."""
    pixels = {"pixels_background": 5, "pixels_a": 25, "pixels_b": 20}
    row = {"pixels": 100, "doubt_share": 0.5, **pixels}
    task = of(kind="multiclass", labels=["background", "a", "b"])
    people = {"background": 0.1, "a": 0.5, "b": 0.4}

    def alarms(target, kept_for_doubt=None):
        pseudo = {"class_share": shares([row], task, target), "labelled_class_share": people}
        pseudo |= {
            "empty_share": 0,
            "labelled_empty_share": 0,
            "disagreement": 0.5,
            "doubt_share": 0.5,
            "images": 1,
            "kept": 1,
        }
        pseudo |= {"dropped": {}, "small_of_dropped": None, "kept_for_doubt": kept_for_doubt}
        teachers = {"asked": 2, "different": 2}
        facts = {
            "pseudo": pseudo,
            "teachers": teachers,
            "history": [{"score": 0.5, "sd": 0.1, "doubt": None, "changed": None, "zero": 0, "students": 2}],
            "ranked_by": "val iou",
            "subsets": {},
            "shown": {},
            "had": (),
        }
        return [one["alarm"] for one in raised(facts)]

    assert alarms("background") == ["class_floods"]
    assert alarms("ignore") == [] and alarms("background", "background") == []


def test_an_image_of_one_real_class_is_not_empty(in_tmp):
    rows = [
        {"pixels_sky": 9, "pixels_road": 0, "pixels_tree": 0},
        {"pixels_sky": 0, "pixels_road": 2, "pixels_tree": 0},
    ]
    write_atomic("sky.png", encode_png(ids("00"), PALETTE))
    labelled = [{"label": "sky.png"}]
    assert empties(Task(STREETS.model_dump(mode="json")), rows, labelled) == {
        "empty_share": 0,
        "labelled_empty_share": 0,
    }
    last = of(kind="multiclass", labels=["sky", "road", "tree"], background="tree")
    assert empties(last, rows, labelled) == {"empty_share": 0, "labelled_empty_share": 0}
    first = of(kind="multiclass", labels=["sky", "road", "tree"], background="sky")
    assert empties(first, rows, labelled) == {"empty_share": 0.5, "labelled_empty_share": 1.0}


def test_masks_on_disk_keep_0_with_the_doubt_beside_it(in_tmp):
    images = {"x": [ids("0112"), ids("0212")]}
    build_masks(settings("multiclass"), predictions(images), None, "consensus", "inconsistency", "masks.csv")
    assert read_mask("consensus/x.png").tolist() == [[0, 0, 1, 2]]
    assert read_mask("inconsistency/x.png").tolist() == [[0, 1, 0, 0]]
    assert read_table("masks.csv")[0]["agreed_foreground"] == "3"  # `a`, id 0, is a class of its own
