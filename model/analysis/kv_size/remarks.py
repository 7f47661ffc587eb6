"""Composes the notes on a cache size: which layers it leaves out, what it assumes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.analysis.kv_size.families import family as known_family
from model.analysis.kv_size.families import family_of
from model.analysis.kv_size.fields import MAX_LAYERS, Fields
from model.analysis.kv_size.harmless import ELSEWHERE
from model.analysis.kv_size.layer import OTHER_KV_HEADS, is_latent
from model.analysis.kv_size.names import FACTS
from model.analysis.kv_size.notes import Note
from model.analysis.kv_size.show import listed, piece
from model.analysis.kv_size.spec import CacheSpec

#: Objects that may count KV heads: MosaicML's, mamba_ssm's and those of the fla library.
OBJECTS = ("attn_config", "attn_cfg", "attn")
#: Names for kinds of layers with a state of fixed size.
STATES = {
    "linear": "linear", "mamba": "mamba", "conv": "conv", "hybrid": "mamba",
    "hybrid_sliding": "conv",
}  # fmt: skip
#: Families whose layers are gone through several times, with the field that says how often.
PASSES = {"huginn_raven": "mean_recurrence", "ouro": "total_ut_steps"}
#: Sections that may have the precision of a quantised cache, besides the file itself.
QUANTISED = ("quantization_config", "quantization", "compression_config")
#: Names of such a field: kv_cache_scheme, kv_cache_quant_algo, v_cache_dtype, fp8_kv_cache,
#: kv_bits, kv_cache_group (AMD's quark), use_cache_quantization (Qwen's first models).
PRECISION = re.compile(
    r"(kv|k|v|key|value)_?cache_?\w*(scheme|dtype|algo|bits|group|precision|format|int[248]|fp[48])|"
    r"(int[248]|fp[48])_?kv_?cache|cache_?quant|^kv_?(bits|quant|dtype|precision)",
    re.IGNORECASE,
)
#: Values that mean no quantisation.
PLAIN = {
    "auto", "none", "bf16", "bfloat16", "fp16", "float16", "fp32", "float32", "",
    "16-bit float", "32-bit float",
}  # fmt: skip
#: Names of the formats of a precision. Other formats are named, without a size.
PRECISIONS = {
    "fp8": re.compile(r"(fp|float)8(_e4m3|_e5m2)?(fn)?(uz)?|8-bit float"),
    "int8": re.compile(r"u?int8(_.*)?|8-bit int"),
    "int4": re.compile(r"u?int4(_.*)?|4-bit int"),
}


def notes(
    fields: Fields,
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
        *_quantised(fields, spec),
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
        fields.states(*counts)
        or any(name in fields.defaults for name in counts)
        or any(one.states(*counts) for one in map(fields.section, OBJECTS) if one)
    ):
        found.append(Note("all_heads"))
    if "indexed" in kinds:
        found.append(Note("indexed"))
    if fields.both_ways():
        found.append(Note("bidirectional"))
    return found


def _beside(fields: Fields, two_stacks: bool) -> list[Note]:
    """Notes on what a family caches in addition, or in another way."""
    family, found = fields.ledger.family, []
    if family.startswith("longcat_flash"):
        found.append(Note("longcat"))
    if family == "falcon" and fields.flag("new_decoder_architecture"):
        found.append(Note("falcon"))
    if two_stacks:
        found.append(Note("two_stacks"))
    if family == "cpmant":
        own = Fields(fields.values, fields.ledger, {"prompt_length": 32})
        found.append(Note("own_prompt", {"tokens": own.need("prompt_length")}))
    if family == "chatglm" and (prefix := fields.integer("pre_seq_len")):  # P-tuning v2
        found.append(Note("own_prompt", {"tokens": prefix}))
    if fields.flag("use_cla"):
        found.append(Note("cla"))
    if family in PASSES:
        name = PASSES[family]
        found.append(Note("passes", {"name": name, "passes": fields.need(name)}))
    if family.startswith("minicpm") and (sparse := fields.section("sparse_config")) is not None:
        sparse.ledger.read |= {sparse.path + name for name in sparse.values}
        found.append(Note("pooled"))
    mtp = fields.fact("mtp", most=MAX_LAYERS)
    if mtp:
        found.append(Note("mtp", {"layers": mtp}))
    return found


def _quantised(fields: Fields, spec: CacheSpec) -> list[Note]:
    """A note on a quantised cache that the file allows, with its size; it is not assumed."""
    levels = [*(values for _, values in fields.ledger.around), fields.values]
    schemes = list(
        dict.fromkeys(scheme for values in levels for scheme in _schemes(values, fields))
    )
    if not schemes:
        return []
    dtypes = {_dtype(scheme) for scheme in schemes}
    dtype = dtypes.pop() if len(dtypes) == 1 else None
    if dtype is None:
        return [Note("kv_scheme_unknown", {"scheme": listed(schemes)})]
    size = f"{spec.bytes_per_token(dtype):,}"
    return [Note("kv_scheme", {"scheme": schemes[0], "dtype": dtype, "bytes": size})]


def _dtype(scheme: str) -> str | None:
    found = (dtype for dtype, name in PRECISIONS.items() if name.fullmatch(scheme.lower()))
    return next(found, None)


def _schemes(values: Mapping[str, Any], fields: Fields) -> Iterator[str]:
    """The quantisation schemes for the KV cache that one level of a file allows."""
    for name, value in values.items():
        if name in QUANTISED and isinstance(value, Mapping):
            yield from _nested_schemes(value)
        elif scheme := _scheme(name, value):
            fields.ledger.read.add(name)
            yield scheme


def _nested_schemes(section: Mapping[str, Any]) -> Iterator[str]:
    for name, value in section.items():
        if scheme := _scheme(name, value):
            yield scheme
        elif isinstance(value, Mapping) and "." not in name:  # with a dot, it is a module's name
            yield from _nested_schemes(value)


def _scheme(name: str, value: object) -> str:
    """The quantisation scheme that a field states; "" if none."""
    if name == "cache_implementation":
        return "cache_implementation" if value == "quantized" else ""
    if not PRECISION.search(name, 0, 200):
        return ""
    if isinstance(value, Mapping) and "num_bits" in value:
        bits, kind = str(value["num_bits"]), value.get("type")
        value = f"{piece(bits, 4)}-bit {piece(kind, 10) if isinstance(kind, str) else ''}".strip()
    if isinstance(value, str):
        return "" if value.lower() in PLAIN else piece(value, 20)
    if type(value) is int:
        return f"{value}-bit" if 0 < value < 16 else ""
    return (
        piece(name, 40) if value is True or (value and isinstance(value, (list, Mapping))) else ""
    )


def _taken(fields: Fields) -> list[Note]:
    """Notes on the assumptions made in reading."""
    ledger, found = fields.ledger, []
    if ledger.defaults:
        said = ", ".join(f"{name} {_short(value)}" for name, value in ledger.defaults.items())
        found.append(Note("defaults", {"family": ledger.owner, "names": said}))
    if ledger.off:
        said = listed(f"{piece(name, 50)} {value}" for name, value in ledger.off.items())
        found.append(Note("off", {"names": said}))
    if ledger.wide:
        said = listed(f"{piece(name, 40)} {window:,}" for name, window in ledger.wide.items())
        context = f"{fields.values['max_position_embeddings']:,}"
        found.append(Note("wide", {"names": said, "context": context}))
    if ledger.words:
        said = listed(f"{piece(name, 40)} = {fact}" for name, fact in ledger.words.items())
        found.append(Note("by_words", {"names": said}))
    if ledger.foreign:
        values = {"family": ledger.family, "names": listed(ledger.foreign)}
        found.append(Note("foreign", values))
    found += _other_class(fields)
    if not ledger.family:
        found.append(Note("no_family"))
    elif not (ledger.around or fields.states("model_type")):
        found.append(Note("by_class", {"family": ledger.family}))
    elif known_family(ledger.family) is None and ledger.family not in ELSEWHERE:
        found.append(Note("new_family", {"family": piece(ledger.family, 40)}))
    return found


def _other_class(fields: Fields) -> list[Note]:
    """A note on a class in architectures that belongs to another family than the model_type's."""
    ledger, found = fields.ledger, []
    around = [*ledger.around, (ledger.family, fields.values)]
    families = {ledger.family, *(values.get("model_type") for _, values in around)}
    for _, values in around:
        named = values.get("architectures")
        first = named[0] if isinstance(named, list) and named else None
        other = family_of(first) if isinstance(first, str) else ""
        said = values.get("model_type") or ledger.family
        if other and other not in families and known_family(said) is not None:
            about = {"architecture": str(first), "other": other, "family": str(said)}
            found.append(Note("other_class", about))
    return found[:1]


def _short(value: object) -> str:
    return f"({len(value)} entries)" if isinstance(value, (list, Mapping)) else str(value)
