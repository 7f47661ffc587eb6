"""Judges by its name and value whether the cache could depend on a field that was not read.

It is asked only where no class of transformers says what the field means: a size without it would
be a guess, and is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from model.analysis.kv_size.harmless import TOPICS
from model.analysis.kv_size.names import words

KEYS = {"kv", "kvs", "key", "keys", "value", "values", "k", "v"}
HEADS = {"head", "heads", "nhead", "nheads", "group", "groups"}
SIZES = {"dim", "dims", "size", "sizes", "width", "channels", "features", "units", "d", "inner"}
COUNTS = {"n", "num", "number", "count", "total"}
LENGTHS = {"tokens", "len", "length", "size", "slots", "budget", "limit", "max", "capacity"}
WINDOWS = {"window", "windows", "windowed", "sliding", "swa", "local", "span", "spans"}
RANKS = {"rank", "ranks", "lowrank", "low", "lora", "latent", "latents", "mla", "compressed"}
COMPRESSION = {"compress", "compressed", "compression"}
LAYERS = {"layer", "layers", "block", "blocks", "mixer", "mixers", "attn", "attention"}
ATTENTION = {"attn", "attention", "qkv"}
KINDS = {
    "type", "types", "kind", "kinds", "pattern", "schedule", "layout", "idx", "idxs", "index",
    "indices", "ids", "list", "map", "order", "period", "interval", "every", "freq", "frequency",
}  # fmt: skip
#: Nouns for an arrangement of layers; schedules are of learning rates, too.
ARRANGED = {"layout", "pattern", "arrangement", "kinds"}
RATES = {"ratio", "every", "interval", "period", "freq", "frequency"}
SHARES = RATES | {"fraction", "share", "portion", "proportion", "percentage", "rate", "factor"}
#: What else has a share or a rate.
OTHER_SHARES = {
    "drop", "dropout", "loss", "entropy", "lr", "learning", "decay", "mask", "masking", "noise",
    "scale", "scaling", "init",
}  # fmt: skip
#: What is made into tokens before it comes to the layers, in a number that a ratio may change.
OTHER_INPUTS = {"image", "images", "video", "videos", "vision", "visual", "audio", "speech"}
REPEATS = {
    "repeat", "repeats", "repeated", "loop", "loops", "recurrent", "recurrence", "self", "passes",
}  # fmt: skip
SHARING = {"share", "shared", "sharing", "shares", "reuse", "reused", "cla", "yoco", "tied", "tie"}
STATES = {
    "state", "states", "ssm", "mamba", "recurrent", "recurrence", "linear", "conv", "memory",
    "cross", "hybrid", "sparse", "global", "cache", "caches", "query", "queries", "mqa", "gqa",
    "mha", "qkv", "chunk", "chunked", "sink", "sinks", "meta",
}  # fmt: skip
#: Tokens that are kept in addition to a text's own.
MEMORIES = {"sink", "sinks", "memory", "memories", "mem", "meta", "register", "registers"}
#: Kinds of sharing keys and values among heads, which a flag may switch on.
HEAD_SHARING = {"mqa", "gqa", "mla", "mfa"}
#: Values that name an implementation of attention, not a kind.
COMPUTED_BY = {
    "sdpa", "eager", "flash", "flash_attn", "flash_attention_2", "flash_attention", "xla",
}  # fmt: skip
#: Kinds of attention and of layers without it, by which a value, a flag or an object calls them.
OTHER_KINDS = {
    "mla", "mqa", "gqa", "latent", "linear", "swa", "sliding", "local", "retention", "rwkv", "wkv",
    "ssm", "mamba", "hyena", "lightning", "gdn", "kda", "retnet", "deltanet", "delta", "hgrn",
    "gla", "xlstm", "lstm", "rnn", "griffin", "nsa", "moba", "dsa", "tpa", "mfa", "yoco", "cla",
    "indexer",
}  # fmt: skip
#: Those of them that keep a state of fixed size.
WITH_STATES = {
    "linear", "retention", "rwkv", "wkv", "ssm", "mamba", "hyena", "lightning", "gdn", "kda",
    "retnet", "deltanet", "delta", "hgrn", "gla", "xlstm", "lstm", "rnn", "griffin", "conv",
}  # fmt: skip
#: Those that mean something else in a value by themselves: a scaling, a mode.
VAGUE = {"linear", "latent", "sliding", "local", "lightning", "delta", "indexer"}
#: Words with which a value tells a kind, and a flag switches one on.
BESIDE_KIND = {
    "attention", "attn", "full", "global", "hybrid", "layer", "layers", "block", "blocks", "gated",
    "net", "self", "softmax", "dense",
}  # fmt: skip
FLAGS = {"use", "uses", "is", "enable", "enabled", "with", "has", "mode"}
#: Of so many layers of one kind, others are of another.
SOME_LAYERS = {"attention", "attn", "mamba", "ssm", "linear", "hybrid", "full", "global", "unique"}
RECURRENT = {"recurrent", "recurrence", "recurrences"}
#: Layers that are run several times, each time with a cache of their own.
LOOPS = {"cycles", "loop", "loops", "ut", "recursion", "recursions"}
#: Words about the cache: a name with one of them is not harmless by its topic.
SPEAK = LOOPS | KEYS | HEADS | WINDOWS | RANKS | LAYERS | SHARING | STATES
#: How the papers write widths: d_c and d_h^R of DeepSeek-V2, d_k and d_v of the transformer.
SYMBOLS = {"c", "h", "r", "k", "v", "g", "kv", "qk"}


def decisive(path: str, value: object, heads_told: bool = False, layers: int = 0) -> bool:
    """Whether the cache size could depend on a field, judging by its name and value.

    A flag such as "use_gqa" does not matter if the file has the number of KV heads: `heads_told`.
    A list with one entry for each of the `layers` may say what each of them caches.
    """
    if isinstance(value, str) and value in COMPUTED_BY:
        return False
    if value is False or (isinstance(value, (int, float)) and not value > 0):
        return False
    said = words(path)
    found = set(said)
    if _shares(found, value) or _arranges(found, value, layers):
        return True
    if isinstance(value, float):
        return False
    if "cross" in found and found & ATTENTION and found.isdisjoint({"layer", "layers"}):
        return False  # of another model's states, which are cached once
    counted = type(value) is int or isinstance(value, (list, Mapping))
    if counted and (_sizes(said, found, heads_told) or _keeps(found)):
        return True
    if found & {"expert", "experts", "moe"}:
        found -= {"group", "groups"}  # of experts
    if found & TOPICS and not found & (KEYS | HEAD_SHARING | SHARING | WINDOWS):
        found -= LAYERS | STATES
    if counted and _counts(found):
        return True
    if value is True and _switches(found, heads_told):
        return True
    listed = isinstance(value, (list, str, Mapping))
    return bool(
        (listed and found & LAYERS and found & KINDS)
        or (found & SHARING and found & (KEYS | LAYERS | HEADS | {"cache", "cla", "yoco"}))
        or _crosses_layers(said, found)
        or (isinstance(value, list) and found & {"layer", "layers"})
        or (isinstance(value, str) and found & LAYERS and OTHER_KINDS.intersection(words(value)))
        or (isinstance(value, Mapping) and found & OTHER_KINDS)
    )


def of_states(path: str, value: object) -> bool:
    """Whether a number is a size of layers with a state, which a file may list: lightning_nkv."""
    found = set(words(path))
    return bool(
        type(value) is int and found & WITH_STATES and not found & (LAYERS | ATTENTION | {"full"})
    )


def _shares(found: set[str], value: object) -> bool:
    """Whether a field says how many layers of one kind come with how many of another."""
    if found & OTHER_SHARES or (found & OTHER_INPUTS and not found & KEYS):
        return False
    if found & COMPRESSION and value in (1, "1"):
        return False  # ERNIE-4.5's compression_ratio: nothing is compressed
    number = isinstance(value, (int, float)) and value is not True
    if not (number or (isinstance(value, str) and any(map(str.isdecimal, value)))):
        return False
    kinds = LAYERS | STATES | OTHER_KINDS | HEAD_SHARING | KEYS | {"full"}
    if found & TOPICS:
        kinds = KEYS
    return bool(
        (found & RATES and found & (kinds | COMPRESSION))
        or (found & COMPRESSION and found & (SHARES | KEYS))
        or (isinstance(value, float) and found & SHARES and found & kinds)
    )


def _arranges(found: set[str], value: object, layers: int) -> bool:
    """Whether a value tells kinds of layers, or something of each layer."""
    if isinstance(value, str):
        told = set(words(value))
        lone = OTHER_KINDS - VAGUE | {"hybrid"}
        return bool(found & ARRANGED or (told <= OTHER_KINDS | BESIDE_KIND and told & lone))
    if not isinstance(value, (list, Mapping)):
        return False
    if found & (ARRANGED | {"schedule"}):
        return True
    entries = [*value] if isinstance(value, list) else []
    differ = len({*map(str, entries)}) > 1 and not any(isinstance(x, float) for x in entries)
    if differ and len(entries) == layers:
        return True
    kinds = [set(words(text)) for text in _texts(value)]
    named = OTHER_KINDS | {"attention", "attn", "hybrid"}
    return bool(kinds) and all(kind <= OTHER_KINDS | BESIDE_KIND and kind & named for kind in kinds)


def _texts(value: list[object] | Mapping[str, object]) -> Iterator[str]:
    """The texts in a list, those of its lists included, or the names in an object."""
    for entry in value:
        inner = entry if isinstance(entry, list) else [entry]
        yield from (text for text in inner if isinstance(text, str))


def _sizes(said: Sequence[str], found: set[str], heads_told: bool) -> bool:
    """Whether a number is of keys and values: their width, rank or heads, or a paper's symbol."""
    grouped = found & {"group", "groups", "rep", "reps"} and found <= (
        COUNTS | HEADS | {"rep", "reps", "per", "query", "queries"}
    )
    return bool(
        (found & KEYS and found & (HEADS | SIZES | RANKS | COUNTS))
        or found & {"kv", "kvs"}
        or ("qk" in found and found & SIZES)
        or (said[:1] == ["d"] and found - {"d"} and found - {"d"} <= SYMBOLS)
        or (not heads_told and (grouped or said == ["n", "g"]))
    )


