"""Writes the table of rooms in docs/explanation/architecture.md: each package, its first sentence, and what it imports.

`python tests/rooms.py`. A test compares the page with today's code.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "workflow" / "scripts" / "dissent"
PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def first_sentence(path: Path) -> str:
    """What a module says of itself."""
    told = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
    return re.split(r"(?<=[.!?])\s", told, maxsplit=1)[0]


def imported(path: Path) -> set[str]:
    """Names below `dissent` that a file imports, at any place of it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "dissent":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dissent."):
            found.add(node.module.split(".")[1])
    return found


def rooms() -> dict[str, set[str]]:
    """{package: packages that it imports}, the ones that know most others first."""
    names = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    direct = {
        name: {one for file in (LIBRARY / name).rglob("*.py") for one in imported(file)} & names - {name}
        for name in names
    }
    below = {name: set(found) for name, found in direct.items()}
    for _ in names:
        below = {name: found.union(*(below[one] for one in found)) for name, found in below.items()}
    return {name: direct[name] for name in sorted(names, key=lambda name: (-len(below[name] - {name}), name))}


def table() -> str:
    """The rooms in Markdown."""
    lines = ["| room | what it is | imports |", "|---|---|---|"]
    for name, found in rooms().items():
        told = first_sentence(LIBRARY / name / "__init__.py").replace("|", "\\|")
        lines.append(f"| `{name}` | {told} | {', '.join(f'`{one}`' for one in sorted(found)) or 'none'} |")
    return "\n".join([*lines, ""])


def filled(page: str) -> str:
    """The page with today's table."""
    return re.sub(r"(?<=<!-- rooms -->\n).*?(?=<!-- end -->)", lambda _: f"\n{table()}\n", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
