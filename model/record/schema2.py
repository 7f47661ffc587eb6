"""Records as they were before they had a card: what they say of a model is little, and stays so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = 2


def upgraded(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A record of schema 2 as one of schema 3; what nobody wrote down is None.

    Raises:
        LookupError, TypeError, AttributeError, ValueError: if it is not one.
    """
    info = dict(raw["info"])
    ids, weights = raw["expert_ids"], raw["expert_weights"]
    fed = len(ids)
    routed = bool(fed and info["moe_layers"])  # of no token, or without experts, k is not known
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
