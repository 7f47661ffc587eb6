"""What the tests of the Latent cache page share: configs, labels and made-up runs."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from app.core.assets import models
from app.core.texts import texts
from model.analysis.kv_size import cache_spec
from model.record.trace import RunInfo, Trace
from tests.app import rooms
from tests.steps import TokenStep, collect

APP = Path(__file__).parents[4] / "app"
ROOMS = rooms.ROOMS["cache"]
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
    """A finished run of a twin whose cache differs from the formula by `off_by` bytes."""
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


# --- The page ------------------------------------------------------------------------------------


def opened(room: str | None = None, language: str = "en", **query: str) -> AppTest:
    """The page in a new session, without the app's navigation."""
    at = AppTest.from_file(str(APP / "pages" / "cache" / "cache.py"), default_timeout=60)
    at.session_state["lang"] = language
    for key, value in ({"room": room} if room else {}).items() | query.items():
        at.query_params[key] = value
    return healthy(at.run())


@functools.lru_cache(maxsize=16)
def shown(room: str, language: str = "en") -> AppTest:
    """A newly opened room, shared by all tests that do not change it."""
    return opened(room, language)


def healthy(at: AppTest) -> AppTest:
    assert not at.exception, [exception.message for exception in at.exception]
    return at


def written(at: AppTest) -> str:
    """All text on the page."""
    parts = (*at.markdown, *at.caption, *at.text, *at.code, *at.error, *at.info)
    return "\n".join(part.value for part in parts)


def has(at: AppTest, key: str) -> bool:
    """Whether the page has a chart."""
    return any(e.proto.id.endswith(key) for e in at.get("plotly_chart"))


def chart(at: AppTest, key: str) -> dict[str, Any]:
    """The figure of a plotly chart, as the browser gets it."""
    found = [e for e in at.get("plotly_chart") if e.proto.id.endswith(key)]
    assert len(found) == 1
    figure: dict[str, Any] = json.loads(found[0].proto.spec)
    return figure


def bar_bytes(at: AppTest, key: str = "c_bars") -> dict[str, int]:
    """Bytes of each bar of the calculator by the model's name."""
    return {
        bar["hovertemplate"].split("<br>")[0]: int(bar["x"][0]) for bar in chart(at, key)["data"]
    }
