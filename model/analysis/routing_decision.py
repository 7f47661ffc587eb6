"""The decision of a router: its choice for many tokens, or every step of it for one. numpy only.

The steps are those of DeepSeek-V3's gate (report, section 2.1.2, equations 12 to 16; node-limited
routing), spelt out so that a page can show them and a test can compare them with the gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Decision:
    """The choice of k experts from the kept groups, out of E experts in G groups of neighbours.

    A gap is how far the best one left out is behind; None if none was left out.
    """

    scores: NDArray[np.float32]  # [E], between 0 and 1
    bias: NDArray[np.float32]  # [E], takes part in the choice only
    group_scores: NDArray[np.float32]  # [G], sum of the two best of score plus bias
    kept_groups: tuple[int, ...]  # groups, best first
    chosen: tuple[int, ...]  # experts, best first by score plus bias
    weights: dict[int, float]  # of the chosen
    next_expert: int | None  # of the kept groups, the best that was not chosen
    expert_gap: float | None  # in score plus bias, below the last chosen
    next_group: int | None  # the best group that was not kept
    group_gap: float | None  # in group score, below the last kept

    @property
    def choice(self) -> NDArray[np.float32]:
        """The values that decide the choice: score plus bias, [E]."""
        return self.scores + self.bias


def choose(
    choice_NE: NDArray[np.floating], *, chosen: int, groups: int, kept_groups: int
) -> NDArray[np.intp]:
    """The ids [N, k] of each token's experts, best first, from score plus bias [N, E]."""
    grouped = choice_NE.reshape(len(choice_NE), groups, -1)
    group_scores = np.sort(grouped, axis=2)[:, :, -2:].sum(axis=2)
    closed = np.argsort(-group_scores, axis=1, kind="stable")[:, kept_groups:]
    open_NGE = grouped.copy()
    np.put_along_axis(open_NGE, closed[:, :, None], -np.inf, axis=1)
    return np.argsort(-open_NGE.reshape(choice_NE.shape), axis=1, kind="stable")[:, :chosen]


def decide(
    scores: NDArray[np.float32],
    bias: NDArray[np.float32],
    *,
    chosen: int,
    groups: int,
    kept_groups: int,
    scale: float,
    normalise: bool,
) -> Decision:
    """Choose `chosen` experts of the `kept_groups` best of `groups` groups, by score plus bias."""
    choice = scores + bias
    size = len(choice) // groups
    by_group = choice.reshape(groups, size)
    group_scores = np.sort(by_group, axis=1)[:, -2:].sum(axis=1)
    ranked_groups = [int(g) for g in np.argsort(-group_scores, kind="stable")]
    kept = ranked_groups[:kept_groups]
    inside = [e for e in range(len(choice)) if e // size in kept]
    ranked = sorted(inside, key=lambda e: -choice[e])
    ids = ranked[:chosen]
    total = float(scores[ids].sum()) if normalise else 1.0
    next_expert = ranked[chosen] if len(ranked) > chosen else None
    next_group = ranked_groups[kept_groups] if groups > kept_groups else None
    return Decision(
        scores=scores,
        bias=bias,
        group_scores=group_scores,
        kept_groups=tuple(kept),
        chosen=tuple(ids),
        weights={e: float(scores[e]) / total * scale for e in ids},
        next_expert=next_expert,
        expert_gap=None if next_expert is None else float(choice[ids[-1]] - choice[next_expert]),
        next_group=next_group,
        group_gap=(
            None if next_group is None else float(group_scores[kept[-1]] - group_scores[next_group])
        ),
    )
