"""Chromium without a window, told what to do over its debugging protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import websocket

from .console import SetupError
from .system import CHROMIUM_NAMES, need_chromium

START_LIMIT = 30  # seconds
ANSWER_LIMIT = 60  # seconds for one command
PAGE_LIMIT = 60  # seconds until a page shows what is waited for
REST = 1  # seconds without a change, after which a page is drawn
LOADED = """document.body.innerHTML.length
  + performance.getEntriesByType('resource').length"""


class Page:
    """The one tab of a browser."""

    def __init__(self, socket: websocket.WebSocket):
        self._socket = socket
        self._numbers = itertools.count(1)

    def call(self, method: str, **params) -> dict:
        """One command of the protocol and its answer. Raises SetupError."""
        number = next(self._numbers)
        self._socket.send(
            json.dumps({"id": number, "method": method, "params": params})
        )
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:  # others are events nobody asked for
                break
        if "error" in answer:
            raise SetupError(f"Chromium: {answer['error']['message']}")
        return answer["result"]

    def value(self, expression: str) -> object:
        """What a JavaScript expression gives."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        return answer["result"].get("value")

    def open(self, url: str, shown: str) -> None:
        """Go to `url` and wait for `shown`, a JavaScript condition."""
        self.call("Page.navigate", url=url)
        end = time.monotonic() + PAGE_LIMIT
        while not self.value(shown):
            if time.monotonic() > end:
                raise SetupError(f"{url} does not show what it should: {shown}")
            time.sleep(0.2)
        self.rest()

    def rest(self) -> None:
        """Wait until nothing changes or loads any more."""
        before, since = None, time.monotonic()
        end = since + PAGE_LIMIT
        while time.monotonic() < min(since + REST, end):
            time.sleep(0.2)
            now = self.value(LOADED)
            if now != before:
                before, since = now, time.monotonic()

    def picture(self, path: Path) -> None:
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))


@contextmanager
def chromium(width: int, height: int) -> Iterator[Page]:
    """A browser with an empty profile, as large as asked, until the block ends."""
    need_chromium()
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, "--headless=new", "--remote-debugging-port=0"]
        command += [f"--user-data-dir={profile}", "--hide-scrollbars"]
        command += [] if os.geteuid() else ["--no-sandbox"]  # root has no sandbox
        process = subprocess.Popen(
            [*command, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            page = Page(_connect(Path(profile), process))
            page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=False,
            )
            still = {"name": "prefers-reduced-motion", "value": "reduce"}
            page.call("Emulation.setEmulatedMedia", features=[still])
            yield page
        finally:
            process.terminate()
            process.wait(timeout=START_LIMIT)


def _connect(profile: Path, process: subprocess.Popen) -> websocket.WebSocket:
    """The tab's socket; Chromium writes into its profile which port it took."""
    told = profile / "DevToolsActivePort"
    end = time.monotonic() + START_LIMIT
    while not told.exists() or not told.read_text().strip():
        if process.poll() is not None or time.monotonic() > end:
            raise SetupError("Chromium did not start.")
        time.sleep(0.1)
    port = told.read_text().split()[0]
    with urllib.request.urlopen(
        f"http://127.0.0.1:{port}/json/list", timeout=START_LIMIT
    ) as answer:
        tabs = json.load(answer)
    address = next(t["webSocketDebuggerUrl"] for t in tabs if t["type"] == "page")
    return websocket.create_connection(
        address, timeout=ANSWER_LIMIT, suppress_origin=True
    )
