"""Parses a config.json, pasted or uploaded, into a JSON object.

It may be UTF-8 with or without a byte order mark, UTF-16 or UTF-32. As in Python's json module,
Infinity and NaN are numbers (some published configs have them), and the last of duplicate keys
counts; `Config.duplicates` lists them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.analysis.kv_size.fields import refusal
from model.analysis.kv_size.show import piece, shown

MAX_BYTES = 5_000_000  # official files reach 3 MB with lists of quantised modules


@dataclass(frozen=True)
class Config:
    """A parsed config.json: its fields, and the keys that occur more than once."""

    fields: Mapping[str, Any]
    duplicates: tuple[str, ...] = field(default=())


def parse(raw: str | bytes) -> Config:
    """Parse the JSON object in a config.json.

    Raises:
        ConfigError: if it is empty, too large, not text, not JSON (with line and column), nested
            too deeply, or not an object.
    """
    text = _decoded(raw)
    if not text.strip():
        raise refusal("nothing")
    duplicates: dict[str, None] = {}

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            counted = Counter(key for key, _ in found)
            duplicates.update((key, None) for key, number in counted.items() if number > 1)
        return made

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        at = {"line": f"{error.lineno:,}", "column": f"{error.colno:,}"}
        found = piece(text[error.pos :].split("\n")[0], 12)
        raise refusal(_problem(text, error), **at, found=found) from None
    except RecursionError:
        raise refusal("too_deep") from None
    except ValueError:  # Python refuses integers of more than 4,300 digits
        raise refusal("digits") from None
    if not isinstance(value, dict):
        raise refusal("no_object", value=shown(value))
    return Config(value, tuple(duplicates))


def _decoded(raw: str | bytes) -> str:
    try:
        data = raw.encode() if isinstance(raw, str) else raw
        if len(data) > MAX_BYTES:
            raise refusal("too_large", size=f"{len(data):,}", limit=f"{MAX_BYTES:,}")
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeError:
        raise refusal("not_text") from None


def _problem(text: str, error: json.JSONDecodeError) -> str:
    """The key of the message that fits a JSON error."""
    if text.startswith(("//", "/*", "#"), error.pos):
        return "comment"
    before = text[: error.pos].rstrip()
    if text.startswith(("}", "]"), error.pos) and before.endswith(","):
        return "trailing_comma"
    whole = text.lstrip().startswith("{") and text.rstrip().endswith("}")
    return "syntax" if whole and text[error.pos :].strip() else "not_json"
