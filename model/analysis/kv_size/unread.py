"""Judges fields that were not read: harmless, to be named in a note, or a reason to refuse.

A field is harmless by its name: if it is in HARMLESS, by its last word (a dropout, a bias, an
epsilon), or if it is about experts, tokens or the vocabulary and not about the cache. Any other
unread field is named. If it could change the cache (`decisive.py`), the result would be a guess and
is refused, unless transformers has the family: then its class does not have the field, and the
tests compare sizes with its cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from model.analysis.kv_size.decisive import SPEAK, decisive
from model.analysis.kv_size.families import family as known_family
from model.analysis.kv_size.fields import Fields, Ledger
from model.analysis.kv_size.harmless import ELSEWHERE, ENDINGS, HARMLESS, SECTIONS, TOPICS
from model.analysis.kv_size.names import NESTED, OTHER_MODELS, words


def unread(fields: Fields) -> list[tuple[str, Any]]:
    """The paths and values of fields that were not read and are not known to be harmless."""
    return sorted(_walk(fields.values, "", fields), key=lambda found: found[0])


def unread_around(fields: Fields) -> list[tuple[str, Any]]:
    """The same for a multimodal file outside its text model, except fields equal in both."""
    found = []
    for family, values in fields.ledger.around:
        empty = Fields(
            values, Ledger(family, read={"model_type", "is_encoder_decoder", "is_decoder"})
        )
        found += [
            (name, value)
            for name, value in _walk(values, "", empty)
            if fields.values.get(name) != value
        ]
        # a second language model besides the one that was read
        models = [name for name in NESTED if values.get(name) and isinstance(values[name], Mapping)]
        found += [(name, values[name]) for name in models[1:] if values[name] != values[models[0]]]
    return sorted(found, key=lambda one: one[0])


def _walk(values: Mapping[str, Any], path: str, fields: Fields) -> Iterator[tuple[str, Any]]:
    read, family = fields.ledger.read, fields.ledger.family
    for name, value in values.items():
        full = path + name
        if value is None or value in ([], {}, ""):
            continue
        if path == "" and name in (*NESTED, *OTHER_MODELS):
            continue
        if isinstance(value, Mapping) and name not in SECTIONS:
            if full in read:
                inside = value.values() if name == "per_layer_config" else (value,)
                inner = "" if name == "per_layer_config" else f"{full}."
                for one in inside:
                    if isinstance(one, Mapping):
                        yield from _walk(one, inner, fields)
            elif decisive(full, value):
                yield full, value
            elif not harmless(name, family):
                yield from list(_walk(value, f"{full}.", fields)) or [(full, value)]
        elif full not in read and name not in SECTIONS and not harmless(name, family):
            yield full, value


def harmless(name: str, family: str = "") -> bool:
    """Whether a field's name alone shows that it does not affect the cache."""
    known = known_family(family)
    if name in HARMLESS or (known is not None and name in known.own):
        return True
    if name in ELSEWHERE.get(family, ()):
        return True
    parts = words(name)
    if parts and parts[-1] in ENDINGS:
        return True
    return not SPEAK.intersection(parts) and not TOPICS.isdisjoint(parts)


def speaks(path: str) -> bool:
    """Whether a field's name has anything to do with the cache."""
    return bool(SPEAK.intersection(words(path)))
