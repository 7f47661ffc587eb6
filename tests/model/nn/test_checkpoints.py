"""Checkpoint folders and configs: they survive a round trip, and damaged ones are refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from model.analysis.parameter_count import count
from model.nn import checkpoints, config, shipped
from model.nn.config import CheckpointError, ModelConfig
from model.nn.network import Transformer
from model.runtime.engine import Engine
from tests.model.conftest import ABOUT, random_model, shipped_names, tiny_config

FILES = ("config.json", "about.json", "model.safetensors", "tokenizer.json")
KINDS = {"MLA": "MLA", "MHA": "MHA", "GQA": "GQA", "MQA": "MQA", "Qwen2": "GQA"}


@pytest.fixture
def folder(tmp_path: Path, words: Tokenizer) -> Path:
    model = random_model(tiny_config("MLA", words.get_vocab_size()))
    checkpoints.save(tmp_path, model, words, ABOUT)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind: str, tmp_path: Path, words: Tokenizer) -> None:
    model = random_model(tiny_config(kind, words.get_vocab_size()))
    checkpoints.save(tmp_path, model, words, ABOUT)
    again = checkpoints.load(tmp_path)
    assert again.config == model.config and again.config.attention == KINDS[kind]
    for name, value in model.state_dict().items():
        exact = "correction_bias" in name
        expected = value if exact else value.to(torch.bfloat16).float()
        assert torch.equal(again.state_dict()[name], expected), name
    assert shipped.about(tmp_path) == ABOUT
    checkpoints.save(tmp_path / "second", again, words, ABOUT)  # saving again loses nothing more
    files = [f / "model.safetensors" for f in (tmp_path, tmp_path / "second")]
    first, second = load_file(files[0]), load_file(files[1])
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {t.dtype for n, t in first.items() if "bias" not in n} == {torch.bfloat16}


@pytest.mark.parametrize("kind", KINDS)
def test_config_round_trip(kind: str) -> None:
    shape = tiny_config(kind)
    raw = json.loads(json.dumps(shape.to_json()))
    assert ModelConfig.from_json(raw) == shape
    older = {k: v for k, v in raw.items() if k != "rope_parameters"} | {"rope_theta": 10_000.0}
    if kind not in ("MLA", "Qwen2"):
        older["partial_rotary_factor"] = 0.5
    assert ModelConfig.from_json(older) == shape


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "llama"},
        {"model_type": None},
        {"n_group": 0},
        {"n_group": 3},
        {"n_group": 8},
        {"topk_group": 5},
        {"topk_group": 0},
        {"num_experts_per_tok": 5},
        {"num_attention_heads": 0},
        {"num_key_value_heads": 0},
        {"num_key_value_heads": 3},
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 1},
        {"hidden_size": -4},
        {"hidden_size": 32.0},
        {"hidden_size": "32"},
        {"hidden_size": True},
        {"vocab_size": None},
        {"rms_norm_eps": float("nan")},
        {"norm_topk_prob": 1},
        {"qk_rope_head_dim": 7},
        {"v_head_dim": None},
        {"first_k_dense_replace": 3},
        {"rope_parameters": {"rope_type": "yarn", "factor": 40}},
        {"rope_parameters": [1]},
        {"rope_scaling": {"type": "yarn", "factor": 40}},
        {"rope_parameters": {"rope_theta": float("inf")}},
        {"rope_interleave": False},
        {"attention_bias": True},
        {"tie_word_embeddings": True},
        {"hidden_act": "gelu"},
    ],
    ids=str,
)
def test_impossible_config(change: dict[str, Any], folder: Path) -> None:
    raw = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(raw))
    with pytest.raises(CheckpointError):
        Engine.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"use_sliding_window": True},
        {"tie_word_embeddings": True},
        {"attention_bias": True},  # of the output too, in families that have the flag
        {"head_dim": 15},
        {"head_dim": None},
        {"rms_norm_eps": 1e-40},
        {"num_attention_heads": "4"},
        {"num_attention_heads": 0},
        {"rope_parameters": {"rope_type": "yarn", "factor": 4}},
    ],
    ids=str,
)
def test_impossible_dense_config(change: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        ModelConfig.from_json(tiny_config("Qwen2").to_json() | change)


@pytest.mark.parametrize("factor", [2, 1e29])
def test_no_more_of_a_head_is_rotated_than_there_is(factor: float) -> None:
    with pytest.raises(CheckpointError, match="more than 1"):
        tiny_config("GQA", partial_rotary_factor=factor)


@pytest.mark.parametrize(
    "change",
    [
        {"kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8},
        {"partial_rotary_factor": 0.5},
        {"n_group": 1},
    ],
    ids=str,
)
def test_a_dense_model_is_a_qwen2_model(change: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        tiny_config("Qwen2", **change)


def test_the_config_of_a_published_distilled_model() -> None:
    """Qwen's files name no head_dim: the heads share the hidden size."""
    raw = {
        "model_type": "qwen2", "hidden_act": "silu", "hidden_size": 1536, "vocab_size": 151936,
        "intermediate_size": 8960, "num_attention_heads": 12, "num_hidden_layers": 28,
        "num_key_value_heads": 2, "max_position_embeddings": 131072, "rms_norm_eps": 1e-06,
        "rope_theta": 10000, "sliding_window": 4096, "use_sliding_window": False,
        "tie_word_embeddings": False,
    }  # fmt: skip
    shape = ModelConfig.from_json(raw)
    assert (shape.head_dim, shape.rope_dim, shape.attention) == (128, 128, "GQA")
    assert shape.model_type == "qwen2" and not shape.moe_layers
    assert checkpoints.parameters(shape) == (count(raw).total,) * 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_size_is_needed(kind: str) -> None:
    raw = tiny_config(kind).to_json()
    also = (*config.MLA_FIELDS[2:], *config.MOE_FIELDS)
    for field in dataclasses.fields(ModelConfig):
        less = {k: v for k, v in raw.items() if k != field.name}
        if field.default is dataclasses.MISSING or (field.name in also and field.name in raw):
            with pytest.raises(CheckpointError):
                ModelConfig.from_json(less)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [None, b"", b"[]", b"{", b"\xff\x00", b"null", b"[" * 100_000])
