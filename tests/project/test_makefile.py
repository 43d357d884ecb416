"""The environment that make makes, with a Python that only notes what it is asked for."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PYTHON = '#!/bin/sh\necho "$*" >> asked\nif [ "$2" = venv ]; then mkdir -p "$3/bin" && cp python "$3/bin/python"; fi\n'


@pytest.fixture
def make(root, in_tmp):
    """`make environment` in a folder of its own."""
    Path("envs").mkdir()
    for name in ("Makefile", "pyproject.toml", "setup.py", "envs/requirements.lock"):
        shutil.copy(root / name, name)
    Path("python").write_text(PYTHON)
    Path("python").chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "VENV"))}

    def run(*words):
        command = ["make", "environment", f"PYTHON={in_tmp}/python", *words]
        return subprocess.run(command, capture_output=True, text=True, env=kept)

    return run


@pytest.mark.parametrize("kind", ["folder", "link", "dangling"])
def test_an_environment_that_make_did_not_make_stays(make, kind):
    if kind == "folder":
        Path(".venv").mkdir()
        Path(".venv/mine").touch()
    else:
        Path("elsewhere").mkdir()
        Path(".venv").symlink_to("elsewhere" if kind == "link" else "gone")
    done = make()
    assert (done.returncode and not Path("asked").exists()) or "venv" not in Path("asked").read_text()
    assert "make did not make it" in done.stderr and "  make environment VENV=.venv\n" in done.stderr
    assert Path(".venv/mine").exists() if kind == "folder" else Path(".venv").is_symlink()
    assert make("VENV=.venv").returncode == 0


def test_its_own_is_made_anew_when_it_is_half_made_or_of_another_lock(make):
    assert make().returncode == 0 and make().returncode == 0
    asked = Path("asked").read_text()
    assert asked.count("-m venv .venv") == 1 and asked.count("--editable") == 1
    Path(".venv/old").touch()
    with open("envs/requirements.lock", "a") as lock:
        lock.write("# another one\n")
    assert make().returncode == 0 and not Path(".venv/old").exists()
    for sign in Path(".venv").glob("made-[0-9a-f]*"):
        if sign.name != "made-by-make":
            sign.unlink()  # killed in the middle
    Path(".venv/half").touch()
    assert make().returncode == 0 and not Path(".venv/half").exists()
    assert Path("asked").read_text().count("-m venv .venv") == 3


def test_an_empty_folder_is_taken(make):
    Path(".venv").mkdir()
    assert make().returncode == 0 and Path(".venv/bin/python").exists()


def test_what_runs_on_a_forge_and_before_a_commit_is_what_make_has(root):
    """One job a Python of ours calls `.ci/run` alone; each hook is a check of `make lint`; what `.ci/run` asks of make is there."""
    [job] = yaml.safe_load((root / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    least = re.search(r'requires-python = ">=(.*?)"', (root / "pyproject.toml").read_text("utf-8"))[1]
    assert job["strategy"]["matrix"]["python"][0] == least
    makefile = (root / "Makefile").read_text("utf-8")
    lint = re.search(r"^lint:.*?\n\n", makefile, re.MULTILINE | re.DOTALL)[0]
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks if hook["entry"].removesuffix(" --force-exclude") not in lint] == []
    asked = re.findall(r"^ *make (?:--silent )?(\w+)", (root / ".ci/run").read_text("utf-8"), re.MULTILINE)
    assert {"lint", "docs", "test", "plan"} <= set(asked)
    assert [name for name in asked if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
