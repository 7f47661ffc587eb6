"""What one layer caches per token: keys and values of some heads, a latent, or nothing.

Elements per token, in the notation of the DeepSeek-V2 paper (arXiv 2405.04434, Table 1):
MHA 2·n_h·d_h, GQA 2·n_g·d_h, MQA 2·d_h, MLA d_c + d_h^R (no factor 2, no heads).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model.analysis.kv_size.fields import MAX_HEADS, MAX_LAYERS, Fields, refusal, whole_number
from model.analysis.kv_size.kinds import translate
from model.analysis.kv_size.names import FACTS, OWN_FIELD
from model.analysis.kv_size.schedule import active_window
from model.analysis.kv_size.show import listed, shown
from model.analysis.kv_size.spec import LayerCache, Parts

MULTI_QUERY_FAMILIES = {"falcon", "RefinedWebModel", "gpt_bigcode"}
V4_RATES = {"CSA": 4, "HCA": 128}  # DeepSeek-V4's class default, default_compress_rates
#: Families where "index_topk_freq" may determine which layers have an indexer of their own.
BY_FREQUENCY = {"glm_moe_dsa", "glm5_next_text", "mistral_large4_text"}
#: Defaults of dots.note's class for its sliding layers, which are MLA of another width.
DOTS_NOTE = {"swa_kv_lora_rank": 1024, "swa_head_dim": 256, "swa_qk_nope_head_dim": 192}
#: Values of "attention_head_type" in files of santacoder, starcoder and gpt_dolomite.
HEAD_TYPES = {
    "multiquery": "MQA", "multi_query": "MQA", "mqa": "MQA", "multihead": "MHA", "mha": "MHA",
    "gqa": "GQA",
}  # fmt: skip
#: The attention of a block in nvidia's Nemotron-NAS files; the last two are for attention sinks.
BLOCK_FIELDS = {
    "n_heads_in_group", "no_op", "replace_with_linear", "num_sink_tokens", "window_length",
    "unshifted_sink", "use_prefill_window_in_sink_attention",
}  # fmt: skip
#: Families outside of transformers with MLA in every file, and those whose files count KV heads,
#: under this name: without it, every head would be counted.
LATENT = {"kimi_k2", "pangu_ultra_moe"}
GROUPED = {
    "chatglm": "multi_query_group_num", "deci": "num_key_value_heads_per_layer",
    "kclgpt": "num_query_groups", "nemotron-nas": "block_configs", "openelm": "num_kv_heads",
    "phi3small": "num_key_value_heads", "plamo2": "num_key_value_heads",
    "step3_text": "num_attention_groups",
}  # fmt: skip
#: Fields that may determine the number of KV heads, besides those of FACTS.
OTHER_KV_HEADS = (
    "multi_query", "attention_head_type", "attn_config", "block_configs", "group_query_attention",
    "n_shared_head", "proj_groups", "multi_query_attention",
)  # fmt: skip


@dataclass(frozen=True)
class Attention:
    """The heads of one attention layer: `name` is MHA, GQA, MQA, MLA or MLA + indexer."""

    name: str
    parts: Parts
    kv_heads: int | None = None


def is_latent(fields: Fields) -> bool:
    """Whether the file describes MLA: it has a kv_lora_rank, and MLA is not switched off."""
    rank, switched = fields.fact("kv_lora_rank"), fields.flag("use_mla", default=True)
    told = fields.states("use_mla") or fields.ledger.family in LATENT
    if rank is None and switched and told:
        raise refusal("lacks", names="kv_lora_rank")
    return rank is not None and switched


def missing_fields(fields: Fields) -> list[str]:
    """The missing fields among those that every attention layer needs."""
    if is_latent(fields):
        wanted: dict[str, tuple[str, ...]] = {"qk_rope_head_dim": ("qk_rope_head_dim",)}
    else:
        wanted = {
            "num_attention_heads": ("heads", "decoder_heads"),
            "head_dim or hidden_size": ("head_dim", "hidden"),
        }
    return [label for label, facts in wanted.items() if not any(_states(fields, f) for f in facts)]


def _states(fields: Fields, fact: str) -> bool:
    own = OWN_FIELD.get((fields.ledger.family, fact))
    names = [*fields.names_of(fact), *([] if own is None else [own])]
    return any(fields.values.get(name) is not None or name in fields.defaults for name in names)


def attention_layer(fields: Fields, index: int, layers: int, kind: str) -> Attention:
    """The attention of layer `index`, with the layer's overrides already in `fields`."""
    if is_latent(fields):
        return _latent(fields, index, layers, kind)
    if kind in ("CSA", "HCA") or (kind == "indexed" and not fields.get("indexer_head_dim")):
        raise refusal("sparse")
    heads = _heads(fields, index, layers)
    kv_heads = _kv_heads(fields, index, layers, heads)
    family = fields.ledger.family
    key = fields.fact("head_dim", index=index)
    if key is None and kind == "sliding" and fields.states("num_swa_attention_heads"):
        key = equal_share(fields, fields.need("num_swa_attention_heads", most=MAX_HEADS))
    if family in ("zamba", "zamba2") and fields.get("attention_head_dim") is None:
        key = 2 * fields.need_fact("hidden") // heads  # the input is two concatenated streams
    if key is None:
        key = equal_share(fields, heads)
    value = fields.fact("v_head_dim", index=index) or key
    if kind in ("sliding", "hybrid_sliding"):
        # Sliding layers of MiMo have twice the KV heads (transformers' MiMoV2FlashAttention).
        doubled = 2 * kv_heads if family.startswith("mimo_v2") else kv_heads
        kv_heads = _of_sliding(fields, "num_key_value_heads") or doubled
        heads = _of_sliding(fields, "num_attention_heads") or heads
        wide = fields.integer("swa_head_dim")
        value = fields.integer("swa_v_head_dim") or (wide if wide and value == key else value)
        key = wide or key
    if family.startswith("gemma4") and kind == "full":
        key, value, kv_heads = _gemma4_global(fields, kv_heads)
    if heads % kv_heads:
        raise refusal("divide", kv_heads=f"{kv_heads:,}", heads=f"{heads:,}")
    name = "MHA" if kv_heads == heads else "MQA" if kv_heads == 1 else "GQA"
    parts: Parts = (("K", kv_heads * key), ("V", kv_heads * value))
    if kind == "indexed":  # Qwen4's indexer, beside heads
        one = fields.need("indexer_head_dim")
        indexers = fields.integer("indexer_kv_heads", most=MAX_HEADS) or 1
        return Attention(f"{name} + indexer", (*parts, ("k_index", indexers * one)))
    return Attention(name, parts, kv_heads)


