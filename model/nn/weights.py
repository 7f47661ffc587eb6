"""Loads a checkpoint folder into the kernel's arrays, with numpy alone: no torch.

Names on disk are transformers'. Matrices there are [out, in]; here they become panels
[P, in, LANES] with out = P * LANES, the last panel padded with zeros.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.nn.config import CheckpointError, ModelConfig
from model.nn.layout import Floats, Gates, Sizes, Weights
from model.nn.simd import LANES


def whole(n: int) -> int:
    """n rounded up to a multiple of `LANES`."""
    return -(-n // LANES) * LANES


def aligned(*shape: int) -> Floats:
    """A float32 array of zeros aligned to a cache line, with a readable block after its end."""
    size = int(np.prod(shape))
    room = np.empty(size + 16 + LANES * LANES, np.float32)  # np.empty asks for huge pages
    room[:] = 0
    first = (-room.ctypes.data // 4) % 16
    return room[first : first + size].reshape(shape)


def read_tensors(path: Path) -> dict[str, Floats]:
    """Read all tensors of a safetensors file, widened to float32.

    Raises:
        CheckpointError: if it cannot be read, or has numbers that are not floats or not finite.
    """
    try:
        raw = path.read_bytes()
        length = int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8 : 8 + length])
        found = {
            name: _tensor(raw, 8 + length, entry)
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path.parent.name} has no readable {path.name}.") from error
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise CheckpointError(f"{name} of {path.parent.name} has numbers that are not finite.")
    return found


def _tensor(raw: bytes, start: int, entry: Mapping[str, Any]) -> Floats:
    first, last = entry["data_offsets"]
    part = memoryview(raw)[start + first : start + last]
    shape = tuple(entry["shape"])
    if entry["dtype"] == "BF16":  # the upper half of a float32
        return (np.frombuffer(part, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    kinds = {"F32": "<f4", "F16": "<f2"}
    return np.frombuffer(part, kinds[entry["dtype"]]).astype(np.float32).reshape(shape)


class TensorReader:
    """Hands out the tensors of a state dict by name, each checked against its expected shape."""

    def __init__(self, state: Mapping[str, Floats]) -> None:
        self.state = dict(state)

    def vector(self, name: str, size: int) -> Floats:
        return self._take(name, (size,))

    def matrix(self, name: str, out: int, inner: int) -> Floats:
        return self._take(name, (out, inner))

    def _take(self, name: str, shape: tuple[int, ...]) -> Floats:
        if name not in self.state:
            raise CheckpointError(f"the checkpoint has no tensor {name}.")
        found = self.state.pop(name)
        if found.shape != shape:
            raise CheckpointError(f"{name} is {list(found.shape)}, its config says {list(shape)}.")
        return found


def panels(matrices: list[Floats]) -> Floats:
    """Pack matrices [out, in] of one shape into the kernel's panels: [n, P, in, LANES]."""
    if not matrices:
        return aligned(0, 0, 0, LANES)
    out, inner = matrices[0].shape
    packed = aligned(len(matrices), whole(out) // LANES, inner, LANES)
    padded = np.zeros((whole(out), inner), np.float32)
    for target, matrix in zip(packed, matrices, strict=True):
        padded[:out] = matrix
        target[:] = padded.reshape(-1, LANES, inner).transpose(0, 2, 1)
    return packed


def zeros(c: ModelConfig) -> dict[str, Floats]:
    """The state dict of a dense model, all zeros."""
    D, inner, V = c.hidden_size, c.intermediate_size, c.vocab_size
    assert c.head_dim and c.n_routed_experts is None
    q, kv = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        "lm_head.weight": (V, D), "model.embed_tokens.weight": (V, D), "model.norm.weight": (D,),
    }  # fmt: skip
    for layer in range(c.num_hidden_layers):
        stem = f"model.layers.{layer}"
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{stem}.{name}.weight"] = (D,)
        for name, width in (("q", q), ("k", kv), ("v", kv)):
            shapes[f"{stem}.self_attn.{name}_proj.weight"] = (width, D)
            shapes[f"{stem}.self_attn.{name}_proj.bias"] = (width,)
        shapes[f"{stem}.self_attn.o_proj.weight"] = (D, q)
        shapes[f"{stem}.mlp.gate_proj.weight"] = shapes[f"{stem}.mlp.up_proj.weight"] = (inner, D)
        shapes[f"{stem}.mlp.down_proj.weight"] = (D, inner)
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


