"""Which kind of layer stands at each index: lists, patterns and periods of config.json.

The rules are those of the configuration classes of transformers 5.23 (models/*/configuration_*.py)
and, for the raw names they replace, of the files on the model hub.
"""

from __future__ import annotations

from typing import Any

from model.analysis.kv_size.fields import MAX_LAYERS, Fields, refusal, shown

LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_transformer_layers")
DECODER_LAYERS = ("decoder_layers", "num_decoder_layers")
LAYER_LISTS = ("layer_types", "layers_block_type", "attn_type_list", "block_configs")

KINDS = {
    "full_attention": "full",
    "attention": "full",
    "sliding_attention": "sliding",
    "chunked_attention": "chunked",
    "indexed_attention": "indexed",
    "deepseek_sparse_attention": "indexed",
    "compressed_sparse_attention": "CSA",
    "heavily_compressed_attention": "HCA",
    "linear_attention": "linear",
    "recurrent": "linear",
    "mamba": "mamba",
    "conv": "conv",
    "hybrid": "hybrid",
    "moe": "none",
    "mlp": "none",
}
NEMOTRON_LETTERS = {"*": "full", "M": "mamba", "-": "none", "E": "none"}
NEMOTRON = "hybrid_override_pattern"
V4_RATIOS = {0: "sliding", 4: "CSA", 128: "HCA"}  # a DeepSeek-V4 config.json's compress_ratios

# transformers writes their Mamba layers as "linear_attention".
MAMBA_FAMILIES = {
    "bamba", "falcon_h1", "granitemoehybrid", "jamba", "nemotron_h", "zamba", "zamba2",
}  # fmt: skip
STATE_ONLY = {"mamba": "mamba", "mamba2": "mamba", "falcon_mamba": "mamba", "rwkv": "linear"}
# A file that has such fields has layers without a KV cache, even if it does not say which.
HYBRID_FIELDS = (
    "mamba_d_state", "mamba_num_heads", "mamba_n_heads", "ssm_state_size", "conv_L_cache",
    "linear_num_key_heads", "linear_num_heads", "linear_attn_config", "lru_width",
)  # fmt: skip
# Hybrids whose file must say which layers attend, by a list, a period or indices.
HYBRID_FAMILIES = {
    "bamba", "deepseek_v4", "granitemoehybrid", "jamba", "kimi_linear", "lfm2", "lfm2_moe",
    "minimax", "minimax_m1", "minimax_text_01", "nemotron_h", "qwen3_next", "recurrent_gemma",
    "zamba", "zamba2",
}  # fmt: skip
# Families whose every layer slides when sliding_window is set.
ALL_SLIDING = {
    "ministral3", "mistral", "mixtral", "phi3", "phi4_multimodal", "phimoe", "qwen3_moe",
    "starcoder2",
}  # fmt: skip
# Every n-th layer is full, the others slide: the default of the family's configuration class.
FULL_EVERY = {
    "gemma2": 2, "gpt_oss": 2, "cohere2": 4, "exaone4": 4, "olmo3": 4, "gemma3n_text": 5,
    "gemma3": 6, "gemma3_text": 6, "gemma4_text": 6,
}  # fmt: skip


