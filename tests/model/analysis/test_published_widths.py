"""Weights of the published rows, against the totals that their makers give."""

from __future__ import annotations

import pytest

from model.analysis.kv_size import ConfigError, published_configs
from model.analysis.published_widths import WIDTHS, parameters

ROWS = {row["name"]: row["config"] for row in published_configs()}
#: In billions, as on the models' cards and in their reports.
CLAIMED = {
    "DeepSeek-V3 / R1 (671B)": 671,
    "DeepSeek-V2 (236B)": 236,
    "DeepSeek-V2-Lite (16B)": 15.7,
    "Kimi-K2 (1T)": 1026,
    "DeepSeekMoE-16B": 16.4,
    "DeepSeek-67B": 67,
    "Qwen2.5-1.5B / R1-Distill-Qwen-1.5B (Qwen2.5-Math-1.5B)": 1.54,
    "Qwen2.5-7B / R1-Distill-Qwen-7B (Qwen2.5-Math-7B)": 7.61,
    "Qwen2.5-14B / R1-Distill-Qwen-14B": 14.7,
    "Qwen2.5-32B / R1-Distill-Qwen-32B": 32.5,
    "Qwen2.5-72B": 72.7,
    "Llama-2-7B": 6.74,
    "Llama-3.1-8B / R1-Distill-Llama-8B": 8.03,
    "Llama-3.1-70B / 3.3-70B / R1-Distill-Llama-70B": 70.6,
    "Llama-3.1-405B": 405,
    "Qwen3-8B": 8.2,
    "Qwen3-32B": 32.8,
}


def test_every_row_with_widths_is_a_published_one() -> None:
    assert set(WIDTHS) == set(CLAIMED) <= set(ROWS)


@pytest.mark.parametrize("name", CLAIMED)
def test_totals_are_the_makers_own(name: str) -> None:
    assert parameters(ROWS[name], name) / 1e9 == pytest.approx(CLAIMED[name], rel=0.01)


def test_a_config_without_widths_is_refused() -> None:
    with pytest.raises(ConfigError):
        parameters(ROWS["Qwen3-8B"])
