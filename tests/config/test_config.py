"""Config: closed, frozen, and errors that say what to type instead."""

import subprocess
import sys
from pathlib import Path

import pytest

from dissent.config.base import parse_yaml, read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.config.method import Method
from dissent.config.network import Network
from dissent.config.resolve import Config
from dissent.config.task import TaskSettings
from dissent.core.files import UserError
from dissent.core.seeds import count_of


def write(folder, **files):
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_numbers_words_and_duplicates(tmp_path):
    write(tmp_path, a="rate: 1e-4\nanswer: no\nold: 010\n")
    assert read_yaml(tmp_path / "a.yaml") == {"rate": 1e-4, "answer": "no", "old": 10}
    write(tmp_path, b="x: 1\ny: 2\nx: 3\n")
    with pytest.raises(UserError, match=r"b\.yaml is not valid YAML: the key `x` stands twice \(line 3\)"):
        read_yaml(tmp_path / "b.yaml")


def test_yaml_runs_nothing(tmp_path):
    write(tmp_path, a=f"x: !!python/object/apply:os.system ['touch {tmp_path}/marker']\n")
    with pytest.raises(UserError, match="not valid YAML"):
        read_yaml(tmp_path / "a.yaml")
    assert not (tmp_path / "marker").exists()


def test_unknown_key_names_file_and_nearest(config, tmp_path):
    write(
        tmp_path, experiments__mine="dataset: nuclei\nsplit: few\nnetwork: unet1x1_small\nmethod: im\ngeneratoins: 2\n"
    )
    with pytest.raises(UserError) as error:
        config.run("mine")
    text = str(error.value)
    assert "`generatoins` is not an option of" in text and "experiments/mine.yaml; did you mean `generations`?" in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"inconsistency": {"inptu": "block"}},
            ["`inconsistency.inptu` is not an option", "did you mean `input`", "target"],
        ),
        ({"inconsistency": {"input": "blok"}}, ["`inconsistency.input: 'blok'`", "did you mean `block`", "'mean'"]),
        ({"generations": -1}, ["`generations: -1`", "greater than or equal to 0"]),
        ({"learn": {"name": "fixmach"}}, ["fixmach", "fixmatch"]),
        ({"learn": {"name": "fixmatch", "treshold": 0.9}}, ["treshold", "did you mean `threshold`"]),
        ({"generations": 1, "students": [3, 2, 2]}, ["`students` has 3 values for 2 generations"]),
        ({"generations": 1, "students": 1, "teachers": 2}, ["`teachers: 2` of gen0 is more than `students: 1`"]),
        ({"use_hidden_masks": True}, ["upper_bound: true"]),
        ({"noise_copies_by": "quality", "quality": {"by": "truth"}}, ["upper_bound: true"]),
        ({"generations": 1, "keep_originals": False}, ["`keep_originals: false` leaves no pairs"]),
        ({"select": "scored"}, ["`pseudo_label: scored` and `select: scored` go together"]),
        (
            {"generations": 1, "teachers": 1, "pseudo_label": "majority"},
            ["`pseudo_label: majority` needs at least 2 teachers"],
        ),
        (
            {"generations": 1, "teachers": 1, "pseudo_label": "best", "select": "stable"},
            ["`select: stable` needs", "2 teachers"],
        ),
        ({"voters": "checkpoints", "keep_checkpoints": 1}, ["`voters: checkpoints` needs `keep_checkpoints: 2`"]),
        ({"quality": {"low": 0.8, "high": 0.7}}, ["`low: 0.8` must be smaller than `high: 0.7`"]),
        ({"quality": {"used": 6}}, ["`used: 6` is more than `trained: 5`"]),
    ],
)
def test_method_refuses(value, words):
    with pytest.raises(UserError) as error:
        validate(Method, value, "config/methods/x.yaml")
    text = str(error.value)
    assert "config/methods/x.yaml" in text and "\n" not in text
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"mask_encoding": {"name": "zero_255", "threshold": 0}}, "`mask_encoding.threshold: 0` in d.yaml: input"),
        ({"mask_encoding": {"name": "folders", "folders": ["/a"]}}, "`mask_encoding.folders.0: '/a'` in d.yaml: must"),
        (
            {"mask_encoding": {"name": "channels", "treshold": 1}},
            "did you mean `threshold`? (options: name, threshold)",
        ),
        ({"mask_encoding": {"name": "colours"}}, "d.yaml lacks `mask_encoding.table`, which"),
        ({"mask_encoding": {"threshold": 1}}, "d.yaml lacks `mask_encoding.name`, which"),
        ({"geometry": {"name": "crops", "count": 0}}, "`geometry.count: 0` in d.yaml: input"),
        ({"geometry": {"name": "tiels"}}, "`geometry.name: tiels` in d.yaml: there are whole"),
        ({"parts": [{"name": "images", "images": 3}]}, "`parts.0.images: 3` in d.yaml: input"),
        ({"splits": {"val": {"labelled": 2, "val": -3}}}, "`splits.val.val: -3` in d.yaml: give"),
    ],
)
def test_a_refusal_names_the_keys_that_were_written(value, said):
    good = {"task": {"kind": "binary", "labels": ["a"]}, "raw": "raw", "size": [32, 32]}
    splits = {"few": {"labelled": 2, "val": 3}}
    with pytest.raises(UserError) as error:
        validate(Dataset, {**good, "splits": splits, **value}, "d.yaml")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"learn": {"name": "fixmatch", "threshold": 7}}, "`learn.threshold: 7` in m.yaml: input"),
        ({"generations": {"auto": "x"}}, "`generations.auto: 'x'` in m.yaml: input"),
        ({"students": [1, "x"]}, "`students.1: 'x'` in m.yaml: input"),
        ({"students": "x"}, "`students: 'x'` in m.yaml: input"),
    ],
)
def test_a_refusal_is_one_line_on_the_form_that_was_written(value, said):
    with pytest.raises(UserError) as error:
        validate(Method, value, "m.yaml")
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


