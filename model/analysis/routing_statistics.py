"""Routing statistics, as defined in papers, over the many tokens of a text. numpy only.

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
    """Expert load by kind of token (domain, token id, ...): [kinds, L, E]."""
    layers = ids_NLk.shape[1]
    at = (kind_N.astype(np.int64)[:, None, None] * layers + np.arange(layers)[:, None]) * experts
    counts = np.bincount((at + ids_NLk).ravel(), minlength=kinds * layers * experts)
    return counts.reshape(kinds, layers, experts)


def coactivation(ids_NLk: Ids, experts: int) -> Shares:
    """The share of expert i's tokens that are also routed to j: [L, E (i), E (j)].

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
    """How often consecutive tokens share an expert, per layer [L] (Mixtral, table 5)."""

    first: Shares  # both have the same strongest expert
    any: Shares  # they share at least one of the k


def repetition(ids_NLk: Ids, follows_N: NDArray[np.bool_]) -> Repetition:
    """Repetition over the tokens of `follows_N`, whose predecessor in N is of the same text."""
    later = np.flatnonzero(follows_N)
    new, old = ids_NLk[later], ids_NLk[later - 1]
    shared = (new[:, :, :, None] == old[:, :, None, :]).any(axis=(2, 3))
    return Repetition((new[:, :, 0] == old[:, :, 0]).mean(axis=0), shared.mean(axis=0))


def shuffled_repetition(
    ids_NLk: Ids, follows_N: NDArray[np.bool_], draws: int = 5, seed: int = 0
) -> Repetition:
    """Repetition with all tokens in random order, which the expert loads alone would give."""
    rng = np.random.default_rng(seed)
    found = [repetition(ids_NLk[rng.permutation(len(ids_NLk))], follows_N) for _ in range(draws)]
    return Repetition(
        np.mean([each.first for each in found], axis=0),
        np.mean([each.any for each in found], axis=0),
    )


def random_choices(
    n: int, experts: int, chosen: int, groups: int, kept_groups: int, seed: int = 0
) -> Ids:
    """The experts that a gate with groups chooses for n tokens with random scores: [n, 1, k]."""
    scores = np.random.default_rng(seed).random((n, experts))
    return choose(scores, chosen=chosen, groups=groups, kept_groups=kept_groups)[:, None]


def even_repetition(experts: int, chosen: int) -> tuple[float, float]:
    """The chances to repeat the strongest, and any, expert if all choices were equally likely."""
    return 1 / experts, 1 - math.comb(experts - chosen, chosen) / math.comb(experts, chosen)


def changed(ids_NLk: Ids, others_NLk: Ids) -> Shares:
    """The share of each token's experts that another model does not choose for it: [N, L].

    Choices are compared as sets, regardless of order and weights.
    """
    same = (ids_NLk[:, :, :, None] == others_NLk[:, :, None, :]).any(axis=3)
    return 1 - same.mean(axis=2)


def saturation(early_NLk: Ids, final_NLk: Ids) -> Shares:
    """The share of a checkpoint's choices that the final model shares: [L] (OLMoE, section 5.1)."""
    return 1 - changed(early_NLk, final_NLk).mean(axis=0)


def favourite_share(load_VLE: Ids, occurrences_V: NDArray[np.integer], least: int) -> Shares:
    """The share of a token id's occurrences that go to its favourite expert: [L].

    `load_VLE` counts per token id. This is the mean over all occurrences of ids that occur at least
    `least` times (OLMoE, equation 8, for the best expert); NaN if there are none. A few occurrences
    always have a favourite, so compare with the value for shuffled tokens.
    """
    often = occurrences_V >= least
    if not often.any():
        return np.full(load_VLE.shape[1], np.nan)
    return load_VLE[often].max(axis=2).sum(axis=0) / occurrences_V[often].sum()
