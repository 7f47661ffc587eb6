"""What the tests of the Latent cache page share: configs, labels and made-up runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core import models
from app.core.texts import texts
from model.analysis.kv_size import cache_spec
from model.record.steps import TokenStep, collect
from model.record.trace import RunInfo, Trace

MAIN = Path(__file__).parents[4] / "app" / "navigation.py"
T = texts("en")
V3 = "DeepSeek-V3 / R1 (671B)"
LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 7,
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "head_dim": 64,
}
LLAMA_PER_TOKEN = 7 * 4 * (64 + 64) * 2  # layers, KV heads, K and V, bytes of bf16
WORDS = {
    "curves": ("tokens", "bytes", "measured", "formula", "prompt"),
    "bars": ("bytes", "bytes_log"),
}


def labels(figure: str) -> dict[str, str]:
    return {word: word for word in WORDS[figure]}


def run_of(name: str, tokens: int, off_by: int = 0) -> Trace:
    """A finished run of a twin whose cache is `off_by` bytes away from the formula."""
    per_token = cache_spec(models.config(name)).bytes_per_token("float32")
    info = RunInfo("p", 0.0, 0, 9, "2026-01-01")
    steps = [
        TokenStep(
            token_id=i,
            text="x",
            logprob=None,
            entropy=None,
            in_prompt=i == 0,
            expert_ids=np.arange(16).reshape(4, 4) if i < tokens else None,
            expert_weights=np.ones((4, 4), np.float16) if i < tokens else None,
            cache_bytes=per_token * min(i + 1, tokens) + off_by,
            seconds=0.1 * i,
        )
        for i in range(tokens + 1)
    ]
    return collect(models.card(name), info, steps, "length")


# Figures
