"""The kernel against the PyTorch network, its reference, for all kinds of models."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.analysis import interventions, latent_codec
from model.analysis.interventions import Intervention
from model.analysis.reference_interventions import intervened
from model.nn import checkpoints
from model.nn.cache import Cache
from model.nn.config import ModelConfig
from model.nn.network import Transformer
from model.nn.workspace import Keep, KernelModel, Run, Workspace
from model.runtime.batch import Request, complete, finish, run
from model.runtime.engine import Engine
from model.tasks import problems
from tests.model.conftest import each_shipped, random_model, shipped_folder, tiny_config
from tests.model.nn.test_parity import TINY
from tests.model.reference.attention_weights import attention_weights
from tests.model.reference.latent import (
    BFloat16,
    CodedCache,
    Directions,
    Integers,
    bytes_per_token,
)

CLOSE = 1e-4  # of log-probabilities, weights and scores, float32
TIE = 1e-5  # choices closer than this may fall either way
ALL = Keep(experts=True, scores=True, attention=True)


def kernel_of(model: Transformer) -> KernelModel:
    """The kernel with the same float32 weights."""
    state = {name: value.float() for name, value in checkpoints.to_transformers(model).items()}
    return KernelModel.pack(model.config, {name: value.numpy() for name, value in state.items()})


def rounded(model: Transformer) -> Transformer:
    """The model with its weights rounded to bf16, as in a checkpoint."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.bfloat16().float())
    return model


def whole_run(kernel: KernelModel, ids: list[int], new: int = 0) -> Run:
    """A greedy run with a full record; without new tokens, the text is scored."""
    return finish(Workspace(kernel, 1, ALL), [Request("", tuple(ids), new, read=True, keep=ALL)])[0]


class Gaps:
    """A tap that records scores, ids, weights, and how far each token's choice was from a tie."""

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.ids: list[Tensor] = []
        self.weights: list[Tensor] = []
        self.scores: list[Tensor] = []
        self.gap = torch.tensor(torch.inf)

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        c = self.config
        assert c.n_group and c.topk_group and c.num_experts_per_tok
        grouped = (scores_NE + bias_E).unflatten(1, (c.n_group, -1))
        groups = grouped.topk(2).values.sum(-1).sort(descending=True)
        gap = torch.full((len(ids_Nk),), torch.inf)
        if c.topk_group < c.n_group:
            gap = groups.values[:, c.topk_group - 1] - groups.values[:, c.topk_group]
        kept = groups.indices[:, : c.topk_group]
        inside = grouped.gather(1, kept[:, :, None].expand(-1, -1, grouped.shape[2])).flatten(1)
        ordered = inside.sort(descending=True).values
        k = c.num_experts_per_tok
        if k < ordered.shape[1]:
            gap = gap.minimum(ordered[:, k - 1] - ordered[:, k])
        self.gap = self.gap.minimum(gap)
        weights, order = weights_Nk.sort(dim=-1, descending=True, stable=True)
        self.ids.append(ids_Nk.gather(1, order))
        self.weights.append(weights)
        self.scores.append(scores_NE)


@torch.inference_mode()
def check_reading(model: Transformer, kernel: KernelModel, ids: list[int]) -> int:
    """Compare everything about a text up to a tie broken differently; returns how many tokens."""
    tap = Gaps(model.config)
    cache = Cache(model.config)
    logprobs = model(torch.tensor([ids]), cache, tap=tap)[0].log_softmax(-1)
    found = whole_run(kernel, ids)
    n = len(ids)
    if tap.ids:
        theirs = torch.stack(tap.ids, 1).numpy()
        differs = (np.sort(found.expert_ids) != np.sort(theirs)).any((1, 2)).nonzero()[0]
        if len(differs):  # a tie that fell the other way changes all that follows it
            n = int(differs[0])
            assert tap.gap[n] < TIE
        theirs = theirs[:n]
        order = np.argsort(found.expert_ids[:n], axis=-1)
        weights = torch.stack(tap.weights, 1)[:n].numpy()
        np.testing.assert_allclose(
            np.take_along_axis(found.expert_weights[:n], order, -1),
            np.take_along_axis(weights, np.argsort(theirs, axis=-1), -1),
            atol=CLOSE,
        )
        assert (np.diff(found.expert_weights) <= 0).all(), "strongest first"
        np.testing.assert_allclose(
            found.scores[:n], torch.stack(tap.scores, 1)[:n].numpy(), atol=CLOSE
        )
    expected = logprobs[:-1].gather(1, torch.tensor(ids)[1:, None])[:, 0].numpy()
    np.testing.assert_allclose(found.logprobs[1:n], expected[: n - 1], atol=CLOSE)
    entropies = -(logprobs.exp() * logprobs).sum(-1).numpy()
    np.testing.assert_allclose(found.entropies[1:n], entropies[: n - 1], atol=5 * CLOSE)
    seen = attention_weights(model, ids).numpy()
    np.testing.assert_allclose(found.attention[:, :, :n, :n], seen[:, :, :n, :n], atol=CLOSE)
    assert np.isnan(found.logprobs[0])
    assert found.cache_bytes.tolist() == [
        sum(part[:, : i + 1].nbytes for layer in cache.layers for part in layer.values())
        for i in range(len(ids))
    ]
    return n


