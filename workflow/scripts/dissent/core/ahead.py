"""Work that is done while the work before it is used."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with what `function` makes of it; a thread makes the next one while the caller has this one."""
    with ThreadPoolExecutor(1) as worker:
        waiting: tuple[Item, Future[Result]] | None = None
        for item in items:
            coming = item, worker.submit(function, item)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = coming
        if waiting is not None:
            yield waiting[0], waiting[1].result()
