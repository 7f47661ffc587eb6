"""Fields that nobody asked for: harmless, or to be named, or reason enough to refuse.

A field is harmless if its name says so: in HARMLESS, by its last word (a dropout, a bias, an
epsilon), or because it speaks of experts, tokens or the vocabulary and of nothing that is cached.
Whatever else was not read is told. If its name speaks of heads, keys, values, windows, low rank,
kinds of layers or sharing and its value could be such a thing, the size would be a guess, unless
transformers has the family: its classes do not know the field, and the sizes are compared with
their caches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from model.analysis.kv_size.families import family as known_family
from model.analysis.kv_size.fields import Fields, Ledger
from model.analysis.kv_size.harmless import ELSEWHERE, ENDINGS, HARMLESS, SECTIONS, TOPICS
from model.analysis.kv_size.names import NESTED, OTHER_MODELS, words

KEYS = {"kv", "kvs", "key", "keys", "value", "values", "k", "v"}
HEADS = {"head", "heads", "nhead", "nheads", "group", "groups"}
SIZES = {"dim", "dims", "size", "sizes", "width", "channels", "features", "units"}
COUNTS = {"n", "num", "number", "count", "total"}
WINDOWS = {"window", "windows", "windowed", "sliding", "swa", "local"}
RANKS = {"rank", "ranks", "lowrank", "low", "lora", "latent", "latents", "mla", "compressed"}
LAYERS = {"layer", "layers", "block", "blocks", "mixer", "mixers", "attn", "attention"}
ATTENTION = {"attn", "attention", "qkv"}
KINDS = {
    "type", "types", "kind", "kinds", "pattern", "schedule", "layout", "idx", "idxs", "index",
    "indices", "ids", "list", "map", "order", "period", "interval", "every", "freq", "frequency",
}  # fmt: skip
RATES = {"ratio", "every", "interval", "period", "freq", "frequency"}
REPEATS = {
    "repeat",
    "repeats",
    "repeated",
    "loop",
    "loops",
    "recurrent",
    "recurrence",
    "self",
    "passes",
}
SHARING = {"share", "shared", "sharing", "shares", "reuse", "reused", "cla", "yoco", "tied", "tie"}
STATES = {
    "state", "states", "ssm", "mamba", "recurrent", "recurrence", "linear", "conv", "memory",
    "cross", "hybrid", "sparse", "global", "cache", "caches", "query", "queries", "mqa", "gqa",
    "mha", "qkv", "chunk", "chunked", "sink", "sinks", "meta",
}  # fmt: skip
#: Ways to share keys and values among heads, which a flag may switch on.
HEAD_SHARING = {"mqa", "gqa", "mla", "mfa", "multiquery"}
#: Values that say how attention is computed, not what it is.
COMPUTED_BY = {
    "sdpa",
    "eager",
    "flash",
    "flash_attn",
    "flash_attention_2",
    "flash_attention",
    "xla",
}
#: Layers that are gone through several times, each time with a cache of their own.
LOOPS = {"cycles", "loop", "loops", "ut"}
SPEAK = LOOPS | KEYS | HEADS | WINDOWS | RANKS | LAYERS | SHARING | STATES
#: Of these words, a decisive field has at least one.
DECIDE = SPEAK | HEAD_SHARING


def unread(fields: Fields) -> list[tuple[str, Any]]:
    """Paths and values of what a reading neither asked for nor knows to be harmless."""
    return sorted(_walk(fields.values, "", fields), key=lambda found: found[0])


def unread_around(fields: Fields) -> list[tuple[str, Any]]:
    """The same of a multimodal file beside its text model, but for what that says as well."""
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
        # A second language model beside the one that is read.
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
    """Whether a field's name alone says that it does not change what is cached."""
    known = known_family(family)
    if name in HARMLESS or (known is not None and name in known.own):
        return True
    if name in ELSEWHERE.get(family, ()):
        return True
    parts = words(name)
    if parts and parts[-1] in ENDINGS:
        return True
    return not SPEAK.intersection(parts) and not TOPICS.isdisjoint(parts)


def decisive(path: str, value: object, heads_told: bool = False) -> bool:
    """Whether a field could be what a size depends on, by its name and its value.

    A flag such as "use_gqa" decides nothing where the file itself counts KV heads: `heads_told`.
    """
    if isinstance(value, str) and value in COMPUTED_BY:
        return False
    if value is False or isinstance(value, float) or (type(value) is int and value <= 0):
        return False
    found = set(words(path))
    if found.isdisjoint(DECIDE):
        return False
    if found & {"expert", "experts", "moe"}:
        found -= {"group", "groups"}  # of experts
    if found & TOPICS and not found & (KEYS | HEAD_SHARING | SHARING | WINDOWS):
        found -= LAYERS | STATES
    listed = isinstance(value, (list, str, Mapping))
    counted = type(value) is int or isinstance(value, (list, Mapping))
    keys, heads = found & KEYS, found & HEADS
    return bool(
        (counted and keys and found & (HEADS | SIZES | RANKS | COUNTS))
        or (counted and found & {"kv", "kvs"})
        or (counted and heads and found & (SIZES | COUNTS | {"attention", "attn"}))
        or (counted and found & ATTENTION and found & SIZES and not found & {"block", "blocks"})
        or (counted and found & WINDOWS and found & (SIZES | COUNTS | LAYERS | WINDOWS - {"local"}))
        or (counted and found & RANKS and found & (KEYS | SIZES | LAYERS | {"rank", "latent"}))
        or (listed and found & LAYERS and found & KINDS)
        or (found & SHARING and found & (KEYS | LAYERS | HEADS | {"cache", "cla", "yoco"}))
        or (isinstance(value, list) and found & {"layer", "layers"})
        or (counted and found & RATES and found & (STATES | LAYERS))
        or (counted and found & {"layer", "layers", "block", "blocks"} and found & REPEATS)
        or (counted and found & LOOPS)
        or (value is True and {"multi", "query"} <= found)
        or (value is True and found & HEAD_SHARING and not heads_told)
        or (counted and found & HEAD_SHARING)
    )


def speaks(path: str) -> bool:
    """Whether a field's name has to do with what is cached at all."""
    return bool(SPEAK.intersection(words(path)))
