"""Records what the Experts page opens with: runs, and what base is routed to on held-out text.

Nothing is selected by its outcome.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import zlib
from pathlib import Path
from typing import Any, get_args

import numpy as np

from model.data import held_out
from model.nn import shipped, tokenizer
from model.nn.files import write_json
from model.nn.workspace import KernelModel
from model.runtime.batch import Request
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler
from model.runtime.scheduler import Scheduler
from model.tasks import problems
from model.tasks.problem import WORDS, Language

MODEL, TOKENS = "base", 512


def record(folder: Path) -> list[str]:
    """Write all recordings to a folder; returns their names.

    The run is of the first held-out problem of seed 0, in each language; its prompt begins the
    thought, since a base model would mostly answer at once.
    """
    contents: dict[str, Any] = {f"held-out-{MODEL}": held_out_routing(MODEL)}
    for language in get_args(Language):
        begun = f"<think>{WORDS[language]['try']}"
        prompt = next(problems("pick", 4, 0, "heldout", language)).prompt + begun
        trace = recorded(Sampler.load(shipped.FOLDER / MODEL), prompt, TOKENS, temperature=0.7)
        contents["experts" if language == "en" else f"experts-{language}"] = trace.to_json()
    for sample, content in contents.items():
        write_json(folder / f"{sample}.json", content)
    return list(contents)


def held_out_routing(name: str) -> dict[str, Any]:
    """A model's loss and routing on `held_out.rows_in_turn`.

    "nats" [R] is the loss of the learnt tokens of each row, "experts" their [R, T, M, k] as uint8,
    compressed by zlib and in base64; "of" names the weights.
    """
    folder = shipped.FOLDER / name
    model = KernelModel.load(folder)
    context = model.config.max_position_embeddings
    rows = held_out.rows_in_turn(tokenizer.load(folder), context - 1)
    asked = [Request(name, tuple(ids.tolist()), read=True) for ids, _ in rows]
    runs = Scheduler(lambda _: model).run(asked)
    ids = np.stack([run.expert_ids for run in runs]).astype(np.uint8)
    return {
        "date": datetime.date.today().isoformat(),
        "of": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        "nats": [
            -float(run.logprobs[learnt].sum(dtype=np.float64))
            for run, (_, learnt) in zip(runs, rows, strict=True)
        ],
        "experts": base64.b64encode(zlib.compress(ids.tobytes(), 9)).decode(),
    }
