"""Download one big file over HTTP: resumes, shows progress, and takes nothing for it that is something else."""

import http.client
import logging
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from dissent.config.source import Archive
from dissent.core.files import sha256

log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_TIMEOUT = 60  # seconds without a byte
_PATIENCE = 5  # tries in a row that bring no byte, of an address that gave some before
_FIRST_PATIENCE = 2


class Failed(Exception):
    """An address that does not give the file; the text says why."""


def download(archive: Archive, target: Path) -> None:
    """Download `archive` to `target` from the first of its addresses that has it; Failed gives the reason of each.

    What came before a break lies in `target`.part and is continued, on another mirror too: the digest tells at the end.
    """
    reasons = []
    part = target.with_name(target.name + ".part")
    for url in archive.urls:
        try:
            _from(url, archive, part)
            part.replace(target)
            return
        except Failed as error:
            log.warning("%s: %s", url, error)
            reasons.append(f"{url}: {error}")
    if part.exists() and not part.stat().st_size:
        part.unlink()
    raise Failed("\n  ".join(reasons))


def _from(url: str, archive: Archive, part: Path) -> None:
    fresh = not part.exists() or not part.stat().st_size
    while True:
        _fill(url, archive, part)
        log.info("%s: checking its SHA-256", archive.name)
        if sha256(part) == archive.sha256:
            return
        part.unlink()
        if fresh:
            raise Failed(f"gives {archive.bytes} bytes with another SHA-256 than {archive.sha256}")
        log.warning("%s: what was continued does not fit together; once more from the start", archive.name)
        fresh = True


def _fill(url: str, archive: Archive, part: Path) -> None:
    """Append to `part` until it has the size of the archive."""
    failures, patience = 0, _FIRST_PATIENCE
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    while (have := part.stat().st_size) < archive.bytes:
        try:
            _append(url, archive, part, have)
            reason = "the connection closed early"
        except urllib.error.HTTPError as error:
            if error.code == 416:
                part.write_bytes(b"")
            elif error.code < 500 and error.code not in (408, 429):
                raise Failed(f"answers {error.code} {error.reason}") from None
            reason = f"answers {error.code} {error.reason}"
        except urllib.error.URLError as error:
            reason = f"cannot be reached ({error.reason})"
        except (OSError, http.client.HTTPException) as error:
            reason = f"broke off ({error or type(error).__name__})"
        if part.stat().st_size > have:
            failures, patience = 0, _PATIENCE
            continue
        failures += 1
        if failures >= patience:
            raise Failed(reason)
        time.sleep(2.0**failures)
    if part.stat().st_size > archive.bytes:
        part.unlink()
        raise Failed(f"gives more than {archive.bytes} bytes")


def _append(url: str, archive: Archive, part: Path, have: int) -> None:
    """One request: continue at byte `have` if the server can, from the start if it cannot."""
    headers = {"User-Agent": "dissent", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        if "html" in answer.headers.get("Content-Type", "").lower():
            raise Failed("gives a web page (a login or an error page?) where the archive was expected")
        if answer.status == 206:
            where = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
            if where is None or int(where[1]) != have or where[2] not in ("*", str(archive.bytes)):
                raise Failed(f"continues another file ({answer.headers.get('Content-Range')})")
        else:
            have = 0
            length = answer.headers.get("Content-Length")
            if length is not None and int(length) != archive.bytes:
                raise Failed(f"offers {length} bytes where the archive has {archive.bytes}")
        progress = Progress(archive.name, have, archive.bytes)
        with open(part, "r+b") as sink:
            sink.seek(have)
            sink.truncate()
            first = have == 0
            while block := answer.read(_CHUNK):
                if first and not block.startswith(b"PK"):
                    raise Failed("gives no zip archive (a login or an error page?)")
                first = False
                sink.write(block)
                progress.add(len(block))
                if progress.done > archive.bytes:
                    return


class Progress:
    """Logs how far a download is, every ten seconds and at every twentieth of it."""

    def __init__(self, name: str, have: int, total: int, clock: Callable[[], float] = time.monotonic):
        self.name, self.start, self.done, self.total, self.clock = name, have, have, total, clock
        self.began = self.told = clock()
        self.step = have * 20 // total
        if have:
            log.info("%s: continues after %s", name, amount(have))

    def add(self, count: int) -> None:
        """Count more bytes."""
        self.done += count
        now, step = self.clock(), self.done * 20 // self.total
        if step == self.step and now - self.told < 10:
            return
        self.told, self.step = now, step
        rate = (self.done - self.start) / max(now - self.began, 1e-3)
        left = (self.total - self.done) / max(rate, 1.0)
        text = "%s: %s of %s (%.0f %%), %s a second, %d min %02d s left"
        share = 100 * self.done / self.total
        log.info(text, self.name, amount(self.done), amount(self.total), share, amount(rate), left // 60, left % 60)


def amount(count: float) -> str:
    """Bytes as a person reads them: 11.2 GB, 740 MB, 12 kB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"
