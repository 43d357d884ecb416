"""The product as its users call it, in this process: a code, all that was said, and what was said judged."""

import contextlib
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dissent.cli import main
from dissent.core.files import UserError
from dissent.runtime import Interrupted
from faults.suite import Lost, Silent, Unnamed


class Said(NamedTuple):
    """How a call ended: the exit code (1: our bug, or `check` and `verify` found something), and all words."""

    code: int
    text: str
    value: object = None


def dissent(*arguments: object) -> Said:
    """A command of `dissent`."""
    return heard(lambda: main([str(argument) for argument in arguments]))


def called(function: Callable, *arguments: object, **options: object) -> Said:
    """A step of the workflow, with its errors told as the jobs tell them (dissent/runtime)."""

    def step() -> int:
        value.append(function(*arguments, **options))
        return 0

    value: list = []
    said = heard(step)
    return said._replace(value=value[0] if value else None)


def heard(action: Callable[[], int]) -> Said:
    """Call, and tell how it ended: the exit code and all words."""
    words = io.StringIO()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words), _logged(words):
        try:
            code = action()
        except UserError as error:
            code = 2
            print(f"error: {error}")
        except Interrupted as error:
            code = 75
            print(error)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 2
        except (Silent, Lost, Unnamed):
            raise  # the suite's own verdict, which is no word of the product's
        except Exception:
            code = 1
            print(traceback.format_exc())
    return Said(code, words.getvalue())


@contextlib.contextmanager
def _logged(stream: io.StringIO) -> Iterator[None]:
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def refused(said: Said, *names: str) -> str:
    """`refused`: the product stopped and named all of these words (any of them where one is a tuple)."""
    if said.code == 0:
        raise Silent(f"went on, and should have stopped for {names}: {said.text[-600:]}")
    return named(said, *names) and "refused"


def named(said: Said, *names: str | tuple[str, ...]) -> str:
    """`told`: whatever the product did, it said all of these words, and no traceback."""
    if "Traceback" in said.text:
        raise Unnamed(f"ended in a traceback: {said.text[-1500:]}")
    lacking = [
        name for name in names if not any(one in said.text for one in ([name] if isinstance(name, str) else name))
    ]
    if lacking:
        raise (Unnamed if said.code else Silent)(f"does not name {lacking}: {said.text[-1500:]}")
    return "told"


def went_well(said: Said) -> Said:
    """The same, where nothing may go wrong: a good file is not refused."""
    if said.code:
        raise Unnamed(f"refused what is right (code {said.code}): {said.text[-1500:]}")
    return said
