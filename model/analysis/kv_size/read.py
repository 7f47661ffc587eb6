"""From a parsed config.json to its CacheSpec."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from model import ASSETS
from model.analysis.kv_size.fields import MAX_LAYERS, ConfigError, Fields, refusal
from model.analysis.kv_size.layer import (
    KV_HEAD_FIELDS,
    Attention,
    attention_layer,
    block_kind,
    missing_fields,
    v4_layer,
    window_of,
)
from model.analysis.kv_size.notes import Note
from model.analysis.kv_size.schedule import layer_count, layer_kinds
from model.analysis.kv_size.spec import CacheSpec, LayerCache

REFERENCE = ASSETS / "reference" / "kv_configs.json"
NESTED = ("text_config", "llm_config", "language_config", "thinker_config")
ENCODERS = {
    "albert", "bert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "roberta",
    "xlm-roberta",
}  # fmt: skip
STATES = ("linear", "mamba", "conv")


def published_configs() -> list[dict[str, Any]]:
    """Published models with their configs, bytes per token and sources (one row each)."""
    rows: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return rows


def cache_spec(config: Mapping[str, Any]) -> CacheSpec:
    """What the KV cache of this model holds per layer and token.

    `config` is a parsed transformers config.json (or a config's to_dict()); null fields count as
    absent, and of a multimodal model the text model is read. Raises ConfigError, and nothing
    else, when fields are missing, contradict each other or are absurd.
    """
    two_stacks = Fields(config).flag("is_encoder_decoder")
    fields = text_model(config)
    _refuse(fields)
    count = layer_count(fields, two_stacks)
    if count is None:
        raise _lacks(["num_hidden_layers", *missing_fields(fields)])
    kinds, windows = _schedule(fields, count)
    if any(kind not in (*STATES, "none") for kind in kinds) and missing_fields(fields):
        raise _lacks(missing_fields(fields))
    shared, exceptions = _shared_from(fields, count), _exceptions(fields)
    caches: list[LayerCache] = []
    names: list[str] = []
    for index, kind in enumerate(kinds):
        own = exceptions.get(index, fields)
        if kind in (*STATES, "none"):
            caches.append(LayerCache(kind, 0, None, ()))
        elif fields.text("model_type") == "deepseek_v4":
            caches.append(v4_layer(own, kind))
            names.append("MQA")
        elif index >= shared:
            caches.append(LayerCache("shared", 0, None, ()))
        else:
            attention = attention_layer(own, index, count, kind)
            window = windows[index] or window_of(own, kind)
            caches.append(_layer_cache(kind, attention, window))
            names.append(attention.name)
    name = _attention_name(kinds, names)
    return CacheSpec(name, tuple(caches), tuple(_notes(fields, two_stacks, kinds, caches)))


def _lacks(names: Sequence[str]) -> ConfigError:
    return refusal("lacks", names=", ".join(names))


def text_model(config: Mapping[str, Any]) -> Fields:
    """The part of the file that describes the decoder."""
    fields = Fields(config)
    two_stacks = fields.flag("is_encoder_decoder")
    for _ in range(3):  # Qwen-Omni nests twice: thinker_config.text_config
        names = (*NESTED, "decoder") if two_stacks else NESTED
        inner = next((part for name in names if (part := fields.section(name))), None)
        if inner is None:
            break
        fields = inner
    return fields


def _refuse(fields: Fields) -> None:
    family = fields.text("model_type")
    if family in ENCODERS and not fields.flag("is_decoder"):
        raise refusal("encoder", family=family)
    if fields.values.get("use_bidirectional_attention") in (True, "all"):
        raise refusal("both_ways")
    if fields.flag("use_cla"):
        raise refusal("unknown", name="use_cla", what="cross-layer attention")


def _schedule(fields: Fields, layers: int) -> tuple[list[str], list[int | None]]:
    """Kind and, where the block itself names one, window of every layer."""
    if fields.per_layer("block_configs", layers) is not None:
        blocks = [block_kind(fields, index, layers) for index in range(layers)]
        return [kind for kind, _ in blocks], [window for _, window in blocks]
    kinds = layer_kinds(fields, layers)
    indexed = fields.values.get("index_head_dim") is not None
    if indexed and fields.values.get("kv_lora_rank") is not None and "indexed" not in kinds:
        # DeepSeek-V3.2's file has no layer_types: every layer has the indexer.
        kinds = ["indexed" if kind == "full" else kind for kind in kinds]
    return kinds, [None] * len(kinds)


def _shared_from(fields: Fields, layers: int) -> int:
    """Index of the first layer that reads an earlier layer's cache (Gemma-3n, Gemma-4)."""
    if fields.text("model_type") == "gemma3n_text":
        return layers - fields.need("num_kv_shared_layers", least=0, most=layers - 1)
    return layers - (fields.integer("num_kv_shared_layers", least=0, most=layers - 1) or 0)


def _exceptions(fields: Fields) -> dict[int, Fields]:
    """The config as single layers see it: transformers keeps exceptions in per_layer_config."""
    section = fields.section("per_layer_config")
    changes = {} if section is None else section.values
    return {
        int(key): fields.overridden(Fields(own).values)
        for key, own in changes.items()
        if isinstance(key, str) and key.isdecimal() and len(key) <= 5
    }


def _layer_cache(kind: str, attention: Attention, window: int | None) -> LayerCache:
    label = {"sliding": "sliding", "chunked": "chunked", "hybrid": f"mamba + {attention.name}"}
    total = sum(size for _, size in attention.parts)
    name = label.get(kind, attention.name)
    return LayerCache(name, total, window, attention.parts, attention.kv_heads)


def _attention_name(kinds: Sequence[str], names: Sequence[str]) -> str:
    if "CSA" in kinds or "HCA" in kinds:
        return "MQA, compressed"
    base = names[0] if len(set(names)) == 1 else "GQA"
    if "MLA + indexer" in names:  # layers with a shared indexer are MLA by name
        base = "MLA + indexer"
    seen = {"mamba", "full"} if "hybrid" in kinds else set()
    seen |= {"full" if kind == "indexed" else kind for kind in kinds} - {"hybrid", "none"}
    order: tuple[str, ...] = ("linear", "mamba", "conv", "chunked", "sliding")
    words = [word for word in order if word in seen]
    if not names:
        return "+".join(words) or "none"
    if "full" in seen:
        words.append(base if base.startswith("MLA") or not words else "full")
    elif words == ["sliding"] and base != "GQA":
        return f"{base}, sliding"
    return "+".join(words)


def _notes(
    fields: Fields, two_stacks: bool, kinds: Sequence[str], caches: Sequence[LayerCache]
) -> list[Note]:
    family, count, notes = fields.text("model_type"), len(kinds), []
    states = [kind for kind in kinds if kind in (*STATES, "hybrid")]
    if states:
        words = "/".join(dict.fromkeys(kind.replace("hybrid", "mamba") for kind in states))
        notes.append(Note("states", {"states": len(states), "layers": count, "words": words}))
    idle = sum(kind == "none" for kind in kinds)
    if idle:
        notes.append(Note("idle", {"idle": idle, "layers": count}))
    shared = sum(cache.kind == "shared" for cache in caches)
    if shared:
        notes.append(Note("shared", {"shared": shared, "layers": count}))
    if any(cache.window is not None for cache in caches):
        notes.append(Note("window"))
    if any(cache.compressed for cache in caches):
        notes.append(Note("compressed"))
    if fields.values.get("kv_lora_rank") is not None:
        notes.append(Note("latent"))
    elif any(cache.kv_heads and not cache.compressed for cache in caches) and not any(
        fields.values.get(name) is not None for name in KV_HEAD_FIELDS
    ):
        notes.append(Note("all_heads"))
    if "indexed" in kinds:
        notes.append(Note("indexed"))
    if family == "longcat_flash":
        notes.append(Note("longcat"))
    if family == "falcon" and fields.flag("new_decoder_architecture"):
        notes.append(Note("falcon"))
    if two_stacks:
        notes.append(Note("two_stacks"))
    mtp = fields.integer("num_nextn_predict_layers", least=0, most=MAX_LAYERS)
    if mtp:
        notes.append(Note("mtp", {"layers": mtp}))
    return [*notes, Note("scales")]
