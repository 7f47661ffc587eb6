"""Which replica answers whom, tested with two stubs that answer with their names."""

from __future__ import annotations

import http.client
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.deploy.conftest import behind_nginx, free_port


def replica(name: str) -> ThreadingHTTPServer:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Answer)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    urls = []
    with ExitStack() as running:
        for name in ("first", "second"):
            server = running.enter_context(replica(name))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            running.callback(server.shutdown)
            urls.append(f"http://127.0.0.1:{server.server_port}")
        url, _ = running.enter_context(behind_nginx(folder, *urls))
        yield int(url.rpartition(":")[2])


def answered(port: int, cookie: str = "", source: str = "127.0.0.1") -> str:
    """The replica that answers a new connection from an address of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, 10, source_address=(source, 0))
    connection.request("GET", "/", headers={"Cookie": cookie} if cookie else {})
    name = connection.getresponse().read().decode()
    connection.close()
    return name


def test_an_address_without_a_cookie_stays_at_one_replica(port: int) -> None:
    """Browsers send no cookie from a page that is embedded in another site."""
    for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        assert len({answered(port, source=source) for _ in range(12)}) == 1


def test_addresses_and_cookies_are_spread_over_both(port: int) -> None:
    assert len({answered(port, source=f"127.0.0.{n}") for n in range(1, 25)}) == 2
    assert len({answered(port, f"replica={n:032x}") for n in range(24)}) == 2


def test_a_cookie_counts_more_than_an_address(port: int) -> None:
    for n in range(6):
        sources = (f"127.0.0.{last}" for last in range(1, 7))
        assert len({answered(port, f"replica={n:032x}", one) for one in sources}) == 1


def test_nginx_logs_nothing_that_a_viewer_asks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even where a replica is gone, which is an error that quotes the request."""
    gone = f"http://127.0.0.1:{free_port()}"
    with ExitStack() as running:
        server = running.enter_context(replica("alone"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.callback(server.shutdown)
        here = f"http://127.0.0.1:{server.server_port}"
        url, _ = running.enter_context(behind_nginx(tmp_path, gone, here))
        for n in range(24):
            request = urllib.request.Request(
                f"{url}/?q=secret", headers={"Cookie": f"replica={n:032x}"}
            )
            assert urllib.request.urlopen(request, timeout=10).read() == b"alone"
    said = capfd.readouterr()
    logs = [path.read_text() for path in tmp_path.glob("*.log")]
    assert len(logs) == 2  # nginx's own, of requests and of errors
    assert not any("secret" in text for text in (said.out, said.err, *logs))
