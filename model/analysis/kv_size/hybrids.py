"""Hybrids without a list of layer kinds: which layers attend, by a period, indices or a rule."""

from __future__ import annotations

from model.analysis.kv_size.fields import MAX_LAYERS, Fields, refusal
from model.analysis.kv_size.kinds import KINDS, indices, translate

#: Families with a state of fixed size instead of a KV cache. Those of the fla library may have some
#: attention layers, listed in an object "attn".
STATE_ONLY = {
    "mamba": "mamba", "mamba2": "mamba", "falcon_mamba": "mamba", "codestral_mamba": "mamba",
    **dict.fromkeys(
        (
            "rwkv", "rwkv5", "rwkv6", "rwkv7", "rwkv6qwen2", "xlstm", "retnet", "gla", "hgrn",
            "hgrn2", "delta_net", "gated_deltanet", "gated_deltaproduct", "gsa", "lightnet",
            "linear_attn", "abc", "kda", "comba", "mesa_net", "log_linear_mamba2", "ttt",
        ),
        "linear",
    ),
}  # fmt: skip
# Hybrids whose file must say which layers attend, by a list, a period or indices.
HYBRID_FAMILIES = {
    "bamba", "deepseek_v4", "granitemoehybrid", "jamba", "kimi_linear", "lfm2", "lfm2_moe",
    "minimax", "minimax_m1", "minimax_text_01", "nemotron_h", "qwen3_next", "recurrent_gemma",
    "zamba", "zamba2",
}  # fmt: skip


def periodic(fields: Fields, layers: int) -> list[str] | None:
    """The layer kinds of hybrids whose file has a period, or the indices of attention layers."""
    family = fields.ledger.family
    if family in STATE_ONLY or fields.states("attn"):
        return _states_but(fields, layers, STATE_ONLY.get(family, "linear"))
    if family == "falcon_h1":
        return ["hybrid"] * layers
    if family == "phi4flash":
        return _sambay(fields, layers)
    if family == "plamo2":
        return _plamo2(fields, layers)
    period = fields.integer("attn_layer_period", most=MAX_LAYERS)
    if period is not None and family != "zamba":  # Zamba's period starts after three layers
        offset = fields.need("attn_layer_offset", least=0, most=period - 1)
        return ["full" if i % period == offset else "mamba" for i in range(layers)]
    for name, rest in (
        ("attn_layer_indices", "mamba"), ("attn_layer_idx", "mamba"), ("attn_layer_idxs", "linear"),
        ("full_attn_idxs", "conv"),
    ):  # fmt: skip
        if fields.get(name) is not None:
            chosen = indices(fields, name, 0, layers - 1)
            if name == "attn_layer_idxs":
                _read_other_idxs(fields, chosen)
            return ["full" if i in chosen else rest for i in range(layers)]
    if fields.get("sliding_window_layers") is not None:  # Baichuan-M1
        near = indices(fields, "sliding_window_layers", 0, layers - 1)
        return ["sliding" if i in near else "full" for i in range(layers)]
    if family.startswith("inkling") and fields.get("local_layer_ids") is not None:
        near = indices(fields, "local_layer_ids", 0, layers - 1)
        return ["hybrid_sliding" if i in near else "hybrid" for i in range(layers)]
    if fields.states("ssm_cfg"):  # mamba_ssm's own file, without attention
        return ["mamba"] * layers
    if family == "zamba2" and fields.get("hybrid_layer_ids") is not None:
        chosen = indices(fields, "hybrid_layer_ids", 0, layers - 1)
        return ["hybrid" if i in chosen else "mamba" for i in range(layers)]
    linear = fields.section("linear_attn_config")
    if linear is not None:  # Kimi-Linear counts its layers from 1
        sizes = ("head_dim", "num_heads", "short_conv_kernel_size")  # of the states
        linear.ledger.read |= {linear.path + name for name in sizes}
        full = indices(linear, "full_attn_layers", 1, layers)
        if linear.get("kda_layers") is not None:
            kda = indices(linear, "kda_layers", 1, layers)
            if full & kda or len(full) + len(kda) != layers:
                raise refusal("once")
        return ["full" if i + 1 in full else "linear" for i in range(layers)]
    interval = fields.integer("full_attention_interval", most=MAX_LAYERS)
    if interval is None and family.startswith("bailing") and fields.get("layer_group_size"):
        return _ring(fields, layers)
    if interval is not None:
        return ["linear" if (i + 1) % interval else "full" for i in range(layers)]
    blocks = fields.rows("block_types")
    if blocks is not None:  # RecurrentGemma: the list repeats, and all its attention is local
        cycle = [translate(row, KINDS, "block_types") for row in blocks]
        cycle = ["sliding" if kind == "full" else kind for kind in cycle]
        return [cycle[i % len(cycle)] for i in range(layers)]
    return None


def _read_other_idxs(fields: Fields, chosen: set[int]) -> None:
    """Evo 2 lists its convolution layers of each kind, too (hcl_layer_idxs)."""
    for name, rows in fields.values.items():
        others = rows if name.endswith("_layer_idxs") and isinstance(rows, list) else []
        if others and all(type(row) is int and row not in chosen for row in others):
            fields.ledger.read.add(fields.path + name)


def _sambay(fields: Fields, layers: int) -> list[str]:
    """SambaY (Phi-4-mini-flash, arXiv 2507.06607): Mamba and windows, then one shared cache.

    Every second layer is Mamba up to the first one of the second half, then a gate without state;
    the attention layers in between read the cache of the only full layer.
    """
    every, half = fields.need("mb_per_layer", most=MAX_LAYERS), layers // 2
    kinds = []
    for i in range(layers):
        if i % every == 0:
            kinds.append("mamba" if i < half + 2 else "none")
        else:
            kinds.append("sliding" if i < half else "full" if i < half + 2 else "shared")
    return kinds


def _plamo2(fields: Fields, layers: int) -> list[str]:
    """PLaMo 2: the middle layer of every step attends, to a window unless it is listed as full."""
    own = Fields(
        fields.values, fields.ledger, {"mamba_step": 2, "full_attention_idx": []}, fields.path
    )
    step = own.need("mamba_step", most=MAX_LAYERS, least=2)
    full = indices(own, "full_attention_idx", 0, layers - 1)
    attends = range(layers) if not own.flag("mamba_enabled", default=True) else range(
        step // 2, layers, step
    )  # fmt: skip
    if layers <= step // 2:
        attends = range(layers - 1, layers)
    kinds = ["full" if i in full else "sliding" for i in range(layers)]
    return [kind if i in attends else "mamba" for i, kind in enumerate(kinds)]


def _ring(fields: Fields, layers: int) -> list[str]:
    """Ring and Ling: the last layer of every group attends.

    In bailing_moe_linear, so do the layers after the last whole group; transformers' bailing_hybrid
    has no such rule.
    """
    size = fields.need("layer_group_size", most=MAX_LAYERS)
    whole = layers if fields.ledger.family == "bailing_hybrid" else layers // size * size
    return ["full" if (i + 1) % size == 0 or i >= whole else "linear" for i in range(layers)]


def _states_but(fields: Fields, layers: int, kind: str) -> list[str]:
    """Layers with a state, except those that an object "attn" lists (the fla library)."""
    attention = fields.section("attn")
    if attention is None:
        return [kind] * layers
    chosen = indices(attention, "layers", 0, layers - 1)
    full = "full" if attention.fact("window") is None else "sliding"
    return [full if i in chosen else kind for i in range(layers)]
