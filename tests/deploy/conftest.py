"""`deployed`: two replicas of the app behind nginx, as `app/deploy` sets them up."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.load.conftest import App
from tests.load.server import ROOT

TEMPLATE = ROOT / "app" / "deploy" / "nginx" / "default.conf.template"
START_SECONDS = 30
#: Around the template: what Debian's or the image's own nginx.conf says, in a folder of the test.
MAIN = """\
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
events {{}}
http {{
    types {{ text/html html; }}
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/app.conf;
}}
"""


def filled(template: str, values: dict[str, str]) -> str:
    """Fill in a template as nginx's image does: `${NAME}` for the given names only."""
    names = "|".join(values)
    return re.sub(rf"\$\{{({names})\}}", lambda found: values[found[1]], template)


@dataclass(frozen=True)
class Deployed:
    """Two replicas behind nginx."""

    url: str
    metrics: str
    replicas: tuple[App, App]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _values(port: int, metrics: int, first: str, second: str) -> dict[str, str]:
    return {
        "LISTEN": f"listen 127.0.0.1:{port};",
        "SERVER_NAME": "_",
        "METRICS_LISTEN": f"127.0.0.1:{metrics}",
        "REPLICA_1": first.removeprefix("http://"),
        "REPLICA_2": second.removeprefix("http://"),
        "COOKIE_FLAGS": "",
        "FRAME_ANCESTORS": "'self' http://127.0.0.1:*",
        "REQUESTS_PER_SECOND": "200",
        "REQUESTS_BURST": "4000",
        "CONNECTIONS_PER_ADDRESS": "400",
    }


@pytest.fixture(scope="package")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("nginx")
    replicas = App(folder / "first.log"), App(folder / "second.log")
    with ExitStack() as running:
        for replica in replicas:
            replica.start()
            running.callback(replica.stop)
        first, second = (replica.url for replica in replicas)
        url, metrics = running.enter_context(behind_nginx(folder, first, second))
        yield Deployed(url, metrics, replicas)


@contextmanager
def behind_nginx(folder: Path, first: str, second: str) -> Iterator[tuple[str, str]]:
    """The URLs of nginx in front of two replicas, for viewers and for metrics.

    Without nginx this fails, instead of skipping, and says what to install.
    """
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert nginx, "no nginx; tests/run.sh installs it (Debian's nginx-light)"
    port, metrics = free_port(), free_port()
    app = filled(TEMPLATE.read_text(), _values(port, metrics, first, second))
    (folder / "app.conf").write_text(app)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    with ExitStack() as running:
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        process = running.enter_context(subprocess.Popen([*command, "-g", "worker_processes 1;"]))
        running.callback(process.terminate)
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/ready", folder / "error.log")
        yield url, f"http://127.0.0.1:{metrics}"


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nginx does not answer:\n{log.read_text()}") from error
            time.sleep(0.1)
