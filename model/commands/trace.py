"""`trace`: a greedy run with the complete record of each token."""

from __future__ import annotations

import argparse
from typing import Any

from model.commands.usage import shipped_folder
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler


def run(args: argparse.Namespace) -> dict[str, Any]:
    sampler = Sampler.load(shipped_folder(args.name))
    trace = recorded(sampler, args.prompt, args.max_new_tokens)
    raw = trace.to_json()
    return {
        "model": args.name,
        "prompt_tokens": raw["n_prompt"],
        "token_ids": raw["token_ids"],
        "tokens": raw["texts"],
        "logprobs": raw["logprobs"],
        "layers": [
            {
                "layer": layer,
                "expert_ids": [token[i] for token in raw["expert_ids"]],
                "expert_weights": [token[i] for token in raw["expert_weights"]],
            }
            for i, layer in enumerate(trace.card.moe_layers)
        ],
        "cache_bytes": raw["cache_bytes"],
        "seconds": raw["seconds"],
        "note": "the last token was not fed: it has no experts and adds nothing to the cache",
    }
