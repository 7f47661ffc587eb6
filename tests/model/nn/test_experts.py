"""Gates, experts and the tap: against brute force, and by the properties the paper states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.nn.config import ModelConfig
from model.nn.network import Gate, MixtureOfExperts, Transformer
from model.training.pretrain import LoadTap, max_violation, update_bias
from tests.model.conftest import random_model, tiny_config


@st.composite
def routings(draw: Any) -> ModelConfig:
    groups = draw(st.integers(1, 6))
    size = draw(st.integers(2, 6))
    kept = draw(st.integers(1, groups))
    return tiny_config(
        "MLA",
        hidden_size=12,
        n_routed_experts=groups * size,
        n_group=groups,
        topk_group=kept,
        num_experts_per_tok=draw(st.integers(1, kept * size)),
        norm_topk_prob=draw(st.booleans()),
        routed_scaling_factor=draw(st.sampled_from([0.5, 1.0, 2.0, 2.5])),
    )


def random_gate(shape: ModelConfig, seed: int, spread: float) -> tuple[Gate, Tensor]:
    """A gate with random biases of a given spread, and ten tokens."""
    torch.manual_seed(seed)
    gate = Gate(shape).requires_grad_(False)
    torch.nn.init.normal_(gate.weight, std=0.5)
    gate.e_score_correction_bias.normal_(std=spread)
    return gate, torch.randn(10, shape.hidden_size)


def brute_force(c: ModelConfig, scores: np.ndarray, bias: np.ndarray) -> tuple[set[int], dict]:
    """One token's experts and weights, in plain Python (V3 report, equations 12 to 16)."""
    choice = scores + bias
    size = c.n_routed_experts // c.n_group
    groups = [list(range(g * size, (g + 1) * size)) for g in range(c.n_group)]
    worth = [sum(sorted((choice[e] for e in group), reverse=True)[:2]) for group in groups]
    best = sorted(range(c.n_group), key=lambda g: -worth[g])[: c.topk_group]
    allowed = [e for g in best for e in groups[g]]
    chosen = sorted(allowed, key=lambda e: -choice[e])[: c.num_experts_per_tok]
    total = sum(scores[e] for e in chosen) if c.norm_topk_prob else 1.0
    return set(chosen), {e: scores[e] / total * c.routed_scaling_factor for e in chosen}


