"""`app`: the app as users run it, which can be ended and started again at the same port."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.load import server


class App:
    """The app at a free port."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._log, self._running = log, ExitStack()
        self._process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        self._process = self._running.enter_context(server.serve(self._port, self._log))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One app for all tests here: what one leaves behind must not affect the next."""
    running = App(tmp_path_factory.mktemp("app") / "log")
    running.start()
    yield running
    running.stop()
