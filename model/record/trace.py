"""The record of a run, the contract between models and pictures. numpy only.

A record grows with tokens x layers x experts per token, not with the number of experts: at
DeepSeek-V3's size, 4,096 tokens are 5.7 MB this way (experts and weights of 58 layers), 61 MB as a
dense array. It holds all that a picture needs to know about the model, so that no model files are
read; measurements that were not made are left out.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ReadableError
from model.record import schema2
from model.record.card import MAX_SIZE, ModelCard

SCHEMA = 3
FINISH_REASONS = ("stop", "length", "stopped")
DIGITS = 4  # decimals of stored logprobs and entropies
NOISE = 1e-3  # nats by which rounding may push a log-probability above 0 or an entropy below 0


class RecordError(ReadableError):
    """A stored trace cannot be read; the message says why."""


@dataclass(frozen=True)
class RunInfo:
    """The inputs of a run: together with the model, all that is needed to repeat it.

    Raises:
        ValueError: if a field has an impossible value.
    """

    prompt: str
    temperature: float  # 0 is greedy
    seed: int
    max_new_tokens: int
    date: str  # ISO date of the run

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not isinstance(self.date, str):
            raise ValueError("prompt or date is not a text")
        self.prompt.encode()  # half a surrogate pair is not a text
        datetime.date.fromisoformat(self.date)
        if type(self.temperature) not in (int, float) or not 0 <= self.temperature < math.inf:
            raise ValueError(f"the temperature is {self.temperature!r:.40}")
        if type(self.seed) is not int or not 0 <= self.seed < 2**63:
            raise ValueError(f"the seed is {self.seed!r:.40}")
        if type(self.max_new_tokens) is not int or not 0 <= self.max_new_tokens <= MAX_SIZE:
            raise ValueError(f"max_new_tokens is {self.max_new_tokens!r:.40}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Trace:
    """A finished or growing run of T tokens, of which F were fed (F is T - 1 or T).

    Arrays of any numeric type are accepted and converted to the types below. `texts` has "" where a
    character is incomplete; the token that completes it carries all of it. L is the number of the
    card's `moe_layers`, and k that of experts per token, strongest first: the card's, unless the
    routing was modified. Both are 0 in a dense model, and in a run without recorded routing. None
    means not measured, and so does a NaN in logprobs and entropies: nothing predicts the first
    token.

    Raises:
        ValueError: if the parts are inconsistent.
    """

    card: ModelCard
    info: RunInfo
    n_prompt: int
    texts: tuple[str, ...]
    token_ids: NDArray[np.int32]  # [T]
    expert_ids: NDArray[np.integer]  # [F, L, k] uint8, or int16 for more than 256 experts
    expert_weights: NDArray[np.float16] | None = None  # [F, L, k]
    logprobs: NDArray[np.float32] | None = None  # [T], natural logarithm
    entropies: NDArray[np.float32] | None = None  # [T], nats, at temperature 1
    cache_bytes: NDArray[np.int64] | None = None  # [T], size of the KV cache after this token
    seconds: NDArray[np.float32] | None = None  # [T], since the start of the run
    finish_reason: str  # "stop" (the model ended), "length", or "stopped" (by the viewer)

    def __post_init__(self) -> None:
        few = self.card.n_routed_experts <= 256
        types: dict[str, Any] = {
            "token_ids": np.int32,
            "expert_ids": np.uint8 if few else np.int16,
            "expert_weights": np.float16,
            "logprobs": np.float32,
            "entropies": np.float32,
            "cache_bytes": np.int64,
            "seconds": np.float32,
        }
        for name, kind in types.items():
            if (part := getattr(self, name)) is not None:
                object.__setattr__(self, name, _as(np.asarray(part), kind, name))
        if not self.expert_ids.size:
            object.__setattr__(self, "expert_weights", None)
        self._check_tokens()
        self._check_experts()

    def _check_tokens(self) -> None:
        T = len(self.texts)
        if not T or not isinstance(self.texts, tuple) or self.token_ids.shape != (T,):
            raise ValueError("not a text for each token")
        if not all(isinstance(text, str) for text in self.texts):
            raise ValueError("a token's text is not a string")
        "".join(self.texts).encode()  # half a surrogate pair is not a text
        if type(self.n_prompt) is not int or not 0 <= self.n_prompt <= T:
            raise ValueError("there are not as many tokens as in the prompt")
        if self.finish_reason not in FINISH_REASONS:
            raise ValueError(f"a run does not end by {self.finish_reason!r:.40}")
        for part in (self.logprobs, self.entropies, self.cache_bytes, self.seconds):
            if part is not None and part.shape != (T,):
                raise ValueError("not a measurement for each token")
        if (self.token_ids < 0).any():
            raise ValueError("a token's id is negative")
        for name, low, high in (
            ("logprobs", -math.inf, NOISE),
            ("entropies", -NOISE, math.inf),
            ("cache_bytes", 0, 2**53),  # what JavaScript counts exactly
            ("seconds", 0, MAX_SIZE),
        ):
            part = getattr(self, name)
            if part is None:
                continue
            known = part if name in ("cache_bytes", "seconds") else part[~np.isnan(part)]
            if not ((known >= low) & (known <= high) & np.isfinite(known)).all():
                raise ValueError(f"{name} has an impossible value")

    def _check_experts(self) -> None:
        ids, weights, card = self.expert_ids, self.expert_weights, self.card
        if ids.ndim != 3 or self.fed not in (len(self) - 1, len(self)):
            raise ValueError("fed tokens do not fit the number of tokens")
        _, layers, k = ids.shape
        fits = layers in (0, len(card.moe_layers)) and k <= card.n_routed_experts
        if not fits or bool(layers) != bool(k):
            raise ValueError("expert ids are not [tokens, the card's layers, experts per token]")
        if ids.size and not 0 <= ids.min() <= ids.max() < card.n_routed_experts:
            raise ValueError("an expert's id is none of the model's")
        ordered = np.sort(ids, axis=-1)
        if (ordered[..., 1:] == ordered[..., :-1]).any():
            raise ValueError("a token chose an expert twice")
        if weights is None:
            return
        if weights.shape != ids.shape:
            raise ValueError("not a weight for each chosen expert")
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise ValueError("an expert's weight is negative or not finite")

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def fed(self) -> int:
        """The number of tokens that went through the network, and so were routed."""
        return len(self.expert_ids)

    @property
    def moe_layers(self) -> tuple[int, ...]:
        """The indices of the L layers whose routing was recorded."""
        return self.card.moe_layers if self.expert_ids.shape[1] else ()

    @property
    def held(self) -> int | None:
        """The size of the KV cache at the end of the run in bytes; None if not measured."""
        return None if self.cache_bytes is None else int(self.cache_bytes[-1])

    @property
    def answer(self) -> str:
        """The generated text, including tags and `<eos>`."""
        return "".join(self.texts[self.n_prompt :])

    @functools.cached_property
    def id(self) -> str:
        """A hash of the content: equal runs have equal ids, whatever their date and speed."""
        told = asdict(self.card) | asdict(self.info) | {"date": ""}
        told = {name: value for name, value in told.items() if value is not None}
        told |= {"texts": self.texts, "n_prompt": self.n_prompt, "end": self.finish_reason}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        parts = {
            "token_ids": self.token_ids,
            "expert_ids": self.expert_ids,
            "expert_weights": self.expert_weights,
            "logprobs": _units(self.logprobs),
            "entropies": _units(self.entropies),
            "cache_bytes": self.cache_bytes,
        }
        for name, part in parts.items():
            if part is not None:
                digest.update(f"{name} {part.shape}".encode())
                digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:16]

    def load(self) -> NDArray[np.int64]:
        """Expert load: the number of tokens routed to each expert, [L, E]; rows sum to F x k."""
        _, layers, _ = self.expert_ids.shape
        counts = np.zeros((layers, self.card.n_routed_experts), dtype=np.int64)
        for layer in range(layers):
            ids, n = np.unique(self.expert_ids[:, layer], return_counts=True)
            counts[layer, ids] = n
        return counts

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON, for recorded samples and downloads."""
        ids, weights = self.expert_ids, self.expert_weights
        return {
            "schema": SCHEMA,
            "card": asdict(self.card) | {"moe_layers": list(self.card.moe_layers)},
            "info": asdict(self.info),
            "n_prompt": self.n_prompt,
            "n_fed": self.fed,
            "finish_reason": self.finish_reason,
            "texts": list(self.texts),
            "token_ids": self.token_ids.tolist(),
            "logprobs": None if self.logprobs is None else rounded(self.logprobs),
            "entropies": None if self.entropies is None else rounded(self.entropies),
            "cache_bytes": None if self.cache_bytes is None else self.cache_bytes.tolist(),
            "seconds": None if self.seconds is None else rounded(self.seconds),
            "expert_ids": ids.tolist() if ids.shape[1] else None,
            "expert_weights": None
            if weights is None
            else [
                # a float16 needs five digits to survive the round trip, or the id would change
                [[float(f"{w:.5g}") for w in layer] for layer in token]
                for token in weights.tolist()
            ],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Trace:
        """The inverse of `to_json`, up to the rounding of logprobs, entropies and seconds. Also
        reads records of schema 2.

        Raises:
            RecordError: if the record is incomplete, contradicts itself, or was written by another
                version.
        """
        if not isinstance(raw, Mapping):
            raise RecordError("this record is not a JSON object")
        try:
            if raw.get("schema") == schema2.SCHEMA:
                raw = schema2.upgraded(raw)
            if raw.get("schema") != SCHEMA:
                raise RecordError(f"this record has schema {raw.get('schema')!r:.40}, not {SCHEMA}")
            card = _card(raw["card"])
            return cls(
                card=card,
                info=RunInfo(**raw["info"]),
                n_prompt=raw["n_prompt"],
                texts=tuple(_list(raw["texts"])),
                token_ids=np.array(_list(raw["token_ids"])),
                expert_ids=_ids(raw.get("expert_ids"), raw["n_fed"], card),
                expert_weights=_optional(raw.get("expert_weights"), np.array),
                logprobs=_optional(raw.get("logprobs"), _numbers),
                entropies=_optional(raw.get("entropies"), _numbers),
                cache_bytes=_optional(raw.get("cache_bytes"), np.array),
                seconds=_optional(raw.get("seconds"), _numbers),
                finish_reason=raw["finish_reason"],
            )
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            raise RecordError(f"this record is damaged: {error!r:.200}") from None


def _as(part: NDArray[Any], kind: Any, name: str) -> NDArray[Any]:
    """Convert an array to another numeric type; ValueError if that cannot hold its values."""
    whole = issubclass(kind, np.integer)
    if part.size and part.dtype.kind not in ("iu" if whole else "iuf"):
        raise ValueError(f"{name} has values that are not {'whole ' if whole else ''}numbers")
    if whole and part.size:
        limits = np.iinfo(kind)
        if part.min() < limits.min or part.max() > limits.max:
            raise ValueError(f"{name} has a number out of range")
    with np.errstate(over="ignore"):  # an overflow becomes infinite and is caught later
        return part.astype(kind, copy=False)


def _units(values: NDArray[np.floating] | None) -> NDArray[np.float64] | None:
    """Numbers as `rounded` leaves them, in units of the last digit."""
    return None if values is None else np.rint(values.astype(np.float64) * 10**DIGITS) + 0.0


def rounded(values: NDArray[np.floating], digits: int = DIGITS) -> list[float | None]:
    """Rounded numbers for JSON, with None for NaN."""
    units = np.rint(values.astype(np.float64) * 10**digits) / 10**digits
    return [None if math.isnan(x) else x for x in units.tolist()]


def _card(raw: Mapping[str, Any]) -> ModelCard:
    return ModelCard(**{**raw, "moe_layers": tuple(_list(raw["moe_layers"]))})


def _list(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise ValueError("expected a list")
    return raw


def _ids(raw: Any, fed: Any, card: ModelCard) -> NDArray[Any]:
    """Expert ids [F, L, k]; the card gives the shape of an empty list."""
    if type(fed) is not int or not 0 <= fed <= MAX_SIZE:
        raise ValueError(f"n_fed is {fed!r:.40}")
    if raw is None:
        return np.zeros((fed, 0, 0), np.uint8)
    if not fed and raw == []:
        return np.zeros((0, len(card.moe_layers), card.num_experts_per_tok), np.uint8)
    ids = np.array(raw)
    if len(ids) != fed:
        raise ValueError("not one choice of experts for each fed token")
    return ids


def _optional(raw: Any, read: Callable[[list[Any]], NDArray[Any]]) -> NDArray[Any] | None:
    return None if raw is None else read(_list(raw))


def _numbers(raw: list[Any]) -> NDArray[np.float64]:
    """An array of numbers, with NaN for None."""
    if not all(x is None or type(x) in (int, float) for x in raw):
        raise ValueError("expected a number")
    return np.array([math.nan if x is None else x for x in raw], dtype=np.float64)
