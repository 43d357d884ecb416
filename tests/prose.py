"""How plain the prose is: words and marks a sentence in README and docs, messages, docstrings and the report.

`python tests/prose.py` prints one line a group; `python tests/prose.py --worst 20 docs` prints the longest sentences of one.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "workflow" / "scripts"
LONG = 30  # words
_MARKS = re.compile(r"[,:;(]")
_MESSAGE = {"UserError", "Damaged", "warning", "info", "error", "append", "print"}
_ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|cf|vs|etc|et al|Fig|eq|no)\.", re.IGNORECASE)


class Measure(NamedTuple):
    """Of some sentences: their number, mean words, share of long ones, mean marks (commas, colons, semicolons, brackets)."""

    sentences: int
    words: float
    long: float
    marks: float


def sentences(text: str) -> list[str]:
    """The sentences of plain text; code and links count as one word."""
    text = re.sub(r"`[^`]*`", "X", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+", "X", text)
    text = _ABBREVIATIONS.sub(lambda found: found[0].replace(".", ""), text)
    text = re.sub(r"(?<=\d)[.,](?=\d)", "", text)
    parts = re.split(r"(?<=[.!?])[*_\")]*\s+(?=[\"(*_]*[A-ZÄÖÜ0-9X<])|\n\s*\n", " ".join(text.split(" ")))
    return [one for one in (" ".join(part.split()) for part in parts) if len(_words(one)) >= 3]


def _words(sentence: str) -> list[str]:
    return [word for word in re.findall(r"[\w'’/.-]+", sentence) if re.search(r"\w", word)]


def measure(found: Iterable[str]) -> Measure:
    """Counts over sentences."""
    every = list(found)
    lengths = [len(_words(one)) for one in every]
    count = max(1, len(every))
    return Measure(
        len(every),
        sum(lengths) / count,
        sum(length > LONG for length in lengths) / count,
        sum(len(_MARKS.findall(one)) for one in every) / count,
    )


def of_markdown(text: str) -> Iterator[str]:
    """Sentences of paragraphs and list items; tables, code blocks and headings are left out."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        stripped = line.strip()
        if stripped.startswith("|"):
            continue  # cells are no sentences: they would make the rest look plainer than it is
        starts = re.match(r"([-*+]|\d+\.)\s", stripped)
        if not stripped or stripped.startswith("#") or starts:
            yield from sentences(" ".join(block))
            block = []
        if stripped and not stripped.startswith("#"):
            block.append(re.sub(r"^([-*+]|\d+\.)\s+", "", stripped))


def of_docstrings(tree: ast.AST) -> Iterator[str]:
    """Sentences of the docstrings of a module, and of the texts below the keys of settings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            for one in node.body:
                if (
                    isinstance(one, ast.Expr)
                    and isinstance(one.value, ast.Constant)
                    and isinstance(one.value.value, str)
                ):
                    yield from of_markdown(one.value.value)


def of_messages(tree: ast.AST) -> Iterator[str]:
    """Sentences of the texts that a user may read: of errors, notes and the log; a value counts as one word."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _MESSAGE:
                for argument in node.args:
                    text = _text(argument)
                    if len(_words(text)) > 3:
                        yield from sentences(text)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "X" for part in node.values)
    return ""


def of_template(text: str) -> Iterator[str]:
    """Sentences of a page's template."""
    text = re.sub(r"\{#.*?#\}|<(script|style).*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}", "X", text, flags=re.DOTALL)
    for part in re.split(r"</?(?:p|li|td|th|h\d|div|section|summary|figcaption|caption|title)\b[^>]*>", text):
        plain = " ".join(re.sub(r"<[^>]+>", "", part).split())
        if len(_words(plain)) > 4:
            yield from sentences(plain)


def groups() -> dict[str, list[str]]:
    """{group: its sentences}."""
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted(LIBRARY.rglob("*.py"))]
    pages = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]
    templates = sorted((ROOT / "workflow" / "report").glob("*.j2"))
    return {
        "README": list(of_markdown((ROOT / "README.md").read_text("utf-8"))),
        "docs": [one for page in pages for one in of_markdown(page.read_text("utf-8"))],
        "config": list(of_markdown((ROOT / "config" / "README.md").read_text("utf-8"))),
        "docstrings": [one for tree in trees for one in of_docstrings(tree)],
        "messages": [one for tree in trees for one in of_messages(tree)],
        "report": [one for path in templates for one in of_template(path.read_text("utf-8"))],
    }


def main(words: list[str]) -> None:
    """Print the table, or the longest sentences of one group."""
    found = groups()
    if words[:1] == ["--worst"]:
        for one in sorted(found[words[2]], key=lambda text: -len(_words(text)))[: int(words[1])]:
            print(f"{len(_words(one)):3}  {one}")
        return
    print(f"{'group':12}{'sentences':>10}{'words':>8}{f'>{LONG}':>8}{'marks':>8}")
    for name, every in [*found.items(), ("all", [one for each in found.values() for one in each])]:
        got = measure(every)
        print(f"{name:12}{got.sentences:10}{got.words:8.1f}{got.long:8.1%}{got.marks:8.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
