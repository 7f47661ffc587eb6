"""A model with another attention in its place, against the V2 paper's Table 1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.analysis.kv_size import cache_spec, published_configs, replaced
from model.analysis.parameter_count import PUBLISHED

ROWS = {row["name"]: row["config"] for row in published_configs()}


def test_v3s_four_kinds() -> None:
    found = {
        name: spec.bytes_per_token("bf16")
        for name, spec in replaced(PUBLISHED["DeepSeek-V3"]).items()
    }
    assert found == {
        "MHA": 3_997_696,  # 2 n_h d_h l elements, the table's row "as plain MHA"
        "GQA-8": 2 * 8 * 128 * 61 * 2,
        "MQA": 2 * 128 * 61 * 2,
        "MLA": 70_272,
    }


@given(st.sampled_from(sorted(ROWS)))
def test_own_kind_gives_the_models_own_cache(name: str) -> None:
    own, others = cache_spec(ROWS[name]), replaced(ROWS[name])
    if own.attention in ("MHA", "MQA", "MLA"):
        assert others[own.attention].elements_per_token() == own.elements_per_token() or (
            "expanded" in name  # its values are narrower than its keys
        )
    for spec in others.values():
        assert len(spec.layers) == len(own.layers)
        assert [layer.window for layer in spec.layers] == [layer.window for layer in own.layers]


@pytest.mark.parametrize("name", ["Llama-3.1-8B / R1-Distill-Llama-8B", "Qwen2.5-72B"])
def test_a_hypothetical_mla_is_two_and_a_quarter_groups(name: str) -> None:
    """d_c = 4 d_h and d_h^R = d_h / 2: as much as GQA with 2.25 groups (the paper's Table 1)."""
    found = replaced(ROWS[name])
    assert found["MLA"].elements_per_token() == 2.25 * found["MQA"].elements_per_token()
