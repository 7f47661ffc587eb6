"""What a whole run has drawn reaches the browser, even if a fragment's run follows at once."""

from __future__ import annotations

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from app.core.server import finished_runs
from app.core.server.finished_runs import WholeRuns

FRAGMENT = "a-fragment"


def drawn(text: str, fragment: str = FRAGMENT) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.text.body = text
    message.delta.fragment_id = fragment
    message.metadata.delta_path[:] = [0, 0]
    return message


def ended(status: ForwardMsg.ScriptFinishedStatus.ValueType) -> ForwardMsg:
    return ForwardMsg(script_finished=status)


def left(queue: ForwardMsgQueue, *messages: ForwardMsg, fragments: list[str] | None) -> list[str]:
    """What a browser receives, as text, when a run starts before `messages` were sent."""
    for message in messages:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    queue.enqueue(drawn("new"))
    return [
        one.delta.new_element.text.body or ForwardMsg.ScriptFinishedStatus.Name(one.script_finished)
        for one in queue.flush()
    ]


WHOLE = drawn("whole"), ended(ForwardMsg.FINISHED_SUCCESSFULLY)
PART = drawn("part"), ended(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


def test_streamlit_still_needs_it() -> None:
    """If this fails, Streamlit keeps them by itself, and our module can go."""
    assert left(ForwardMsgQueue(), *WHOLE, fragments=[FRAGMENT]) == ["FINISHED_SUCCESSFULLY", "new"]


def test_a_finished_run_is_sent_whole() -> None:
    found = left(WholeRuns(), *WHOLE, fragments=[FRAGMENT])
    assert found == ["whole", "FINISHED_SUCCESSFULLY", "new"]
    found = left(WholeRuns(), *WHOLE, *PART, fragments=[FRAGMENT])
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
    ours = left(WholeRuns(), *messages, fragments=fragments)
    assert ours == left(ForwardMsgQueue(), *messages, fragments=fragments)


def test_every_session_has_such_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_session, "ForwardMsgQueue", ForwardMsgQueue)
    finished_runs.install()
    assert vars(app_session)["ForwardMsgQueue"] is WholeRuns
    assert "ForwardMsgQueue" in app_session.AppSession.__init__.__code__.co_names
