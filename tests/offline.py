"""No network: connections to anything but this machine are refused and remembered."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any

REFUSED = "refused connection to"  # what a server's log says about an attempt
attempts: list[str] = []


def _is_local(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _check(host: object) -> None:
    if not _is_local(host):
        attempts.append(str(host))
        print(f"{REFUSED} {host}", file=sys.stderr, flush=True)
        raise ConnectionRefusedError(f"{REFUSED} {host}: tests have no network")


def refuse_network() -> None:
    """Refuse, from now on and in this process, what would leave the machine.

    Attempts raise ConnectionRefusedError; as callers may swallow that, they are kept in `attempts`
    and written to stderr as well. Hugging Face libraries are told to stay offline.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    connect, connect_ex, getaddrinfo = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            _check(address[0])
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if self.family != socket.AF_UNIX:
            _check(address[0])
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        _check(host)
        return getaddrinfo(host, *rest, **more)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = guarded_getaddrinfo
