"""What each kind of attention costs in quality: the twins' losses on the same held-out texts.

As many kinds and seeds as were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.analysis.estimators import paired_difference

Results = Mapping[int, Mapping[str, Any]]  # what was measured of each seed


@dataclass(frozen=True)
class Quality:
    """A kind of attention beside the reference, the kind that comes first.

    `loss` is the mean of the seeds, in nats per token of held-out text. `difference` is that less
    the reference's, of the same seeds on the same texts; [`low`, `high`] is its 95 % interval over
    texts. `by_seed` has the difference of each seed. The reference has zeros.
    """

    kind: str
    bytes_per_token: int
    loss: float
    difference: float
    low: float
    high: float
    by_seed: tuple[float, ...]

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves 0 outside, and all seeds are on one side of it."""
        one_side = len({np.sign(gap) for gap in self.by_seed}) == 1
        return one_side and (self.low > 0 or self.high < 0)


def compare(results: Mapping[str, Results]) -> list[Quality]:
    """Each kind beside the first, on the seeds that both have; without any such seed, left out."""
    if not results:
        return []
    reference = next(iter(results.values()))
    found = []
    for kind, seeds in results.items():
        shared = [
            seed
            for seed, result in seeds.items()
            if seed in reference
            and result["heldout"]["row_tokens"] == reference[seed]["heldout"]["row_tokens"]
        ]
        if not shared:
            continue
        nats_SR, others_SR = (
            np.array([group[seed]["heldout"]["row_nats"] for seed in shared])
            for group in (seeds, reference)
        )
        tokens = np.array(reference[shared[0]]["heldout"]["row_tokens"])
        mean, (low, high) = paired_difference(nats_SR.mean(0), others_SR.mean(0), tokens)
        found.append(
            Quality(
                kind,
                int(seeds[shared[0]]["bytes_per_token"]),
                float(nats_SR.mean(0).sum() / tokens.sum()),
                mean,
                low,
                high,
                tuple(((nats_SR - others_SR).sum(1) / tokens.sum()).tolist()),
            )
        )
    return found
