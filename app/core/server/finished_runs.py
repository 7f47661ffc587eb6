"""Sends a browser all that a finished script run has drawn.

When a fragment's run starts, Streamlit removes from the queue to the browser what the fragment has
drawn before, as it is about to draw it again, but keeps the message that the whole page's run has
ended. A busy server may not have sent either yet. The browser then removes the fragment's widgets
and their values, which it believes are no longer on the page, and starts from their defaults when
they come again: what was typed or chosen is lost.
"""

from __future__ import annotations

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


class WholeRuns(ForwardMsgQueue):
    """A session's queue, which keeps all messages up to the end of the last whole run."""

    def clear(
        self,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        """Clear as Streamlit does; before a fragment's run only what follows the last whole run."""
        kept: list[ForwardMsg] = []
        if retain_lifecycle_msgs and fragment_ids_this_run is not None:
            kept, self._queue = _split(self._queue)
        super().clear(retain_lifecycle_msgs, fragment_ids_this_run)
        self._queue[:0] = kept


def _split(messages: list[ForwardMsg]) -> tuple[list[ForwardMsg], list[ForwardMsg]]:
    """The messages up to the end of the last whole run, and those after it."""
    for place in range(len(messages), 0, -1):
        last = messages[place - 1]
        if last.HasField("script_finished") and last.script_finished == last.FINISHED_SUCCESSFULLY:
            return messages[:place], messages[place:]
    return [], messages


def install() -> None:
    """Give every session of this process such a queue."""
    app_session.ForwardMsgQueue = WholeRuns  # type: ignore[misc]
