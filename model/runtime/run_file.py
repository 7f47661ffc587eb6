"""Files of recorded runs, each found by its request; they hold only what is used of a run.

{"date": when, "of": {model: hash of its weights}, "runs": {name of the request: {part: ...}},
"sha256": hash of the rest}. Parts are compressed by zlib and in base64; request and model imply
their shapes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.nn.workspace import Run
from model.record.card import ModelCard
from model.runtime.batch import Request

#: The parts that can be recorded, as stored and as in a `Run`; weights are halved, as in a `Trace`.
KINDS = {
    "token_ids": ("<u2", np.int32), "logprobs": ("<f4", np.float32),
    "entropies": ("<f4", np.float32), "expert_ids": ("u1", np.int16),
    "expert_weights": ("<f2", np.float32), "scores": ("<f4", np.float32),
    "cache_bytes": ("<u4", np.int64), "seconds": ("<f4", np.float32),
}  # fmt: skip
WRITTEN = tuple(part for part in KINDS if part != "scores")
"""The parts that make a `Trace`"""


def name(request: Request) -> str:
    """A name that is equal for equal requests, in every process."""
    told = repr(replace(request, engine=str(request.engine)))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a file with its hash."""
    return {**content, "sha256": _hash(content)}


def is_whole(content: Mapping[str, Any]) -> bool:
    """Whether a file has what it was sealed with."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return bool(content["sha256"] == _hash(rest))


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def packed(run: Run, parts: Sequence[str]) -> dict[str, str]:
    """These parts of a run, of those in `KINDS`, as JSON."""
    stored = {part: getattr(run, part).astype(KINDS[part][0]).tobytes() for part in parts}
    return {"finish_reason": run.finish_reason} | {
        part: base64.b64encode(zlib.compress(value, 9)).decode() for part, value in stored.items()
    }


def unpacked(raw: Mapping[str, str], request: Request, card: ModelCard, date: str) -> Run:
    """The run that was recorded for a request of a model with this card, unless it chooses another
    number of experts; parts that were not recorded are empty."""
    choices = (len(card.moe_layers), card.num_experts_per_tok)
    per_token = {
        "expert_ids": choices,
        "expert_weights": choices,
        "scores": (len(card.moe_layers), card.n_routed_experts),
    }
    found: dict[str, NDArray[Any]] = {}
    for part, (stored, kind) in KINDS.items():
        data = zlib.decompress(base64.b64decode(raw[part])) if part in raw else b""
        values = np.frombuffer(data, stored).astype(kind)
        found[part] = values.reshape(-1, *per_token.get(part, ()))
    if "token_ids" not in raw:  # nothing was written
        found["token_ids"] = np.array(request.ids, np.int32)
    return Run(
        n_given=len(request.ids),
        attention=np.zeros(0, np.float32),
        cached=np.zeros((0, 0, 0), np.float32),
        finish_reason=raw["finish_reason"],
        date=date,
        **found,
    )
