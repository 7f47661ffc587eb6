"""What one layer stores for a token: keys and values of some heads, a latent, or nothing.

Elements per token, in the notation of the DeepSeek-V2 paper (arXiv 2405.04434, Table 1):
MHA 2·n_h·d_h, GQA 2·n_g·d_h, MQA 2·d_h, MLA d_c + d_h^R (no factor 2, no heads).
"""

from __future__ import annotations

from dataclasses import dataclass

from model.analysis.kv_size.fields import MAX_HEADS, Fields, refusal, whole_number
from model.analysis.kv_size.schedule import active_window
from model.analysis.kv_size.spec import LayerCache, Parts

HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")
HIDDEN = ("hidden_size", "n_embd", "d_model", "model_dim")
HEAD_DIM = ("head_dim", "attention_head_dim", "kv_channels", "d_kv")
KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv", "num_attention_groups")
KV_HEAD_FIELDS = (*KV_HEADS, "multi_query_group_num", "multi_query", "attn_config", "block_configs")
MULTI_QUERY_FAMILIES = {"falcon", "RefinedWebModel", "gpt_bigcode"}
V4_RATES = {"CSA": 4, "HCA": 128}  # DeepSeek-V4's class default, default_compress_rates


@dataclass(frozen=True)
class Attention:
    """The heads of one attention layer: `name` is MHA, GQA, MQA, MLA or MLA + indexer."""

    name: str
    parts: Parts
    kv_heads: int | None = None


def missing_fields(fields: Fields) -> list[str]:
    """Fields without which no attention layer can be judged."""
    if fields.values.get("kv_lora_rank") is not None:
        wanted: dict[str, tuple[str, ...]] = {"qk_rope_head_dim": ("qk_rope_head_dim",)}
    else:
        wanted = {
            "num_attention_heads": (*HEADS, "decoder_attention_heads", "num_query_heads"),
            "head_dim or hidden_size": (*HEAD_DIM, *HIDDEN),
        }
    there = {name for name, value in fields.values.items() if value is not None}
    return [label for label, names in wanted.items() if there.isdisjoint(names)]


def attention_layer(fields: Fields, index: int, layers: int, kind: str) -> Attention:
    """The attention of layer `index`, whose own overrides are already in `fields`."""
    if fields.values.get("kv_lora_rank") is not None:
        return _latent(fields, index, layers, kind)
    if kind in ("indexed", "CSA", "HCA"):
        raise refusal("sparse")
    heads = _heads(fields, index, layers)
    kv_heads = _kv_heads(fields, index, layers, heads)
    key = fields.integer(*HEAD_DIM)
    if key is None:
        hidden = fields.need(*HIDDEN)
        if hidden % heads:
            raise refusal("head_dim", hidden=f"{hidden:,}", heads=f"{heads:,}")
        key = hidden // heads
    value = fields.integer("v_head_dim") or key
    family = fields.text("model_type")
    if family.startswith("mimo_v2") and kind == "sliding":
        # Sliding layers have twice the KV heads (transformers' MiMoV2FlashAttention).
        kv_heads = fields.integer("swa_num_key_value_heads", most=MAX_HEADS) or 2 * kv_heads
        heads = fields.integer("swa_num_attention_heads", most=MAX_HEADS) or heads
        key = fields.integer("swa_head_dim") or key
        value = fields.integer("swa_v_head_dim") or value
    if family.startswith("gemma4") and kind == "full":
        key, value, kv_heads = _gemma4_global(fields, kv_heads)
    if heads % kv_heads:
        raise refusal("divide", kv_heads=f"{kv_heads:,}", heads=f"{heads:,}")
    name = "MHA" if kv_heads == heads else "MQA" if kv_heads == 1 else "GQA"
    return Attention(name, (("K", kv_heads * key), ("V", kv_heads * value)), kv_heads)


