"""Loading of the kernel's models: from checkpoints, without torch, with compiled code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model.nn import compiled, weights
from model.nn.config import CheckpointError
from model.nn.workspace import KernelModel
from tests.model.conftest import shipped_folder


def test_loading_refuses_what_cannot_run(tmp_path: Path) -> None:
    folder = shipped_folder("base")
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    state = load_file(folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="readable"):
        KernelModel.load(tmp_path)
    for change, message in (
        ({"model.norm.weight": torch.full((96,), torch.nan)}, "not finite"),
        ({"model.norm.weight": torch.ones(95)}, r"\[95\]"),
        ({"model.extra": torch.ones(1)}, "model.extra"),
    ):
        save_file(state | change, tmp_path / "model.safetensors")
        with pytest.raises(CheckpointError, match=message):
            KernelModel.load(tmp_path)
    del state["lm_head.weight"]
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="no tensor"):
        KernelModel.load(tmp_path)
    whole = (folder / "model.safetensors").read_bytes()
    for part in (whole[:5], whole[:100], whole[:-10], b"\xff" * 64):
        (tmp_path / "model.safetensors").write_bytes(part)
        with pytest.raises(CheckpointError, match="readable"):
            KernelModel.load(tmp_path)


def test_tensors_are_read_as_safetensors_reads_them() -> None:
    folder = shipped_folder("base")
    found = weights.read_tensors(folder / "model.safetensors")
    expected = load_file(folder / "model.safetensors")
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name].float().numpy()) for name in expected)


@pytest.mark.slow
def test_the_kernel_needs_no_torch() -> None:
    code = "import sys, json; import model.nn.workspace; print(json.dumps('torch' in sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(out.stdout) is False


def test_compiled_code_is_found_again() -> None:
    compiled.compile_all()
    assert compiled.ready()
    assert compiled.start() is None
