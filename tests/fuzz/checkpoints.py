"""Checkpoint folders with damage of every kind: refused in words, or a model that runs.

Both readers are tried, PyTorch's and the kernel's, on tiny models.
"""

from __future__ import annotations

import functools
import json
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from model.data import corpus
from model.nn import checkpoints, tokenizer
from model.nn.config import CheckpointError
from model.nn.workspace import KernelModel
from model.runtime.engine import Engine
from tests.fuzz.records import damaged
from tests.model.conftest import ABOUT, random_model, tiny_config

WRONG = (np.nan, np.inf, -np.inf, 3e38, -3e38, 0.0, 1e-40)
_HOME = Path(__file__).parents[2]


@functools.cache
def _folders() -> tuple[Path, ...]:
    """One whole folder of each kind of attention, for as long as the process lives."""
    home = tempfile.TemporaryDirectory(prefix="fuzz-")
    _kept.append(home)
    rng = random.Random(0)
    texts = [corpus.random_problem_document(rng, "train").text for _ in range(200)]
    words = tokenizer.train(texts, 300)
    made = []
    for kind in ("MLA", "GQA", "Qwen2"):
        folder = Path(home.name) / kind
        checkpoints.save(
            folder, random_model(tiny_config(kind, words.get_vocab_size())), words, ABOUT
        )
        made.append(folder)
    return tuple(made)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def case(rng: random.Random) -> None:
    whole = rng.choice(_folders())
    folder = whole.parent / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    damage = rng.choice((_bytes, _json, _tensors, _tensors, _gone))
    damage(rng, folder)
    for read in (_run_reference, _read_kernel):
        try:
            read(folder)
        except CheckpointError as error:
            said = f"{error}"
            assert said and str(folder.parent) not in said and str(_HOME) not in said, said


def _run_reference(folder: Path) -> None:
    """Run three tokens, all numbers of which must be valid."""
    engine = Engine.load(folder)
    logits = engine.model(torch.tensor([[0, 5, 6]]))
    assert logits.isfinite().all() or _overflows(engine), "a run that is not finite"


def _overflows(engine: Engine) -> bool:
    """Whether weights are finite, but so large that their products are not."""
    return max(float(tensor.abs().max()) for tensor in engine.model.state_dict().values()) > 1e9


def _read_kernel(folder: Path) -> None:
    model = KernelModel.load(folder)
    assert all(np.isfinite(part).all() for part in model.weights if isinstance(part, np.ndarray))


def _bytes(rng: random.Random, folder: Path) -> None:
    file = _file(rng, folder)
    raw = bytearray(file.read_bytes())
    what = rng.random()
    if what < 0.2:
        del raw[rng.randrange(len(raw)) :]
    elif what < 0.3:
        raw += bytes(rng.randrange(1, 100))
    else:
        head = len(raw) if what < 0.6 else min(len(raw), 400)  # where the words are
        for _ in range(rng.choice((1, 1, 4, 30))):
            raw[rng.randrange(head)] = rng.randrange(256)
    file.write_bytes(raw)


def _json(rng: random.Random, folder: Path) -> None:
    file = folder / rng.choice(("config.json", "about.json"))
    raw = damaged(rng, json.loads(file.read_text()))
    file.write_text(json.dumps(raw))


def _tensors(rng: random.Random, folder: Path) -> None:
    file = folder / "model.safetensors"
    state = load_file(file)
    for name in rng.sample(sorted(state), rng.choice((1, 1, 2))):
        tensor, what = state[name], rng.random()
        if what < 0.6:
            tensor.view(-1)[rng.randrange(tensor.numel())] = rng.choice(WRONG)
        elif what < 0.7:
            del state[name]
        elif what < 0.8:
            state[name] = tensor.reshape(-1)[: rng.randrange(tensor.numel())].clone()
        elif what < 0.9:
            state[name] = tensor.to(rng.choice((torch.float16, torch.int8, torch.float64)))
        else:
            state[f"{name}.more"] = tensor.clone()
    save_file(state, file)


def _gone(rng: random.Random, folder: Path) -> None:
    file = _file(rng, folder)
    if rng.random() < 0.5:
        file.unlink()
    else:
        file.write_bytes(rng.choice((b"", b"[]", b"null", b"{", b"\xff\xfe", b"0" * 100)))


def _file(rng: random.Random, folder: Path) -> Path:
    return folder / rng.choice(("config.json", "about.json", "model.safetensors", "tokenizer.json"))
