"""What code a job runs: the script of its rule, and all of the library that this imports, read from the syntax. No torch."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from dissent.core.files import digest
from dissent.core.places import LIBRARY, SHIPPED


class Library:
    """The scripts of the rules, and the library; every file is read once."""

    def __init__(self, scripts: str | Path = SHIPPED / "workflow" / "scripts", package: str | Path = LIBRARY):
        """`package`: the folder `dissent`."""
        self.scripts, self.package = Path(scripts), Path(package)
        self.code = cache(self._code)
        self._read = cache(self._text)
        self._sha = cache(lambda path: digest(self._read(path)))
        self._modules = cache(lambda name: tuple(self._run_by(name)))

    def _code(self, rule: str, *used: str) -> str:
        """Digest (16 hex digits) of what a rule's script runs: an edit of a file in it reruns the rule, a touch does not.

        `used`: `PACKAGE/NAME` for each registry of which one entry alone is used (learners/fixmatch); files of the others do not count.
        """
        files = self.files(rule, *used)
        return digest([["/".join(self._parts(path)), self._sha(path)] for path in files])[:16]

    def files(self, rule: str, *used: str) -> list[Path]:
        """The script and what it imports, imports inside functions too, in order; ValueError names a file or an entry that lacks."""
        found: set[Path] = set()
        todo = [self.scripts / f"{rule}.py"]
        while todo:
            path = todo.pop()
            if path not in found:
                found.add(path)
                names = _imports(self._read(path), self._parts(path)[:-1]) - self._unused(path, used)
                todo += [one for name in names for one in self._modules(name)]
        return sorted(found)

    def _parts(self, path: Path) -> tuple[str, ...]:
        """The parts of a path as an import has them; of a script its name."""
        inside = path.is_relative_to(self.package)
        return path.relative_to(self.package.parent).parts if inside else (path.name,)

    def _text(self, path: Path) -> str:
        if not path.is_file():
            raise ValueError(f"no such library file: {path}")
        return path.read_text("utf-8")

    def _run_by(self, name: str) -> Iterator[Path]:
        """Files that an import of `name` runs: packages on the way to it, and its own; a name inside a module is in its file."""
        folder = self.package.parent
        for part in name.split("."):
            if (folder / part / "__init__.py").is_file():
                folder /= part
                yield folder / "__init__.py"
            else:
                if (folder / f"{part}.py").is_file():
                    yield folder / f"{part}.py"
                return

    def _unused(self, path: Path, used: Iterable[str]) -> set[str]:
        """What the `__init__.py` of a registry imports for entries that are not used, and for nothing else."""
        keys = {key for package, _, key in (one.partition("/") for one in used) if package == path.parent.name}
        if path.name != "__init__.py" or not keys:
            return set()
        tree = ast.parse(self._read(path))
        entries = _registry(tree, keys)
        if entries is None:
            raise ValueError(f"{path} has no registry with {', '.join(sorted(keys))}")
        names = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        modules = {key: self._modules(names[name])[-1] for key, name in entries.items()}
        needed = {modules[key] for key in keys}
        return {names[name] for key, name in entries.items() if modules[key] not in needed}


@cache
def _imports(text: str, package: tuple[str, ...]) -> frozenset[str]:
    """Full dotted names of what a file of a package imports of the library."""
    found: set[str] = set()
    for node in _statements(ast.parse(text).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in found if name.split(".")[0] == "dissent")


def _registry(tree: ast.Module, keys: set[str]) -> dict[str, str] | None:
    """{entry: the imported name that its value begins with} of the literal dict that has all of `keys`."""
    for node in tree.body:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Dict):
            entries: dict[str, str] = {
                key.value: next(part.id for part in ast.walk(of) if isinstance(part, ast.Name))
                for key, of in zip(value.keys, value.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            }
            if keys <= entries.keys():
                return entries
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements, those in functions too; what only a type checker sees is left out."""
    for node in body:
        yield node
        if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            yield from _statements(getattr(node, "body", []))
        for name in ("orelse", "finalbody"):
            yield from _statements(getattr(node, name, []))
        for part in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            yield from _statements(part.body)
