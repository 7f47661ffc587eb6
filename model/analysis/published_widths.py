"""Widths that a parameter count needs but the table of published caches leaves out.

`parameters(name, config)` counts the weights of a row of assets/reference/kv_configs.json, or of
any full config.json. The totals equal the official ones (see the test).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from model.analysis import parameter_count


def _dense(ffn: int, vocabulary: int, tied: bool = False) -> dict[str, Any]:
    return {"intermediate_size": ffn, "vocab_size": vocabulary, "tie_word_embeddings": tied}


WIDTHS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "DeepSeek-V3 / R1 (671B)": parameter_count.PUBLISHED["DeepSeek-V3"],
        "DeepSeek-V2 (236B)": parameter_count.PUBLISHED["DeepSeek-V2"],
        "DeepSeek-V2-Lite (16B)": parameter_count.PUBLISHED["DeepSeek-V2-Lite"],
        "Kimi-K2 (1T)": parameter_count.PUBLISHED["Kimi-K2"],
        "DeepSeekMoE-16B": parameter_count.PUBLISHED["DeepSeekMoE-16B"],
        "DeepSeek-67B": _dense(22_016, 102_400),
        "Qwen2.5-1.5B / R1-Distill-Qwen-1.5B (Qwen2.5-Math-1.5B)": _dense(8_960, 151_936, True),
        "Qwen2.5-7B / R1-Distill-Qwen-7B (Qwen2.5-Math-7B)": _dense(18_944, 152_064),
        "Qwen2.5-14B / R1-Distill-Qwen-14B": _dense(13_824, 152_064),
        "Qwen2.5-32B / R1-Distill-Qwen-32B": _dense(27_648, 152_064),
        "Qwen2.5-72B": _dense(29_568, 152_064),
        "Llama-2-7B": _dense(11_008, 32_000),
        "Llama-3.1-8B / R1-Distill-Llama-8B": _dense(14_336, 128_256),
        "Llama-3.1-70B / 3.3-70B / R1-Distill-Llama-70B": _dense(28_672, 128_256),
        "Llama-3.1-405B": _dense(53_248, 128_256),
        "Qwen3-8B": _dense(12_288, 151_936),
        "Qwen3-32B": _dense(25_600, 151_936),
    }
)


def parameters(config: Mapping[str, Any], name: str = "") -> int:
    """The parameters of a published model by its row's name, or of a config with all its widths.

    Raises:
        ConfigError: if fields are missing or the family is not counted.
    """
    return parameter_count.count({**config, **WIDTHS.get(name, {})}).total
