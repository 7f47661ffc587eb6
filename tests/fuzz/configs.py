"""Configs that no one has written: never a crash, never a field passed over in silence."""

from __future__ import annotations

import json
import random
import string
from typing import Any

from model.analysis.kv_size import ConfigError, formula, read_config
from model.analysis.kv_size.names import FACTS, LAYOUT, words
from tests.configs import GQA, PUBLISHED, V3

FAMILIES = (
    "", "novel", "llama", "mistral", "gemma3_text", "gemma3", "deepseek_v3", "deepseek_v4",
    "falcon", "chatglm", "qwen2", "qwen3_next", "jamba", "mamba", "bert", "vit", "mllama",
    "bailing_moe_linear", "gpt2", "t5", "step3p5", "nemotron_h", "rwkv7", "zamba2", "mimo_v2_flash",
)  # fmt: skip
BASES: tuple[dict[str, Any], ...] = (
    GQA, V3, {}, *(row["config"] for row in PUBLISHED.values()),
)  # fmt: skip
KNOWN = sorted({name for names in FACTS.values() for name in names} | set(LAYOUT))
SUBJECTS = (
    "kv", "key", "value", "head", "heads", "attention", "attn", "window", "layer", "layers",
    "rank", "latent", "lora", "sliding", "shared", "state", "cross", "cache", "query", "group",
)  # fmt: skip
OTHERS = (
    "num", "size", "dim", "new", "extra", "types", "pattern", "list", "per", "max", "low", "count",
    "compressed", "local", "global", "every", "idx", "alt", "super", "width", "repeat", "span",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 8, 10**30, 0.5, float("nan"), float("inf"), "", "full", "x",
    [], {}, [1, 2], ["full_attention"] * 4, ["sliding_attention", None], {"a": 1}, [[1]], {"": {}},
)  # fmt: skip


def name_of_something(rng: random.Random) -> str:
    """A new field name with words about the cache."""
    parts = [rng.choice(SUBJECTS), *rng.choices(SUBJECTS + OTHERS, k=rng.randint(1, 3))]
    rng.shuffle(parts)
    if rng.random() < 0.2:
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    return "_".join(parts)


def case(rng: random.Random) -> None:
    """One config: it is read or refused in words, and a fact under a new name is never ignored."""
    config = dict(rng.choice(BASES))
    for _ in range(rng.randint(0, 4)):
        config[rng.choice(KNOWN)] = rng.choice(ODD)
    for name in rng.sample(sorted(config), k=min(len(config), rng.randint(0, 2))):
        if rng.random() < 0.5:
            del config[name]
    if rng.random() < 0.7:
        config["model_type"] = rng.choice(FAMILIES)
    if rng.random() < 0.3:
        config = {"model_type": rng.choice(FAMILIES), "text_config": config}
    new = name_of_something(rng)
    inner = config.get("text_config", config)
    if new not in KNOWN:
        inner[new] = rng.choice((2, 8, "full", [1, 2], True, 0.25, {"x": 4}))
    text = json.dumps(config)
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(string.printable) + text[at + rng.randint(0, 2) :]
    raw = text.encode(rng.choice(("utf-8", "utf-8-sig", "utf-16", "utf-32")))
    try:
        parsed, spec = read_config(raw)
    except ConfigError as error:
        assert error.key and str(error).endswith("."), repr(error)
        return
    assert 0 <= spec.growth_per_token("bf16") <= spec.bytes_per_token("bf16")
    assert spec.attention and formula(spec)
    inner = parsed.fields.get("text_config", parsed.fields)
    if new in inner and new not in KNOWN and not quality(new):
        said = "\n".join(map(str, spec.notes))
        assert new in said or "… (+" in said, f"{new} is passed over in silence: {text}"


def quality(name: str) -> bool:
    """Whether this is the name of another known field."""
    from model.analysis.kv_size.harmless import HARMLESS

    return name in HARMLESS or not words(name)
