"""A routing decision step by step, and the choice for many tokens, against the gate."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.analysis.routing_decision import choose, decide
from model.nn.network import Gate
from tests.model.conftest import tiny_config


@given(
    st.integers(1, 4), st.integers(2, 5), st.data(), st.booleans(), st.sampled_from([0.0, 0.2, 2.0])
)
def test_the_gate_decides_the_same(
    groups: int, size: int, data: st.DataObject, normalise: bool, spread: float
) -> None:
    kept = data.draw(st.integers(1, groups))
    chosen = data.draw(st.integers(1, kept * size))
    torch.manual_seed(data.draw(st.integers(0, 2**31)))
    shape = tiny_config(
        "MLA",
        hidden_size=12,
        n_routed_experts=groups * size,
        n_group=groups,
        topk_group=kept,
        num_experts_per_tok=chosen,
        norm_topk_prob=normalise,
    )
    gate = Gate(shape).requires_grad_(False)
    torch.nn.init.normal_(gate.weight, std=0.5)
    gate.e_score_correction_bias.normal_(std=spread)
    weights, ids, scores = gate(torch.randn(1, 12))
    found = decide(
        scores[0].numpy(),
        gate.e_score_correction_bias.numpy(),
        chosen=gate.chosen,
        groups=gate.groups,
        kept_groups=gate.kept_groups,
        scale=gate.scale,
        normalise=bool(gate.normalise),
    )
    assert set(found.chosen) == set(ids[0].tolist())
    for expert, weight in zip(ids[0].tolist(), weights[0].tolist(), strict=True):
        assert found.weights[expert] == pytest.approx(weight, rel=1e-5)
    choice = found.choice
    assert list(found.chosen) == sorted(found.chosen, key=lambda e: -choice[e])
    for group, score in enumerate(found.group_scores):
        best = sorted(choice[group * size : (group + 1) * size])[-2:]
        assert score == pytest.approx(sum(best), abs=1e-6)
    rest = [
        e for e in range(groups * size) if e // size in found.kept_groups and e not in found.chosen
    ]
    assert found.next_expert == max(rest, key=lambda e: choice[e], default=None)
    if found.next_expert is not None:
        gap = min(choice[list(found.chosen)]) - choice[found.next_expert]
        assert found.expert_gap == pytest.approx(gap)
        assert gap >= 0
    left = [g for g in range(groups) if g not in found.kept_groups]
    assert found.next_group == max(left, key=lambda g: found.group_scores[g], default=None)
    assert (found.group_gap is None) == (not left)


@given(st.integers(1, 4), st.integers(2, 5), st.data())
def test_many_tokens_are_decided_as_the_gate_does(
    groups: int, size: int, data: st.DataObject
) -> None:
    kept = data.draw(st.integers(1, groups))
    chosen = data.draw(st.integers(1, kept * size))
    shape = tiny_config(
        "MLA",
        hidden_size=12,
        n_routed_experts=groups * size,
        n_group=groups,
        topk_group=kept,
        num_experts_per_tok=chosen,
    )
    torch.manual_seed(data.draw(st.integers(0, 2**31)))
    choice = torch.rand(30, groups * size)
    ids = choose(choice.numpy(), chosen=chosen, groups=groups, kept_groups=kept)
    assert ids.tolist() == Gate(shape).choose(choice).tolist()
