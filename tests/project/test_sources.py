"""Sources can be found: a section that code, settings or docs name stands in docs/reference/method_notes.md; versions agree."""

import re
from pathlib import Path

import pytest
import yaml

import dissent

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("*.py", "*.md", "*.yaml", "*.smk")
NOTES = ROOT / "docs" / "reference" / "method_notes.md"
CITED = re.compile(r"\bsections? (\d+(?:\.\d+)?)(?:, (\d+))?")
FOLDERS = ("workflow", "config", "docs", "benchmarks")


def citations() -> list[tuple[str, str, str]]:
    """(file, section, item or ""), wherever a section is named."""
    files = [path for folder in FOLDERS for kind in KINDS for path in sorted((ROOT / folder).rglob(kind))]
    return [(path.relative_to(ROOT).as_posix(), *match) for path in files for match in CITED.findall(path.read_text())]


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """{number: text} of the notes, a section without its subsections."""
    parts = re.split(r"^#{2,3} (\d+(?:\.\d+)?)\.? .*$", NOTES.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_section_that_is_named_is_there(sections):
    named = citations()
    assert len(named) > 50
    assert [one for one in named if one[1] not in sections] == []


def test_every_item_of_a_section_that_is_named_is_there(sections):
    named = [one for one in citations() if one[2]]
    assert len(named) > 20
    assert [one for one in named if not re.search(rf"^{one[2]}\. ", sections[one[1]], re.MULTILINE)] == []


def test_the_version_to_cite_is_the_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == dissent.__version__
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert heads[:2] == ["[Unreleased]", f"[{cited['version']}] - {cited['date-released']}"]
    assert f"## {heads[1]}\n\nThe first release.\n" in text, "a merge put lines into a release"
