"""Fields that a family's class ignores do not change the size, and are named if they could."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model.analysis.kv_size.decisive import decisive
from model.analysis.kv_size.families import REFERENCE
from model.analysis.kv_size.hybrids import HYBRID_FAMILIES, STATE_ONLY
from model.analysis.kv_size.read import cache_spec

LAYERS = 8
SIZES = {
    "hidden_size": 512, "num_hidden_layers": LAYERS, "num_attention_heads": 8,
    "num_key_value_heads": 2, "head_dim": 64, "sliding_window": 128,
}  # fmt: skip
#: What another family's file says of its layers, as it says it.
ELSEWHERE: dict[str, Any] = {
    "layers_block_type": ["mamba", "attention"] * 4, "attn_type_list": [0, 1] * 4,
    "block_types": ["recurrent", "recurrent", "attention"], "hybrid_override_pattern": "M*M*M*M*",
    "hybrid_layer_pattern": [0, 1] * 4, "mixer_types": ["attn", "lightning"] * 4,
    "attn_layer_indices": [1, 3], "full_attn_idxs": [1], "full_attention_interval": 4,
    "sliding_window_pattern": 4, "num_kv_shared_layers": 3, "cross_attention_layers": [2],
    "use_sliding_window": False, "compress_ratios": [0, 4] * 4, "attn_layer_period": 4,
    "linear_attn_config": {"full_attn_layers": [1], "kda_layers": [2, 3, 4, 5, 6, 7, 8]},
    "attn": {"layers": [1], "num_heads": 4},
}  # fmt: skip
TABLE: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
#: Families whose size these fields give by themselves; others want more, or keep no such cache.
PLAIN = [
    name
    for name, entry in TABLE.items()
    if entry.get("cache", "yes") == "yes"
    and not entry.get("text")
    and name not in (HYBRID_FAMILIES | {*STATE_ONLY})
    and "kv_lora_rank" not in entry.get("defaults", {})
    and "kv_lora_rank" not in entry.get("computed", ())
]


def file(family: str) -> dict[str, Any] | None:
    made = {**SIZES, "model_type": family}
    try:
        cache_spec(made)
    except ValueError:
        return None
    return made


@pytest.mark.slow
def test_fields_of_other_families_change_nothing_in_silence() -> None:
    tried = 0
    for family in PLAIN:
        plain = file(family)
        if plain is None:
            continue
        before = cache_spec(plain)
        for name in {*ELSEWHERE} - {*TABLE[family].get("arranges", ())}:
            offset = {"attn_layer_offset": 1} if name == "attn_layer_period" else {}
            strange = {**plain, **offset, name: ELSEWHERE[name]}
            after = cache_spec(strange)
            assert after.layers == before.layers, (family, name)
            own = {**strange, "auto_map": {"AutoConfig": "configuration.Own"}}
            try:
                heard = cache_spec(own).layers  # code of its own may well read it
            except ValueError:
                heard = ()
            said = [str(note) for note in after.notes if note.key == "unheard"]
            assert bool(said) == (heard != before.layers), (family, name)
            assert all(name in text and family in text for text in said)
            tried += 1
    assert tried > 500


#: Fields of classes that sound as if they changed the cache, and do not: of encoders, of
#: cross-attention, of the speech beside a text, of how scores are computed or a text is cut.
CHECKED = {
    "L_bp_cycles", "adapter_rank", "aligner_num_add_layers", "attention_head_size",
    "attention_layers", "attention_type", "attention_types", "attention_window", "attn_layers",
    "attn_type", "audio_latent_token_id", "chunk_size_lm_head", "cross_head_dim",
    "cross_layer_interval", "cross_num_attention_heads", "cross_num_key_value_heads",
    "deepstack_layer_map", "encoder_attention_type", "encoder_hash_byte_group_size",
    "encoder_num_attention_heads", "encoder_num_hidden_layers", "encoder_num_key_value_heads",
    "freeze_text_layers", "gated_norm_rank", "guided_attention_loss_num_heads",
    "index_block_size", "index_local_blocks", "indexer_n_heads", "insert_layer_id",
    "keep_window_size", "latent_dim", "latent_query_num", "latent_stats_ema_decay",
    "latent_stats_ema_steps", "latent_stride", "laurel_rank", "local_attention_window_len",
    "local_attn_chunk_length", "local_num_chunks_after", "local_num_chunks_before",
    "moe_latent_size", "mtp_layer_types", "mtp_layers_block_type", "mtp_local_layer_ids",
    "n_layers_per_attn_res_block", "n_mamba_heads", "num_code_groups", "num_conv_layers",
    "num_conv_pos_embedding_groups", "num_encoder_attention_heads", "num_feat_extract_layers",
    "num_residual_layers", "num_sparse_decoder_layers", "num_sparse_encoder_layers",
    "pad_head_dim_to_multiple_of", "ple_layer_ids", "qk_head_dim", "resampler_dim_head",
    "stagger_local_blocks", "t2u_decoder_attention_heads", "t2u_decoder_layers",
    "t2u_encoder_attention_heads", "t2u_encoder_layers", "use_shared_attention_adapter",
    "linear_attn_alpha_factor", "linear_attn_beta_factor", "local_radius",
    "use_weighted_layer_sum", "v_dim_factor", "attention_hidden_size", "d_head", "delay_pattern",
    "duration_delta_max_period", "indexer_compress_ratio", "lsh_attn_chunk_length", "mem_len",
    "num_mem_blocks", "qk_dim_factor",
}  # fmt: skip


def test_a_classs_own_field_that_could_change_the_cache_was_checked() -> None:
    """local_layer_ids of Inkling was once among them, though it says which layers slide."""
    values: list[Any] = [7, [1, 2], True, "x"]
    found = {
        name
        for entry in TABLE.values()
        for name in entry.get("own", ())
        if any(decisive(name, value) for value in values)
    }
    assert found <= CHECKED


@pytest.mark.parametrize("family", ["llama", "gemma2", "qwen2", "mistral", "gpt_oss"])
def test_a_file_without_model_type_is_read_by_its_class(family: str) -> None:
    plain = {**SIZES, "model_type": family}
    by_class = {**SIZES, "architectures": TABLE[family]["classes"][:1]}
    found = cache_spec(by_class)
    assert found.layers == cache_spec(plain).layers
    assert any(note.key == "by_class" and family in str(note) for note in found.notes)
    unknown = cache_spec({**SIZES, "architectures": ["OwnForCausalLM"], "sliding_window": None})
    assert any(note.key == "no_family" for note in unknown.notes)


@pytest.mark.parametrize(
    ("family", "width"),
    [("stablelm", 64), ("gpt_neox", 64), ("gpt_neox_japanese", 64), ("persimmon", 64),
     ("glm4v_text", 64), ("llama", 96)],
)  # fmt: skip
def test_a_heads_own_width_that_only_rotary_embeddings_read(family: str, width: int) -> None:
    """Attention in these classes is as wide as the hidden size, whatever head_dim says."""
    spec = cache_spec({**SIZES, "model_type": family, "num_key_value_heads": 8, "head_dim": 96})
    assert spec.elements_per_token() == LAYERS * 2 * 8 * width
    said = [str(note) for note in spec.notes if note.key == "unheard"]
    assert bool(said) == (width == 64) and all("head_dim" in text for text in said)
