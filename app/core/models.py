"""What ships with each model: its config, tokenizer, card, results; read once, shared by all.

Kept by Python's own caches: Streamlit's can be cleared by any browser. A file that is damaged is
told by its name (`DamagedFileError`), and read again the next time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from tokenizers import Tokenizer

from app.core.files import read_json, reading, shaped
from model import ASSETS
from model.nn import card as cards
from model.nn.config import Attention, ModelConfig
from model.nn.shipped import about
from model.nn.shipped import folders as shipped_folders
from model.nn.tokenizer import load as load_tokenizer
from model.record.card import ModelCard

SEED = re.compile(r"-seed(\d+)$")  # ends the name of a model that was trained once more


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, Any]]:
    """about.json of every shipped checkpoint by name, without torch."""
    return {name: _about(folder / "about.json") for name, folder in shipped_folders().items()}


def _about(path: Path) -> dict[str, Any]:
    with reading(path):
        return asdict(about(path.parent))


def folder(name: str) -> Path:
    """Where a shipped checkpoint lies.

    Raises:
        KeyError: if none has this name.
    """
    if name not in shipped():
        raise KeyError(name)
    return ASSETS / "checkpoints" / name


@lru_cache(maxsize=64)
def config(name: str) -> dict[str, Any]:
    """The config.json of a shipped checkpoint, without torch."""
    path = ASSETS / "checkpoints" / name / "config.json"
    found = read_json(path)
    with reading(path):
        ModelConfig.from_json(found)
    return found


@lru_cache(maxsize=64)
def card(name: str) -> ModelCard:
    """What a record says of a shipped checkpoint."""
    return cards.card(ModelConfig.from_json(config(name)), name)


@lru_cache(maxsize=64)
def attention(name: str) -> str:
    """The kind of attention of a shipped checkpoint: "MLA", "MHA", "GQA" or "MQA"."""
    return ModelConfig.from_json(config(name)).attention


@lru_cache(maxsize=1)
def twins() -> dict[str, str]:
    """The models that differ in attention alone, by name, and what to call the attention of each.

    Twins are models of the family "twin". `base` is one of them unless there is one with its kind
    of attention. Of a kind that was trained with several seeds, it is the first seed's model.
    """
    return kinds_of(
        {
            name: ModelConfig.from_json(config(name))
            for name, told in shipped().items()
            if told["family"] in ("twin", "base") and not SEED.search(name)
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


@lru_cache(maxsize=128)
def digest(model: str, file: str) -> str:
    """Hash of one file of a shipped checkpoint."""
    path = ASSETS / "checkpoints" / model / file
    with reading(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=64)
def tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a shipped checkpoint, without torch."""
    folder = ASSETS / "checkpoints" / name
    with reading(folder / "tokenizer.json"):
        return load_tokenizer(folder)


_HELD_OUT = {
    "loss": float, "interval": [float], "rows": int, "tokens": int, "row_nats": [float],
    "row_tokens": [int], "method": str,
}  # fmt: skip
_RESULTS = {
    "name": str, "date": str, "bytes_per_token": int, "tokens": int, "heldout": _HELD_OUT,
    "train_loss": {"tokens": [int], "loss": [float]},
}  # fmt: skip
_MAX_VIO = {"step": [int], "per_layer": [[float]]}
_SOURCE = {"source": str}
_ROUTING = {
    "repetition": _SOURCE | {
        "model": str, "experts": int, "chosen": int, "layers": [int], "first": {str: [float]},
        "any": {str: [float]},
    },
    "saturation": _SOURCE | {"model": str, "experts": int, "chosen": int, "points": [[float]]},
    "coactivation": _SOURCE | {"model": str, "experts": int, "chosen": int},
    "knockout": _SOURCE | {"model": str, "whole": float, "without_shared": float},
    "balance": _SOURCE | {
        "rows": [{"model": str, "balance": str, "perplexity": float, "max_vio": float}],
    },
}  # fmt: skip


@lru_cache(maxsize=64)
def run_results(name: str) -> dict[str, Any]:
    """What training and evaluation of a model recorded: assets/runs/NAME/results.json."""
    path = ASSETS / "runs" / name / "results.json"
    found = read_json(path, _RESULTS)
    with reading(path):
        if "max_vio" in found and not shaped(found["max_vio"], _MAX_VIO):
            raise TypeError("max_vio")
    return found


@lru_cache(maxsize=1)
def published_routing() -> dict[str, Any]:
    """Published figures of routing with their sources: assets/reference/routing.json."""
    return read_json(ASSETS / "reference" / "routing.json", _ROUTING)
