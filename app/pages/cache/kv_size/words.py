"""kv_math's formulas and notes in the viewer's language."""

from __future__ import annotations

import re

from app.core.texts import language, t, texts
from model.analysis.kv_size import CacheSpec, ConfigError, Note
from model.analysis.kv_size import formula as in_words
from model.analysis.kv_size.formula import ENGLISH


def formula(spec: CacheSpec, dtype: str) -> str:
    """Bytes per token with this model's numbers filled in."""
    known = texts(language())
    return in_words(spec, dtype, {word: known[f"kv_size.formula_{word}"] for word in ENGLISH})


def note(one: Note) -> str:
    """What a cache size leaves out or takes for granted."""
    return t(f"kv_size.note_{one.key}", **one.values)


def refusal(error: ConfigError) -> str:
    """Why a config cannot be judged."""
    return t(f"kv_size.error_{error.key}", **error.values)


def row_note(name: str) -> str:
    """What is to be said of a row of the published table; most have nothing."""
    row = re.sub(r"\W+", "_", name).strip("_").lower()
    return texts(language()).get(f"kv_size_rows.{row}", "")