def _keeps(found: set[str]) -> bool:
    """Whether a number limits the tokens that are kept, or adds some."""
    return bool(
        (found & WINDOWS and found & (SIZES | COUNTS | LAYERS | WINDOWS - {"local"}))
        or found == {"local"}
        or (found & {"chunk", "chunks"} and found & ATTENTION)
        or (found & MEMORIES and found & (COUNTS | LENGTHS))
        or (found & {"cache", "caches"} and found & (SIZES | COUNTS | LENGTHS))
    )


def _counts(found: set[str]) -> bool:
    """Whether a number is of heads, widths or layers of a kind, or of their repetitions."""
    some = found & OTHER_KINDS and found & COUNTS and found <= COUNTS | OTHER_KINDS | LAYERS
    return bool(
        (found & HEADS and found & (SIZES | COUNTS | {"attention", "attn"}))
        or (found & ATTENTION and found & SIZES and not found & {"block", "blocks"})
        or (found & RANKS and found & (KEYS | SIZES | LAYERS | {"rank", "latent"}))
        or (found & RATES and found & (STATES | LAYERS | OTHER_KINDS | {"full"}))
        or (found & {"layer", "layers", "block", "blocks"} and found & REPEATS)
        or (found & {"repeat", "repeats", "passes"} and found & COUNTS)
        or found & LOOPS
        or {"self", "decoder"} <= found
        or (found & RECURRENT and found & (COUNTS | {"depth", "steps"}))
        or (found & {"layer", "layers"} and found & COUNTS and found & SOME_LAYERS)
        or some
        or found & HEAD_SHARING
        or ("indexer" in found and found & (SIZES | COUNTS))
        or ("index" in found and found & SIZES and not found & {"block", "blocks"})
    )


def _switches(found: set[str], heads_told: bool) -> bool:
    """Whether a flag switches on another kind of attention or of layers."""
    kinds = OTHER_KINDS - {"mqa", "gqa"} | {"hybrid", "universal", "looped", "recurrent"}
    return bool(
        (found & kinds and found <= kinds | FLAGS | BESIDE_KIND | {"transformer"})
        or (found & OTHER_KINDS and found & (ATTENTION | WINDOWS))
        or {"k", "v"} <= found
        or (found & KEYS and found & COMPRESSION)
        or (found & {"kv", "kvs"} and found & RANKS)
        or {"multi", "query"} <= found
        or (found & HEAD_SHARING and not heads_told)
    )


def _crosses_layers(said: Sequence[str], found: set[str]) -> bool:
    """Whether a name speaks of what several layers share: cross_layer_attention."""
    pairs = itertools.pairwise(said)
    between = any(a in ("cross", "inter") and b in ("layer", "layers") for a, b in pairs)
    return bool(between or found & {"interlayer", "crosslayer"}) and not found & TOPICS
