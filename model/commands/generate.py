"""`generate`: a model's completions of a prompt."""

from __future__ import annotations

import argparse
from typing import Any

from model.commands.usage import shipped_folder
from model.nn import compiled
from model.runtime.sampler import Sampler


def run(args: argparse.Namespace) -> dict[str, Any]:
    sampler = Sampler.load(shipped_folder(args.name))
    prompts = [sampler.encode(args.prompt)] * args.samples
    compiled.compile_all()  # else the measured time would include compilation
    done = sampler.complete(prompts, args.max_new_tokens, args.temperature, args.seed)
    return {
        "model": args.name,
        "prompt": args.prompt,
        "samples": [
            {"text": c.text, "token_ids": c.token_ids, "finish_reason": c.finish_reason}
            for c in done
        ],
        # all samples run in one batch, so each has the batch's time
        "tokens_per_second": round(sum(len(c.token_ids) for c in done) / done[0].seconds, 1),
    }
