"""Parameter counts: the published models to the last integer, and against transformers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.analysis.kv_size import ConfigError
from model.analysis.parameter_count import PUBLISHED, count

V3 = PUBLISHED["DeepSeek-V3"]


# Totals are exact; the actives of the rows below V3 are in billions, as reports print them.
@pytest.mark.parametrize(
    ("name", "total", "both", "head_only", "neither"),
    [
        ("DeepSeek-V3", 671_026_419_200, "37.552", "36.626", "35.699"),
        ("DeepSeek-V2", 235_741_434_880, "21.376", "20.852", "20.327"),
        ("DeepSeek-V2-Lite", 15_706_484_224, "2.661", "2.451", "2.242"),
        ("Kimi-K2", 1_026_408_232_448, "32.862", "31.687", "30.513"),
        ("DeepSeekMoE-16B", 16_375_728_128, "2.829", "2.619", "2.409"),
    ],
)
def test_published_totals(name: str, total: int, both: str, head_only: str, neither: str) -> None:
    found = count(PUBLISHED[name])
    assert found.total == total
    assert f"{found.active_both / 1e9:.3f}" == both
    assert f"{found.active_head_only / 1e9:.3f}" == head_only
    assert f"{found.active_neither / 1e9:.3f}" == neither


def test_deepseek_v3_by_component() -> None:
    found = count(V3)
    assert {part.name: (part.each, part.copies, part.active) for part in found.components} == {
        "embedding": (926_679_040, 1, 1),
        "attention": (187_107_328, 61, 61),
        "norms": (14_336, 61, 61),
        "dense FFN": (396_361_728, 3, 3),
        "routed experts": (44_040_192, 58 * 256, 58 * 8),
        "shared experts": (44_040_192, 58, 58),
        "router": (1_835_264, 58, 58),
        "final norm": (7_168, 1, 1),
        "head": (926_679_040, 1, 1),
    }
    assert found.active_both == 37_552_297_472
    assert found.active_head_only == 36_625_618_432
    assert found.active_neither == 35_698_939_392


def test_deepseek_v3_mtp_module() -> None:
    """README_WEIGHTS.md of DeepSeek-V3 calls the part without eh_proj "11.5B unique"."""
    found = count(V3)
    projection = [part for part in found.mtp if part.name in ("eh_proj", "MTP norms")]
    assert found.mtp_total == 11_610_068_224
    assert found.mtp_total - sum(part.total for part in projection) == 11_507_286_272
    assert count({**V3, "num_nextn_predict_layers": 0}).mtp == ()


def test_formulas_give_the_numbers_beside_them() -> None:
    for config in PUBLISHED.values():
        for part in (*count(config).components, *count(config).mtp):
            assert eval(part.formula.replace("·", "*")) == part.each
    attention = next(part for part in count(V3).components if part.name == "attention")
    assert attention.formula == (
        "7168·1536 + 1536 + 1536·128·192 + 7168·576 + 512 + 512·128·256 + 128·128·7168"
    )


def test_a_tied_table_is_counted_once() -> None:
    untied, tied = count(V3), count({**V3, "tie_word_embeddings": True})
    table = 129_280 * 7_168
    assert tied.total == untied.total - table
    assert tied.active_both == tied.active_head_only == untied.active_head_only
    assert tied.active_neither == untied.active_neither


def test_moe_layer_freq() -> None:
    router = next(
        part for part in count({**V3, "moe_layer_freq": 2}).components if part.name == "router"
    )
    assert router.copies == 29  # layers 4, 6, ..., 60


TINY: dict[str, Any] = {
    "vocab_size": 40, "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip
MOE = {
    "moe_intermediate_size": 20, "n_routed_experts": 8, "n_shared_experts": 2,
    "num_experts_per_tok": 3, "first_k_dense_replace": 1, "n_group": 2, "topk_group": 1,
}  # fmt: skip
MLA = {
    "kv_lora_rank": 16, "q_lora_rank": 12, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4,
    "v_head_dim": 10, "num_key_value_heads": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("deepseek_v3", V3),
        ("deepseek_v3", TINY | MOE | MLA),
        ("deepseek_v3", TINY | MOE | MLA | {"q_lora_rank": None, "tie_word_embeddings": True}),
        ("deepseek_v3", TINY | MOE | MLA | {"attention_bias": True}),
        ("deepseek_v3", TINY | MOE | MLA | {"attention_bias": True, "q_lora_rank": None}),
        ("deepseek_v2", TINY | MOE | MLA),
        ("deepseek_v2", TINY | MOE | MLA | {"q_lora_rank": None}),
        ("glm4_moe", TINY | MOE | {"head_dim": 10}),
        ("glm4_moe", TINY | MOE | {"head_dim": 10, "use_qk_norm": True, "attention_bias": True}),
        ("glm4_moe", TINY | MOE | {"head_dim": 10, "num_key_value_heads": 1}),
        ("qwen2", TINY),
        ("qwen2", TINY | {"tie_word_embeddings": True}),
        ("qwen3", TINY | {"head_dim": 10}),
        ("qwen3", TINY | {"head_dim": 10, "attention_bias": True}),
        ("llama", TINY),
        ("llama", TINY | {"attention_bias": True, "mlp_bias": True}),
    ],
)
def test_against_transformers(family: str, changes: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    from transformers import AutoConfig, AutoModelForCausalLM

    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = AutoConfig.for_model(**{**changes, **tokens, "model_type": family})
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    weights = sum(weight.numel() for weight in model.parameters())
    biases = sum(
        buffer.numel()
        for name, buffer in model.named_buffers()
        if name.endswith("e_score_correction_bias")
    )
    assert count({"model_type": family, **changes}).total == weights + biases


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ([], "JSON object"),
        ({}, "model_type"),
        ({**V3, "model_type": "gpt2"}, "model_type 'gpt2'"),
        ({**V3, "kv_lora_rank": None}, "kv_lora_rank"),
        ({**V3, "hidden_size": True}, "hidden_size is true"),
        ({**V3, "vocab_size": 0}, "vocab_size is 0"),
        ({**V3, "first_k_dense_replace": 62}, "first_k_dense_replace is 62"),
        ({**V3, "num_experts_per_tok": 257}, "num_experts_per_tok is 257"),
        ({**V3, "n_routed_experts": 10**4400}, "more than 15 digits"),
        ({**V3, "mlp_bias": True}, "mlp_bias"),
        ({"model_type": "llama", **TINY, "num_key_value_heads": 3}, "do not fit"),
    ],
)
def test_refuses_in_one_sentence(config: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        count(config)
    assert words in str(caught.value)


values = (
    st.none() | st.booleans() | st.integers(-2, 70) | st.integers() | st.floats() | st.text()
    | st.lists(st.integers(), max_size=2) | st.sampled_from(["llama", "glm4_moe", "deepseek_v2"])
)  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from([{}, TINY | MOE, *PUBLISHED.values()]),
    st.dictionaries(st.sampled_from([*V3, "head_dim", "attention_bias", "mlp_bias"]), values),
)
def test_never_raises_anything_but_config_error(
    base: dict[str, Any], changes: dict[str, Any]
) -> None:
    try:
        found = count({**base, **changes})
    except ConfigError:
        return
    assert 0 < found.active_neither < found.active_head_only <= found.active_both <= found.total
