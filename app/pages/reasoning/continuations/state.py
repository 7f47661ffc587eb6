"""Continuations of a reply from a chosen step.

Session: the slot `CONTINUATIONS`; "r_pick", the step chosen (a trace's id, the number of a mark);
"r_continued", the step that the last continuations are from, and the number that was written in
place of its result, or None.
"""

from __future__ import annotations

import streamlit as st

from app.core.asking import contestants, judged_reply
from app.core.asking.questions import MAX_TOKENS
from app.core.assets import models
from app.core.errors import InputError
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import state as session
from app.pages.reasoning.many_replies import offered
from app.ui import sampling
from app.ui.number_field import NumberField
from model.nn.tokenizer import encode
from model.record.trace import Trace
from model.tasks.notation import ascii_of

CONTINUATIONS = replies.ReplySlot("r_continuations")
COUNTS = (8, 16, 32)
NUMBER = NumberField("continuations.number", 0, 99_999)  # to put in place of a step's


def number_key() -> str:
    """The key of the field for another number: each step has its own, with its number as
    default."""
    return "r_number-{}-{}".format(*st.session_state.r_pick)


def picked() -> tuple[Trace, judged_reply.JudgedReply, judged_reply.Mark] | None:
    """The chosen step, or None if its trace is not on screen."""
    if (pick := st.session_state.get("r_pick")) is None:
        return None
    on_screen, _ = session.on_screen()
    trace = next((trace for trace in on_screen if trace.id == pick[0]), None)
    if trace is None or trace.card.name not in models.shipped():
        return None
    judged = judged_reply.read(trace)
    if not 0 <= pick[1] < len(judged.marks) or not judged.marks[pick[1]].is_step:
        return None
    return trace, judged, judged.marks[pick[1]]


def prefix(
    trace: Trace, judged: judged_reply.JudgedReply, mark: judged_reply.Mark, edited: bool
) -> int:
    """The number of tokens to keep of the trace: up to the step, or up to the step's result."""
    first, last = judged.start + mark.first, judged.start + mark.last
    if not edited:
        return first
    return 1 + max(i for i in range(first, last) if "=" in ascii_of(trace.texts[i]))


def start(edited: bool) -> None:
    """Sample continuations from before the chosen step, or from a number put in its place."""
    state = st.session_state
    found = picked()
    if found is None:
        return
    trace, judged, mark = found
    context = trace.card.max_position_embeddings
    keep = prefix(trace, judged, mark, edited)
    ids = [int(i) for i in trace.token_ids[:keep]]
    head = "".join(trace.texts[judged.start : keep])
    number: int | None = None
    try:
        _, seed = sampling.chosen(("r_t", "r_seed"))
        if edited:
            number = NUMBER.checked(number_key())
            ids += encode(models.tokenizer(trace.card.name), str(number))
            head += str(number)
        if not judged.problem.level:
            raise InputError(t("reasoning.not_judgeable"))
        if context is not None and len(ids) >= context:
            raise InputError(t("continuations.no_room"))
    except InputError as error:
        CONTINUATIONS.refuse(error)
        return
    ask = replies.ReplyRequest(
        contestants.contestant_of(trace, judged.asked.begin).id,
        trace.card.name,
        judged.problem,
        tuple(ids),
        head,
        offered(state.r_continuations_n, COUNTS),
        trace.info.temperature or 1.0,
        seed,
        MAX_TOKENS,
    )
    state.r_continued = {"number": number, "pick": state.r_pick}
    CONTINUATIONS.draw([ask])
