"""Reads records of schema 2, from before there were model cards; they say little of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = 2


def upgraded(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a record of schema 2 to schema 3; what it does not contain is None.

    Raises:
        LookupError, TypeError, AttributeError, ValueError: if it is not a record of schema 2.
    """
    info = dict(raw["info"])
    ids, weights = raw["expert_ids"], raw["expert_weights"]
    fed = len(ids)
    routed = bool(fed and info["moe_layers"])  # without tokens or experts, k is unknown
    chosen = len(ids[0][0]) if routed else 0
    card = {
        "name": info.pop("model"),
        "attention": info.pop("attention"),
        "cache_dtype": info.pop("cache_dtype"),
        "moe_layers": info.pop("moe_layers") if routed else [],
        "n_routed_experts": info.pop("n_routed_experts") if routed else 0,
        "num_experts_per_tok": chosen,
    }
    same = ("n_prompt", "finish_reason", "texts", "token_ids")
    measured = ("logprobs", "entropies", "cache_bytes", "seconds")
    return {
        "schema": SCHEMA + 1,
        "card": card,
        "info": {name: info[name] for name in _INFO},
        "n_fed": fed,
        "expert_ids": ids if routed else None,
        "expert_weights": weights if routed else None,
        **{name: raw[name] for name in (*same, *measured)},
    }


_INFO = ("prompt", "temperature", "seed", "max_new_tokens", "date")
