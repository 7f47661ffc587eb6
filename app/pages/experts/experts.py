"""Experts: which experts process which token, in a recorded run or in the viewer's own."""

from __future__ import annotations

import streamlit as st

from app.core import links
from app.core.texts import t
from app.pages.experts import state as session
from app.pages.experts.after_rl import room as after_rl_room
from app.pages.experts.balance import room as balance_room
from app.pages.experts.interventions import room as interventions_room
from app.pages.experts.one_expert import room as one_expert_room
from app.pages.experts.routing_statistics import room as statistics_room
from app.pages.experts.run import room as run_room
from app.ui import rooms
from model.record.trace import Trace

ROOMS = {
    "run": run_room.room,
    "interventions": interventions_room.room,
    "routing_statistics": statistics_room.room,
    "after_rl": after_rl_room.room,
    "one_expert": one_expert_room.room,
    "balance": balance_room.room,
}
#: Former names of rooms, still used in old links.
ROOMS_ONCE = {
    "what_if": "interventions",
    "statistics": "routing_statistics",
    "expert": "one_expert",
}


def how(trace: Trace) -> str:
    """Explain the routing with the model's own numbers."""
    card = trace.card
    return t(
        "experts.how",
        chosen=card.num_experts_per_tok,
        experts=card.n_routed_experts,
        groups=card.groups,
        topk_group=card.topk_group,
        scale=f"{card.routed_scaling_factor:g}",
        layers=", ".join(map(str, trace.moe_layers)),
    )


links.note_inputs("experts", session.RUN_KEYS)
st.title(t("experts.title"))
st.markdown(t("experts.lead"))
labels = {name: t(f"experts.room_{name}") for name in ROOMS}
ROOMS[rooms.choose(labels, "e_room", once=ROOMS_ONCE)]()
with st.expander(t("experts.how_title")):
    st.markdown(how(session.recorded()))
