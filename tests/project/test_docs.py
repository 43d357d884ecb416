"""The pages lead where they say: every link between files of this repository, and every heading behind a #."""

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import prose
import rooms

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def pages() -> list[Path]:
    """Every page that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "config" / "README.md"]


def anchors(text: str) -> set[str]:
    """The names by which a page's headings are linked, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_link_leads_somewhere():
    lost = []
    for page in pages():
        for target in LINK.findall(page.read_text("utf-8")):
            name, _, anchor = unquote(target).partition("#")
            there = page.parent / name if name else page
            if not there.exists() or (anchor and anchor not in anchors(there.read_text("utf-8"))):
                lost.append(f"{page.relative_to(ROOT)}: {target}")
    assert lost == []


NAMED = re.compile(
    r"(?<![\w/.-])(?:docs/[\w/-]+\.md|(?:tests|benchmarks|(?:workflow/scripts/)?dissent)/[\w/-]+\.(?:py|sh|npz))"
)


def texts() -> list[Path]:
    """Every page, and every file that people run or set."""
    code = [path for name in ("workflow", "benchmarks", "config") for path in sorted((ROOT / name).rglob("*"))]
    files = [ROOT / "Makefile", ROOT / "Snakefile", *code]
    return [
        *pages(),
        *(path for path in files if path.suffix in ("", ".py", ".smk", ".yaml", ".sh") and path.is_file()),
    ]


def test_every_file_of_ours_that_is_named_is_there():
    lost = []
    for text in texts():
        for name in NAMED.findall(text.read_text("utf-8")):
            if (
                not (ROOT / name).exists()
                and not (ROOT / "workflow" / "scripts" / name).exists()
                and "NAME" not in name
            ):
                lost.append(f"{text.relative_to(ROOT)}: {name}")
    assert lost == []


def test_the_page_of_rooms_is_the_truth_of_the_imports():
    page = rooms.PAGE.read_text("utf-8")
    assert rooms.filled(page) == page, "`python tests/rooms.py` writes docs/explanation/architecture.md anew"
    assert all(f"| `{name}` |" in page for name in rooms.rooms())


def defined(path: Path) -> set[str]:
    """Functions, classes and keys of settings that a module, or each module of a folder, has."""
    found = set()
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


def unanswered(row: str) -> list[str]:
    """What a row of "Who decides what" names and the library lacks: modules, and names in these or keys of `config`."""
    names = re.findall(r"`([^`]+)`", row.split("|")[2])
    places = [rooms.LIBRARY / name for name in names if "/" in name or name.endswith(".py")]
    lost = [path.relative_to(rooms.LIBRARY).as_posix() for path in places if not path.exists()]
    there = [path for path in places if path.exists()]
    known = set[str]().union(*map(defined, [*there, rooms.LIBRARY / "config"]), (path.name for path in there))
    known |= {inside.name for path in there if path.is_dir() for inside in path.iterdir()}
    return (
        lost
        + [name for name in names if rooms.LIBRARY / name not in places and name not in known]
        + ["no module"] * (not there)
    )


def test_each_question_of_a_stranger_is_answered_by_what_is_there():
    """One row a question; its answer names the module, and may name what in it decides."""
    part = rooms.PAGE.read_text("utf-8").partition("## Who decides what")[2]
    rows = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| question")]
    assert len(rows) >= 25
    assert {row.split("|")[1].strip(): lost for row in rows if (lost := unanswered(row))} == {}
    assert unanswered("| who? | `core/seeds.py`: `generator`, by `seed` |") == []
    assert unanswered("| who? | `core/sods.py` |") == ["core/sods.py", "no module"]
    assert unanswered("| who? | `generate` in `core/seeds.py` |") == ["generate"]


def test_the_first_page_is_short():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 150 and [line for line in lines if len(line) > 110] == []


def test_the_words_are_plain():
    """`python tests/prose.py --worst 20 GROUP` shows what to shorten."""
    found = {name: prose.measure(every) for name, every in prose.groups().items()}
    long = {
        name: one
        for name, one in found.items()
        if one.words > 18 or one.long > 0.1 or one.marks > 2 or one.sentences < 20
    }
    assert long == {}


def test_the_page_of_commands_is_what_the_parsers_say():
    from dissent.cli.reference import render

    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert page == render(), "`python -m dissent.cli.reference > docs/reference/cli.md` writes it anew"


def test_the_page_of_files_names_every_column():
    from dissent.core.columns import COUNTED, LABELLED, MASKS, PAIRS, PREDICTIONS, PREPARED, RAW, SCORES
    from dissent.report.study.page import LABEL_COLUMNS

    page = (ROOT / "docs" / "reference" / "files.md").read_text("utf-8")
    tables = (MASKS, PREDICTIONS, SCORES, LABELLED, PREPARED, RAW, PAIRS, COUNTED, LABEL_COLUMNS)
    assert [name for table in tables for name in table if f"`{name}`" not in page] == []
