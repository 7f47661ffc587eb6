"""The files of each model: its config, tokenizer, card and results, read once and shared.

They are in functools caches, as Streamlit's can be cleared by any browser. A damaged file is
reported by name (`DamagedFileError`), and read again the next time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from tokenizers import Tokenizer

from app.core.assets.files import count, grid, read_json, reference, reporting_damage, shaped
from model import ASSETS
from model.nn import card as cards
from model.nn.config import AttentionKind, ModelConfig
from model.nn.shipped import about, without_seed
from model.nn.shipped import folders as shipped_folders
from model.nn.tokenizer import load as load_tokenizer
from model.record.card import ModelCard


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, Any]]:
    """The about.json of every shipped checkpoint by name, without torch."""
    return {name: _about(folder / "about.json") for name, folder in shipped_folders().items()}


def _about(path: Path) -> dict[str, Any]:
    with reporting_damage(path):
        found = asdict(about(path.parent))
        if not shaped(found, _ABOUT):
            raise TypeError("unexpected value")
    return found


def folder(name: str) -> Path:
    """The folder of a shipped checkpoint.

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
    with reporting_damage(path):
        ModelConfig.from_json(found)
    return found


@lru_cache(maxsize=64)
def card(name: str) -> ModelCard:
    """The model card that records of a shipped checkpoint carry."""
    return cards.card(ModelConfig.from_json(config(name)), name)


@lru_cache(maxsize=64)
def attention(name: str) -> str:
    """The kind of attention of a shipped checkpoint: "MLA", "MHA", "GQA" or "MQA"."""
    return ModelConfig.from_json(config(name)).attention


@lru_cache(maxsize=1)
def twins() -> dict[str, str]:
    """The models that differ in attention only: the label of each one's attention, by name.

    These are the models of the family "twin", and `base` if none of them has its kind of attention.
    If a kind was trained with several seeds, only the first seed's model is listed.
    """
    return kinds_of(
        {
            name: ModelConfig.from_json(config(name))
            for name, told in shipped().items()
            if told["family"] in ("twin", "base") and without_seed(name)[1] == 0
        }
    )


def twins_context() -> int:
    """The shortest context length among the twins."""
    return min(int(config(name)["max_position_embeddings"]) for name in twins())


def kinds_of(configs: Mapping[str, ModelConfig]) -> dict[str, str]:
    """Labels for the attention of models, by name: "MLA", and "MLA-32" for one that caches less.

    The number is what a layer caches per token: elements for MLA, else key-value heads. The order
    is that of `AttentionKind`, and within a kind the largest cache first.
    """

    def size(name: str) -> int:
        """What a layer keeps of a token."""
        config = configs[name]
        if config.kv_lora_rank is None:
            return config.num_key_value_heads
        return config.kv_lora_rank + (config.qk_rope_head_dim or 0)

    found: dict[str, str] = {}
    for kind in get_args(AttentionKind):
        names = [name for name, config in configs.items() if config.attention == kind]
        if len(names) > 1:
            names = [name for name in names if name != "base"]
        names.sort(key=size, reverse=True)
        found |= {
            name: f"{kind}-{size(name)}" if place else kind for place, name in enumerate(names)
        }
    return found


def seeds(name: str) -> dict[int, dict[str, Any]]:
    """The `heldout_results` of a model and of its reruns with other seeds, by seed."""
    runs = ASSETS / "runs"
    found = {0: name} if (runs / name / "heldout.json").exists() else {}
    for path in sorted(runs.glob(f"{name}-seed*/heldout.json")):
        _, found_seed = without_seed(path.parent.name)
        found[found_seed] = path.parent.name
    return {seed: heldout_results(run) for seed, run in found.items()}


@lru_cache(maxsize=128)
def digest(model: str, file: str) -> str:
    """The SHA-256 of a file of a shipped checkpoint."""
    path = ASSETS / "checkpoints" / model / file
    with reporting_damage(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=64)
def tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a shipped checkpoint, without torch."""
    folder = ASSETS / "checkpoints" / name
    with reporting_damage(folder / "tokenizer.json"):
        return load_tokenizer(folder)


_LOSS = {
    "loss": float, "interval": (float, float), "rows": count, "tokens": count,
    "row_nats": [float], "row_tokens": [count],
}  # fmt: skip
_RESULTS = {
    "name": str, "date": str, "bytes_per_token": count, "tokens": count,
    "heldout": _LOSS | {"method": str},
    "train_loss": {"tokens": [int], "loss": [float]}, "minutes": float,
}  # fmt: skip
#: Additional parts of some results.
_PARTS: dict[str, object] = {
    "max_vio": {"step": [int], "per_layer": grid(2)},
    "balance": {"step": [int], "load": grid(3), "bias": grid(3)},
    "domains": {str: _LOSS},
}  # fmt: skip
_ABOUT = {"name": str, "family": str, "tokens": int, "steps": int, "seed": int, "date": str}


@lru_cache(maxsize=64)
def heldout_results(name: str) -> dict[str, Any]:
    """Balance, cache bytes and loss on held-out text: assets/runs/NAME/heldout.json."""
    path = ASSETS / "runs" / name / "heldout.json"
    found = read_json(path, _RESULTS)
    with reporting_damage(path):
        for part in _PARTS.keys() & found.keys():
            if not shaped(found[part], _PARTS[part]):
                raise TypeError(part)
        for part in (found["heldout"], *found.get("domains", {}).values()):
            if not len(part["row_nats"]) == len(part["row_tokens"]) == part["rows"]:
                raise ValueError("rows are missing")
        for part, others in (
            ("train_loss", ("tokens", "loss")),
            ("max_vio", ("step", "per_layer")),
            ("balance", ("step", "load", "bias")),
        ):
            if part in found and len({len(found[part][other]) for other in others}) > 1:
                raise ValueError(f"{part} has lists of different lengths")
    return found


@lru_cache(maxsize=1)
def published_routing() -> dict[str, Any]:
    """Published routing figures with their sources: assets/reference/routing.json."""
    found: dict[str, Any] = reference(ASSETS / "reference" / "routing.json")
    return found
