"""Latent attention whose layers differ by rules of a class: indexers, NoPE, windows, widths.

The short form in a file means what the class expands it to.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from model.analysis.kv_size import ConfigError, cache_spec
from tests.configs import V3
from tests.model.analysis.kv_size import families

INDEXED = ("glm_moe_dsa", "glm5_next_text", "mistral_large4_text")
SHORT: list[tuple[str, dict[str, Any]]] = [
    *((family, {"num_hidden_layers": 9}) for family in (*INDEXED, "hy_v4", "dots3_note_text")),
    *((family, {"index_topk_freq": 3}) for family in INDEXED),
    *((family, {"index_topk_freq": 4, "index_skip_topk_offset": 0}) for family in INDEXED),
    *((family, {"num_hidden_layers": 8, "index_topk_pattern": "FFSSFSSS"}) for family in INDEXED),
    ("mistral_large4_text", {"no_rope_layer_interval": 3}),
    ("mistral_large4_text", {"num_hidden_layers": 4, "no_rope_layers": [0, 1, 1, 0]}),
    ("mistral_large4_text", {"num_hidden_layers": 4, "kv_source_layers": [0, 0, 2, 2]}),
    ("glm5_next_text", {"num_hidden_layers": 4, "layer_types": ["full_attention"] * 4}),
    ("dots3_note_text", {"use_dsa": False}),
    ("dots3_note_text", {"use_sliding_window": False}),
    ("dots3_note_text", {"swa_kv_lora_rank": 64, "swa_qk_nope_head_dim": 128}),
    ("dots3_note_text", {"sliding_window_size": 64, "swa_head_dim": 224, "kv_lora_rank": 32}),
    ("dots3_note_text", {"num_hidden_layers": 4, "layer_types":
        ["full_attention", "sliding_attention"] * 2}),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("family", "fields"), SHORT, ids=str)
def test_a_short_file_is_what_its_class_makes_of_it(family: str, fields: dict[str, Any]) -> None:
    made = families.made(family, **fields)
    assert made is not None
    whole = json.loads(json.dumps(made.to_dict(), default=str))
    short = cache_spec({"model_type": family, **fields})
    assert short.layers == cache_spec(whole).layers
    assert not {"may_matter", "not_read"} & {note.key for note in short.notes}


def test_layers_without_position_keep_the_latent_alone() -> None:
    config = {**V3, "model_type": "mistral_large4_text", "index_head_dim": 128}
    kept = cache_spec({**config, "num_hidden_layers": 4}).layers
    assert [layer.elements_per_token for layer in kept] == [704, 704, 704, 640]


def test_pooled_keys_are_kept_with_their_gates() -> None:
    spec = cache_spec({"model_type": "glm5_next", "num_hidden_layers": 4})
    assert [layer.elements_per_token for layer in spec.layers] == [0, 0, 0, 512 + 128 + 129]


@pytest.mark.parametrize("pattern", ["FS", 3, "FFXF", ["full", 1, 2, 3]])
def test_patterns_that_name_no_layers_are_refused(pattern: object) -> None:
    config = {"model_type": "glm_moe_dsa", "num_hidden_layers": 4, "index_topk_pattern": pattern}
    with pytest.raises(ConfigError, match="indexer_types"):
        cache_spec(config)


@pytest.mark.parametrize("family", ["gemma4_assistant", "gemma4_unified_assistant"])
def test_an_assistant_is_no_model_of_its_own(family: str) -> None:
    with pytest.raises(ConfigError, match="drafts for another model"):
        cache_spec({"model_type": family, "text_config": {"model_type": "gemma4_text"}})


def test_several_models_in_one_file_are_refused() -> None:
    with pytest.raises(ConfigError, match="several models"):
        cache_spec({"model_type": "blt"})


def test_prompts_of_a_models_own_are_told() -> None:
    said = "\n".join(map(str, cache_spec({"model_type": "cpmant"}).notes))
    assert "tokens of its own before every text (32)" in said