def _of_sliding(fields: Fields, name: str) -> int | None:
    """A number of heads of sliding layers, if they have their own: MiMo's, or Baichuan-M1's."""
    found = fields.integer(f"swa_{name}", most=MAX_HEADS)
    return found or fields.integer(name.replace("num_", "num_swa_", 1), most=MAX_HEADS)


def equal_share(fields: Fields, heads: int) -> int:
    """The head width if the heads divide the hidden size, or the attention's own width, evenly."""
    width = fields.fact("attention_width") or fields.need_fact("hidden")
    if width % heads:
        raise refusal("head_dim", hidden=f"{width:,}", heads=f"{heads:,}")
    return width // heads


def _latent(fields: Fields, index: int, layers: int, kind: str) -> Attention:
    """MLA: the latent and one rotary key for all heads; DSA adds the indexer's key.

    num_key_value_heads and head_dim do not matter here: transformers sets them to 128 and 64 for
    DeepSeek-V3, which as GQA would be 1,998,848 bytes per token instead of 70,272.
    """
    fields.ledger.read.add(f"{fields.path}qk_head_dim")  # the sum of two others
    rotated = fields.need_fact("qk_rope_head_dim", least=0)
    latent: Parts = (("c_kv", fields.need_fact("kv_lora_rank")),)
    if rotated and _has_position(fields, index, layers):
        latent = (*latent, ("k_pe", rotated))
    sources = fields.per_layer("kv_source_layers", layers)
    if sources is not None:
        source = whole_number(sources[index], "kv_source_layers", least=0, most=index)
        latent = latent if source == index else ()
    if kind != "indexed" or _indexer(fields, index, layers) == "shared":
        return Attention("MLA", latent)
    key = fields.need("index_head_dim")
    if fields.get("index_kpool") is not None:  # GLM-5-Next pools the keys anew at every read
        return Attention("MLA + indexer", (*latent, ("k_index", key), ("pool gate", key + 1)))
    return Attention("MLA + indexer", (*latent, ("k_index", key)))


def _has_position(fields: Fields, index: int, layers: int) -> bool:
    """Whether a layer has a rotary key; in Mistral Large 4, some cache the latent only."""
    if fields.ledger.family != "mistral_large4_text":
        return True
    rotates = fields.per_layer("no_rope_layers", layers)  # 1 means with RoPE, despite the name
    if rotates is not None:
        return bool(whole_number(rotates[index], "no_rope_layers", least=0, most=1))
    alone = Fields(fields.values, fields.ledger, {"no_rope_layer_interval": 4})
    return (index + 1) % alone.need("no_rope_layer_interval", most=MAX_LAYERS) != 0


