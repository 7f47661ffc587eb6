"""Formulas and notes of `model.analysis.kv_size` in the viewer's language."""

from __future__ import annotations

import re

from app.core.texts import language, t, texts
from model.analysis.kv_size import CacheSpec, ConfigError, Note
from model.analysis.kv_size import formula as in_words


def formula(spec: CacheSpec, dtype: str) -> str:
    """The formula for bytes per token, with this model's numbers filled in."""
    return in_words(spec, dtype, _say)


def _say(word: str, **values: object) -> str:
    return t(f"kv_size.formula_{word}", **values)


def note(one: Note) -> str:
    """What a cache size leaves out or assumes, in words."""
    return t(f"kv_size.note_{one.key}", **one.values)


#: Notes on how a file was read, which its owner should see next to the form.
_ASSUMED = (
    "duplicates", "defaults", "off", "wide", "by_words", "foreign", "unheard", "no_family",
    "new_family", "by_class", "other_class", "may_matter", "not_read", "kv_scheme",
    "kv_scheme_unknown", "bidirectional", "cross",
)  # fmt: skip


def assumptions(spec: CacheSpec) -> str:
    """What was assumed or ignored when reading a config; "" if nothing."""
    return " ".join(note(one) for one in spec.notes if one.key in _ASSUMED)


def refusal(error: ConfigError) -> str:
    """Why the cache of a config cannot be computed."""
    return t(f"kv_size.error_{error.key}", **error.values)


def row_note(name: str) -> str:
    """The note on a row of the published table; "" for most rows."""
    return _of_row("kv_size_rows", name)


def row_name(name: str) -> str:
    """What to call a row of the published table: a hypothetical model's name is no proper name."""
    return _of_row("kv_size_names", name) or name


def _of_row(section: str, name: str) -> str:
    key = f"{section}." + re.sub(r"\W+", "_", name).strip("_").lower()
    return t(key) if key in texts(language()) else ""