def same(a: Run, b: Run) -> None:
    """Whether arrays are bit-identical."""
    for name in ("token_ids", "expert_ids", "expert_weights", "scores", "attention"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("logprobs", "entropies"):
        first = max(a.n_given, b.n_given)
        np.testing.assert_array_equal(getattr(a, name)[first:], getattr(b, name)[first:])


@pytest.mark.parametrize("name", TINY)
def test_random_model_reads_as_the_reference(name: str) -> None:
    model = rounded(random_model(TINY[name]))
    torch.manual_seed(1)
    limit = model.config.max_position_embeddings
    ids = torch.randint(model.config.vocab_size, (min(limit, 90),)).tolist()
    kernel = kernel_of(model)
    for length in (1, 17, len(ids)):
        assert check_reading(model, kernel, ids[:length]) > 0.5 * length - 1


@st.composite
def shapes(draw: st.DrawFn) -> ModelConfig:
    kind = draw(st.sampled_from(["MLA", "MHA", "GQA", "MQA", "Qwen2"]))
    heads = draw(st.sampled_from([2, 4, 12]))
    changes: dict[str, object] = {
        "hidden_size": draw(st.sampled_from([8, 20, 33, 64])),
        "num_hidden_layers": draw(st.integers(1, 3)),
        "intermediate_size": draw(st.integers(3, 40)),
        "num_attention_heads": heads,
        "vocab_size": draw(st.integers(16, 70)),
    }
    key_value = {"MLA": heads, "MHA": heads, "GQA": heads // 2, "MQA": 1, "Qwen2": heads // 2}
    changes["num_key_value_heads"] = key_value[kind]
    if kind == "MLA":
        changes |= {
            "q_lora_rank": draw(st.sampled_from([None, 7, 24])),
            "kv_lora_rank": draw(st.integers(2, 40)),
            "qk_nope_head_dim": draw(st.integers(1, 20)),
            "qk_rope_head_dim": 2 * draw(st.integers(1, 9)),
            "v_head_dim": draw(st.integers(1, 20)),
        }
    else:
        changes["head_dim"] = 4 * draw(st.integers(1, 8))
    if kind != "Qwen2":
        groups, size = draw(st.integers(1, 4)), draw(st.integers(2, 5))
        kept = draw(st.integers(1, groups))
        changes |= {
            "n_routed_experts": groups * size,
            "n_group": groups,
            "topk_group": kept,
            "num_experts_per_tok": draw(st.integers(1, kept * size)),
            "n_shared_experts": draw(st.integers(1, 2)),
            "moe_intermediate_size": draw(st.integers(1, 20)),
            "first_k_dense_replace": draw(
                st.integers(0, int(str(changes["num_hidden_layers"])) - 1)
            ),
            "norm_topk_prob": draw(st.booleans()),
        }
    return tiny_config(kind, **changes)


@pytest.mark.slow
@given(shapes(), st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_any_shape_reads_as_the_reference(shape: ModelConfig, seed: int) -> None:
    model = rounded(random_model(shape, seed))
    ids = np.random.default_rng(seed).integers(0, shape.vocab_size, 40).tolist()
    check_reading(model, kernel_of(model), ids)


@pytest.mark.slow
@given(shapes(), st.integers(0, 100), st.integers(1, 12), st.sampled_from([0.0, 0.7, 1.0]))
@settings(max_examples=25, deadline=None)
def test_alone_in_a_batch_and_read_again_are_the_same_to_the_bit(
    shape: ModelConfig, seed: int, count: int, temperature: float
) -> None:
    kernel = kernel_of(random_model(shape, seed))
    rng = np.random.default_rng(seed)
    prompts = [
        rng.integers(0, shape.vocab_size, int(rng.integers(1, 50))).tolist() for _ in range(count)
    ]
    workspace = Workspace(kernel, rows=min(5, count), keep=ALL, chunk=int(rng.integers(1, 70)))
    asked = [
        Request("", tuple(ids), 30, temperature, seed, row, keep=ALL)
        for row, ids in enumerate(prompts)
    ]
    together = finish(workspace, asked)
    for row, found in enumerate(together):
        (alone,) = finish(Workspace(kernel, 1, ALL), [asked[row]])
        same(found, alone)
        again = whole_run(kernel, alone.token_ids[: len(alone.expert_ids)].tolist())
        np.testing.assert_array_equal(again.expert_weights, alone.expert_weights)
        np.testing.assert_array_equal(again.attention, alone.attention)
        given_, fed = alone.n_given, len(alone.expert_ids)
        np.testing.assert_array_equal(again.logprobs[given_:fed], alone.logprobs[given_:fed])


@pytest.mark.slow
@pytest.mark.parametrize("name", each_shipped())
def test_shipped_writes_what_the_reference_writes(name: str) -> None:
    folder = shipped_folder(name)
    engine, kernel = Engine.load(folder), KernelModel.load(folder)
    questions = problems("chain", 3, 0, "heldout", "ko")
    prompts = [engine.encode(next(questions).prompt + "<think>") for _ in range(6)]
    for temperature in (0.0, 1.0):
        expected = engine.complete(prompts, 60, temperature, seed=3)
        found = complete(kernel, prompts, 60, temperature, seed=3, threads=2)
        ties = 0
        for ours, theirs in zip(found, expected, strict=True):
            ids = ours.token_ids[ours.n_given :].tolist()
            if ids != theirs.token_ids:
                ties += 1  # float32's rounding: of an expert or a word
                continue
            assert ours.finish_reason == theirs.finish_reason
            np.testing.assert_allclose(ours.logprobs[ours.n_given :], theirs.logprobs, atol=CLOSE)
        assert ties <= 1, f"{ties} of {len(prompts)} replies differ"
    ids = prompts[0] + found[0].token_ids[found[0].n_given :].tolist()
    assert check_reading(engine.model, kernel, ids) > len(ids) / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base", "base-gqa"])
def test_shipped_reads_to_the_end_of_its_context(name: str) -> None:
    folder = shipped_folder(name)
    engine, kernel = Engine.load(folder), KernelModel.load(folder)
    limit = kernel.config.max_position_embeddings
    text = " ".join(
        problem.prompt for problem in islice(problems("chain", 3, 0, "heldout", "ko"), 40)
    )
    ids = engine.encode(text[:600])
    ids = (ids * limit)[:limit]
    assert check_reading(engine.model, kernel, ids) > limit / 2
    full = run(kernel, ids[:-3], 50)
    assert len(full.token_ids) <= limit and len(full.expert_ids) == len(full.token_ids) - 1


def test_a_prefix_is_computed_once() -> None:
    kernel = KernelModel.load(shipped_folder("base"))
    prompt = list(range(20, 57))
    plain = whole_run(kernel, prompt, 20)
    workspace = Workspace(kernel, 3, ALL)
    workspace.put(0, prompt, 0, read=True)
    while workspace.rows.state[0] == 0:
        workspace.advance(np.array([0]), 4)
    for row in (1, 2):
        workspace.put(row, prompt, 20, read=True)
        workspace.copy(0, row, len(prompt) - 1)
    while (workspace.rows.state == 0).any():
        workspace.advance(np.array([1, 2]), 4)
    for row in (1, 2):
        assert workspace.rows.tokens[row, :57].tolist() == plain.token_ids.tolist()[:57]
        found = workspace.take(row, plain.seconds)
        same(found, plain)
        np.testing.assert_array_equal(found.logprobs, plain.logprobs)


def test_rows_come_and_go_between_calls() -> None:
    kernel = KernelModel.load(shipped_folder("base"))
    workspace = Workspace(kernel, 4)
    workspace.put(0, [0, 20, 30], 40)
    assert workspace.advance(np.array([0, 1]), 5) == 5
    assert workspace.rows.length[0] == 8  # the prompt in the first step, which draws a token, too
    workspace.put(1, [0, 25], 3)
    workspace.advance(np.array([0, 1]), 100)
    assert workspace.rows.state[1] != 0 and workspace.rows.length[1] == 5, (
        "it stopped when one ended"
    )
    assert workspace.rows.length[0] == 11


CHANGES = {
    "an expert off": Intervention(off=frozenset({(1, 3), (2, 0)})),
    "most experts off": Intervention(off=frozenset((1, e) for e in range(7))),
    "experts forced": Intervention(forced=frozenset({(1, 5), (1, 6), (2, 1)})),
    "one expert each": Intervention(top_k=1),
    "all experts": Intervention(top_k=8),
    "without the best": Intervention(without_top=2),
    "without any": Intervention(without_top=8),
    "no shared experts": Intervention(shared=False),
    "no bias": Intervention(bias=False),
    "shuffled": Intervention(shuffled=3),
    "together": Intervention(
        off=frozenset({(2, 2)}), forced=frozenset({(2, 7)}), top_k=3, without_top=1, shuffled=1
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_intervention_is_the_reference_s(name: str) -> None:
    model, change = rounded(random_model(tiny_config("MLA"))), CHANGES[name]
    ids = np.random.default_rng(0).integers(0, 64, 60).tolist()
    tap = Gaps(model.config)
    with torch.inference_mode():
        expected = intervened(model, change)(torch.tensor([ids]), tap=tap)[0].log_softmax(-1)
    found = whole_run(interventions.intervened(kernel_of(model), change), ids)
    theirs = torch.stack(tap.ids, 1).numpy()
    works = torch.stack(tap.weights, 1).numpy() > 0  # which of those without weight is all the same
    ours = np.where(found.expert_weights > 0, found.expert_ids, -1)
    np.testing.assert_array_equal(np.sort(ours), np.sort(np.where(works, theirs, -1)))
    picked = expected[:-1].gather(1, torch.tensor(ids)[1:, None])[:, 0].numpy()
    np.testing.assert_allclose(found.logprobs[1:], picked, atol=CLOSE)


@pytest.mark.parametrize("codec", [BFloat16(), Integers(8), Integers(4), "directions"])
@pytest.mark.parametrize("rank", [64, 20])
def test_a_latent_is_kept_as_the_reference_keeps_it(codec: Any, rank: int) -> None:
    model = rounded(random_model(tiny_config("MLA", kv_lora_rank=rank)))
    kernel = kernel_of(model)
    ids = np.random.default_rng(0).integers(0, 64, 60).tolist()
    if codec == "directions":
        random = torch.Generator().manual_seed(0)
        basis = torch.linalg.qr(torch.randn(3, rank, 12, generator=random)).Q.contiguous()
        codec, kept = Directions(basis), latent_codec.with_directions(kernel, basis.numpy())
    else:
        kept = latent_codec.with_bits(kernel, codec.bits if isinstance(codec, Integers) else 16)
    cache = CodedCache(Cache(model.config), codec)
    with torch.inference_mode():
        expected = model(torch.tensor([ids]), cache)[0].log_softmax(-1)
    found = run(kept, ids, 0)
    assert kept.token_bytes == bytes_per_token(model.config, codec)
    picked = expected[:-1].gather(1, torch.tensor(ids)[1:, None])[:, 0].numpy()
    error = np.abs(found.logprobs[1:] - picked)
    # a feature at the edge between two codes may fall either way, and moves what follows a little
    assert (error < CLOSE).mean() > 0.3 and error.max() < 0.1, error


def test_only_a_latent_is_changed() -> None:
    kernel = kernel_of(random_model(tiny_config("GQA")))
    with pytest.raises(ValueError, match="no latent"):
        latent_codec.with_bits(kernel, 8)
