"""What ships with each model: its config, tokenizer, card, results; read once, shared by all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import streamlit as st
from tokenizers import Tokenizer

from model import ASSETS
from model.nn import card as cards
from model.nn.config import ModelConfig
from model.nn.tokenizer import load as load_tokenizer
from model.record.card import ModelCard

TWINS = ("base-mha", "base-gqa", "base-mqa", "base")


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
