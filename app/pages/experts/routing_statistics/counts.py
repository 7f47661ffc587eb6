"""Routing statistics of held-out text, cached; see `model.analysis.routing_statistics`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core.assets import models
from app.pages.experts import held_out
from model.analysis import routing_statistics as routing
from model.nn.tokenizer import BOS
from model.nn.weights import read_tensors

LEAST = 20  # minimum occurrences of a token in the list of an expert's favourites


@dataclass(frozen=True, eq=False)
class RoutingCounts:
    """Routing of N tokens of D domains, without `<bos>`; L layers, k of E experts, V token ids."""

    rows: int  # of held-out text that were counted
    date: str | None  # of the recording; None if the text was read live
    tokens: NDArray[np.int64]  # [N]
    ids: NDArray[np.int16]  # [N, L, k]
    domain: NDArray[np.int64]  # [N], index in `held_out.DOMAINS`
    follows: NDArray[np.bool_]  # [N], whether the previous token is of the same text
    by_domain: routing.Ids  # [D, L, E]
    by_token: routing.Ids  # [V, L, E]
    occurrences: NDArray[np.int64]  # [V]
    coactivation: routing.Shares  # [L, E, E]
    repetition: routing.Repetition  # of adjacent tokens
    repetition_shuffled: routing.Repetition  # with all tokens in a random order
    favourite_share: routing.Shares  # [L], share of a token's occurrences routed to its favourite
    favourite_share_shuffled: (
        routing.Shares
    )  # [L], with the same choices assigned to tokens at random

    @property
    def domain_tokens(self) -> NDArray[np.int64]:
        """The number of tokens of each domain: [D]."""
        return np.bincount(self.domain, minlength=len(held_out.DOMAINS))

    @property
    def load(self) -> routing.Ids:
        """The number of tokens routed to each expert: [L, E]."""
        return self.by_domain.sum(axis=0)


@st.cache_resource(max_entries=8, show_spinner=False)
def counted(model: str, rows: int, _runs: held_out.HeldOutRuns) -> RoutingCounts:
    """Count the first rows."""
    tokens, of_text, domain = [], [], []
    for place, given in enumerate(held_out.rows(model)[:rows]):
        row = np.array(given.ids)
        tokens.append(row)
        of_text.append(row != BOS)
        domain.append(np.full(len(row), place % len(held_out.DOMAINS)))
    all_tokens, keep = np.concatenate(tokens), np.concatenate(of_text)
    ids = np.concatenate(_runs.ids[:rows])[keep]
    row_starts = np.cumsum([0, *map(len, tokens)])[:-1]
    after_text = np.roll(keep, 1)
    after_text[row_starts] = False
    of_domain = np.concatenate(domain)[keep]
    config = models.config(model)
    experts, size = int(config["n_routed_experts"]), int(config["vocab_size"])
    text, follows = all_tokens[keep], after_text[keep]
    occurrences = np.bincount(text, minlength=size)
    by_token = routing.load_by(ids, text, size, experts)
    mixed = routing.load_by(ids, np.random.default_rng(0).permutation(text), size, experts)
    return RoutingCounts(
        rows=rows,
        date=_runs.date,
        tokens=text,
        ids=ids,
        domain=of_domain,
        follows=follows,
        by_domain=routing.load_by(ids, of_domain, len(held_out.DOMAINS), experts),
        by_token=by_token,
        occurrences=occurrences,
        coactivation=routing.coactivation(ids, experts),
        repetition=routing.repetition(ids, follows),
        repetition_shuffled=routing.shuffled_repetition(ids, follows),
        favourite_share=routing.favourite_share(by_token, occurrences, LEAST),
        favourite_share_shuffled=routing.favourite_share(mixed, occurrences, LEAST),
    )


@dataclass(frozen=True)
class Favourite:
    """A token and the share of its occurrences routed to one expert."""

    text: str
    occurrences: int
    share: float


def favourites(
    found: RoutingCounts, model: str, layer: int, expert: int, n: int
) -> list[Favourite]:
    """The tokens most often routed to an expert; `layer` counts only layers with experts."""
    often = np.flatnonzero(found.occurrences >= LEAST)
    share = found.by_token[often, layer, expert] / found.occurrences[often]
    best = often[np.argsort(-share, kind="stable")[:n]]
    words = models.tokenizer(model)
    return [
        Favourite(
            words.decode([int(token)], skip_special_tokens=False),
            int(found.occurrences[token]),
            float(found.by_token[token, layer, expert] / found.occurrences[token]),
        )
        for token in best
    ]


@dataclass(frozen=True, eq=False)
class Chance:
    """Statistics of random scores in a gate with a model's groups."""

    inside: float  # co-activation of two experts of the same group
    across: float  # of different groups; NaN with a single group
    first: float  # the previous token's first expert again
    any: float  # any of the previous token's experts again


@st.cache_data(max_entries=16, show_spinner=False)
def chance(experts: int, chosen: int, groups: int, kept_groups: int) -> Chance:
    """Estimate the statistics of random scores from 20,000 tokens."""
    ids = routing.random_choices(20_000, experts, chosen, groups, kept_groups)
    both = routing.coactivation(ids, experts)[0]
    group = np.arange(experts) // (experts // groups)
    same = group[:, None] == group[None]
    inside = same & ~np.eye(experts, dtype=bool)
    repetition = routing.repetition(ids, np.arange(len(ids)) > 0)
    return Chance(
        inside=float(both[inside].mean()),
        across=float(both[~same].mean()) if groups > 1 else np.nan,
        first=float(repetition.first[0]),
        any=float(repetition.any[0]),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def weight_sizes(model: str) -> NDArray[np.float64]:
    """The root mean square of each expert's weights: [L, E]."""
    tensors = read_tensors(models.folder(model) / "model.safetensors")
    card = models.card(model)

    def size(layer: int, expert: int) -> float:
        stem = f"model.layers.{layer}.mlp.experts.{expert}"
        parts = [tensors[f"{stem}.{name}_proj.weight"] for name in ("gate", "up", "down")]
        squares = sum(float(np.square(part, dtype=np.float64).sum()) for part in parts)
        return (squares / sum(part.size for part in parts)) ** 0.5

    experts = range(card.n_routed_experts)
    return np.array([[size(layer, e) for e in experts] for layer in card.moe_layers])
