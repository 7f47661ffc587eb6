"""What a run leaves behind: the contract between models and pictures. numpy only.

A record grows with tokens x layers x experts per token, never with all experts: at DeepSeek-V3's
size, 4,096 tokens are 3.8 MB this way and 61 MB as a dense array.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA = 2
MAX_EXPERTS = 10_000  # of a layer; published models have some hundreds


class RecordError(ValueError):
    """A stored trace that cannot be read; the message says why."""


@dataclass(frozen=True)
class RunInfo:
    """Where a trace comes from: everything that is needed to make it again."""

    model: str
    attention: str  # "MLA", "MHA", "GQA" or "MQA"
    prompt: str
    temperature: float  # 0 is greedy
    seed: int
    max_new_tokens: int
    date: str  # ISO date of the run
    n_routed_experts: int  # 0 in a dense model
    moe_layers: tuple[int, ...]  # the model's own layer numbers; dense layers are left out
    cache_dtype: str  # of the cache that was measured, e.g. "float32"


@dataclass(frozen=True)
class Step:
    """One token: what it is, how likely it was, and what the model did when it was fed.

    `expert_ids` and `expert_weights` are [L, k], strongest first, L counting MoE layers; both are
    None for the very last token, which is never fed. `text` is "" while a character's bytes are
    incomplete; the token that completes it carries it whole.
    """

    token_id: int
    text: str
    logprob: float | None  # natural logarithm; None for the first token, which nothing predicts
    entropy: float | None  # nats, of all that could have stood here, at temperature 1; or None
    in_prompt: bool
    expert_ids: NDArray[np.integer] | None
    expert_weights: NDArray[np.float16] | None
    cache_bytes: int  # held for all tokens up to this one, once it is fed
    seconds: float  # since the start of the run


@dataclass(frozen=True, eq=False)
class Trace:
    """A finished or growing run of T tokens, F of them fed (F = T - 1 when it ended).

    Arrays: token_ids [T] int32, logprobs and entropies [T] float32 (NaN where None),
    cache_bytes [T] int64, seconds [T] float32, expert_ids [F, L, k] uint8 or int16,
    expert_weights [F, L, k] float16.
    """

    info: RunInfo
    n_prompt: int
    texts: tuple[str, ...]
    token_ids: NDArray[np.int32]
    logprobs: NDArray[np.float32]
    entropies: NDArray[np.float32]
    cache_bytes: NDArray[np.int64]
    seconds: NDArray[np.float32]
    expert_ids: NDArray[np.integer]
    expert_weights: NDArray[np.float16]
    finish_reason: str  # "stop" (the model ended), "length", or "stopped" (by the viewer)

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def fed(self) -> int:
        """Tokens that went through the network, and so have experts."""
        return len(self.expert_ids)

    @property
    def answer(self) -> str:
        """The text that the model wrote, tags and `<eos>` included."""
        return "".join(self.texts[self.n_prompt :])

    @property
    def id(self) -> str:
        """Name of the content: the same run has the same id, whenever it was made."""
        digest = hashlib.sha256(json.dumps(asdict(self.info) | {"date": ""}).encode())
        digest.update(self.finish_reason.encode())
        for array in (self.token_ids, self.expert_ids, self.expert_weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def load(self) -> NDArray[np.int64]:
        """Tokens that each expert took: [L, E]. Each row sums to F x k."""
        fed, layers, _ = self.expert_ids.shape
        counts = np.zeros((layers, self.info.n_routed_experts), dtype=np.int64)
        for layer in range(layers if fed else 0):
            ids, n = np.unique(self.expert_ids[:, layer], return_counts=True)
            counts[layer, ids] = n
        return counts

    def dense(self, layer: int) -> NDArray[np.float32]:
        """Weights of all experts in the MoE layer of an index: [F, E], 0 if not chosen."""
        fed = self.fed
        picture = np.zeros((fed, self.info.n_routed_experts), dtype=np.float32)
        rows = np.arange(fed)[:, None]
        picture[rows, self.expert_ids[:, layer].astype(np.int64)] = self.expert_weights[:, layer]
        return picture

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for recorded samples and downloads."""
        return {
            "schema": SCHEMA,
            "info": asdict(self.info),
            "n_prompt": self.n_prompt,
            "finish_reason": self.finish_reason,
            "texts": list(self.texts),
            "token_ids": self.token_ids.tolist(),
            "logprobs": rounded(self.logprobs),
            "entropies": rounded(self.entropies),
            "cache_bytes": self.cache_bytes.tolist(),
            "seconds": [round(float(x), 4) for x in self.seconds],
            "expert_ids": self.expert_ids.tolist(),
            "expert_weights": [
                # five digits are what a float16 needs to come back the same, and so the id
                [[float(f"{w:.5g}") for w in layer] for layer in token]
                for token in self.expert_weights.tolist()
            ],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Trace:
        """The inverse of `to_json`, but for the digits of logprobs, entropies and seconds that
        it rounds.

        Raises:
            RecordError: if the record is incomplete, contradicts itself, or was written by another
                version.
        """
        if not isinstance(raw, Mapping):
            raise RecordError("this record is no JSON object")
        if raw.get("schema") != SCHEMA:
            raise RecordError(f"this record has schema {raw.get('schema')!r:.40}, not {SCHEMA}")
        try:
            info = RunInfo(**raw["info"] | {"moe_layers": tuple(raw["info"]["moe_layers"])})
            with np.errstate(over="ignore"):  # an overflow is infinite, and found below
                weights = np.array(raw["expert_weights"], dtype=np.float16)
            trace = cls(
                info=info,
                n_prompt=int(raw["n_prompt"]),
                texts=tuple(raw["texts"]),
                token_ids=np.array(raw["token_ids"], dtype=np.int32),
                logprobs=np.array(raw["logprobs"], dtype=np.float32),
                entropies=np.array(raw["entropies"], dtype=np.float32),
                cache_bytes=np.array(raw["cache_bytes"], dtype=np.int64),
                seconds=np.array(raw["seconds"], dtype=np.float32),
                expert_ids=_by_layer(_ids(raw["expert_ids"], info.n_routed_experts), info),
                expert_weights=_by_layer(weights, info),
                finish_reason=str(raw["finish_reason"]),
            )
            trace._check()
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise RecordError(f"this record is damaged: {error!r:.200}") from None
        return trace

    def _check(self) -> None:
        """Raise ValueError if the parts do not fit together."""
        T, F = len(self.token_ids), self.fed
        measured = (self.logprobs, self.entropies, self.cache_bytes, self.seconds)
        per_token = (self.token_ids, *measured)
        if any(part.shape != (T,) for part in per_token) or len(self.texts) != T or not T:
            raise ValueError("not one text, logprob, entropy, size and time for each token")
        if not all(isinstance(text, str) for text in self.texts):
            raise ValueError("a token's text is no string")
        if not 0 <= self.n_prompt <= T or F not in (T - 1, T):
            raise ValueError("tokens of the prompt, or fed tokens, do not fit the number of tokens")
        if self.expert_ids.ndim != 3 or self.expert_ids.shape != self.expert_weights.shape:
            raise ValueError("expert ids and weights are not both [tokens, layers, k]")
        if self.expert_ids.shape[1] != len(self.info.moe_layers):
            raise ValueError("not one choice of experts for each layer that has experts")
        numbers = (self.info.n_routed_experts, *self.info.moe_layers)
        if not all(type(n) is int and 0 <= n <= MAX_EXPERTS for n in numbers):
            raise ValueError("the number of experts, or a layer's, is no such number")
        if (self.expert_ids >= self.info.n_routed_experts).any() or (self.expert_ids < 0).any():
            raise ValueError("an expert's id is none of the model's")
        if not np.isfinite(self.expert_weights).all():
            raise ValueError("an expert's weight is not finite")


def _by_layer(choices: NDArray[Any], info: RunInfo) -> NDArray[Any]:
    """Give a list without choices the shape that `collect` gives it: of no token [0, L, 0], of F
    tokens in a model without experts [F, 0, 0]."""
    if choices.size:
        return choices
    fed = 0 if info.moe_layers else len(choices)
    return choices.reshape((fed, len(info.moe_layers), 0))


def rounded(values: NDArray[np.floating], digits: int = 4) -> list[float | None]:
    """Numbers for JSON, which knows no NaN: None instead."""
    return [None if np.isnan(x) else round(float(x), digits) for x in values]


def _ids(ids: Any, n_routed_experts: int) -> NDArray[np.integer]:
    return np.array(ids, dtype=np.uint8 if n_routed_experts <= 256 else np.int16)


def collect(info: RunInfo, steps: Sequence[Step], finish_reason: str) -> Trace:
    """Freeze steps into a trace; works on the steps so far while a run goes on.

    Raises:
        ValueError: if there is no step.
    """
    if not steps:
        raise ValueError("a trace needs at least one step")
    fed = [s for s in steps if s.expert_ids is not None]
    k = fed[0].expert_ids.shape[1] if fed and fed[0].expert_ids is not None else 0
    shape = (len(fed), len(info.moe_layers), k)
    return Trace(
        info=info,
        n_prompt=sum(s.in_prompt for s in steps),
        texts=tuple(s.text for s in steps),
        token_ids=np.array([s.token_id for s in steps], dtype=np.int32),
        logprobs=np.array([s.logprob for s in steps], dtype=np.float32),
        entropies=np.array([s.entropy for s in steps], dtype=np.float32),
        cache_bytes=np.array([s.cache_bytes for s in steps], dtype=np.int64),
        seconds=np.array([s.seconds for s in steps], dtype=np.float32),
        expert_ids=_ids([s.expert_ids for s in fed], info.n_routed_experts).reshape(shape),
        expert_weights=np.array([s.expert_weights for s in fed], dtype=np.float16).reshape(shape),
        finish_reason=finish_reason,
    )
