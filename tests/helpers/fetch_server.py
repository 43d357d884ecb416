"""A server on this machine with archives like those of ISIC 2018 Task 1, which can misbehave."""

import contextlib
import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from raw_data import ids, photo

from dissent.core.files import encode_png

PARTS = ("Training", "Validation", "Test")


def archive_of(folder: str, files: dict[str, bytes]) -> bytes:
    """A zip as the official ones: one folder, and text files beside the images."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(f"{folder}/", b"")
        opened.writestr(f"{folder}/LICENSE.txt", b"CC-0")
        opened.writestr(f"__MACOSX/{folder}/._x", b"junk")
        for name, content in files.items():
            opened.writestr(f"{folder}/{name}", content)
    return stream.getvalue()


def official() -> dict[str, bytes]:
    """Six archives with the layout of ISIC 2018 Task 1."""
    archives = {}
    for number, part in enumerate(PARTS):
        names = [f"ISIC_{number}{i}" for i in range(4)]
        images = {f"{name}.jpg": encode_png(photo(hash_of(name), 40, 60)) for name in names}
        masks = {f"{n}_segmentation.png": encode_png(ids(hash_of(n), 2, 40, 60) * np.uint8(255)) for n in names}
        for folder, files in (
            (f"ISIC2018_Task1-2_{part}_Input", images),
            (f"ISIC2018_Task1_{part}_GroundTruth", masks),
        ):
            archives[f"{folder}.zip"] = archive_of(folder, files)
    return archives


def hash_of(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)


class Server:
    """Serves `files` and keeps the log of requests; `faults` are done one after the other, then it behaves."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.faults: list[str] = []
        self.ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(ConnectionError):  # who asked may have hung up: that is the fault
                    outer.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, handler) -> None:
        wanted = handler.headers.get("Range")
        self.requests.append((handler.path, wanted))
        fault = self.faults.pop(0) if self.faults else ""
        content = self.files.get(handler.path.lstrip("/"))
        if fault == "error" or content is None:
            handler.send_error(503 if fault == "error" else 404)
            return
        if fault in ("page", "typeless page"):
            content, kind = b"<!doctype html><html>log in</html>", "text/html; charset=utf-8"
            if fault == "typeless page":
                content, kind = content.ljust(len(self.files[handler.path.lstrip("/")])), "application/zip"
            self.send(handler, 200, content, {"Content-Type": kind})
            return
        if wanted and self.ranges and fault != "no range":
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                handler.send_error(416)
                return
            claimed = start + 1 if fault == "wrong range" else start
            head = {"Content-Range": f"bytes {claimed}-{len(content) - 1}/{len(content)}"}
            self.send(handler, 206, content[start:], head)
            return
        if fault == "break":
            self.send(handler, 200, content, {}, sent=len(content) * 2 // 3)
            return
        self.send(handler, 200, content, {})

    def send(self, handler, status, content, headers, sent=None) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Type": "application/zip", "Content-Length": str(len(content))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content[:sent])

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
