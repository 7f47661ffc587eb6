"""Times the decoding of one token, by context length and decoding path."""

from __future__ import annotations

import time

import torch

from model.nn.cache import Cache
from model.nn.config import ModelConfig
from model.nn.network import Transformer


def filled(config: ModelConfig, tokens: int) -> Cache:
    """A cache of `tokens` tokens with random features, whose values do not affect the time."""
    cache = Cache(config)
    for layer in cache.layers:
        if config.is_mla:
            assert config.kv_lora_rank and config.qk_rope_head_dim
            layer["c_kv"] = torch.randn(1, tokens, config.kv_lora_rank)
            layer["k_pe"] = torch.randn(1, tokens, config.qk_rope_head_dim)
        else:
            assert config.head_dim
            for part in ("k", "v"):
                layer[part] = torch.randn(1, tokens, config.num_key_value_heads, config.head_dim)
    return cache


@torch.inference_mode()
def step_seconds(model: Transformer, tokens: int, absorb: bool, repeats: int) -> list[float]:
    """Times in seconds of `repeats` decoding steps, each of which brings the cache to `tokens`."""
    full = filled(model.config, tokens - 1)
    ids_BT = torch.tensor([[3]])
    found = []
    for _ in range(repeats):
        cache = Cache(model.config)
        cache.layers = [dict(layer) for layer in full.layers]  # `append` creates new tensors
        started = time.perf_counter()
        model(ids_BT, cache, absorb=absorb)
        found.append(time.perf_counter() - started)
        assert len(cache) == tokens
    return found
