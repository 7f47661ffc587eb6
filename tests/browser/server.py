"""Runs the app in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """The URL and the log of a running app."""

    url: str
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def serve(folder: Path, *options: str, base: str = "") -> Iterator[Server]:
    """Run the app on a free port, below the path `base`, its log in `folder`, until the block ends.

    Raises:
        RuntimeError: if it ends or does not answer within a minute; the message has its log.
    """
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}{base}", folder / "server.log")
    with (
        server.log.open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.serve", str(port), *options],
            cwd=ROOT,
            env=os.environ | {"STREAMLIT_SERVER_BASE_URL_PATH": base},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _is_healthy(server.url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the app did not start:\n{server.said()}")
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
