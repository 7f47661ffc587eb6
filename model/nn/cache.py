"""The KV cache of a batch of sequences, and the bytes it really takes.

What a layer caches depends on the kind of attention. MHA, GQA and MQA cache `k` and `v` of every
key-value head. MLA caches only `c_kv`, the normalised latent, and `k_pe`, the one rotary key that
all heads share (DeepSeek-V2 paper, equations 9 to 19).
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.nn.config import ModelConfig


class Cache:
    """The KV cache of a batch of sequences: `layers[i]` maps the name of a part to its tensor.

    Time is dimension 1 of every part: `c_kv` [B, S, kv_lora_rank], `k_pe` [B, S,
    qk_rope_head_dim]; `k`, `v` [B, S, num_key_value_heads, head_dim].
    """

    def __init__(self, config: ModelConfig) -> None:
        self.layers: list[dict[str, Tensor]] = [{} for _ in range(config.num_hidden_layers)]

    def __len__(self) -> int:
        """The number of tokens in the cache."""
        last = self.layers[-1]
        return next(iter(last.values())).shape[1] if last else 0

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors' storages, each counted once; measured, not from a formula."""
        storages = {
            part.untyped_storage().data_ptr(): part.untyped_storage().nbytes()
            for layer in self.layers
            for part in layer.values()
        }
        return sum(storages.values())

    def append(self, layer: int, **new: Tensor) -> dict[str, Tensor]:
        """Append the parts of new tokens [B, T, ...] to a layer; returns all tokens' [B, S, ...].

        Storage grows by exactly the new tokens, so that `nbytes` is what the tokens cost.
        """
        held = self.layers[layer]
        for name, part in new.items():
            held[name] = (
                torch.cat((held[name], part), dim=1) if name in held else part.contiguous().clone()
            )
        return held

    def first(self, tokens: int) -> Cache:
        """The cache as it was after the first `tokens` tokens; shares storage with this one."""
        earlier = Cache.__new__(Cache)
        earlier.layers = [
            {name: part[:, :tokens] for name, part in layer.items()} for layer in self.layers
        ]
        return earlier

    def select(self, rows: Tensor) -> Cache:
        """A copy with the given rows [n] of the batch; a row may be repeated."""
        chosen = Cache.__new__(Cache)
        chosen.layers = [{k: v[rows] for k, v in layer.items()} for layer in self.layers]
        return chosen