def layer_count(fields: Fields, encoder_decoder: bool) -> int | None:
    """Layers that may hold a cache, or None if the file has neither a count nor a list of them."""
    if fields.text("model_type") == "longcat_flash":
        blocks = fields.integer("num_layers", most=MAX_LAYERS // 2)
        return fields.need(*LAYERS, most=MAX_LAYERS) if blocks is None else 2 * blocks
    names = (*DECODER_LAYERS, *LAYERS) if encoder_decoder else LAYERS
    number = fields.integer(*names, most=MAX_LAYERS)
    if number is not None:
        return number
    listed = next((rows for name in LAYER_LISTS if (rows := fields.rows(name))), None)
    return len(listed or fields.text(NEMOTRON)) or None


def active_window(fields: Fields) -> int | None:
    """Tokens a sliding layer keeps, or None if the file switches the window off."""
    family = fields.text("model_type")
    # Qwen's classes leave it off by default; others have no such switch.
    if not fields.flag("use_sliding_window", default=not family.startswith("qwen")):
        return None
    if family.startswith("mimo_v2"):
        # The hub's file counts the earlier tokens only; transformers adds the query itself.
        earlier = fields.integer("sliding_window_size")
        if earlier is not None:
            return earlier + 1
    return fields.integer("sliding_window", "attention_window_size")


def translate(entry: object, names: dict[Any, str], field: str) -> str:
    if type(entry) in (int, str) and entry in names:
        return names[entry]
    known = ", ".join(map(str, names))
    raise refusal("entry", name=field, value=shown(entry), known=known)


def layer_kinds(fields: Fields, layers: int) -> list[str]:
    """One kind per layer, by a list, a period or a pattern in the file, in this order.

    Raises ConfigError if the file is a hybrid and does not say which layers attend.
    """
    kinds = _listed(fields, layers) or _periodic(fields, layers)
    if kinds is None:
        family = fields.text("model_type")
        clues = [name for name in HYBRID_FIELDS if fields.values.get(name) is not None]
        clues += [family] if family in HYBRID_FAMILIES else []
        if clues:
            raise refusal("hybrid", name=clues[0])
        kinds = _sliding(fields, layers)
    if fields.text("model_type") in MAMBA_FAMILIES:
        kinds = ["mamba" if kind == "linear" else kind for kind in kinds]
    return kinds


def _listed(fields: Fields, layers: int) -> list[str] | None:
    """A list in the file that names every layer; it beats every pattern."""
    for name in ("layer_types", "layers_block_type"):
        rows = fields.per_layer(name, layers)
        if rows is not None:
            return [translate(row, KINDS, name) for row in rows]
    letters = fields.text(NEMOTRON)
    if letters:
        rows = Fields({NEMOTRON: list(letters)}).per_layer(NEMOTRON, layers) or []
        return [translate(row, NEMOTRON_LETTERS, NEMOTRON) for row in rows]
    for name, names in (
        ("attn_type_list", {0: "linear", 1: "full"}),  # MiniMax
        ("hybrid_layer_pattern", {0: "full", 1: "sliding"}),  # MiMo
    ):
        rows = fields.per_layer(name, layers)
        if rows is not None:
            return [translate(row, names, name) for row in rows]
    ratios = fields.rows("compress_ratios")
    if ratios is not None:
        # The list continues with the MTP layers, which transformers cuts off.
        if len(ratios) < layers:
            raise refusal("ratios", entries=f"{len(ratios):,}", layers=f"{layers:,}")
        return [translate(row, V4_RATIOS, "compress_ratios") for row in ratios[:layers]]
    return None


def _periodic(fields: Fields, layers: int) -> list[str] | None:
    """Hybrids whose file gives a period or the indices of the layers that attend."""
    family = fields.text("model_type")
    if family in STATE_ONLY:
        return [STATE_ONLY[family]] * layers
    if family == "falcon_h1":
        return ["hybrid"] * layers
    period = fields.integer("attn_layer_period", most=MAX_LAYERS)
    if period is not None and family != "zamba":  # Zamba's period starts after three layers
        offset = fields.need("attn_layer_offset", least=0, most=period - 1)
        return ["full" if i % period == offset else "mamba" for i in range(layers)]
    for name, rest in (("attn_layer_indices", "mamba"), ("full_attn_idxs", "conv")):
        if fields.values.get(name) is not None:
            chosen = _indices(fields, name, 0, layers - 1)
            return ["full" if i in chosen else rest for i in range(layers)]
    linear = fields.section("linear_attn_config")
    if linear is not None:  # Kimi-Linear counts its layers from 1
        full = _indices(linear, "full_attn_layers", 1, layers)
        if linear.values.get("kda_layers") is not None:
            kda = _indices(linear, "kda_layers", 1, layers)
            if full & kda or len(full) + len(kda) != layers:
                raise refusal("once")
        return ["full" if i + 1 in full else "linear" for i in range(layers)]
    interval = fields.integer("full_attention_interval", most=MAX_LAYERS)
    if interval is None and family == "bailing_hybrid":
        interval = fields.need("layer_group_size", most=MAX_LAYERS)
    if interval is not None:
        return ["linear" if (i + 1) % interval else "full" for i in range(layers)]
    blocks = fields.rows("block_types")
    if blocks is not None:  # RecurrentGemma: the list repeats, and all its attention is local
        cycle = [translate(row, KINDS, "block_types") for row in blocks]
        cycle = ["sliding" if kind == "full" else kind for kind in cycle]
        return [cycle[i % len(cycle)] for i in range(layers)]
    return None


def _indices(fields: Fields, name: str, first: int, last: int) -> set[int]:
    rows = [] if fields.values.get(name) == [] else fields.rows(name)
    if rows is None:
        raise refusal("lacks", names=name)
    if not all(type(row) is int and first <= row <= last for row in rows):
        raise refusal("layer_numbers", name=name, first=str(first), last=str(last))
    return set(rows)


def _sliding(fields: Fields, layers: int) -> list[str]:
    """Attention in every layer: all full, all sliding, or a pattern of both."""
    family = fields.text("model_type")
    if family in ("llama4", "llama4_text"):
        return _llama4(fields, layers)
    if active_window(fields) is None:
        return ["full"] * layers
    if family.startswith("mimo_v2"):
        full = {i for i in range(layers) if i == 0 or (i + 1) % 6 == 0}
        return ["full" if i in full else "sliding" for i in range(layers)]
    every = fields.integer("sliding_window_pattern", most=MAX_LAYERS) or FULL_EVERY.get(family)
    if every is not None:
        kinds = ["sliding" if (i + 1) % every else "full" for i in range(layers)]
        # Gemma-4's class makes the last layer full whatever the pattern says.
        return [*kinds[:-1], "full"] if family == "gemma4_text" else kinds
    if family in ("qwen2", "qwen3"):
        first = fields.need("max_window_layers", most=MAX_LAYERS, least=0)
        return ["sliding" if i >= first else "full" for i in range(layers)]
    if family == "qwen2_moe":
        below = fields.need("max_window_layers", most=MAX_LAYERS, least=0)
        return ["sliding" if i % 2 == 0 and i < below else "full" for i in range(layers)]
    if family not in ALL_SLIDING:
        raise refusal("where")
    return ["sliding"] * layers


def _llama4(fields: Fields, layers: int) -> list[str]:
    """Layers with RoPE see a chunk, those without see everything."""
    if fields.integer("attention_chunk_size") is None:
        return ["full"] * layers
    listed = None if fields.values.get("no_rope_layers") == [] else fields.per_layer(
        "no_rope_layers", layers
    )  # fmt: skip
    if listed is not None:
        names = {0: "full", 1: "chunked"}
        return [translate(row, names, "no_rope_layers") for row in listed]
    every = fields.integer("no_rope_layer_interval", most=MAX_LAYERS) or 4
    return ["chunked" if (i + 1) % every else "full" for i in range(layers)]
