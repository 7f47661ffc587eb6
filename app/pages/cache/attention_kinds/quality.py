"""What each kind of attention costs in quality: the twins' losses on the same held-out set.

Covers as many kinds and seeds as were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.pages.cache.attention_kinds.quality_figures import Quality
from model.analysis.estimators import paired_difference

Results = Mapping[int, Mapping[str, Any]]  # the measurements by seed


def compare(results: Mapping[str, Results]) -> list[Quality]:
    """Compare each kind with the first, on the seeds they share; kinds that share none are left
    out."""
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
