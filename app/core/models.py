"""What ships with each model: its config, tokenizer, card, results; read once, shared by all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import streamlit as st
from tokenizers import Tokenizer

from model import ASSETS
from model.nn import card as cards
from model.nn.config import Attention, ModelConfig
from model.nn.tokenizer import load as load_tokenizer
from model.record.card import ModelCard

SEED = re.compile(r"-seed(\d+)$")  # ends the name of a model that was trained once more


@st.cache_data(max_entries=1, show_spinner=False)
def shipped() -> dict[str, dict[str, Any]]:
    """about.json of every shipped checkpoint by name, without torch."""
    found = sorted((ASSETS / "checkpoints").glob("*/about.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in found}


def folder(name: str) -> Path:
    """Where a shipped checkpoint lies.

    Raises:
        KeyError: if none has this name.
    """
    if name not in shipped():
        raise KeyError(name)
    return ASSETS / "checkpoints" / name


@st.cache_data(max_entries=64, show_spinner=False)
def config(name: str) -> dict[str, Any]:
    """The config.json of a shipped checkpoint, without torch."""
    return json.loads((ASSETS / "checkpoints" / name / "config.json").read_text())


@st.cache_data(max_entries=64, show_spinner=False)
def card(name: str) -> ModelCard:
    """What a record says of a shipped checkpoint."""
    return cards.card(ModelConfig.from_json(config(name)), name)


@st.cache_data(max_entries=64, show_spinner=False)
def attention(name: str) -> str:
    """The kind of attention of a shipped checkpoint: "MLA", "MHA", "GQA" or "MQA"."""
    return ModelConfig.from_json(config(name)).attention


@st.cache_data(max_entries=1, show_spinner=False)
def twins() -> dict[str, str]:
    """The models that differ in attention alone, by name, and what to call the attention of each.

    Twins are models of the family "twin". `base` is one of them unless there is one with its kind
    of attention. Of a kind that was trained with several seeds, it is the first seed's model.
    """
    return kinds_of(
        {
            name: ModelConfig.from_json(config(name))
            for name, about in shipped().items()
            if about["family"] in ("twin", "base") and not SEED.search(name)
        }
    )


def kinds_of(configs: Mapping[str, ModelConfig]) -> dict[str, str]:
    """Names of models → what to call their attention: "MLA", and "MLA-24" if it keeps less.

    In the order of `Attention`, of one kind those that keep most first.
    """

    def kept(name: str) -> int:
        heads, rank = configs[name].num_key_value_heads, configs[name].kv_lora_rank
        return rank if rank is not None else heads

    found: dict[str, str] = {}
    for kind in get_args(Attention):
        names = [name for name, config in configs.items() if config.attention == kind]
        if len(names) > 1:
            names = [name for name in names if name != "base"]
        names.sort(key=kept, reverse=True)
        found |= {
            name: f"{kind}-{kept(name)}" if place else kind for place, name in enumerate(names)
        }
    return found


def seeds(name: str) -> dict[int, dict[str, Any]]:
    """What was measured of a model, and of the same trained with other seeds: by seed."""
    runs = ASSETS / "runs"
    found = {0: name} if (runs / name / "results.json").exists() else {}
    for path in sorted(runs.glob(f"{name}-seed*/results.json")):
        if match := SEED.search(path.parent.name):
            found[int(match[1])] = path.parent.name
    return {seed: run_results(run) for seed, run in found.items()}


@st.cache_data(max_entries=128, show_spinner=False)
def digest(model: str, file: str) -> str:
    """Hash of one file of a shipped checkpoint."""
    return hashlib.sha256((ASSETS / "checkpoints" / model / file).read_bytes()).hexdigest()


@st.cache_resource(max_entries=16, show_spinner=False)
def tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a shipped checkpoint, without torch."""
    return load_tokenizer(ASSETS / "checkpoints" / name)


@st.cache_data(max_entries=64, show_spinner=False)
def run_results(name: str) -> dict[str, Any]:
    """What training and evaluation of a model recorded: assets/runs/NAME/results.json."""
    return json.loads((ASSETS / "runs" / name / "results.json").read_text())


@st.cache_data(max_entries=8, show_spinner=False)
def reference(name: str) -> dict[str, Any]:
    """Published figures with their sources: assets/reference/NAME.json."""
    return json.loads((ASSETS / "reference" / f"{name}.json").read_text(encoding="utf-8"))
