"""Snakemake itself: what a wrong config says, what is planned, a whole run, what reruns and what does not."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import warm_snakemake
from discs import SETTINGS

from dissent.cli.snakemake import targets_first
from dissent.config.resolve import Config
from dissent.core.files import UserError


def snakemake(root, *arguments, settings=SETTINGS, cwd="."):
    words = ["--cores", "2", "--snakefile", root / "Snakefile", *arguments, "--config", f"config_dir={settings}"]
    return warm_snakemake.snakemake(warm_snakemake.PLAIN, *words, cwd=cwd)


def planned(result):
    """{rule: jobs} of a dry run."""
    lines = result.stdout.splitlines() + result.stderr.splitlines()
    words = [line.split() for line in lines]
    return {word[0]: int(word[1]) for word in words if len(word) == 2 and word[1].isdigit() and word[0].islower()}


def mine(tmp_path, text, kind="experiments"):
    folder = tmp_path / "settings"
    shutil.copytree(SETTINGS, folder, dirs_exist_ok=True)
    (folder / kind / "mine.yaml").write_text(text)
    return folder


RULES_OF_A_RUN = (
    "assemble_pairs", "train", "rank_students", "predict", "build_masks", "evaluate", "cost", "audit", "browse",
    "report",
)  # fmt: skip
BASE = "dataset: tiny\nsplit: few\nnetwork: tiny\nmethod: im_clean\n"


WRONG = [
    (BASE + "generatoins: 2\n", ["`generatoins` is not an option of", "mine.yaml; did you mean `generations`?"]),
    (BASE + "generations: -2\n", ["`generations: -2`", "mine.yaml", "greater than or equal to 0"]),
    (BASE + "students: 2\nstudents: 3\n", ["the key `students` stands twice (line 6)"]),
    (BASE.replace("im_clean", "im_claen"), ["`im_claen` is none of the methods", "did you mean `im_clean`?"]),
    (BASE + "controls: [altd]\n", ["`altd` is none of the methods", "did you mean `aldt`?"]),
    (BASE + "learn: {name: fixmach}\n", ["`learn.name: fixmach`", "did you mean `fixmatch`?"]),
    (BASE + "students: [2, two]\n", ["`students.1: 'two'` in", "should be a valid integer"]),
    (BASE + "stride: 2\n", ["`stride` is not an option of"]),
    (BASE + "interval: 2\n", ["`interval` is not an option of"]),
    (BASE + "seed: true\n", ["`seed: True` in", "should be a valid integer"]),
    (BASE + "generations: '2'\n", ["`generations: '2'` in", "should be a valid integer"]),
    (BASE + "controls: [aldt, aldt]\n", ["`controls` in", "names a method twice"]),
    (BASE + "inconsistency: !!python/object/apply:os.system [touch marker]\n", ["mine.yaml is not valid YAML"]),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_config_is_told(root, in_tmp, text, words):
    config = Config(mine(in_tmp, text), root / "config")
    with pytest.raises(UserError) as told:
        config.controls("mine")
    assert all(word in str(told.value) for word in words), told.value
    assert not Path("marker").exists()


@pytest.mark.parametrize(("text", "words"), [WRONG[0], WRONG[4]])
def test_a_wrong_config_stops_the_plan(root, in_tmp, text, words):
    result = snakemake(root, "-n", "results/mine/report.html", settings=mine(in_tmp, text))
    told = result.stdout + result.stderr
    assert result.returncode != 0 and "Traceback" not in told
    assert all(word in told for word in words), told


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("results/tiny/gen3/metrics.json", "tiny has generations 0 to 2, not 3"),
        ("results/tiny/gen0/audit.json", "gen0 of tiny has no audit.json"),
        ("results/tiny/gen1/students/3/model.json", "gen1 of tiny has the students 1 to 2, not 3"),
        ("data/tiny/splits/fwe/val.csv", "`fwe` is no split of the data set tiny; did you mean `few`?"),
    ],
)
def test_a_wrong_target_stops_the_plan(root, in_tmp, target, words):
    result = snakemake(root, "-n", target)
    told = result.stdout + result.stderr
    assert result.returncode != 0 and words in told and "Traceback" not in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("setings=x", "`setings` is not an option of"),
        ("experiments=demo", "`experiments: 'demo'`"),
        ("config_dir=nowhere", "`config_dir: nowhere` is no folder"),
    ],
)
def test_a_wrong_word_behind_config_stops_the_plan(root, in_tmp, given, words):
    typed = ["--cores", "2", "--snakefile", root / "Snakefile", "-n", "--config", given]
    result = warm_snakemake.snakemake(warm_snakemake.PLAIN, *typed)
    told = result.stdout + result.stderr
    assert result.returncode != 0 and words in told and "Traceback" not in told


def test_the_published_chain_is_planned_without_data(root, in_tmp):
    result = snakemake(root, "-n", "results/isic/gen5/metrics.json")
    assert result.returncode == 0, result.stderr
    jobs = planned(result)
    assert (jobs["train"], jobs["predict"], jobs["build_masks"], jobs["evaluate"]) == (10 + 5 * 5, 5, 5, 1)
    assert jobs["fetch"] == jobs["prepare"] == jobs["split"] == 1


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("-n --cores 8 --resources gpu=2 results/x.json", "results/x.json -n --cores 8 --resources gpu=2"),
        ("--resources gpu=2 mem_mb=9 a b --cores 2", "a b --resources gpu=2 mem_mb=9 --cores 2"),
        ("--config config_dir=mine a", "a --config config_dir=mine"),
        ("a --resources=gpu=2 --cores 2", "a --resources=gpu=2 --cores 2"),
        ("--default-resources mem_mb=1 disk_mb='x' --cores 8", "--default-resources mem_mb=1 disk_mb='x' --cores 8"),
        ("--set-threads train=2 -- a", "--set-threads train=2 -- a"),
        ("--cores 2 a", "--cores 2 a"),
    ],
)
def test_a_target_behind_a_list_of_values_is_a_target(typed, read):
    assert " ".join(targets_first(typed.split())) == read


def commands(root):
    """Every `snakemake` line of README and docs that is complete as it stands."""
    found = set()
    for page in (root / "README.md", *(root / "docs").rglob("*.md")):
        for line in re.findall(r"(?:^|`)(snakemake [^`#\n]+)", page.read_text("utf-8"), re.MULTILINE):
            if not re.search(r"[A-Z]{3,}|\.\.\.|mine|cells|my_|im_noisy|EXPERIMENT|--unlock|--profile|\{", line):
                found.add(" ".join(line.split()))
    return found


def test_every_command_of_the_documents_is_understood(root, in_tmp):
    """As typed; the first of them by the `snakemake` of the environment."""
    lines = commands(root)
    assert "snakemake results/isic/gen5/metrics.json --cores 8 --resources gpu=2" in lines
    program = Path(sys.executable).with_name("snakemake")
    alone, several = [], {}  # those that differ in nothing but the target are planned at once
    for line in sorted(lines):
        words = shlex.split(line)[1:]
        first, *rest = targets_first(words)
        plain = not first.startswith("-") and all(
            word in ("--cores", "--resources") or word.isdigit() or word == "gpu=2" for word in rest
        )
        if plain:
            several.setdefault(tuple(rest), []).append(first)
        else:
            alone.append(words)
    for number, words in enumerate([*alone, *([*targets, *rest] for rest, targets in several.items())]):
        words = ["--snakefile", str(root / "Snakefile"), "-n", *words]
        if number:
            result = warm_snakemake.snakemake(warm_snakemake.OURS, *words)
        else:
            result = subprocess.run([program, *words], capture_output=True, text=True)
        assert result.returncode == 0, f"{words} {result.stdout[-500:]} {result.stderr[-2000:]}"


def test_a_dry_run_needs_no_torch(root, in_tmp):
    code = (
        "import sys; from snakemake.cli import main\n"
        f"try: main(['-n', '--snakefile', {str(root / 'Snakefile')!r}, 'results/isic/gen2/metrics.json'])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules and 'pydantic' in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-800:]


def test_missing_raw_data_is_told_by_the_job(root, in_tmp):
    result = snakemake(root, "data/tiny/dataset.json")
    told = result.stdout + result.stderr
    assert result.returncode != 0 and "error: " in told and "raw/tiny" in told and "Traceback" not in told