@pytest.mark.slow
@given(routings(), st.integers(0, 2**31), st.sampled_from([0.0, 0.1, 3.0]))
@settings(max_examples=80)
def test_gate(shape: ModelConfig, seed: int, spread: float) -> None:
    gate, x = random_gate(shape, seed, spread)
    weights, ids, scores = gate(x)
    bias = gate.e_score_correction_bias
    torch.testing.assert_close(scores, torch.sigmoid(x @ gate.weight.T))
    size = shape.n_routed_experts // shape.n_group
    for token in range(len(x)):
        chosen = ids[token].tolist()
        assert len(set(chosen)) == len(chosen) == shape.num_experts_per_tok
        assert len({e // size for e in chosen}) <= shape.topk_group
        expected, shares = brute_force(shape, scores[token].double().numpy(), bias.double().numpy())
        assert set(chosen) == expected
        for e, w in zip(chosen, weights[token].tolist(), strict=True):
            assert w == pytest.approx(shares[e], rel=1e-5)
    if shape.norm_topk_prob:
        sums = weights.sum(-1)
        torch.testing.assert_close(sums, torch.full_like(sums, shape.routed_scaling_factor))


@given(routings(), st.integers(0, 2**31), st.data())
@settings(max_examples=40)
def test_bias_moves_the_choice_and_nothing_else(
    shape: ModelConfig, seed: int, data: st.DataObject
) -> None:
    gate, x = random_gate(shape, seed, spread=0.0)
    _, _, before = gate(x)
    favourite = data.draw(st.integers(0, shape.n_routed_experts - 1))
    gate.e_score_correction_bias[favourite] = 100.0
    weights, ids, scores = gate(x)
    assert torch.equal(scores, before)
    assert (ids == favourite).any(-1).all()
    raw = scores.gather(1, ids)
    expected = raw / raw.sum(-1, keepdim=True) if shape.norm_topk_prob else raw
    torch.testing.assert_close(weights, expected * shape.routed_scaling_factor)
    gate.e_score_correction_bias.fill_(0.25)  # the same for all: the same choice as none
    _, equal, _ = gate(x)
    gate.e_score_correction_bias.zero_()
    _, none, _ = gate(x)
    assert torch.equal(equal.sort().values, none.sort().values)


def test_gradient_reaches_the_gate_through_the_weights_only() -> None:
    shape = tiny_config("MLA")
    gate = Gate(shape)
    torch.nn.init.normal_(gate.weight)
    weights, _, _ = gate(torch.randn(5, shape.hidden_size))
    (weights * torch.randn(5, shape.num_experts_per_tok)).sum().backward()
    assert gate.weight.grad is not None and gate.weight.grad.abs().sum() > 0
    assert "e_score_correction_bias" not in dict(gate.named_parameters())
    assert not gate.e_score_correction_bias.requires_grad


@pytest.mark.slow
@given(routings(), st.integers(0, 2**31), st.integers(1, 2))
@settings(max_examples=25)
def test_experts_equal_a_sum_one_by_one(shape: ModelConfig, seed: int, shared: int) -> None:
    torch.manual_seed(seed)
    shape = tiny_config(
        "MLA",
        hidden_size=12,
        n_routed_experts=shape.n_routed_experts,
        n_group=shape.n_group,
        topk_group=shape.topk_group,
        num_experts_per_tok=shape.num_experts_per_tok,
        n_shared_experts=shared,
    )
    model = random_model(shape, seed)
    moe = model.model.layers[1].mlp
    assert isinstance(moe, MixtureOfExperts)
    x = torch.randn(1, 7, 12)
    weights, ids, _ = moe.gate(x[0])
    s = moe.shared_experts
    for t, token in enumerate(x[0]):
        expected = s.down_proj(F.silu(s.gate_proj(token)) * s.up_proj(token))
        for e, weight in zip(ids[t].tolist(), weights[t], strict=True):
            gate, up = moe.experts.gate_up_proj[e].chunk(2)
            expected = expected + weight * (
                moe.experts.down_proj[e] @ (F.silu(gate @ token) * (up @ token))
            )
        torch.testing.assert_close(moe(x, None)[0, t], expected, atol=1e-5, rtol=1e-4)


class Recorder:
    def __init__(self) -> None:
        self.seen: list[tuple[int, tuple[int, ...]]] = []

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        assert weights_Nk.shape == ids_Nk.shape
        assert scores_NE.shape == (len(ids_Nk), len(bias_E))
        self.seen.append((layer, tuple(ids_Nk.shape)))


def everything(model: Transformer) -> dict[str, object]:
    """The whole state of modules: attributes by identity, and every tensor's bytes."""
    held: dict[str, object] = {}
    for name, module in model.named_modules():
        for key, value in vars(module).items():
            held[f"{name}/{key}"] = id(value) if not isinstance(value, dict) else sorted(value)
    tensors = {f"tensor/{k}": v.numpy().tobytes() for k, v in model.state_dict().items()}
    return held | tensors


@pytest.mark.parametrize("kind", ["MLA", "GQA"])
def test_the_tap_hears_every_gate_and_modules_keep_nothing(kind: str) -> None:
    model = random_model(tiny_config(kind, num_hidden_layers=4))
    before = everything(model)
    tap = Recorder()
    with_tap = model(torch.ones(2, 5, dtype=torch.long), tap=tap)
    assert tap.seen == [(layer, (10, 4)) for layer in (1, 2, 3)]
    without = model(torch.ones(2, 5, dtype=torch.long))
    assert len(tap.seen) == 3
    assert torch.equal(with_tap, without)
    assert everything(model) == before


def test_balance_evens_out_the_load_of_a_skewed_gate() -> None:
    shape = tiny_config("MLA", n_group=2, topk_group=2, num_experts_per_tok=2)
    torch.manual_seed(0)
    gate = Gate(shape).requires_grad_(False)
    torch.nn.init.normal_(gate.weight, std=0.1)
    gate.weight[:2] += 0.05  # two favourites
    x = torch.randn(400, shape.hidden_size) + 0.5

    def load() -> Tensor:
        tap = LoadTap()
        weights, ids, scores = gate(x)
        tap.gate(0, ids, weights, scores, gate.e_score_correction_bias)
        return tap.load[0]

    before = max_violation(load())
    for _ in range(400):
        update_bias(gate, load(), speed=0.002)
    assert before > 1.0
    assert max_violation(load()) < 0.1


def test_max_violation() -> None:
    assert max_violation(torch.tensor([5.0, 5.0, 5.0, 5.0])) == 0
    assert max_violation(torch.tensor([20.0, 0.0, 0.0, 0.0])) == 3  # E / k - 1: the most there is
    assert max_violation(torch.tensor([6.0, 5.0, 5.0, 4.0])) == pytest.approx(0.2)


def test_one_update_moves_each_bias_by_the_speed_towards_the_mean() -> None:
    gate = Gate(tiny_config("MLA"))
    update_bias(gate, torch.tensor([9.0, 1, 4, 4, 4, 4, 5, 1]), speed=0.5)
    assert gate.e_score_correction_bias.tolist() == [-0.5, 0.5, 0, 0, 0, 0, -0.5, 0.5]


def test_load_tap_adds_up_over_passes() -> None:
    model, tap = random_model(tiny_config("MLA")), LoadTap()
    for _ in range(3):
        model(torch.ones(2, 5, dtype=torch.long), tap=tap)
    assert {layer: float(load.sum()) for layer, load in tap.load.items()} == {
        1: 3 * 10 * 4,
        2: 3 * 10 * 4,
    }
