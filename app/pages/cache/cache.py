"""Latent cache: what attention caches per token, in five rooms."""

from __future__ import annotations

import streamlit as st

from app.core import links
from app.core.errors import in_words
from app.core.texts import t
from app.pages.cache import state as session
from app.pages.cache.attention_kinds import quality
from app.pages.cache.attention_kinds import room as attention_kinds_room
from app.pages.cache.decoding import room as decoding_room
from app.pages.cache.kv_size import room as kv_size_room
from app.pages.cache.latent import room as latent_room
from app.pages.cache.run import room as run_room
from app.ui import rooms, units

ROOMS = {
    "run": run_room.room,
    "attention_kinds": attention_kinds_room.room,
    "latent": latent_room.room,
    "decoding": decoding_room.room,
    "kv_size": kv_size_room.room,
}
#: URL key of a link from before there were rooms → the room it now belongs to.
BY_KEY = {
    **dict.fromkeys(("c_rank", "c_layer", "c_attention_layer", "pin"), "latent"),
    "c_kind": "attention_kinds",
    **dict.fromkeys(kv_size_room.URL_KEYS, "kv_size"),
    **dict.fromkeys(session.RUN_KEYS, "run"),
}


def lead() -> str:
    """What MLA does here, and what models of this size show of it and what not."""
    kinds = {one.kind: one for one in quality.compare(session.measured())}
    mla, mha = kinds["MLA"], kinds["MHA"]
    cost = "untold" if not mla.told_apart else "worse" if mla.difference > 0 else "better"
    said = t(
        "cache.lead",
        mla=f"{mla.bytes_per_token:,}",
        mha=f"{mha.bytes_per_token:,}",
        times=units.times(mha.bytes_per_token / mla.bytes_per_token),
    )
    return f"{said} {t(f'cache.lead_{cost}', difference=f'{abs(mla.difference):.3f}')}"


def page() -> None:
    """Draw the switch between rooms and the open room."""
    labels = {name: t(f"cache.room_{name}") for name in ROOMS}
    room = rooms.choose(labels, "c_room", by_key=BY_KEY)
    ROOMS[room]()


links.note_inputs("cache", session.RUN_KEYS)
st.title(t("cache.title"))
with in_words():
    st.markdown(lead())
session.RUN.area(page)
