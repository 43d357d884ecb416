"""`steps_from: all_generations`: labels alone for as many steps as all generations together."""

import shutil

import pytest
from discs import SETTINGS
from study_data import plan_of

from dissent.config.base import validate
from dissent.config.budget import pairs_and_steps
from dissent.config.method import Method
from dissent.config.network import Network
from dissent.config.resolve import Config
from dissent.core.files import UserError, write_text

SUBSETS = {"labelled": 4, "unlabelled": 8, "hidden": 8}


def steps(config, name):
    return pairs_and_steps(config.run(name), 0, SUBSETS)[1]


@pytest.mark.parametrize(("generations", "times"), [(1, 2), (3, 4), ("{auto: 5}", 6)])
def test_it_takes_the_steps_of_every_generation_of_the_experiment(root, in_tmp, generations, times):
    config = tiny(root, f"generations: {generations}\n")
    equal = steps(config, "mine.ldt_equal_steps")
    assert steps(config, "mine.im_clean") == steps(config, "mine") == equal > 1
    assert steps(config, "mine.ldt_equal_compute") == times * equal


def tiny(root, more):
    shutil.copytree(SETTINGS, "settings", dirs_exist_ok=True)
    text = (SETTINGS / "experiments/tiny.yaml").read_text("utf-8")
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("generations", *(["method"] if "method: " in more else [])))
    ]
    write_text("settings/experiments/mine.yaml", "\n".join(lines) + f"\n{more}")
    return Config("settings", root / "config")


@pytest.mark.parametrize(
    ("budget", "told"),
    [({"steps": 7}, 21), ({"epochs": 2, "least_steps": 5}, 18), ({"epochs": 1, "least_steps": 5}, 15)],
)
def test_budgets_in_steps_and_epochs_both_grow(budget, told):
    network = Network.model_validate(
        {"architecture": "unet1x1", "width": 0.25, "batch_size": 4, "optimizer": {"name": "adamw"}} | budget
    )
    assert network.times(3).student_steps("all_generations", 4, 4, 8) == told
    assert network.times(1) == network


def test_of_a_study_the_method_with_most_generations_counts(root, in_tmp):
    text = "experiments: [tiny]\nmethods: [ldt_equal_steps, aldt, long, im_clean, ldt_equal_compute]\n"
    config = plan_of(root, text + "variants: {long: {of: im_clean, generations: 4}}\ngenerations: 1\n").config
    compute, equal = (config.run(f"mine.tiny.ldt_equal_{name}.s1") for name in ("compute", "steps"))
    assert pairs_and_steps(compute, 0, SUBSETS)[1] == 5 * pairs_and_steps(equal, 0, SUBSETS)[1]


def test_it_is_a_key_of_a_methods_own_file(root, in_tmp):
    """In an experiment, or a variant of a study, it would count the generations of what asks how many there are."""
    said = "`steps_from: all_generations` of .* is for a method's own file: name the method `ldt_equal_compute`"
    own, beside = "steps_from: all_generations\nmethod: ldt\n", "methods: {ldt: {steps_from: all_generations}}\n"
    for more, name in ((own, "mine"), (beside, "mine.ldt")):
        config = tiny(root, more)
        with pytest.raises(UserError, match=said):
            config.run(name)
    text = "experiments: [tiny]\nmethods: [im_clean, long]\ngenerations: 1\n"
    plan = plan_of(root, text + "variants: {long: {of: ldt, steps_from: all_generations}}\n", "study")
    with pytest.raises(UserError, match=said):
        plan.config.run("study.tiny.long.s1")


def test_it_is_for_labels_alone(root, in_tmp):
    with pytest.raises(UserError, match="is for labels alone: leave `generations` out"):
        validate(Method, {"generations": 1, "steps_from": "all_generations"}, "mine.yaml")
    config = tiny(root, "generations: 1\nstart: ldt_equal_compute\n")
    with pytest.raises(UserError, match="takes the steps of all generations; name `ldt_equal_steps`"):
        config.run("mine")
