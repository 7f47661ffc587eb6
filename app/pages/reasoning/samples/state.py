"""The room of more samples: its slot `SAMPLES`."""

from __future__ import annotations

import streamlit as st

from app.core.asking.questions import MAX_TOKENS
from app.core.errors import InputError
from app.core.running import replies
from app.pages.reasoning import many_replies
from app.pages.reasoning import state as session

SAMPLES = replies.ReplySlot("r_samples")
COUNTS = (8, 16, 32, 64)


def start() -> None:
    """Sample answers of every chosen contestant to one question, or to several held-out ones."""
    state = st.session_state
    try:
        problem, temperature, seed = many_replies.judgeable()
        posed = [problem] if state.r_over == "one" else many_replies.held_out(problem)
        asks = []
        for each in posed:
            for one in session.chosen():
                session.prompt_for(one, each)  # raises if it does not fit
                n = many_replies.offered(state.r_k, COUNTS)
                asks.append(replies.fresh(one, each, n, temperature, seed, MAX_TOKENS))
    except InputError as error:
        SAMPLES.refuse(error)
        return
    SAMPLES.draw(asks)
