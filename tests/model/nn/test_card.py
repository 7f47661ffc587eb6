"""The model cards of our models, against their configs and a calculator for any config."""

from __future__ import annotations

import pytest

from model.analysis.kv_size import bytes_per_token, cache_spec, held, held_by_mha
from model.nn import shipped
from model.nn.card import card
from model.nn.config import read_config
from tests.synthetic import CARD as V3

SHIPPED = shipped.folders()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_says_what_the_config_does(name: str) -> None:
    config = read_config(SHIPPED[name])
    found = card(config, name)
    assert (found.name, found.attention) == (name, config.attention)
    raw = config.to_json()
    for field in (
        *("hidden_size", "num_hidden_layers", "max_position_embeddings", "num_attention_heads"),
        *("num_key_value_heads", "n_group", "topk_group", "routed_scaling_factor"),
        *("norm_topk_prob", "kv_lora_rank", "qk_rope_head_dim"),
    ):
        assert getattr(found, field) == raw.get(field), field
    for field in ("n_routed_experts", "num_experts_per_tok", "n_shared_experts"):
        assert getattr(found, field) == raw.get(field, 0), field
    dense = raw.get("first_k_dense_replace", config.num_hidden_layers)
    assert found.moe_layers == tuple(range(dense, config.num_hidden_layers))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_cache_of_a_card_is_the_configs(name: str) -> None:
    config = read_config(SHIPPED[name])
    found, spec = card(config, name), cache_spec(config.to_json())
    mine = held(found)
    assert mine is not None
    assert [layer.parts for layer in mine.layers] == [layer.parts for layer in spec.layers]
    assert [layer.kv_heads for layer in mine.layers] == [layer.kv_heads for layer in spec.layers]
    assert bytes_per_token(found, mine) == spec.bytes_per_token("float32")


@pytest.mark.parametrize("name", ["base", "base-gqa", "base-mqa", "base-mha"])
def test_as_mha_the_twins_keep_what_the_mha_twin_does(name: str) -> None:
    found = card(read_config(SHIPPED[name]), name)
    mha = card(read_config(SHIPPED["base-mha"]), "base-mha")
    as_mha = held_by_mha(found)
    assert as_mha is not None and as_mha.attention == "MHA"
    assert bytes_per_token(found, as_mha) == bytes_per_token(mha, held(mha))


def test_deepseek_v3() -> None:
    """Figures of the V2 and V3 papers' arithmetic: 61 layers of 512 + 64 numbers in bfloat16."""
    assert bytes_per_token(V3, held(V3)) == 61 * (512 + 64) * 2 == 70_272
    assert bytes_per_token(V3, held_by_mha(V3)) == 61 * 128 * (128 + 128) * 2