def test_network_wants_one_budget():
    for value in ({"architecture": "unet1x1"}, {"architecture": "unet1x1", "steps": 2, "epochs": 1}):
        with pytest.raises(UserError, match="give the budget once"):
            validate(Network, value, "n.yaml")


def test_few_labels_never_give_zero_steps():
    network = Network(architecture="unet1x1", epochs=7, batch_size=32)
    assert [network.total_steps(pairs) for pairs in (1, 7, 32, 64, 70)] == [7, 7, 7, 14, 14]
    floored = Network(architecture="unet1x1", epochs=7, batch_size=32, least_steps=10)
    assert [floored.total_steps(pairs) for pairs in (1, 32, 64)] == [10, 10, 14]
    with pytest.raises(ValueError, match="`least_steps` goes with `epochs`"):
        Network(architecture="unet1x1", steps=7, least_steps=10)


def test_a_share_is_one_thing_at_least_where_there_are_any():
    assert [count_of(0.3, number) for number in (0, 1, 2, 10)] == [0, 1, 1, 3] and count_of(1.0, 3) == 3


def test_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Method().generations = 3


def test_runs_resolve(config, tmp_path):
    text = (
        "dataset: nuclei\nsplit: few\nnetwork: unet1x1_small\nmethod: im_clean\nseed: 3\ngenerations: 2\nstudents: 3\n"
    )
    write(tmp_path, experiments__mine=text + "augmentation: strong\ncontrols: [ldt_equal_steps, aldt]\n")
    run = config.run("mine")
    assert (run.method_name, run.seed, run.method.last, run.method.at(1)["students"]) == ("im_clean", 3, 2, 3)
    assert run.controls == ["ldt_equal_steps", "aldt"]
    assert run.at(0)["labelled_noise_copies"] == 0 and run.at(0)["augmentation"] == "strong"
    control = config.run("mine.aldt.s9")
    assert (control.method_name, control.seed, control.method.last) == ("aldt", 9, 0)
    # what makes a comparison fair holds for the controls too, what makes generations does not
    assert control.at(0)["students"] == 3 and control.at(0)["augmentation"] == "strong"
    with pytest.raises(UserError, match="has generations 0 to 2, not 3"):
        run.at(3)