def test_damaged_file(folder: Path, file: str, content: bytes | None) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(CheckpointError):
        Engine.load(folder)


@pytest.mark.parametrize("damage", ["missing", "unknown", "shape", "expert", "half an expert"])
def test_damaged_tensors(folder: Path, damage: str) -> None:
    file = folder / "model.safetensors"
    state = load_file(file)
    if damage == "missing":
        del state["model.norm.weight"]
    elif damage == "unknown":
        state["model.extra"] = torch.zeros(2)
    elif damage == "shape":
        state["model.norm.weight"] = torch.zeros(5)
    elif damage == "expert":
        state = {k: v for k, v in state.items() if ".experts.3." not in k}
    else:
        del state["model.layers.1.mlp.experts.3.up_proj.weight"]
    save_file(state, file)
    with pytest.raises(CheckpointError, match="do not fit"):
        checkpoints.load(folder)


def test_truncated_weights(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        checkpoints.load(folder)


def test_a_tokenizer_that_is_too_large_for_its_model(tmp_path: Path, words: Tokenizer) -> None:
    checkpoints.save(tmp_path, random_model(tiny_config("MLA", vocab_size=64)), words, ABOUT)
    with pytest.raises(CheckpointError, match="more tokens"):
        Engine.load(tmp_path)


@pytest.mark.parametrize(
    "shape", [config.base(768), config.twin(768, 2), config.small_latent(768), tiny_config("MLA")]
)
def test_parameters(shape: ModelConfig) -> None:
    total, active = checkpoints.parameters(shape)
    held = Transformer(shape).state_dict()
    assert total == sum(t.numel() for t in held.values())
    experts = sum(t.numel() for n, t in held.items() if ".experts." in n and "shared" not in n)
    share = shape.num_experts_per_tok / shape.n_routed_experts
    assert active == total - experts + experts * share


@pytest.mark.parametrize("shape", [config.base(768), config.student(768)])
def test_parameters_agree_with_the_arithmetic_of_published_models(shape: ModelConfig) -> None:
    counted = count(shape.to_json())
    assert checkpoints.parameters(shape) == (counted.total, counted.active_both)


def test_the_student_is_dense_and_has_about_a_third_of_what_works_in_base() -> None:
    total, active = checkpoints.parameters(config.student(768))
    assert total == active
    assert 0.3 < active / checkpoints.parameters(config.base(768))[1] < 0.4


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_folders_say_what_they_are(name: str) -> None:
    folder = shipped.FOLDER / name
    about = shipped.about(folder)
    assert about.name == name
    families = {"base": "base", "base-mha": "twin", "base-gqa": "twin", "base-mqa": "twin"}
    assert about.family == families.get(name, about.family)
    kinds = {"base": "MLA", "base-mha": "MHA", "base-gqa": "GQA", "base-mqa": "MQA"}
    kind = config.read_config(folder).attention
    assert kind == kinds.get(name, kind)
