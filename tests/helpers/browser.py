"""A page in headless Chromium, spoken to over its debugging pipe: standard library alone."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WHY_NOT = "no chromium on this machine (Debian: apt-get install chromium), so the report is opened in no browser"
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip


class Page:
    """One tab. `complaints`: what the console or the browser had to say; `loaded`: every address asked for."""

    def __init__(self, to_browser: int, from_browser: int, seconds: float):
        self._to, self._from, self._rest = to_browser, from_browser, b""
        self._deadline = time.monotonic() + seconds
        self._number, self._session = 0, None
        self.complaints: list[str] = []
        self.loaded: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict:
        """One command of the DevTools protocol, and its answer; events that come in between are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._keep(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _next(self) -> dict:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0, self._deadline - time.monotonic()))
            assert ready, "the browser did not answer in time"
            more = os.read(self._from, 1 << 20)
            assert more, "the browser ended"
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def _keep(self, event: dict) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"].get("exception", params)))
            case "Runtime.consoleAPICalled":
                self.complaints.append(f"console.{params['type']}: {params['args']}")
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                self.loaded.append(params["request"]["url"])
            case "Page.loadEventFired":
                self._ready = True

    def open(self, path: Path, hash: str = "") -> None:
        """Load a file and wait until it is there with all that belongs to it; `hash`: what stands behind its address."""
        self._ready = False
        answer = self.call("Page.navigate", url=path.resolve().as_uri() + hash)
        assert "errorText" not in answer, answer["errorText"]
        while not self._ready:
            self._keep(self._next())

    def ask(self, expression: str) -> object:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and release a key, as a person would."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def look(self, width: int, scheme: str = "light", height: int = 900) -> None:
        """Give the window a width in pixels, and the wish for light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setScrollbarsHidden", hidden=True)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shoot(self) -> bytes:
        """The whole page as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=size | {"scale": 1})
        return base64.b64decode(shot["data"])


@contextmanager
def chromium(profile: Path, seconds: float = 60) -> Iterator[Page]:
    """A tab of a new browser whose profile lies in `profile`, an empty folder; all must be over in `seconds`."""
    (in_read, in_write), (out_read, out_write) = os.pipe(), os.pipe()
    # the protocol is read from descriptor 3 and written to 4, which may be those of our own pipes: out of the way first
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (in_read, out_write)]

    def wire() -> None:
        os.dup2(ends[0], 3)
        os.dup2(ends[1], 4)

    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(words, close_fds=False, preexec_fn=wire, **silent)
    for end in (in_read, out_write, *ends):
        os.close(end)
    try:
        yield Page(in_write, out_read, seconds)
    finally:
        os.close(in_write)
        os.close(out_read)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
