"""What a whole run has drawn reaches the browser, even if a fragment's run follows at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from app.core.server import finished_runs

FRAGMENT = "a-fragment"
STREAMLITS = finished_runs._clear


def drawn(text: str, fragment: str = FRAGMENT) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.text.body = text
    message.delta.fragment_id = fragment
    message.metadata.delta_path[:] = [0, 0]
    return message


def ended(status: ForwardMsg.ScriptFinishedStatus.ValueType) -> ForwardMsg:
    return ForwardMsg(script_finished=status)


def left(
    clear: Callable[..., None], *messages: ForwardMsg, fragments: list[str] | None
) -> list[str]:
    """What a browser receives, as text, when a run starts before `messages` were sent."""
    queue = ForwardMsgQueue()
    for message in messages:
        queue.enqueue(message)
    clear(queue, retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    queue.enqueue(drawn("new"))
    return [
        one.delta.new_element.text.body or ForwardMsg.ScriptFinishedStatus.Name(one.script_finished)
        for one in queue.flush()
    ]


WHOLE = drawn("whole"), ended(ForwardMsg.FINISHED_SUCCESSFULLY)
PART = drawn("part"), ended(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


def test_streamlit_still_needs_it() -> None:
    """If this fails, Streamlit keeps them by itself, and our module can go."""
    assert left(STREAMLITS, *WHOLE, fragments=[FRAGMENT]) == ["FINISHED_SUCCESSFULLY", "new"]


def test_a_finished_run_is_sent_whole() -> None:
    found = left(finished_runs._keeping, *WHOLE, fragments=[FRAGMENT])
    assert found == ["whole", "FINISHED_SUCCESSFULLY", "new"]
    found = left(finished_runs._keeping, *WHOLE, *PART, fragments=[FRAGMENT])
    assert found == ["part", "FINISHED_SUCCESSFULLY", "FINISHED_EARLY_FOR_RERUN", "new"]


@pytest.mark.parametrize(
    ("messages", "fragments"),
    [
        (WHOLE, None),
        *((messages, [FRAGMENT]) for messages in (PART, (*PART, *PART), WHOLE[:1], ())),
    ],
)
def test_all_else_is_cleared_as_by_streamlit(
    messages: tuple[ForwardMsg, ...], fragments: list[str] | None
) -> None:
    ours = left(finished_runs._keeping, *messages, fragments=fragments)
    assert ours == left(STREAMLITS, *messages, fragments=fragments)
