"""Runs the app as users do, and records the usage of its process."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from model.nn import compiled

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """The usage of a process and its children at one time."""

    at: float  # time.monotonic()
    bytes: int  # resident memory
    threads: int
    files: int  # open files, sockets among them
    cpu: float  # seconds of processor time so far


def usage(pid: int) -> Usage | None:
    """The usage of a process by its id, from /proc; None if it does not exist."""
    found = [one for one in map(_own_usage, _family(pid)) if one is not None]
    if not found:
        return None
    return Usage(
        time.monotonic(),
        sum(one.bytes for one in found),
        sum(one.threads for one in found),
        sum(one.files for one in found),
        sum(one.cpu for one in found),
    )


def _family(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:  # it has ended meanwhile
            continue
        for child in children:
            yield from _family(int(child))


def _own_usage(pid: int) -> Usage | None:
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        # What follows the name, which may hold blanks: man 5 proc counts these fields from 3.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except (OSError, IndexError):
        return None
    user, system, threads = int(fields[11]), int(fields[12]), int(fields[17])
    return Usage(time.monotonic(), resident * _PAGE, threads, files, (user + system) / _TICKS)


def process_at(url: str) -> int | None:
    """The id of the process that listens on a port of this machine; None if unknown."""
    port = urlsplit(url).port
    sockets = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: listens
                sockets.add(f"socket:[{fields[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) in sockets:
                return int(link.parts[2])
        except OSError:  # another user's, or gone
            continue
    return None


async def watch(pid: int, found: list[Usage], every: float = 1.0) -> None:
    """Record a process's usage repeatedly, until it ends or this is cancelled."""
    while (now := usage(pid)) is not None:
        found.append(now)
        await asyncio.sleep(every)


@contextmanager
def serve(port: int, log: Path, root: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """Run the app in a folder on a port until the block ends, with its kernel compiled.

    Raises:
        RuntimeError: if it ends or does not answer within a minute; the message has its log.
    """
    if not compiled.ready():
        subprocess.run([sys.executable, "-m", "model.nn.compiled"], cwd=ROOT, check=True)
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    options = [f"--server.port={port}", "--server.address=127.0.0.1"]
    with (
        log.open("a") as out,
        subprocess.Popen(
            command + options, cwd=root, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(f"http://127.0.0.1:{port}"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the app did not start:\n{log.read_text()}")
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def anywhere(log: Path, root: Path = ROOT) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the app in a folder on a free port: its URL and process. Raises: see `serve`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve(port, log, root) as process:
        yield f"http://127.0.0.1:{port}", process


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
