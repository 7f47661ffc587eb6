"""Turns a parsed config.json into a CacheSpec."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from model import ASSETS
from model.analysis.kv_size.decisive import decisive, of_states
from model.analysis.kv_size.families import family as known_family
from model.analysis.kv_size.fields import (
    MAX_LAYERS,
    ConfigError,
    Fields,
    refusal,
    whole_number,
)
from model.analysis.kv_size.harmless import SECTIONS
from model.analysis.kv_size.layer import (
    Attention,
    attention_layer,
    block_kind,
    dots_note_sliding,
    is_latent,
    missing_fields,
    v4_layer,
    window_of,
)
from model.analysis.kv_size.names import FACTS
from model.analysis.kv_size.notes import Note
from model.analysis.kv_size.remarks import notes
from model.analysis.kv_size.schedule import (
    KEEP_ALL,
    active_window,
    layer_count,
    layer_kinds,
    passes,
)
from model.analysis.kv_size.show import listed
from model.analysis.kv_size.spec import CacheSpec, LayerCache
from model.analysis.kv_size.text import Config, parse
from model.analysis.kv_size.text_model import refuse_without_cache, text_model
from model.analysis.kv_size.unread import speaks, unread, unread_around

REFERENCE = ASSETS / "reference" / "kv_configs.json"
#: Maximum number of fields, of which published files have some hundreds; SECTIONS are not counted.
MAX_FIELDS = 2_000
#: Fields that an object for one kind of layer may override.
OVERLAID = {
    *(name for fact in ("heads", "kv_heads", "head_dim", "window") for name in FACTS[fact]),
    "attention_type", "layers", "true_sliding_window", "d_conv",
}  # fmt: skip
#: Facts that only MLA has, and one of chunked attention.
LATENT_FACTS = {"chunk", "qk_rope_head_dim", "qk_nope_head_dim"}
STATES = ("linear", "mamba", "conv")
EMPTY = (*STATES, "none", "cross")  # kinds that cache nothing per token
WINDOWED = ("full", "sliding", "chunked")  # kinds of attention that a window or chunk tells apart
NUMBER = re.compile(r"[0-9]{1,5}")


def published_configs() -> list[dict[str, Any]]:
    """Published models with their configs, bytes per token and sources, one row each."""
    rows: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return rows


def read_config(raw: str | bytes) -> tuple[Config, CacheSpec]:
    """Parse a config.json and determine what its model caches.

    Raises ConfigError as `parse` and `cache_spec` do.
    """
    config = parse(raw)
    spec = cache_spec(config.fields)
    if config.duplicates:
        names = listed(config.duplicates)
        spec = replace(spec, notes=(Note("duplicates", {"names": names}), *spec.notes))
    return config, spec


def cache_spec(config: Mapping[str, Any]) -> CacheSpec:
    """What this model's KV cache holds per layer and token.

    `config` is a parsed transformers config.json (or a config's to_dict()); null fields count as
    absent, and of a multimodal model the text model is read. Missing fields take the defaults of
    the family's class in transformers; fields that are not understood are named in the notes.
    Raises ConfigError, and nothing else, if fields are missing, contradictory or absurd, or are not
    understood although they could change the size.
    """
    fields = text_model(config)
    _count(config)
    whole = Fields(config, fields.ledger)
    two_stacks = whole.flag("is_encoder_decoder") or fields.flag("is_encoder_decoder")
    refuse_without_cache(fields, whole)
    name, kinds, caches = _layers(fields)
    spec = CacheSpec(name, caches, ())
    crossed = _cross_elements(fields, kinds, len(kinds))
    said = notes(fields, two_stacks, kinds, spec, crossed)
    unheard, unclear = _unheard(fields, caches)
    named = _not_read(fields, unclear, kinds)
    return replace(spec, notes=(*said, *unheard, *named, Note("scales")))


def _layers(fields: Fields) -> tuple[str, list[str], tuple[LayerCache, ...]]:
    """The name of the attention, and the kind and cache of every layer."""
    count = layer_count(fields)
    if count is None:
        raise _lacks(["num_hidden_layers", *missing_fields(fields)])
    fields.check_lists(count)
    kinds, windows = _schedule(fields, count)
    shared, exceptions = _shared(fields, kinds), _exceptions(fields, kinds)
    caches: list[LayerCache] = []
    names: list[str] = []
    for index, kind in enumerate(kinds):
        own = _special(exceptions.get(index, fields), kind)
        if index in exceptions:
            kind = kinds[index] = _own_kind(fields, own, kind)
        if kind in EMPTY:
            caches.append(LayerCache(kind, 0, None, ()))
        elif fields.ledger.family == "deepseek_v4":
            caches.append(v4_layer(own, kind))
            names.append("MQA")
        elif index in shared:
            caches.append(LayerCache("shared", 0, None, ()))
        else:
            if missing := missing_fields(own):
                raise _lacks(missing)
            attention = attention_layer(own, index, count, kind)
            window = windows[index] or window_of(own, kind, index)
            caches.append(_layer_cache(kind, attention, window))
            names.append(attention.name)
    times = passes(fields)
    whole_number(count * times, "total_ut_steps", most=MAX_LAYERS)
    return _attention_name(kinds, names), kinds * times, tuple(caches) * times


def _unheard(fields: Fields, caches: Sequence[LayerCache]) -> tuple[list[Note], list[str]]:
    """A note on fields that the family's class ignores, if they would change the cache.

    And the names of those of which that is not known, as the reader does not ask for them.
    """
    ledger = fields.ledger
    if not ledger.unheard:
        return [], []
    aside = Fields(
        {**fields.values, **ledger.unheard}, replace(ledger, read=set()), fields.defaults
    )
    try:
        if _layers(aside)[2] == caches:
            said = (name for name, value in ledger.unheard.items() if value)
            return [], [name for name in said if name not in aside.ledger.read]
    except ConfigError:
        pass
    return [Note("unheard", {"family": ledger.family, "names": listed(ledger.unheard)})], []


def _count(config: Mapping[str, Any]) -> None:
    """Refuse more than MAX_FIELDS fields: the words of each are examined many times."""
    seen, left = 0, [config]
    while left:
        values = left.pop()
        seen += len(values)
        if seen > MAX_FIELDS:
            raise refusal("too_many", limit=f"{MAX_FIELDS:,}")
        left += [
            value
            for name, value in values.items()
            if isinstance(value, Mapping) and name not in SECTIONS
        ]


def _lacks(names: Sequence[str]) -> ConfigError:
    return refusal("lacks", names=", ".join(names))


def _not_read(fields: Fields, unclear: Sequence[str], kinds: Sequence[str]) -> list[Note]:
    """Notes on fields that were not read; a refusal if they would make the size a guess.

    `unclear` are names to be told as well, `kinds` those of the layers.
    """
    # Known names that no layer asked for do not matter, except facts of another kind of attention.
    other_kinds = {"chunk"} if is_latent(fields) or fields.states("use_mla") else LATENT_FACTS
    fields.ledger.read |= {
        name for fact, names in FACTS.items() if fact not in other_kinds for name in names
    }
    known = known_family(fields.ledger.family)
    if known is not None:  # fields of the class that do not affect the cache
        fields.ledger.read |= set(known.defaults)
    by_class = known is not None and not fields.ledger.own_code
    left = unread(fields)
    told = fields.states(*FACTS["kv_heads"])
    # A class does not have the field, but what it has by default may be what an object here says.
    decides = [
        path
        for path, value in left
        if (
            _replaced_by_default(fields, path)
            if by_class
            else decisive(path, value, told, len(kinds))
        )
        and not (of_states(path, value) and not {*kinds}.isdisjoint(STATES))
    ]
    if decides:
        raise refusal("not_understood", names=listed(decides))
    paths = [*unclear, *(path for path, _ in (*left, *unread_around(fields)))]
    about: list[str] = []
    others: list[str] = []
    for path in paths:
        (about if speaks(path) else others).append(path)
    return [
        *([Note("may_matter", {"names": listed(about)})] if about else []),
        *([Note("not_read", {"names": listed(others)})] if others else []),
    ]


def _replaced_by_default(fields: Fields, path: str) -> bool:
    """Whether an object that was not read states a number that counts with the class's default."""
    *objects, name = path.split(".")
    return bool(objects) and any(
        name in names and not fields.ledger.defaults.keys().isdisjoint(names)
        for fact, names in FACTS.items()
        if fact in ("layers", "heads", "hidden")
    )


def _schedule(fields: Fields, layers: int) -> tuple[list[str], list[int | None]]:
    """The kind of every layer, and its window if its block has one."""
    if fields.per_layer("block_configs", layers) is not None:
        blocks = [block_kind(fields, index, layers) for index in range(layers)]
        return [kind for kind, _ in blocks], [window for _, window in blocks]
    kinds = layer_kinds(fields, layers)
    if not fields.flag("use_dsa", default=True):  # dots.note
        kinds = ["full" if kind == "indexed" else kind for kind in kinds]
    elif is_latent(fields) and fields.integer("index_head_dim") and _implied(fields, kinds):
        kinds = ["indexed" if kind == "full" else kind for kind in kinds]
    return kinds, [None] * len(kinds)


def _implied(fields: Fields, kinds: Sequence[str]) -> bool:
    """Whether full attention has an indexer that no list mentions, as in DeepSeek-V3.2's file."""
    spelt_out = fields.ledger.family == "dots3_note_text" and fields.states("per_layer_config")
    return fields.flag("use_dsa") or ("indexed" not in kinds and not spelt_out)


def _shared(fields: Fields, kinds: Sequence[str]) -> set[int]:
    """The layers that read an earlier layer's cache and have none of their own."""
    layers, shared = len(kinds), "num_kv_shared_layers"
    if fields.flag("use_cla"):  # Hunyuan-Large: the first layer of every group has the cache
        size = fields.need("cla_share_factor", most=MAX_LAYERS)
        return {index for index in range(layers) if index % size}
    if fields.states("use_cla"):
        fields.ledger.read.add("cla_share_factor")
    if fields.ledger.family == "gemma3n_text":
        fields.need(shared, least=0)
    last = fields.integer(shared, least=0, most=layers - 1) or 0
    return {i for i, kind in enumerate(kinds) if kind == "shared" or i >= layers - last}


def _exceptions(fields: Fields, kinds: Sequence[str]) -> dict[int, Fields]:
    """The config of each layer with overrides; transformers keeps them in per_layer_config."""
    section = fields.section("per_layer_config")
    if section is None and fields.ledger.family == "dots3_note_text":
        other = fields.overridden(dots_note_sliding(fields)) if "sliding" in kinds else fields
        return {index: other for index, kind in enumerate(kinds) if kind == "sliding"}
    changes = {} if section is None else section.values
    known = known_family(fields.ledger.family)
    # Gemma-4's and Step's rules are implemented here
    ruled = fields.ledger.family.startswith(("gemma4", "step3p5"))
    if section is None and known is not None and "per_layer_config" in known.computed and not ruled:
        raise _lacks(["per_layer_config"])
    rows = {int(key): own for key, own in changes.items() if NUMBER.fullmatch(str(key))}
    if len(rows) < len(changes) or any(row >= len(kinds) for row in rows):
        last = str(len(kinds) - 1)
        raise refusal("layer_numbers", name="per_layer_config", first="0", last=last)
    return {row: fields.overridden(Fields(own).values) for row, own in rows.items()}


def _own_kind(fields: Fields, own: Fields, kind: str) -> str:
    """The kind of a layer with overrides: where no list tells it, its own window or chunk does.

    So get_layer_types_and_kwargs in transformers' cache_utils.py.
    """
    family, known = fields.ledger.family, known_family(fields.ledger.family)
    listed_by_class = known is not None and "layer_types" in known.computed
    if (
        kind not in WINDOWED
        or listed_by_class
        or family in KEEP_ALL
        or fields.states("layer_types")
    ):
        return kind
    if active_window(own) is not None:
        return "sliding"
    return "full" if own.fact("chunk") is None else "chunked"


def _special(fields: Fields, kind: str) -> Fields:
    """The fields for layers of this kind, if the file has an object for the kind."""
    if kind == "sliding" and (other := fields.section("attention_other_setting")) is not None:
        changes = dict(other.values)
        return _overlaid(fields, other, changes)
    for name in ("attn", "attn_cfg"):  # the fla library, mamba_ssm
        if (attention := fields.section(name)) is not None:
            changes = {"head_dim": None, "num_kv_heads": None, **attention.values}
            return _overlaid(fields, attention, changes)
    return fields


def _overlaid(fields: Fields, section: Fields, changes: Mapping[str, Any]) -> Fields:
    fields.ledger.read |= {section.path + name for name in OVERLAID}
    if section.get("true_head_dim") != section.get("head_dim"):  # Step repeats it
        fields.ledger.read.discard(f"{section.path}true_head_dim")
    return fields.overridden({name: changes[name] for name in changes if name in OVERLAID})


def _cross_elements(fields: Fields, kinds: Sequence[str], layers: int) -> int:
    """Elements that the cross-attention layers cache per image token."""
    return sum(
        sum(size for _, size in attention_layer(fields, index, layers, "full").parts)
        for index, kind in enumerate(kinds)
        if kind == "cross"
    )


def _layer_cache(kind: str, attention: Attention, window: int | None) -> LayerCache:
    label = {
        "sliding": "sliding",
        "chunked": "chunked",
        "hybrid": f"mamba + {attention.name}",
        "hybrid_sliding": "conv + sliding",
    }
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
    seen |= {"conv", "sliding"} if "hybrid_sliding" in kinds else set()
    seen |= {"full" if kind == "indexed" else kind for kind in kinds}
    seen -= {"hybrid", "hybrid_sliding", "none"}
    order: tuple[str, ...] = ("linear", "mamba", "conv", "cross", "chunked", "sliding")
    words = [word for word in order if word in seen]
    if not names:
        return "+".join(words) or "none"
    if "full" in seen:
        words.append(base if base.startswith("MLA") or not words else "full")
    elif words == ["sliding"] and base != "GQA":
        return f"{base}, sliding"
    return "+".join(words)
