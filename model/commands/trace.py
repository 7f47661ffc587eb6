"""`trace`: a greedy run with everything that was recorded of each token."""

from __future__ import annotations

import argparse
from typing import Any

from model.commands.usage import shipped_folder
from model.record.steps import collect
from model.runtime.engine import Engine


def run(args: argparse.Namespace) -> dict[str, Any]:
    engine = Engine.load(shipped_folder(args.name))
    steps = list(engine.stream(args.prompt, args.max_new_tokens))
    info = engine.info(args.prompt, args.max_new_tokens, temperature=0.0, seed=0)
    ended = "stop" if steps[-1].text.endswith("<eos>") else "length"
    raw = collect(engine.card, info, steps, ended).to_json()
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
            for i, layer in enumerate(engine.card.moe_layers)
        ],
        "cache_bytes": raw["cache_bytes"],
        "seconds": raw["seconds"],
        "note": "the last token was not fed: it has no experts and adds nothing to the cache",
    }