def _indexer(fields: Fields, index: int, layers: int) -> str:
    """Whether a layer has an indexer of its own, "full", or uses an earlier layer's, "shared".

    The rules for files without a list are those of the configuration classes.
    """
    family = fields.ledger.family
    types: list[Any] | str | None = fields.per_layer("indexer_types", layers)
    names = {"F": "full", "S": "shared"}
    if types is None and fields.get("index_topk_pattern") is not None:
        types = fields.values["index_topk_pattern"]
        if not isinstance(types, (str, list)) or len(types) != layers:
            raise refusal("lacks", names="indexer_types")
    if types is not None:
        said = types[index]
        if not isinstance(said, str) or said not in {*names, *names.values()}:
            raise refusal("indexer_types")
        return names.get(said, said)
    every, first = fields.integer("index_topk_freq") or 1, 2
    if fields.get("index_skip_topk_offset") is not None:
        first = fields.need("index_skip_topk_offset", least=0)
    if family == "hy_v4":
        every, first = 4, 2
        fields.ledger.defaults["indexer_types"] = f"(1 of {every})"
    elif every > 1 and family not in BY_FREQUENCY:
        raise refusal("lacks", names="indexer_types")
    return "shared" if max(index - first + 1, 0) % every else "full"


def dots_note_sliding(fields: Fields) -> Mapping[str, int]:
    """The widths of the sliding layers of a dots.note file, which replace those of the others."""
    said = Fields(fields.values, fields.ledger, DOTS_NOTE)
    unused = ("num_attention_heads", "num_key_value_heads", "q_lora_rank", "v_head_dim")
    said.ledger.read |= {f"swa_{name}" for name in unused}
    rope = said.integer("swa_qk_rope_head_dim", least=0)
    if rope is None:
        rope = said.need("swa_head_dim") - said.need("swa_qk_nope_head_dim")
    return {"kv_lora_rank": said.need("swa_kv_lora_rank"), "qk_rope_head_dim": rope}


def _heads(fields: Fields, index: int, layers: int) -> int:
    for name in ("num_query_heads", "num_attention_heads_per_layer"):
        rows = fields.per_layer(name, layers)
        if rows is not None:
            return whole_number(rows[index], name, most=MAX_HEADS)
    decoder = fields.fact("decoder_heads", most=MAX_HEADS)
    return decoder or fields.need_fact("heads", most=MAX_HEADS, index=index)