def _latent(fields: Fields, index: int, layers: int, kind: str) -> Attention:
    """MLA: the latent and one rotated key for all heads; DSA adds the indexer's key.

    num_key_value_heads and head_dim say nothing here: transformers sets them to 128 and 64 for
    DeepSeek-V3, which as GQA would come to 1,998,848 bytes per token instead of 70,272.
    """
    latent: Parts = (
        ("c_kv", fields.need("kv_lora_rank")),
        ("k_pe", fields.need("qk_rope_head_dim", least=0)),
    )
    sources = fields.per_layer("kv_source_layers", layers)
    if sources is not None:
        source = whole_number(sources[index], "kv_source_layers", least=0, most=index)
        latent = latent if source == index else ()
    if kind != "indexed":
        return Attention("MLA", latent)
    if fields.values.get("index_kpool") is not None:
        raise refusal("unknown", name="index_kpool", what="pooled keys")
    types = fields.per_layer("indexer_types", layers)
    pattern = fields.values.get("index_topk_pattern") is not None
    if types is None and (pattern or (fields.integer("index_topk_freq") or 1) > 1):
        raise refusal("lacks", names="indexer_types")
    if types is not None and types[index] not in ("full", "shared"):
        raise refusal("indexer_types")
    if types is not None and types[index] == "shared":  # reuses the choice of an earlier layer
        return Attention("MLA", latent)
    return Attention("MLA + indexer", (*latent, ("k_index", fields.need("index_head_dim"))))


def _heads(fields: Fields, index: int, layers: int) -> int:
    listed = fields.per_layer("num_query_heads", layers)  # OpenELM
    if listed is not None:
        return whole_number(listed[index], "num_query_heads", most=MAX_HEADS)
    if fields.flag("is_encoder_decoder"):
        return fields.need("decoder_attention_heads", *HEADS, most=MAX_HEADS)
    return fields.need(*HEADS, most=MAX_HEADS)


def _kv_heads(fields: Fields, index: int, layers: int, heads: int) -> int:
    """KV heads of one layer; absent or null means one per head, as in transformers."""
    family = fields.text("model_type")
    # Falcon-40B says multi_query true and still has 8: new_decoder_architecture wins.
    if family in MULTI_QUERY_FAMILIES and not fields.flag("new_decoder_architecture"):
        return 1 if fields.need_flag("multi_query") else heads
    if family == "chatglm" and not fields.flag("multi_query_attention"):
        return heads
    blocks = fields.per_layer("block_configs", layers)
    if blocks is not None:
        attention = Fields(blocks[index]).section("attention") or Fields({})
        group = attention.need("n_heads_in_group", most=MAX_HEADS)
        if heads % group:
            raise refusal("group", group=f"{group:,}", heads=f"{heads:,}")
        return heads // group
    for name in ("num_kv_heads", "num_key_value_heads"):
        if isinstance(fields.values.get(name), list):
            rows = fields.per_layer(name, layers) or []
            return whole_number(rows[index], name, most=heads)
    nested = fields.section("attn_config")  # DBRX, MPT
    if nested is not None:
        if nested.text("attn_type") == "multiquery_attention":
            return 1
        return nested.integer("kv_n_heads", most=heads) or heads
    return fields.integer(*KV_HEADS, "multi_query_group_num", most=heads) or heads


def _gemma4_global(fields: Fields, kv_heads: int) -> tuple[int, int, int]:
    """Key width, value width and KV heads of Gemma-4's full layers."""
    if fields.values.get("per_layer_config") is not None:  # to_dict() spells them out per layer
        width = fields.need("head_dim")
        return width, width, kv_heads
    width = fields.need("global_head_dim")
    if fields.flag("attention_k_eq_v"):  # K and V share their projection, not their cache
        kv_heads = fields.integer("num_global_key_value_heads", most=MAX_HEADS) or kv_heads
    return width, width, kv_heads


def block_kind(fields: Fields, index: int, layers: int) -> tuple[str, int | None]:
    """Kind and window of a Nemotron-NAS (DeciLM) block."""
    block = Fields((fields.per_layer("block_configs", layers) or [])[index])
    attention = block.section("attention")
    if attention is None:
        raise refusal("lacks", names=f"block_configs[{index}].attention")
    if attention.flag("no_op") or attention.flag("replace_with_linear"):
        return "none", None
    if attention.values.get("num_sink_tokens") is not None:
        raise refusal("unknown", name="num_sink_tokens", what="block_configs")
    window = attention.integer("window_length")
    return ("full" if window is None else "sliding"), window


def window_of(fields: Fields, kind: str) -> int | None:
    """Tokens that a layer of this kind keeps; None is all."""
    if kind == "sliding":
        window = active_window(fields)
        if window is None:
            raise refusal("window")
        return window
    return fields.need("attention_chunk_size") if kind == "chunked" else None


def v4_layer(fields: Fields, kind: str) -> LayerCache:
    """DeepSeek-V4: one head whose key is its value, in a window; beyond it compressed entries.

    CSA keeps an entry and an indexer key every 4 tokens, HCA an entry every 128 (transformers'
    models/deepseek_v4). The compressors' own buffers, fixed in size, are not counted.
    """
    width, window = fields.need("head_dim"), fields.need("sliding_window")
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
