"""The calculator's further questions: users besides the weights, other attention, 93.3 %."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.texts import texts
from app.pages.cache.kv_size import configs
from app.pages.cache.kv_size.capacity_figures import Capacity, memory
from tests.app.looking import unfolded
from tests.app.pages.cache.cases import LLAMA, V3, chart, healthy, opened, written

WORDS = {"bytes": "b", "weights": "w", "caches": "c"}


@pytest.mark.slow
@given(st.integers(0, 10**12), st.integers(1, 10**10), st.integers(1, 10**12))
def test_users_are_as_many_as_fit(weights: int, each: int, room: int) -> None:
    fit = Capacity("m", "MLA", weights, each, room)
    if fit.loads:
        assert weights + fit.users * each <= room < weights + (fit.users + 1) * each
    else:
        assert fit.users == 0
    figure = memory([fit], ["m"], WORDS)
    assert sum(bar.x[0] for bar in figure.data) <= figure.layout.xaxis.range[1]


def test_the_page_counts_users() -> None:
    name = "Llama-3.1-8B / R1-Distill-Llama-8B"
    at = opened("kv_size", c_context="8192", c_gpu="24", c_gpus="1", c_weights="bf16")
    model = configs.published()[name]
    assert model.parameters == 8_030_261_248
    users = (24 * 10**9 - 2 * model.parameters) // model.spec.bytes(8192, "bf16")
    tables = [frame.value for frame in unfolded(at).dataframe]
    column = next(table for table in tables if "Users" in table.columns)
    assert int(column.set_index("Model").loc[name, "Users"]) == users
    at.number_input("c_gpus").set_value(None).run()
    healthy(at)


def test_a_pasted_config_without_widths_has_no_weights() -> None:
    import json

    assert configs.sized(json.dumps(LLAMA)).parameters is None
    whole = LLAMA | {"intermediate_size": 4096, "vocab_size": 32_000}
    assert configs.sized(json.dumps(whole)).parameters
    assert configs.sized(json.dumps(whole)).replaced["MQA"].attention == "MQA"


def test_another_attention_and_the_papers_share() -> None:
    at = opened("kv_size", c_context="1000")
    at.selectbox("c_replace").set_value(V3).run()
    bars = {
        bar["hovertemplate"]: int(bar["x"][0]) for bar in chart(healthy(at), "c_replaced")["data"]
    }
    assert sorted(bars.values()) == [31_232_000, 70_272_000, 249_856_000, 3_997_696_000]
    assert all(hover.startswith(V3) for hover in bars)
    held = texts("en")["cache.column_bytes"]
    tables = [table.value for table in unfolded(at).dataframe if held in table.value.columns]
    assert sorted(tables[-1][held]) == sorted(bars.values())
    said = written(at)
    assert "**82.2%**" in said
    assert "**93.3%**" in said
    assert "34,560 × 6 / 8 = 25,920" in said
