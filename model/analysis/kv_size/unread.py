"""Judges fields that were not read: harmless, to be named in a note, or a reason to refuse.

A field is harmless by its name: if it is in HARMLESS, by its last word (a dropout, a bias, an
epsilon), or if it is about experts, tokens or the vocabulary and not about the cache. Any other
unread field is named. If its name is about heads, keys, values, windows, low rank, kinds of layers
or sharing and its value could be a size of these, the result would be a guess, unless transformers
has the family: then its class does not have the field, and the tests compare sizes with its cache.
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
WINDOWS = {"window", "windows", "windowed", "sliding", "swa", "local", "span", "spans"}
RANKS = {"rank", "ranks", "lowrank", "low", "lora", "latent", "latents", "mla", "compressed"}
COMPRESSION = {"compress", "compressed", "compression"}
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
#: Kinds of sharing keys and values among heads, which a flag may switch on.
HEAD_SHARING = {"mqa", "gqa", "mla", "mfa", "multiquery"}
#: Values that name an implementation of attention, not a kind.
COMPUTED_BY = {
    "sdpa",
    "eager",
    "flash",
    "flash_attn",
    "flash_attention_2",
    "flash_attention",
    "xla",
}
#: Kinds of attention and of layers without it, by which a value, a flag or an object calls them.
OTHER_KINDS = {
    "mla", "mqa", "gqa", "latent", "linear", "swa", "sliding", "local", "retention", "rwkv", "wkv",
    "ssm", "mamba", "hyena", "lightning", "gdn", "kda",
}  # fmt: skip
#: Of so many layers of one kind, others are of another.
SOME_LAYERS = {"attention", "attn", "mamba", "ssm", "linear", "hybrid", "full", "global", "unique"}
RECURRENT = {"recurrent", "recurrence", "recurrences"}
#: Layers that are run several times, each time with a cache of their own.
LOOPS = {"cycles", "loop", "loops", "ut"}
SPEAK = LOOPS | KEYS | HEADS | WINDOWS | RANKS | LAYERS | SHARING | STATES
#: A decisive field has at least one of these words.
DECIDE = SPEAK | HEAD_SHARING | OTHER_KINDS | RECURRENT


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


def decisive(path: str, value: object, heads_told: bool = False) -> bool:
    """Whether the cache size could depend on a field, judging by its name and value.

    A flag such as "use_gqa" does not matter if the file has the number of KV heads: `heads_told`.
    """
    if isinstance(value, str) and value in COMPUTED_BY:
        return False
    if value is False or isinstance(value, float) or (type(value) is int and value <= 0):
        return False
    found = set(words(path))
    if found.isdisjoint(DECIDE):
        return False
    if "cross" in found and found & ATTENTION and found.isdisjoint({"layer", "layers"}):
        return False  # of another model's states, which are cached once
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
        or (counted and found & RECURRENT and found & (COUNTS | {"depth", "steps"}))
        or (counted and found & {"layer", "layers"} and found & COUNTS and found & SOME_LAYERS)
        or (isinstance(value, str) and found & LAYERS and OTHER_KINDS.intersection(words(value)))
        or (value is True and found & OTHER_KINDS and found & (ATTENTION | WINDOWS))
        or (value is True and ({"k", "v"} <= found or (keys and found & COMPRESSION)))
        or (isinstance(value, Mapping) and found & OTHER_KINDS)
        or (value is True and {"multi", "query"} <= found)
        or (value is True and found & HEAD_SHARING and not heads_told)
        or (counted and found & HEAD_SHARING)
    )


def speaks(path: str) -> bool:
    """Whether a field's name has anything to do with the cache."""
    return bool(SPEAK.intersection(words(path)))