def rows(vectors: list[Floats]) -> Floats:
    """Stack vectors of one length."""
    if not vectors:
        return aligned(0, 0)
    stacked = aligned(len(vectors), len(vectors[0]))
    stacked[:] = vectors
    return stacked


def sizes(c: ModelConfig) -> Sizes:
    """The kernel's sizes for a config."""
    dense = c.n_routed_experts is None
    if c.is_mla:
        assert c.kv_lora_rank and c.v_head_dim and c.qk_nope_head_dim
        K, nope, query = 1, c.qk_nope_head_dim, c.qk_nope_head_dim + c.rope_dim
        key, value, value_at = c.kv_lora_rank + c.rope_dim, c.kv_lora_rank, 0
        cached, head_out = key, c.v_head_dim
    else:
        assert c.head_dim
        K, nope, query = c.num_key_value_heads, 0, c.head_dim
        key, value, value_at = query, query, K * query
        cached, head_out = 2 * K * query, whole(query)
    return Sizes(
        D=c.hidden_size,
        L=c.num_hidden_layers,
        H=c.num_attention_heads,
        K=K,
        nope=nope,
        rope=c.rope_dim,
        query=query,
        key=key,
        value=value,
        value_at=value_at,
        o_head=whole(value),
        head_out=head_out,
        cached=cached,
        scale=float(query**-0.5),
        mla=c.is_mla,
        q_rank=c.q_lora_rank or 0,
        dense_layers=c.num_hidden_layers - len(c.moe_layers),
        inner=c.intermediate_size,
        expert_inner=c.moe_intermediate_size or 0,
        shared_inner=(c.moe_intermediate_size or 0) * (c.n_shared_experts or 0),
        E=c.n_routed_experts or 0,
        groups=c.n_group or 1,
        scaling=float(c.routed_scaling_factor or 1),
        normalise=bool(c.norm_topk_prob) and not dense,
        eps=float(c.rms_norm_eps),
        V=c.vocab_size,
        eos=c.eos_token_id,
    )


def pack(c: ModelConfig, state: Mapping[str, Floats]) -> tuple[Weights, Gates]:
    """Pack a state dict, named as on disk, into the kernel's layout.

    Raises:
        CheckpointError: if tensors are missing, left over, or not of the shape in the config.
    """
    s, r = sizes(c), TensorReader(state)
    D, V = s.D, s.V
    parts: dict[str, list[Floats]] = {name: [] for name in Weights._fields}
    biases: list[Floats] = []
    parts["head"] = [r.matrix("lm_head.weight", V, D)]
    parts["norm"] = [r.vector("model.norm.weight", D)]
    for layer in range(s.L):
        stem = f"model.layers.{layer}"
        parts["attention_norm"].append(r.vector(f"{stem}.input_layernorm.weight", D))
        parts["ffn_norm"].append(r.vector(f"{stem}.post_attention_layernorm.weight", D))
        attention = _latent_attention if s.mla else _grouped_attention
        attention(c, s, r, f"{stem}.self_attn", parts)
        if layer < s.dense_layers:
            _feed_forward(r, f"{stem}.mlp", D, s.inner, parts, "dense")
            continue
        parts["gate"].append(r.matrix(f"{stem}.mlp.gate.weight", s.E, D))
        biases.append(r.vector(f"{stem}.mlp.gate.e_score_correction_bias", s.E))
        for e in range(s.E):
            _feed_forward(r, f"{stem}.mlp.experts.{e}", D, s.expert_inner, parts, "expert")
        _feed_forward(r, f"{stem}.mlp.shared_experts", D, s.shared_inner, parts, "shared")
    embed = aligned(V, D)
    embed[:] = r.matrix("model.embed_tokens.weight", V, D)
    if r.state:
        raise CheckpointError(f"the checkpoint has a tensor that no layer has: {min(r.state)}.")
    cos, sin = rotary_table(c)
    made = {name: (panels if name in MATRICES else rows)(found) for name, found in parts.items()}
    return Weights(**made | {"embed": embed, "cos": cos, "sin": sin}), gates(c, rows(biases))


MATRICES = {
    "head", "q_a", "q", "kv", "uk", "uv", "o", "codec", "dense_in", "dense_out", "gate",
    "shared_in", "shared_out", "expert_in", "expert_out",
}  # fmt: skip