def _kv_heads(fields: Fields, index: int, layers: int, heads: int) -> int:
    """The number of KV heads of a layer; one per head if absent or null, as in transformers."""
    family = fields.ledger.family
    # Falcon-40B says multi_query true and still has 8: new_decoder_architecture wins.
    if family in MULTI_QUERY_FAMILIES and not fields.flag("new_decoder_architecture"):
        fields.fact("kv_heads", index=index)  # read but ignored
        if (typed := _typed(fields, heads)) is not None and not fields.states("multi_query"):
            return typed
        return 1 if fields.need_flag("multi_query") else heads
    grouped = {"chatglm": "multi_query_attention", "kclgpt": "group_query_attention"}.get(family)
    if not family and fields.states("group_query_attention"):  # Megatron's arguments
        grouped = "group_query_attention"
    if grouped is not None and not fields.flag(grouped):
        fields.fact("kv_heads", index=index)
        return heads
    count = GROUPED.get(family)
    if count is not None and not fields.states(*FACTS["kv_heads"], "block_configs"):
        raise refusal("lacks", names=count)
    if fields.per_layer("block_configs", layers) is not None:
        group = _block(fields, index, layers).need("n_heads_in_group", most=MAX_HEADS)
        if heads % group:
            raise refusal("group", group=f"{group:,}", heads=f"{heads:,}")
        return heads // group
    nested = fields.section("attn_config")  # DBRX, MPT
    if nested is None and family == "dbrx":
        nested = Fields({}, fields.ledger, {"kv_n_heads": 1}, "attn_config.")
    if nested is not None:
        if nested.text("attn_type") == "multiquery_attention":
            return 1
        return nested.fact("kv_heads", most=heads) or heads
    said = fields.fact("kv_heads", most=heads, index=index)
    # PLaMo's num_key_value_heads has no effect (PlamoModel in llama.cpp's convert_hf_to_gguf.py).
    if family == "plamo" and (sharing := fields.integer("n_shared_head", most=heads)):
        return -(-heads // sharing)
    # num_heads_kv in togethercomputer/stripedhyena, src/model.py; Evo 2's files name no family
    if family in ("stripedhyena", "") and fields.states("proj_groups"):
        said = said or max(heads // (fields.integer("proj_groups", most=heads) or 1), 1)
    # effective_n_kv_heads in allenai/OLMo, olmo/config.py
    single = "multi_query_attention" if family == "hf_olmo" else "multi_query"
    if family != "chatglm" and fields.flag(single) and family not in MULTI_QUERY_FAMILIES:
        if said not in (None, 1):
            raise refusal("disagree", names=f"{single} true and {said:,} KV heads")
        return 1
    typed = _typed(fields, heads)
    if typed is not None and said not in (None, typed):
        raise refusal("disagree", names=f"attention_head_type and {said:,} KV heads")
    return said or typed or heads


def _typed(fields: Fields, heads: int) -> int | None:
    """The number of KV heads by "attention_head_type"; None if that does not determine it."""
    said = fields.text("attention_head_type")
    kind = translate(said, HEAD_TYPES, "attention_head_type") if said else ""
    return {"MQA": 1, "MHA": heads}.get(kind)


def _gemma4_global(fields: Fields, kv_heads: int) -> tuple[int, int, int]:
    """The key width, value width and number of KV heads of Gemma-4's full layers."""
    shared = fields.flag("attention_k_eq_v")
    if fields.states("per_layer_config"):  # to_dict() writes them per layer
        width = fields.need_fact("head_dim")
        return width, width, kv_heads
    width = Fields(fields.values, fields.ledger, {"global_head_dim": 512}).need("global_head_dim")
    if shared:  # K and V share their projection, not their cache
        kv_heads = fields.integer("num_global_key_value_heads", most=MAX_HEADS) or kv_heads
    return width, width, kv_heads


def _block(fields: Fields, index: int, layers: int) -> Fields:
    """The attention of a Nemotron-NAS (DeciLM) block; what else a block has is not understood."""
    path = f"block_configs[{index}]"
    block = (fields.per_layer("block_configs", layers) or [])[index]
    if not isinstance(block, Mapping):
        raise refusal("section", name=path, value=shown(block))
    attention = Fields(block).section("attention")
    if attention is None:
        raise refusal("lacks", names=f"{path}.attention")
    strange = [
        f"{path}.{name}" for name in block if name not in ("attention", "ffn") if block[name]
    ]
    strange += [
        f"{path}.attention.{name}"
        for name, value in attention.values.items()
        if name not in BLOCK_FIELDS and value
    ]
    if strange:
        raise refusal("not_understood", names=listed(strange))
    return Fields(attention.values, path=f"{path}.attention.")


def block_kind(fields: Fields, index: int, layers: int) -> tuple[str, int | None]:
    """The kind and window of a Nemotron-NAS (DeciLM) block."""
    attention = _block(fields, index, layers)
    if attention.flag("no_op") or attention.flag("replace_with_linear"):
        return "none", None
    if attention.get("num_sink_tokens") is not None:
        raise refusal("unknown", name="num_sink_tokens", what="block_configs")
    window = attention.integer("window_length")
    return ("full" if window is None else "sliding"), window


def window_of(fields: Fields, kind: str, index: int) -> int | None:
    """The number of tokens that a layer of this kind caches; None for all."""
    if kind in ("sliding", "hybrid_sliding"):
        window = active_window(fields, index)
        if window is None:
            raise refusal("window")
        return window
    return fields.need_fact("chunk") if kind == "chunked" else None


def v4_layer(fields: Fields, kind: str) -> LayerCache:
    """DeepSeek-V4: one head whose key is also its value, in a window, plus compressed entries.

    CSA caches an entry and an indexer key every 4 tokens, HCA an entry every 128 (transformers'
    models/deepseek_v4). The compressors' own fixed-size buffers are not counted.
    """
    width, window = fields.need_fact("head_dim"), fields.need_fact("window")
    parts: Parts = (("K=V", width),)
    if kind == "sliding":
        return LayerCache("sliding", width, window, parts, kv_heads=1)
    if kind not in V4_RATES:
        raise refusal("v4_layer", kind=kind)
    rates = fields.section("compress_rates") or Fields({})
    long_name, short_name = {
        "CSA": ("compressed_sparse_attention", "compress_rate_csa"),
        "HCA": ("heavily_compressed_attention", "compress_rate_hca"),
    }[kind]
    ratio = fields.integer(short_name) or rates.integer(long_name) or V4_RATES[kind]
    compressed: Parts = (("compressed", width),)
    if kind == "CSA":
        compressed = (*compressed, ("k_index", fields.need("index_head_dim")))
    return LayerCache(kind, width, window, parts, 1, compressed, ratio)
