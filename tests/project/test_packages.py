"""Packages: what the project needs, what the lock and the conda file pin, and that no file names a place of packages."""

import contextlib
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from test_plumbing import FILES, ROOT, SCRIPTS, imports, parsed


def pins(lines: list[str]) -> dict[str, str]:
    """Package -> version; everything must be pinned."""
    found = {}
    for line in lines:
        name, _, version = line.split(";")[0].strip().partition("==")
        assert re.fullmatch(r"[\w.!+]+", version), f"{line} is no exact version"
        found[re.sub(r"[-_.]+", "-", name).lower()] = version
    return found


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    lines = (ROOT / "envs" / "requirements.lock").read_text().splitlines()
    return pins([line for line in lines if line and not line.startswith("#")])


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def required(*extras: str) -> dict[str, str]:
    """Package -> lower bound, of pyproject.toml."""
    lines = [
        *project()["dependencies"],
        *(line for extra in extras for line in project()["optional-dependencies"][extra]),
    ]
    return dict(line.split(">=") for line in lines)


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def test_the_lock_has_what_the_project_needs(lock):
    # for who asks for it: 180 MB, and a page that nothing here needs
    wanted = required(*(set(project()["optional-dependencies"]) - {"openvino", "tensorboard"}))
    assert set(wanted) <= set(lock)
    assert not {name for name, bound in wanted.items() if version(lock[name]) < version(bound)}


def test_the_conda_file_names_the_versions_of_the_lock(lock):
    conda = yaml.safe_load((ROOT / "envs" / "dissent.yaml").read_text())
    python, pip, packages = conda["dependencies"]
    assert pip == "pip"
    assert version(python) >= version(project()["requires-python"])
    named = pins(packages["pip"])
    assert set(named) == set(required("workflow"))
    assert named == {name: lock[name] for name in named}


OF_SNAKEMAKE = {"snakemake_interface_logger_plugins"}
"""what Snakemake itself requires"""


def test_the_library_imports_nothing_that_is_not_required():
    names = {"pyyaml": "yaml", "pillow": "PIL", "segmentation-models-pytorch": "segmentation_models_pytorch"}
    packages = required("workflow", "export", "pretrained", "openvino")
    allowed = (
        {names.get(name, name.replace("-", "_")) for name in packages}
        | set(sys.stdlib_module_names)
        | {"dissent"}
        | OF_SNAKEMAKE
    )
    used = {name.split(".")[0] for path in [*FILES, *SCRIPTS] for name in imports(parsed(path))}
    assert used - allowed == set()


def test_no_file_names_a_place_of_packages():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    places = re.compile(r"pypi\.|pythonhosted|anaconda\.(com|org)|download\.pytorch|--(extra-)?index-url|find-links")
    named = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path == Path(__file__) or path.suffix in (".png", ".jpg") or not path.is_file():
            continue
        if places.search(path.read_text("utf-8", errors="replace")):
            named.append(name)
    assert listed.returncode == 0 and named == []


def test_every_pin_takes_the_oldest_python(lock):
    """`requires-python` says 3.11, so 3.11.0 must do: pip refuses a whole lock for one package that wants 3.11.5."""
    wanted = {}
    for name in lock:
        with contextlib.suppress(metadata.PackageNotFoundError):  # of other systems
            wanted[name] = metadata.metadata(name)["Requires-Python"] or ""
    assert len(wanted) > 100
    assert {name: says for name, says in wanted.items() if not SpecifierSet(says).contains("3.11.0")} == {}
