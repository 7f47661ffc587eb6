"""Polls that come faster than they are answered do not pile up; all else is passed on."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.core.server import polls
from app.core.server.polls import Polls


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(polls, "time", clock)
    return clock


def rerun(fragment: str, auto: bool = True) -> BackMsg:
    message = BackMsg()
    message.rerun_script.fragment_id = fragment
    message.rerun_script.is_auto_rerun = auto
    return message


def ended() -> Message:
    message = ForwardMsg(script_finished=ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    return {"type": "websocket.send", "bytes": message.SerializeToString()}


def send(tab: Polls, *messages: Message) -> list[Message]:
    """What arrives of messages that the server sends to a tab."""
    came: list[Message] = []

    async def arrive(message: Message) -> None:
        came.append(message)

    async def all_of_them() -> None:
        for message in messages:
            await tab.watched(arrive)(message)

    asyncio.run(all_of_them())
    return came


def test_the_next_poll_waits_for_the_answer_and_as_long_again(clock: Clock) -> None:
    tab = Polls()
    assert tab.admit(rerun("a"))
    clock.now += 3.0
    assert not tab.admit(rerun("a"))
    send(tab, ended())
    clock.now += 2.9
    assert not tab.admit(rerun("a"))
    clock.now += 0.2
    assert tab.admit(rerun("a"))


def test_an_answer_that_never_comes_is_not_waited_for_for_ever(clock: Clock) -> None:
    tab = Polls()
    assert tab.admit(rerun("a"))
    clock.now += polls.LATEST
    assert tab.admit(rerun("a"))


def test_fragments_and_tabs_are_apart_and_all_else_passes(clock: Clock) -> None:
    tab = Polls()
    assert tab.admit(rerun("a")) and tab.admit(rerun("b")) and Polls().admit(rerun("a"))
    assert tab.admit(rerun("a", auto=False)) and tab.admit(BackMsg(stop_script=True))


def test_what_is_sent_arrives_and_only_an_end_is_an_answer(clock: Clock) -> None:
    tab = Polls()
    assert tab.admit(rerun("a"))
    delta = ForwardMsg()
    delta.delta.new_element.text.body = "x"
    other: list[Message] = [
        {"type": "websocket.accept"},
        {"type": "websocket.send", "text": "x"},
        {"type": "websocket.send", "bytes": b"\xff\xff"},
        {"type": "websocket.send", "bytes": delta.SerializeToString()},
    ]
    assert send(tab, *other) == other
    assert not tab.admit(rerun("a"))
    assert send(tab, ended()) == [ended()]
    assert tab.admit(rerun("a"))


def test_a_tab_that_names_ever_new_fragments_takes_no_memory(clock: Clock) -> None:
    tab = Polls()
    assert all(tab.admit(rerun(str(number))) for number in range(polls.FRAGMENTS))
    assert not tab.admit(rerun("0"))
    assert tab.admit(rerun("one more")) and tab.admit(rerun("0"))  # which was forgotten
