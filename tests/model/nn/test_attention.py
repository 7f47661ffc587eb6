"""Attention and its caches: the two forms of MLA, decoding, padding, bytes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.analysis.kv_size import cache_spec
from model.nn.attention import PART, MultiHeadLatentAttention, attend, rotary_angles
from model.nn.cache import Cache
from model.nn.config import ModelConfig
from model.nn.network import Transformer
from tests.model.conftest import random_model, tiny_config

KINDS = ("MLA", "MHA", "GQA", "MQA", "Qwen2")
EXACT = {"atol": 1e-5, "rtol": 0.0}


@st.composite
def mla_configs(draw: Any) -> ModelConfig:
    heads = draw(st.integers(1, 5))
    return tiny_config(
        "MLA",
        hidden_size=draw(st.sampled_from([16, 24, 32])),
        num_attention_heads=heads,
        num_key_value_heads=heads,
        q_lora_rank=draw(st.none() | st.integers(2, 20)),
        kv_lora_rank=draw(st.integers(1, 40)),
        qk_nope_head_dim=draw(st.integers(1, 20)),
        qk_rope_head_dim=2 * draw(st.integers(1, 8)),
        v_head_dim=draw(st.integers(1, 24)),
        num_hidden_layers=2,
    )


@given(mla_configs(), st.integers(1, 12), st.integers(0, 2**31), st.integers(1, 3))
@settings(max_examples=40)
def test_mla_naive_equals_absorbed(shape: ModelConfig, tokens: int, seed: int, batch: int) -> None:
    torch.manual_seed(seed)
    attention = MultiHeadLatentAttention(shape, 0).requires_grad_(False)
    x_BTD = torch.randn(batch, tokens, shape.hidden_size)
    rotary = rotary_angles(torch.arange(tokens)[None], shape.rope_dim, shape.rope_theta)
    naive = attention(x_BTD, rotary, None, None, absorb=False)
    torch.testing.assert_close(attention(x_BTD, rotary, None, None, absorb=True), naive, **EXACT)
    # and when the cache holds the first tokens already
    cache = Cache(shape)
    first = tokens // 2
    if first:
        early = tuple(part[:, :first] for part in rotary)
        attention(x_BTD[:, :first], early, None, cache, absorb=False)
    late = tuple(part[:, first:] for part in rotary)
    slots = torch.arange(tokens)
    mask = (slots[None] <= slots[first:, None])[None, None]
    decoded = attention(x_BTD[:, first:], late, mask, cache, absorb=True)
    torch.testing.assert_close(decoded, naive[:, first:], **EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("absorb", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=8), st.integers(1, 3))
@settings(max_examples=12)
def test_decoding_in_chunks_equals_the_full_pass(
    kind: str, absorb: bool, chunks: list[int], batch: int
) -> None:
    model = random_model(tiny_config(kind), seed=3)
    ids = torch.randint(64, (batch, sum(chunks)), generator=torch.Generator().manual_seed(4))
    cache = Cache(model.config)
    parts = []
    for chunk in ids.split(chunks, dim=1):
        parts.append(model(chunk, cache, absorb=absorb))
    torch.testing.assert_close(torch.cat(parts, 1), model(ids), **EXACT)
    assert len(cache) == sum(chunks)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5))
@settings(max_examples=12)
def test_left_padding_changes_nothing(kind: str, lengths: list[int]) -> None:
    model = random_model(tiny_config(kind), seed=5)
    rows = [torch.randint(3, 64, (n,)) for n in lengths]
    width = max(lengths)
    padding = torch.tensor([width - n for n in lengths])
    ids = torch.stack([torch.cat((torch.full((width - len(r),), 2), r)) for r in rows])
    cache = Cache(model.config)
    together = model(ids, cache, padding)
    token = torch.full((len(rows), 1), 7)
    after = model(token, cache, padding, absorb=True)
    for i, row in enumerate(rows):
        alone = model(torch.cat((row, token[0]))[None])
        torch.testing.assert_close(together[i, width - len(row) :], alone[0, :-1], **EXACT)
        torch.testing.assert_close(after[i, 0], alone[0, -1], **EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 3))
@settings(max_examples=10)
def test_cache_bytes_equal_the_formula(kind: str, chunks: list[int], batch: int) -> None:
    model = random_model(tiny_config(kind))
    spec = cache_spec(model.config.to_json())
    cache = Cache(model.config)
    held = 0
    assert cache.nbytes == len(cache) == 0
    for n in chunks:
        model(torch.ones(batch, n, dtype=torch.long), cache)
        held += n
        assert cache.nbytes == spec.bytes(held, "float32", batch)


def test_only_the_latent_and_one_rotary_key_are_held() -> None:
    model = random_model(tiny_config("MLA"))
    cache = Cache(model.config)
    model(torch.ones(2, 5, dtype=torch.long), cache)
    model(torch.ones(2, 1, dtype=torch.long), cache, absorb=True)
    for layer in cache.layers:
        assert {name: tuple(part.shape) for name, part in layer.items()} == {
            "c_kv": (2, 6, model.config.kv_lora_rank),
            "k_pe": (2, 6, model.config.qk_rope_head_dim),
        }
        for part in layer.values():  # no larger tensor hides behind a view
            assert part.untyped_storage().nbytes() == math.prod(part.shape) * 4


@pytest.mark.parametrize(("kind", "heads"), [("MHA", 8), ("GQA", 4), ("MQA", 1)])
def test_every_key_value_head_is_held_once(kind: str, heads: int) -> None:
    model = random_model(tiny_config(kind))
    cache = Cache(model.config)
    model(torch.ones(2, 5, dtype=torch.long), cache)
    shapes = [{name: tuple(p.shape) for name, p in layer.items()} for layer in cache.layers]
    assert shapes == [{"k": (2, 5, heads, 16), "v": (2, 5, heads, 16)}] * 3


def test_nbytes_counts_storages_once_and_whole() -> None:
    cache = Cache(tiny_config("MLA"))
    storage = torch.zeros(2, 10, 8)
    cache.layers[0] = {"c_kv": storage[:, :3], "k_pe": storage}
    assert cache.nbytes == storage.nbytes
    cache.layers[1] = {"c_kv": torch.zeros(2, 10, 8)}
    assert cache.nbytes == 2 * storage.nbytes


@pytest.mark.parametrize("kind", KINDS)
def test_selected_rows_go_on_alone(kind: str) -> None:
    model = random_model(tiny_config(kind))
    ids = torch.randint(64, (3, 6))
    cache = Cache(model.config)
    model(ids, cache)
    before = {i: {k: v.clone() for k, v in part.items()} for i, part in enumerate(cache.layers)}
    chosen = cache.select(torch.tensor([2, 0, 2]))
    logits = model(torch.full((3, 1), 5), chosen, absorb=True)
    for row, source in enumerate((2, 0, 2)):
        full = model(torch.cat((ids[source], torch.tensor([5])))[None])[0, -1]
        torch.testing.assert_close(logits[row, 0], full, **EXACT)
    assert len(cache) == 6 and len(chosen) == 7
    for i, part in before.items():  # what was selected from stays as it was
        assert all(torch.equal(cache.layers[i][name], held) for name, held in part.items())


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_sees_a_later_one(kind: str) -> None:
    model: Transformer = random_model(tiny_config(kind))
    ids = torch.randint(64, (1, 12))
    changed = ids.clone()
    changed[0, 8:] = (ids[0, 8:] + 1) % 64
    a, b = model(ids), model(changed)
    torch.testing.assert_close(a[:, :8], b[:, :8], **EXACT)
    assert not torch.allclose(a[:, 8:], b[:, 8:], atol=1e-3)


@pytest.mark.parametrize("tokens", [2 * PART, 2 * PART + 1, 3 * PART + 7])
@pytest.mark.parametrize("heads", [1, 4])
def test_causal_attention_in_parts_is_that_of_the_whole(tokens: int, heads: int) -> None:
    q, k, v = (torch.randn(2, tokens, n, 8, requires_grad=True) for n in (4, heads, heads))
    seen = torch.ones(tokens, tokens, dtype=torch.bool).tril()[None, None]
    parts, whole = attend(q, k, v, 0.3, None), attend(q, k, v, 0.3, seen)
    torch.testing.assert_close(parts, whole, **EXACT)
    weight = torch.randn_like(whole)
    for one, other in zip(
        torch.autograd.grad((parts * weight).sum(), (q, k, v)),
        torch.autograd.grad((whole * weight).sum(), (q, k, v)),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
