"""Checkpoint folders, in the format of transformers: writing, loading, counting parameters.

A folder holds config.json, model.safetensors (bf16, the selection bias in float32),
tokenizer.json, and about.json: family, tokens trained, seed, date.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as dump
from tokenizers import Tokenizer
from torch import Tensor

from model.nn.config import CheckpointError, ModelConfig, read_config
from model.nn.files import write_files
from model.nn.network import Experts, Transformer
from model.nn.shipped import About

_EXPERT = re.compile(r"(.*\.mlp\.experts)\.(\d+)\.(gate|up|down)_proj\.weight")


def names_of_transformers(model: Transformer) -> dict[str, Tensor]:
    """The state dict under transformers' names on disk: one entry per expert and matrix."""
    state: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if name.endswith("experts.gate_up_proj"):
            stem = name.removesuffix(".gate_up_proj")
            for e, both in enumerate(value):
                gate, up = both.chunk(2)
                state[f"{stem}.{e}.gate_proj.weight"] = gate
                state[f"{stem}.{e}.up_proj.weight"] = up
        elif name.endswith("experts.down_proj"):
            for e, down in enumerate(value):
                state[f"{name.removesuffix('.down_proj')}.{e}.down_proj.weight"] = down
        else:
            state[name] = value
    return state


def to_transformers(model: Transformer) -> dict[str, Tensor]:
    """The state dict as transformers stores it: bf16, the selection bias in float32."""
    return {
        name: value.to(torch.float32 if name.endswith("correction_bias") else torch.bfloat16)
        .contiguous()
        .clone()
        for name, value in names_of_transformers(model).items()
    }


def from_transformers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `to_transformers`: experts stacked, everything float32."""
    ours: dict[str, Tensor] = {}
    experts: dict[str, dict[int, dict[str, Tensor]]] = defaultdict(lambda: defaultdict(dict))
    for name, value in state.items():
        if match := _EXPERT.fullmatch(name):
            experts[match[1]][int(match[2])][match[3]] = value.float()
        else:
            ours[name] = value.float()
    for stem, by_id in experts.items():
        stack = [by_id[e] for e in sorted(by_id)]
        ours[f"{stem}.gate_up_proj"] = torch.stack([torch.cat((x["gate"], x["up"])) for x in stack])
        ours[f"{stem}.down_proj"] = torch.stack([x["down"] for x in stack])
    return ours


def save(folder: Path, model: Transformer, tokenizer: Tokenizer, about: About) -> None:
    """Write a checkpoint folder that `transformers` opens unchanged.

    Raises:
        WriteError: if the disk is full; the folder is then as it was before.
    """
    tags = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"}
    extra = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    files = {
        "model.safetensors": dump(to_transformers(model), metadata={"format": "pt"}),
        "tokenizer.json": tokenizer.to_str(pretty=True).encode(),
    }
    for name, content in (
        ("config.json", model.config.to_json()),
        ("tokenizer_config.json", tags | extra),
        ("about.json", asdict(about)),
    ):
        files[name] = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    write_files(folder, files)


def load(folder: Path) -> Transformer:
    """Load the model in a folder, in float32, ready to run.

    Raises:
        CheckpointError: if the folder is incomplete, its tensors do not fit its config, or they
            hold numbers that are not finite.
    """
    config = read_config(folder)
    try:
        state = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder.name} has no readable model.safetensors.") from error
    with torch.device("meta"):
        model = Transformer(config)
    try:
        model.load_state_dict(from_transformers(state), assign=True)
    except (RuntimeError, KeyError) as error:
        raise CheckpointError(f"the tensors of {folder.name} do not fit its config.") from error
    for name, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise CheckpointError(f"{name} of {folder.name} has numbers that are not finite.")
    return model.requires_grad_(False).eval()


def parameters(config: ModelConfig) -> tuple[int, int]:
    """Total parameters, and those active per token (embedding table and head counted whole).

    The selection bias is counted with the router, as in the V3 report's total.
    """
    with torch.device("meta"):
        model = Transformer(config)
    total = sum(t.numel() for t in model.state_dict().values())
    if config.n_routed_experts is None or config.num_experts_per_tok is None:
        return total, total
    stacks = [m for m in model.modules() if isinstance(m, Experts)]
    one = sum(p.numel() for m in stacks for p in m.parameters()) // config.n_routed_experts
    return total, total - (config.n_routed_experts - config.num_experts_per_tok) * one
