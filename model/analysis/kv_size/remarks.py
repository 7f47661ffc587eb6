"""Composes the notes on a cache size: which layers it leaves out, what it assumes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from model.analysis.kv_size.families import family as known_family
from model.analysis.kv_size.fields import MAX_LAYERS, Fields
from model.analysis.kv_size.harmless import ELSEWHERE
from model.analysis.kv_size.layer import OTHER_KV_HEADS, is_latent
from model.analysis.kv_size.names import FACTS
from model.analysis.kv_size.notes import Note
from model.analysis.kv_size.show import listed, piece
from model.analysis.kv_size.spec import CacheSpec

#: Names for kinds of layers with a state of fixed size.
STATES = {
    "linear": "linear", "mamba": "mamba", "conv": "conv", "hybrid": "mamba",
    "hybrid_sliding": "conv",
}  # fmt: skip
#: Fields that name the precision of a quantised cache, and values that mean none.
KV_DTYPES = ("kv_cache_quant_algo", "kv_cache_dtype", "kv_cache_quant_method")
PLAIN = {
    "auto", "none", "bf16", "bfloat16", "fp16", "float16", "fp32", "float32", "",
    "16-bit float", "32-bit float",
}  # fmt: skip
#: Names of the formats of a precision. Other formats are named, without a size.
PRECISIONS = {
    "fp8": re.compile(r"(fp8|float8)(_.*)?|8-bit float"),
    "int8": re.compile(r"u?int8(_.*)?|8-bit int"),
    "int4": re.compile(r"u?int4(_.*)?|4-bit int"),
}


def notes(
    fields: Fields,
    whole: Fields,
    two_stacks: bool,
    kinds: Sequence[str],
    spec: CacheSpec,
    cross: int,
) -> list[Note]:
    """All notes on a size; `cross` is the number of cached elements per image token."""
    return [
        *_layers(kinds, spec, cross),
        *_attention(fields, kinds, spec),
        *_beside(fields, two_stacks),
        *_quantised(whole, fields, spec),
        *_taken(fields),
    ]


def _layers(kinds: Sequence[str], spec: CacheSpec, cross: int) -> list[Note]:
    """Notes on layers of other kinds."""
    count, found = len(kinds), []
    states = [kind for kind in kinds if kind in STATES]
    if states:
        words = "/".join(dict.fromkeys(STATES[kind] for kind in states))
        found.append(Note("states", {"states": len(states), "layers": count, "words": words}))
    idle = sum(kind == "none" for kind in kinds)
    if idle:
        found.append(Note("idle", {"idle": idle, "layers": count}))
    if cross:
        layers = sum(kind == "cross" for kind in kinds)
        found.append(Note("cross", {"layers": layers, "elements": f"{cross:,}"}))
    shared = sum(cache.kind == "shared" for cache in spec.layers)
    if shared:
        found.append(Note("shared", {"shared": shared, "layers": count}))
    if any(cache.window is not None for cache in spec.layers):
        found.append(Note("window"))
    if any(cache.compressed for cache in spec.layers):
        found.append(Note("compressed"))
    return found


def _attention(fields: Fields, kinds: Sequence[str], spec: CacheSpec) -> list[Note]:
    """Notes on the heads or latents that the layers cache."""
    found = []
    counts = (*FACTS["kv_heads"], *OTHER_KV_HEADS)
    if is_latent(fields):
        found.append(Note("latent"))
    elif any(cache.kv_heads and not cache.compressed for cache in spec.layers) and not (
        fields.states(*counts) or any(name in fields.defaults for name in counts)
    ):
        found.append(Note("all_heads"))
    if "indexed" in kinds:
        found.append(Note("indexed"))
    if fields.get("use_bidirectional_attention") in (True, "all"):
        found.append(Note("bidirectional"))
    return found


def _beside(fields: Fields, two_stacks: bool) -> list[Note]:
    """Notes on what a family caches in addition, or in another way."""
    family, found = fields.ledger.family, []
    if family == "longcat_flash":
        found.append(Note("longcat"))
    if family == "falcon" and fields.flag("new_decoder_architecture"):
        found.append(Note("falcon"))
    if two_stacks:
        found.append(Note("two_stacks"))
    if family == "cpmant":
        own = Fields(fields.values, fields.ledger, {"prompt_length": 32})
        found.append(Note("own_prompt", {"tokens": own.need("prompt_length")}))
    if fields.flag("use_cla"):
        found.append(Note("cla"))
    if family == "huginn_raven":
        found.append(Note("passes", {"passes": fields.need("mean_recurrence")}))
    if family.startswith("minicpm") and (sparse := fields.section("sparse_config")) is not None:
        sparse.ledger.read |= {sparse.path + name for name in sparse.values}
        found.append(Note("pooled"))
    mtp = fields.fact("mtp", most=MAX_LAYERS)
    if mtp:
        found.append(Note("mtp", {"layers": mtp}))
    return found


def _quantised(whole: Fields, fields: Fields, spec: CacheSpec) -> list[Note]:
    """A note on a quantised cache that the file allows, with its size; it is not assumed."""
    for values in (whole.values, fields.values):
        scheme = _scheme(values)
        if scheme.lower() in PLAIN:
            continue
        known = (dtype for dtype, name in PRECISIONS.items() if name.fullmatch(scheme.lower()))
        dtype = next(known, None)
        if dtype is None:
            return [Note("kv_scheme_unknown", {"scheme": scheme})]
        size = f"{spec.bytes_per_token(dtype):,}"
        return [Note("kv_scheme", {"scheme": scheme, "dtype": dtype, "bytes": size})]
    return []


def _scheme(values: Mapping[str, Any]) -> str:
    """The quantisation scheme for the KV cache that a file allows; "" if none."""
    sections = [values, *(values.get(name) for name in ("quantization_config", "quantization"))]
    for section in sections:
        if not isinstance(section, Mapping):
            continue
        scheme = section.get("kv_cache_scheme")
        if isinstance(scheme, Mapping):
            bits, kind = scheme.get("num_bits"), scheme.get("type")
            if type(bits) is int and 0 < bits < 17 and kind in ("float", "int"):
                return f"{bits}-bit {kind}"
        for name in KV_DTYPES:
            if isinstance(section.get(name), str) and section[name].lower() not in PLAIN:
                return piece(section[name], 20)
    return ""


def _taken(fields: Fields) -> list[Note]:
    """Notes on the assumptions made in reading."""
    ledger, found = fields.ledger, []
    if ledger.defaults:
        said = ", ".join(f"{name} {_short(value)}" for name, value in ledger.defaults.items())
        found.append(Note("defaults", {"family": ledger.owner, "names": said}))
    if ledger.off:
        said = listed(f"{piece(name, 50)} {value}" for name, value in ledger.off.items())
        found.append(Note("off", {"names": said}))
    if ledger.words:
        said = listed(f"{piece(name, 40)} = {fact}" for name, fact in ledger.words.items())
        found.append(Note("by_words", {"names": said}))
    if ledger.foreign:
        values = {"family": ledger.family, "names": listed(ledger.foreign)}
        found.append(Note("foreign", values))
    if not ledger.family:
        found.append(Note("no_family"))
    elif not (ledger.around or fields.states("model_type")):
        found.append(Note("by_class", {"family": ledger.family}))
    elif known_family(ledger.family) is None and ledger.family not in ELSEWHERE:
        found.append(Note("new_family", {"family": piece(ledger.family, 40)}))
    return found


def _short(value: object) -> str:
    return f"({len(value)} entries)" if isinstance(value, (list, Mapping)) else str(value)