def test_wrong_names_list_the_right_ones(config, tmp_path):
    with pytest.raises(UserError, match=r"`demoo` is none of the experiments.*did you mean `demo`"):
        config.run("demoo")
    with pytest.raises(UserError, match=r"`alddt` is none of the methods.*did you mean `aldt`"):
        config.run("demo.alddt")
    with pytest.raises(UserError, match="is no run"):
        config.run("demo.aldt.extra.s1")
    base = "dataset: nuclei\nnetwork: unet1x1_small\nmethod: im\nsplit: "
    write(tmp_path, experiments__mine=base + "fewer\n")
    with pytest.raises(UserError, match=r"`split: fewer`.*did you mean `few`"):
        config.run("mine")


def test_every_shipped_file_is_valid(root):
    config = Config(root / "config")
    for name in config.names("methods"):
        config.run(f"demo.{name}")  # with the demo's small pools: any method beside any experiment
    for name in config.names("networks"):
        config.network(name)
    for name in config.names("studies"):
        config.study(name)
    for name in config.names("datasets"):
        config.dataset(name)
    for name in config.names("experiments"):
        run = config.run(name)
        for control in run.controls:
            config.run(f"{name}.{control}")


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"kind": "binary", "labels": ["a", "b"]}, "binary task has 1 to 1 labels"),
        ({"kind": "multilabel", "labels": list("abcdefgh")}, "1 to 7 labels, not 8"),
        ({"kind": "multiclass", "labels": ["a", "a"]}, "twice"),
        ({"kind": "binary", "labels": ["a"], "doubt_class": True}, "multiclass"),
    ],
)
def test_task_refuses(value, word):
    with pytest.raises(UserError, match=word):
        validate(TaskSettings, value, "d.yaml")


def test_palettes_show_every_value():
    for value in (
        {"kind": "binary", "labels": ["x"]},
        {"kind": "multiclass", "labels": ["void", *"bcd"]},
        {"kind": "multilabel", "labels": list("abc")},
    ):
        palette = TaskSettings(**value).palette
        used = palette[: {"binary": 2, "multiclass": 4, "multilabel": 8}[value["kind"]]]
        assert len(palette) == 256 and len({tuple(colour) for colour in used}) == len(used)
        assert palette[0] == [0, 0, 0] and palette[255] == [255, 255, 255]


def test_resolving_settings_needs_no_torch(root):
    code = "import sys; import dissent.config.resolve, dissent.planning.rule_params, dissent.core.files; sys.exit('torch' in sys.modules)"
    path = str(root / "workflow" / "scripts")
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}).returncode == 0


def test_config_readme_is_up_to_date(root):
    from dissent.config.reference import render

    told = "run `python -m dissent.config.reference > config/README.md`"
    page = render()
    assert (root / "config" / "README.md").read_text("utf-8") == page, told
    assert "<class" not in page and "typing." not in page
    assert "| `labelled_batch_fraction` | number from 0 to 1 (*schedule*) |" in page
    assert "| `teachers` | integer above 0 or `all` (*schedule*) |" in page


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "\n".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 5000, "nested too deep"),
        ("a: " + "{b: " * 2000 + "1" + "}" * 2000, "nested too deep"),
        ("a: 1" + "0" * 400, "too large a number"),
        ("a: " + "9" * 5000, "too large a number"),
        (BOMB, r"aliases \(\*name\) grow"),
        ("&a [*a]", r"aliases \(\*name\) grow"),
    ],
    ids=["open", "maps", "digits", "many digits", "bomb", "ring"],
)
def test_yaml_that_would_end_in_a_traceback_or_eat_the_memory(in_tmp, text, words):
    Path("a.yaml").write_text(text)
    with pytest.raises(UserError, match=rf"a\.yaml is not valid YAML: .*{words}"):
        read_yaml("a.yaml")


def test_a_recursion_without_end_is_no_fault_of_the_file_that_is_read_in_it():
    def ask():
        parse_yaml("a: {b: 1}", "a.yaml")
        ask()

    with pytest.raises(RecursionError):
        ask()
