"""Interventions against the same ones in transformers' model, by hooks, in plain Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import DeepseekV3ForCausalLM, Glm4MoeForCausalLM

from model.analysis.interventions import Intervention
from model.analysis.reference_interventions import intervened
from model.nn import checkpoints, tokenizer
from model.nn.cache import Cache
from model.nn.config import ModelConfig
from model.nn.network import Transformer
from model.runtime.engine import Engine
from model.runtime.recording import recorded
from tests.model.conftest import ABOUT, random_model, shipped_folder, tiny_config
from tests.model.reference.teacher_forcing import teacher_force

CLOSE = 1e-4  # of logits, float32
TOKENS = 48

#: Layers 1 and 2 have experts in every model here.
CHANGES = {
    "nothing": Intervention(),
    "some off": Intervention(off=frozenset({(1, 0), (1, 5), (2, 3)})),
    "a whole layer off": Intervention(off=frozenset((1, e) for e in range(16))),
    "one forced": Intervention(forced=frozenset({(2, 6)})),
    "off and forced": Intervention(off=frozenset({(1, 6)}), forced=frozenset({(1, 7), (2, 0)})),
    "top 1": Intervention(top_k=1),
    "all experts": Intervention(top_k=-1),
    "more than two groups hold": Intervention(top_k=5),
    "no shared expert": Intervention(shared=False),
    "no bias": Intervention(bias=False),
    "shuffled": Intervention(shuffled=3),
    "without the first two": Intervention(without_top=2),
    "without the first six": Intervention(without_top=6, top_k=3),
    "all at once": Intervention(
        frozenset({(1, 1)}), frozenset({(2, 2)}), 3, 1, shared=False, bias=False, shuffled=1
    ),
}


def fit(change: Intervention, config: ModelConfig) -> Intervention:
    """The change for this model: -1 stands for all its experts, and absent experts are dropped."""
    experts = config.n_routed_experts
    top_k = experts if change.top_k == -1 else change.top_k
    off = frozenset((layer, e) for layer, e in change.off if e < experts)
    return replace(change, top_k=top_k, off=off)


def choose(
    c: ModelConfig, change: Intervention, layer: int, scores: list[float], bias: list[float]
) -> tuple[list[int], list[float]]:
    """One token's experts and weights under an intervention (V3 report, equations 12 to 16)."""
    experts = range(c.n_routed_experts)
    k = change.top_k or c.num_experts_per_tok
    size = c.n_routed_experts // c.n_group
    worth = [scores[e] + (bias[e] if change.bias else 0.0) for e in experts]
    dead = {e for e in experts if (layer, e) in change.off}
    for e in experts:
        if e in dead:
            worth[e] = scores[e] - 16
        if (layer, e) in change.forced:
            worth[e] = scores[e] + 32
    first = sorted(experts, key=lambda e: -worth[e])[: change.without_top]
    for e in first:
        worth[e] = -16.0
    dead |= set(first)
    groups = [range(g * size, (g + 1) * size) for g in range(c.n_group)]
    best = sorted(groups, key=lambda g: -sum(sorted((worth[e] for e in g), reverse=True)[:2]))
    n_open = max(c.topk_group, -(-k // size))
    allowed = [e for group in best[:n_open] for e in group]
    ids = sorted(allowed, key=lambda e: -worth[e])[:k]
    weights = [0.0 if e in dead else scores[e] for e in ids]
    if c.norm_topk_prob and sum(weights):
        weights = [w / sum(weights) for w in weights]
    return ids, [w * c.routed_scaling_factor for w in weights]


def working(ids_Tk: np.ndarray, weights_Tk: np.ndarray) -> np.ndarray:
    """The sorted ids of the experts with a weight, and -1 for the others: [T, k]."""
    return np.sort(np.where(weights_Tk > 0, ids_Tk, -1))


class Theirs:
    """The model in a folder, in transformers, changed by hooks."""

    def __init__(self, folder: Path, config: ModelConfig, change: Intervention) -> None:
        family = DeepseekV3ForCausalLM if config.is_mla else Glm4MoeForCausalLM
        # the plain loop over experts: the faster ways refuse a changing number of choices
        self.model = family.from_pretrained(
            folder, dtype=torch.float32, experts_implementation="eager"
        ).eval()
        self.working: dict[int, np.ndarray] = {}
        for layer in config.moe_layers:
            mlp = self.model.model.layers[layer].mlp
            mlp.gate.register_forward_hook(self._changed(config, change, layer))
            if not change.shared:
                mlp.shared_experts.register_forward_hook(lambda m, i, out: torch.zeros_like(out))

    def _changed(self, config: ModelConfig, change: Intervention, layer: int) -> Any:
        place = list(range(config.n_routed_experts))
        if change.shuffled is not None:
            random = torch.Generator().manual_seed(change.shuffled * 1_000 + layer)
            place = torch.randperm(config.n_routed_experts, generator=random).tolist()

        def hook(module: Any, inputs: Any, output: Any) -> tuple[Tensor, Tensor, Tensor]:
            scores = output[0].sigmoid().tolist()
            bias = module.e_score_correction_bias.tolist()
            chosen = [choose(config, change, layer, token, bias) for token in scores]
            ids = torch.tensor([[place[e] for e in each] for each, _ in chosen])
            weights = torch.tensor([weights for _, weights in chosen])
            self.working[layer] = working(ids.numpy(), weights.numpy())
            return output[0], weights, ids

        return hook


@torch.inference_mode()
def check(folder: Path, change: Intervention, ids: list[int]) -> None:
    """Compare experts, logits, probabilities and cached decoding of both changed models."""
    model = checkpoints.load(folder)
    change = fit(change, model.config)
    ours, theirs = intervened(model, change), Theirs(folder, model.config, change)
    run = teacher_force(ours, ids)
    expected = theirs.model(torch.tensor([ids]), use_cache=False).logits[0]
    same = np.ones(len(ids), dtype=bool)
    for at, layer in enumerate(model.config.moe_layers):
        mine = working(run.expert_ids[:, at], run.expert_weights[:, at])
        same &= (mine == theirs.working[layer]).all(axis=1)
    n = len(ids) if same.all() else int(same.argmin())
    assert n > 0.9 * len(ids), "experts differ long before a tie could explain it"
    logits = ours(torch.tensor([ids]))[0]
    torch.testing.assert_close(logits[:n], expected[:n], atol=CLOSE, rtol=0)
    likely = expected.log_softmax(-1)
    for i in range(1, n):
        assert run.logprobs[i] == pytest.approx(float(likely[i - 1, ids[i]]), abs=CLOSE)
    cache = Cache(model.config)
    steps = [ours(torch.tensor([[token]]), cache, absorb=True)[0, 0] for token in ids[:n]]
    torch.testing.assert_close(torch.stack(steps), logits[:n], atol=CLOSE, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("kind", ["MLA", "GQA"])
def test_random_model(name: str, kind: str, tmp_path: Path, words: Tokenizer) -> None:
    shape = replace(
        tiny_config(kind, words.get_vocab_size()), norm_topk_prob=kind == "MLA", rms_norm_eps=1e-5
    )
    checkpoints.save(tmp_path, random_model(shape), words, ABOUT)
    torch.manual_seed(2)
    check(tmp_path, CHANGES[name], torch.randint(shape.vocab_size, (TOKENS,)).tolist())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["some off", "one forced", "all experts", "no shared expert"])
def test_shipped_base(name: str) -> None:
    folder = shipped_folder("base")
    text = "And the LORD said unto Moses, first 12+30=42 def read(self, size=-1):\n 한글 " * 3
    ids = [tokenizer.BOS, *tokenizer.encode(tokenizer.load(folder), text)]
    check(folder, CHANGES[name], ids[:TOKENS])


@torch.inference_mode()
def test_the_untouched_model_stays_untouched_and_weights_are_shared() -> None:
    model = random_model(tiny_config("MLA"))
    x = torch.randint(64, (1, 20))
    before, biases = model(x), [g.e_score_correction_bias.clone() for g in model.gates().values()]
    everything = fit(CHANGES["all at once"], model.config)
    changed = intervened(model, everything)
    assert not torch.equal(changed(x), before)
    assert torch.equal(model(x), before)
    for gate, bias in zip(model.gates().values(), biases, strict=True):
        assert torch.equal(gate.e_score_correction_bias, bias)
    stored = {parameter.data_ptr() for parameter in model.parameters()}
    assert {parameter.data_ptr() for parameter in changed.parameters()} <= stored


@torch.inference_mode()
def test_a_label_says_what_changes_and_fits_into_the_name_of_a_file() -> None:
    every = frozenset((layer, expert) for layer in range(61) for expert in range(256))
    labels = {
        Intervention(): "",
        Intervention(shared=False, bias=False): "no-shared-no-bias",
        Intervention(off=frozenset({(3, 2), (1, 15)}), top_k=2): "off-1.15-3.2-top-2",
        Intervention(forced=frozenset({(4, 0)}), shuffled=0): "forced-4.0-shuffled-0",
        Intervention(without_top=1): "without-top-1",
        Intervention(off=every): "off-15616-experts",
    }
    assert {change: change.label for change in labels} == labels


def test_no_change_is_the_same_to_the_bit() -> None:
    model = random_model(tiny_config("GQA"))
    x = torch.randint(64, (2, 30))
    assert torch.equal(intervened(model, Intervention())(x), model(x))


def test_what_is_off_never_works_and_what_is_forced_always_does() -> None:
    model = random_model(tiny_config("MLA"))
    ids = torch.randint(64, (60,)).tolist()
    plain = teacher_force(model, ids)
    busy = int(np.bincount(plain.expert_ids[:, 0].ravel()).argmax())
    off = teacher_force(intervened(model, Intervention(off=frozenset({(1, busy)}))), ids)
    assert not (off.expert_ids[:, 0] == busy).any()
    idle = int(np.bincount(plain.expert_ids[:, 1].ravel(), minlength=8).argmin())
    neighbour = idle ^ 1  # the other one of its group
    for without in (frozenset(), frozenset({(2, neighbour)})):
        change = Intervention(off=without, forced=frozenset({(2, idle)}))
        forced = teacher_force(intervened(model, change), ids)
        assert (forced.expert_ids[:, 1] == idle).any(axis=1).all()
        assert (forced.expert_ids[:, 0] == plain.expert_ids[:, 0]).all()


@pytest.mark.parametrize(
    "change",
    [
        Intervention(off=frozenset({(0, 1)})),  # a dense layer
        Intervention(off=frozenset({(1, 8)})),
        Intervention(forced=frozenset({(9, 1)})),
        Intervention(off=frozenset({(1, 1)}), forced=frozenset({(1, 1)})),
        Intervention(top_k=0),
        Intervention(top_k=9),
        Intervention(without_top=-1),
        Intervention(without_top=9),
    ],
)
def test_what_cannot_be_is_refused(change: Intervention) -> None:
    model: Transformer = random_model(tiny_config("MLA"))
    with pytest.raises(ValueError, match="expert"):
        intervened(model, change)


def test_reading_is_what_was_recorded_in_writing(words: Tokenizer) -> None:
    engine = Engine(random_model(tiny_config("MLA", words.get_vocab_size())), words, ABOUT)
    trace = recorded(engine.sampler(), "first 12+30=", 20, temperature=1.0, seed=1)
    run = teacher_force(engine.model, trace.token_ids.tolist())
    assert trace.logprobs is not None and trace.expert_weights is not None
    assert run.logprobs[1:] == pytest.approx(trace.logprobs[1:], abs=CLOSE)
    fed = trace.fed
    assert run.expert_ids[:fed, 0].tolist() == trace.expert_ids[:, 0].tolist()
    written = trace.expert_weights[:, 0].astype(float)
    assert run.expert_weights[:fed, 0] == pytest.approx(written, abs=2e-3)
    scores = run.scores[0, 0]
    for e, w in zip(run.expert_ids[0, 0], run.expert_weights[0, 0], strict=True):
        share = scores[e] / scores[run.expert_ids[0, 0]].sum()
        assert w == pytest.approx(share * engine.model.gates()[1].scale, rel=1e-5)
