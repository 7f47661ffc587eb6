"""Validates the prompts that viewers type."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import streamlit as st

from app.core.assets import models
from app.core.errors import InputError
from app.core.texts import language, speaking, t
from model.nn.tokenizer import encode

MAX_CHARACTERS = 4_000


def checked(text: str) -> str:
    """Return a valid prompt unchanged.

    Raises:
        InputError: if it is empty, too long, or has control characters other than newline and tab.
    """
    if not text.strip():
        raise InputError(t("common.empty_prompt"))
    if len(text) > MAX_CHARACTERS:
        raise InputError(t("common.too_long", n=len(text), limit=MAX_CHARACTERS))
    bad = sorted({c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"})
    if bad:
        codes = ", ".join(f"U+{ord(c):04X}" for c in bad[:5])
        raise InputError(t("common.control_characters", characters=codes))
    return text


def fitting(text: str, model: str) -> str:
    """Return a valid prompt that leaves the model room to continue.

    Raises:
        InputError: see `checked`; also if the text fills the model's context.
    """
    text = checked(text)
    limit = int(models.config(model)["max_position_embeddings"])
    tokens = 1 + len(encode(models.tokenizer(model), text))  # one for <bos>
    if tokens >= limit:
        raise InputError(t("common.too_many_tokens", n=tokens, limit=limit))
    return text


def follow_language(key: str, default: Callable[[], str]) -> None:
    """If the viewer changes the page's language, ask the default of a field in that language.

    To be called before the field `key` is drawn. What the viewer has written stays.
    """
    state, last = st.session_state, f"{key}_language"
    before = state.get(last, language())
    state[last] = language()
    if before == language() or key not in state:
        return
    with speaking(before):
        unchanged = state[key] == default()
    if unchanged:
        state[key] = default()
