"""Routing statistics as papers define them, over many tokens that a model read. numpy only.

Dimensions: N tokens, L layers with experts, k experts per token (strongest first), E experts.
Definitions are OLMoE's (arXiv 2409.02060, section 5) and Mixtral's (arXiv 2401.04088, section 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.analysis.routing_decision import choose

Ids = NDArray[np.integer]
Shares = NDArray[np.float64]


def load_by(ids_NLk: Ids, kind_N: NDArray[np.integer], kinds: int, experts: int) -> Ids:
    """Tokens of each kind (domain, token id, ...) that each expert took: [kinds, L, E]."""
    layers = ids_NLk.shape[1]
    at = (kind_N.astype(np.int64)[:, None, None] * layers + np.arange(layers)[:, None]) * experts
    counts = np.bincount((at + ids_NLk).ravel(), minlength=kinds * layers * experts)
    return counts.reshape(kinds, layers, experts)


def coactivation(ids_NLk: Ids, experts: int) -> Shares:
    """Of the tokens that expert i took, the share that j took as well: [L, E (i), E (j)].

    OLMoE, equation 6; not symmetric. NaN on the diagonal and for an expert without tokens.
    """
    n, layers, _ = ids_NLk.shape
    shares = np.empty((layers, experts, experts))
    for layer in range(layers):
        took = np.zeros((n, experts))
        np.put_along_axis(took, ids_NLk[:, layer].astype(np.int64), 1.0, axis=1)
        both = took.T @ took
        with np.errstate(invalid="ignore", divide="ignore"):
            shares[layer] = both / np.diag(both)[:, None]
        np.fill_diagonal(shares[layer], np.nan)
    return shares


@dataclass(frozen=True, eq=False)
class Repetition:
    """How often a token has an expert of the token before it, per layer [L] (Mixtral, table 5)."""

    first: Shares  # the strongest expert is the same one
    any: Shares  # at least one of the k is the same


def repetition(ids_NLk: Ids, follows_N: NDArray[np.bool_]) -> Repetition:
    """Of the tokens that follow another of their text, i.e. the one before them in N."""
    later = np.flatnonzero(follows_N)
    new, old = ids_NLk[later], ids_NLk[later - 1]
    shared = (new[:, :, :, None] == old[:, :, None, :]).any(axis=(2, 3))
    return Repetition((new[:, :, 0] == old[:, :, 0]).mean(axis=0), shared.mean(axis=0))


def shuffled_repetition(
    ids_NLk: Ids, follows_N: NDArray[np.bool_], draws: int = 5, seed: int = 0
) -> Repetition:
    """The same with all tokens in a random order: what the experts' loads alone would give."""
    rng = np.random.default_rng(seed)
    found = [repetition(ids_NLk[rng.permutation(len(ids_NLk))], follows_N) for _ in range(draws)]
    return Repetition(
        np.mean([each.first for each in found], axis=0),
        np.mean([each.any for each in found], axis=0),
    )


def random_choices(
    n: int, experts: int, chosen: int, groups: int, kept_groups: int, seed: int = 0
) -> Ids:
    """What a gate with groups would choose for n tokens if its scores were random: [n, 1, k]."""
    scores = np.random.default_rng(seed).random((n, experts))
    return choose(scores, chosen=chosen, groups=groups, kept_groups=kept_groups)[:, None]


def even_repetition(experts: int, chosen: int) -> tuple[float, float]:
    """The chance of the same first expert, and of any again, if all choices were equally likely."""
    return 1 / experts, 1 - math.comb(experts - chosen, chosen) / math.comb(experts, chosen)


def changed(ids_NLk: Ids, others_NLk: Ids) -> Shares:
    """Share of each token's choices that another model does not make for it: [N, L].

    Choices are compared as sets: neither order nor weights count.
    """
    same = (ids_NLk[:, :, :, None] == others_NLk[:, :, None, :]).any(axis=3)
    return 1 - same.mean(axis=2)


def saturation(early_NLk: Ids, final_NLk: Ids) -> Shares:
    """Share of a checkpoint's choices that are also the final model's: [L] (OLMoE, section 5.1)."""
    return 1 - changed(early_NLk, final_NLk).mean(axis=0)


def favourite_share(load_VLE: Ids, occurrences_V: NDArray[np.integer], least: int) -> Shares:
    """Of a token's occurrences, the share that its favourite expert takes: [L].

    `load_VLE` counts per token id. The mean over all occurrences of ids that occur `least` times or
    more (OLMoE, equation 8, for the best expert); NaN if there is none. Few occurrences always have
    a favourite: compare with the same numbers of shuffled tokens.
    """
    often = occurrences_V >= least
    if not often.any():
        return np.full(load_VLE.shape[1], np.nan)
    return load_VLE[often].max(axis=2).sum(axis=0) / occurrences_V[often].sum()
