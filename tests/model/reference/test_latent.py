"""Compressed latents against numpy, and against the same change made by hooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from model.nn.cache import Cache
from model.nn.network import Transformer
from tests.model.conftest import random_model, tiny_config
from tests.model.reference.latent import (
    BFloat16,
    Codec,
    CodedCache,
    Directions,
    Integers,
    bytes_per_token,
    gram,
    principal,
    read_latents,
    relative_error,
    row_nats,
)

EXACT = {"atol": 1e-5, "rtol": 0.0}
IDS = torch.randint(64, (2, 40), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def model() -> Transformer:
    return random_model(tiny_config("MLA"), seed=2)


def directions(model: Transformer, r: int) -> Directions:
    return Directions(principal(gram(model, IDS))[1][:, :, :r].contiguous())


CODECS = {
    "1 direction": lambda model: directions(model, 1),
    "7 directions": lambda model: directions(model, 7),
    "bf16": lambda model: BFloat16(),
    "int8": lambda model: Integers(8),
    "int4": lambda model: Integers(4),
}


def hooked(model: Transformer, codec: Codec, ids: Tensor) -> Tensor:
    """Logits of a pass without a cache, with each latent changed by a hook after its norm."""

    def change(layer: int) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            return codec.decode(layer, codec.encode(layer, output))

        return hook

    blocks = model.model.layers
    handles = [
        block.self_attn.kv_a_layernorm.register_forward_hook(change(layer))  # type: ignore[union-attr]
        for layer, block in enumerate(blocks)
    ]
    try:
        return model(ids)
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize("name", CODECS)
def test_a_codec_in_the_cache_is_the_same_change_made_by_hooks(
    model: Transformer, name: str
) -> None:
    codec = CODECS[name](model)
    wanted = hooked(model, codec, IDS)
    assert not torch.allclose(wanted, model(IDS), atol=1e-4)
    torch.testing.assert_close(model(IDS, CodedCache(Cache(model.config), codec)), wanted, **EXACT)
    # and token by token, absorbed
    cache = CodedCache(Cache(model.config), codec)
    parts = [model(IDS[:, :30], cache)]
    parts += [model(IDS[:, t : t + 1], cache, absorb=True) for t in range(30, 40)]
    # a feature at the edge between two codes may fall either way
    close = EXACT if isinstance(codec, Directions) else {"atol": 5e-3, "rtol": 0.0}
    torch.testing.assert_close(torch.cat(parts, 1), wanted, **close)


def test_singular_values_are_numpys(model: Transformer) -> None:
    values_LR, basis_LRR = principal(gram(model, IDS))
    c_LBTR, _ = read_latents(model, IDS)
    for values, basis, c in zip(values_LR, basis_LRR, c_LBTR.flatten(1, 2), strict=True):
        _, expected, right = np.linalg.svd(c.double().numpy())
        np.testing.assert_allclose(values.numpy(), expected, rtol=1e-6, atol=1e-5)
        kept = c.numpy() @ right[:7].T @ right[:7]
        np.testing.assert_allclose((c @ basis[:, :7] @ basis[:, :7].T).numpy(), kept, atol=1e-4)


def test_all_directions_change_nothing(model: Transformer) -> None:
    rank = model.config.kv_lora_rank
    assert rank
    full = CodedCache(Cache(model.config), directions(model, rank))
    torch.testing.assert_close(model(IDS, full), model(IDS), **EXACT)


@given(st.integers(1, 80), st.sampled_from([4, 8]), st.integers(0, 2**31))
@settings(max_examples=60)
def test_integers_are_numpys(width: int, bits: int, seed: int) -> None:
    width += width % 2
    c = torch.randn(2, 3, width, generator=torch.Generator().manual_seed(seed))
    codec = Integers(bits)
    held = codec.encode(0, c)
    most = 2 ** (bits - 1) - 1
    groups = c.numpy().reshape(2, 3, -1, 32 if width % 32 == 0 else width)
    scale = (np.abs(groups).max(-1, keepdims=True) / most).astype(np.float16).astype(np.float32)
    expected = np.clip(np.rint(groups / scale), -most, most) * scale
    np.testing.assert_allclose(
        codec.decode(0, held).numpy(), expected.reshape(c.shape), rtol=1e-6, atol=1e-7
    )
    assert held["codes"].nbytes * 8 == c.numel() * bits


def test_bytes_are_those_of_the_kept_tensors(model: Transformer) -> None:
    layers, rotary = 3, 8 * 4
    rank = model.config.kv_lora_rank
    assert rank
    for codec, latent in (
        (directions(model, 5), 5 * 4),
        (BFloat16(), rank * 2),
        (Integers(8), rank + 2 * rank // 32),
        (Integers(4), rank // 2 + 2 * rank // 32),
    ):
        assert bytes_per_token(model.config, codec) == layers * (latent + rotary)
        cache = CodedCache(Cache(model.config), codec)
        model(IDS, cache)
        assert cache.nbytes == IDS.numel() * layers * (latent + rotary)
        assert len(cache) == IDS.shape[1]


def test_fewer_directions_and_fewer_bits_lose_more(model: Transformer) -> None:
    c_LBTR, _ = read_latents(model, IDS)
    by_rank = [relative_error(directions(model, r), c_LBTR) for r in (1, 4, 16)]
    assert by_rank == sorted(by_rank, reverse=True)
    by_bits = [relative_error(codec, c_LBTR) for codec in (Integers(4), Integers(8))]
    assert by_bits[1] < by_bits[0] < 0.2
    values_LR, _ = principal(gram(model, IDS))
    lost = (values_LR[:, 4:] ** 2).sum() / (values_LR**2).sum()
    assert by_rank[1] == pytest.approx(float(lost.sqrt()), rel=1e-3)


def test_row_nats_counts_learnt_tokens_only(model: Transformer) -> None:
    learnt = torch.rand(IDS.shape) < 0.5
    found = row_nats(model, IDS, learnt, None)
    logprobs = model(IDS[:, :-1]).log_softmax(-1)
    for row in range(2):
        places = learnt[row, 1:].nonzero()[:, 0]
        nats = -logprobs[row, places, IDS[row, 1:][places]].sum()
        assert found[row] == pytest.approx(float(nats), rel=1e-5)


def test_selected_rows_keep_their_codec(model: Transformer) -> None:
    cache = CodedCache(Cache(model.config), Integers(8))
    model(IDS, cache)
    chosen = cache.select(torch.tensor([1]))
    alone = CodedCache(Cache(model.config), Integers(8))
    model(IDS[1:], alone)
    token = torch.tensor([[5]])
    torch.testing.assert_close(
        model(token, chosen, absorb=True), model(token, alone, absorb=True), **EXACT
    )
