"""Fixtures for the model's tests: a small tokenizer, tiny random models, the shipped folders."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from _pytest.mark import ParameterSet
from tokenizers import Tokenizer

from model.data import corpus
from model.nn import config, shipped, tokenizer
from model.nn.config import ModelConfig
from model.nn.network import Transformer
from model.runtime.engine import Engine
from model.training.pretrain import PretrainConfig
from tests import sweep

NEEDED = ("base", "base-mha", "base-gqa", "base-mqa")
#: One shipped checkpoint of each network that we have: the others differ in their numbers only.
NETWORKS = (*NEEDED, "student-base")
ABOUT = shipped.About("tiny", "base", tokens=0, steps=0, seed=0, date="2026-01-01")
torch.set_num_threads(1)


def tiny_config(kind: str, vocab_size: int = 64, **changes: object) -> ModelConfig:
    """The config of a tiny model: with experts and a kind of attention ("MLA", "MHA", "GQA",
    "MQA"), or dense ("Qwen2", also with GQA)."""
    small: dict[str, object] = {
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "intermediate_size": 48,
        "max_position_embeddings": 96,
    }
    if kind == "Qwen2":
        return replace(config.student(vocab_size), **small | changes)
    heads = {"MHA": 8, "GQA": 4, "MQA": 1}
    whole = config.base(vocab_size) if kind == "MLA" else config.twin(vocab_size, heads[kind])
    small |= {"moe_intermediate_size": 16, "n_routed_experts": 8}
    return replace(whole, **small | changes)


def random_model(shape: ModelConfig, seed: int = 0) -> Transformer:
    """A random model whose gates have biases, and whose routing has few near ties."""
    torch.manual_seed(seed)
    model = Transformer(shape)
    with torch.no_grad():
        for gate in model.gates().values():
            gate.e_score_correction_bias.normal_(std=0.2)
        for name, parameter in model.named_parameters():
            if name.endswith(".bias"):  # all zeros would hide a forgotten one
                parameter.normal_(std=0.5)
            elif parameter.dim() == 1:  # norms: so would all ones
                parameter.uniform_(0.5, 1.5)
    return model.requires_grad_(False).eval()


def smoke(name: str) -> PretrainConfig:
    """The settings of a training run that takes seconds."""
    return PretrainConfig(name, seed=0, steps=6, rows_per_step=4, rows_per_pass=2, save_every=2)


def shipped_folder(name: str) -> Path:
    """The folder of a shipped checkpoint; a test that needs it fails without it."""
    folder = shipped.folders().get(name)
    assert folder is not None, f"assets/checkpoints/{name} is missing or has no about.json"
    return folder


def shipped_names() -> list[str]:
    """The names of all checkpoints that must exist, and of all that do."""
    return sorted({*NETWORKS, *shipped.folders()})


def each_shipped(whole: Collection[str] = NETWORKS) -> list[ParameterSet]:
    """The shipped checkpoints, to run a test on each; those not in `whole` are a sweep."""
    return sweep.each(shipped_names(), whole)


@pytest.fixture(scope="session")
def words() -> Tokenizer:
    """A small tokenizer like ours."""
    rng = random.Random(0)
    texts = [corpus.random_problem_document(rng, "train").text for _ in range(300)]
    texts += [corpus.text_document(rng, "train", domain).text for domain in ("korean", "tables")]
    return tokenizer.train(texts, 420)


#: The twins differ in the number of key-value heads: one of them stands for all at first.
KINDS = ["MLA", "GQA", "Qwen2"]
KINDS += [pytest.param(kind, marks=pytest.mark.slow) for kind in ("MHA", "MQA")]


@pytest.fixture(scope="session", params=KINDS)
def engine(request: pytest.FixtureRequest, words: Tokenizer) -> Engine:
    """A tiny random engine of each kind, which sometimes emits <eos>."""
    model = random_model(tiny_config(request.param, words.get_vocab_size()), seed=1)
    model.lm_head.weight[tokenizer.EOS] *= 6
    return Engine(model, words, ABOUT)