def gates(c: ModelConfig, bias: Floats) -> Gates:
    """The model's own routing, with the biases [M, E] of its layers."""
    place = np.tile(np.arange(bias.shape[1]), (len(bias), 1))
    k, groups = c.num_experts_per_tok or 0, c.topk_group or 0
    return Gates(bias, np.ones_like(bias), place, k, groups, 0, True)


def rotary_table(c: ModelConfig) -> tuple[Floats, Floats]:
    """Cosines and sines [C, rope / 2] of every position (arXiv 2104.09864), in float32."""
    powers = -np.arange(0, c.rope_dim, 2, dtype=np.float32) / np.float32(c.rope_dim)
    frequencies = np.float32(c.rope_theta) ** powers
    angles = np.arange(c.max_position_embeddings, dtype=np.float32)[:, None] * frequencies
    return np.cos(angles), np.sin(angles)


def _feed_forward(
    r: TensorReader, stem: str, D: int, inner: int, parts: dict[str, list[Floats]], name: str
) -> None:
    gate = r.matrix(f"{stem}.gate_proj.weight", inner, D)
    up = r.matrix(f"{stem}.up_proj.weight", inner, D)
    filled = np.zeros((whole(inner) - inner, D), np.float32)  # so that up starts on a new vector
    parts[f"{name}_in"].append(np.concatenate((gate, filled, up)))
    parts[f"{name}_out"].append(r.matrix(f"{stem}.down_proj.weight", D, inner))


def _latent_attention(
    c: ModelConfig, s: Sizes, r: TensorReader, stem: str, parts: dict[str, list[Floats]]
) -> None:
    """Per head, W_UK maps the query [nope] to the latent [R], and W_UV the latent to the output."""
    R, v = s.value, s.head_out
    if c.q_lora_rank is None:
        q = r.matrix(f"{stem}.q_proj.weight", s.H * s.query, s.D)
    else:
        parts["q_a"].append(r.matrix(f"{stem}.q_a_proj.weight", c.q_lora_rank, s.D))
        parts["q_a_norm"].append(r.vector(f"{stem}.q_a_layernorm.weight", c.q_lora_rank))
        q = r.matrix(f"{stem}.q_b_proj.weight", s.H * s.query, c.q_lora_rank)
    # DeepSeek rotates neighbours: reorder to the even features first, then the odd ones
    halves = [*range(0, s.rope, 2), *range(1, s.rope, 2)]
    order = [*range(s.nope), *(s.nope + i for i in halves)]
    parts["q"].append(q.reshape(s.H, s.query, -1)[:, order].reshape(q.shape))
    kv = r.matrix(f"{stem}.kv_a_proj_with_mqa.weight", R + s.rope, s.D)
    parts["kv"].append(kv[[*range(R), *(R + i for i in halves)]])
    parts["kv_norm"].append(r.vector(f"{stem}.kv_a_layernorm.weight", R))
    up = r.matrix(f"{stem}.kv_b_proj.weight", s.H * (s.nope + v), R).reshape(s.H, s.nope + v, R)
    parts["uk"] += [head[: s.nope].T for head in up]
    parts["uv"] += [head[s.nope :] for head in up]
    parts["o"].append(r.matrix(f"{stem}.o_proj.weight", s.D, s.H * v))


def _grouped_attention(
    c: ModelConfig, s: Sizes, r: TensorReader, stem: str, parts: dict[str, list[Floats]]
) -> None:
    d = s.query
    parts["q"].append(r.matrix(f"{stem}.q_proj.weight", s.H * d, s.D))
    kv = [r.matrix(f"{stem}.{name}_proj.weight", s.K * d, s.D) for name in "kv"]
    parts["kv"].append(np.concatenate(kv))
    if c.model_type == "qwen2":
        parts["q_bias"].append(r.vector(f"{stem}.q_proj.bias", s.H * d))
        both = [r.vector(f"{stem}.{name}_proj.bias", s.K * d) for name in "kv"]
        parts["kv_bias"].append(np.concatenate(both))
    o = r.matrix(f"{stem}.o_proj.weight", s.D, s.H * d).reshape(s.D, s.H, d)
    padded: NDArray[np.float32] = np.zeros((s.D, s.H, s.o_head), np.float32)
    padded[:, :, :d] = o  # each head is padded to whole vectors
    parts["o"].append(padded.reshape(s.D, -1))
