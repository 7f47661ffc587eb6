"""Admits no more polls of a tab than the server answers.

A browser polls at its interval, answered or not. If answers take longer than that, polls pile up:
clicks, results and the answers themselves wait behind them. With fifteen viewers drawing samples,
nobody saw anything of theirs any more.
"""

from __future__ import annotations

import time

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import Message, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

LATEST = 10.0  # seconds after which no answer is expected any more
SHORT = 200  # bytes: the message that a script has ended has fewer
FRAGMENTS = 100  # of a tab, whose polls are remembered


class Polls:
    """The polls of one tab: each fragment has one at a time, then pauses for as long as it took."""

    def __init__(self) -> None:
        self._asked: dict[str, float] = {}  # fragment → when its poll was admitted
        self._next: dict[str, float] = {}  # fragment → when another may be

    def admit(self, message: BackMsg) -> bool:
        """Whether to pass on a message: always, unless it is a poll that comes too early."""
        run = message.rerun_script
        if message.WhichOneof("type") != "rerun_script" or not run.is_auto_rerun:
            return True
        now = time.monotonic()
        if now < self._next.get(run.fragment_id, 0.0):
            return False
        if len(self._next) >= FRAGMENTS:
            self._next.clear()
            self._asked.clear()
        self._asked[run.fragment_id], self._next[run.fragment_id] = now, now + LATEST
        return True

    def answered(self) -> None:
        """A script of the tab has ended: what it was asked for is answered."""
        now = time.monotonic()
        self._next |= {name: 2 * now - asked for name, asked in self._asked.items()}
        self._asked.clear()

    def watched(self, send: Send) -> Send:
        """`send`, watched for the ends of scripts."""

        async def sent(message: Message) -> None:
            await send(message)
            data = message.get("bytes")
            if self._asked and data is not None and len(data) < SHORT and _is_end(data):
                self.answered()

        return sent


def _is_end(data: bytes) -> bool:
    message = ForwardMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    return message.WhichOneof("type") == "script_finished"
