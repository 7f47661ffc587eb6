"""Records agree with the PyTorch network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.analysis.kv_size import cache_spec
from model.nn.tokenizer import PromptError
from model.record.trace import Trace
from model.runtime.engine import Engine
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler

PROMPT = "What is 12+30?"


@pytest.fixture(scope="module")
def sampler(engine: Engine) -> Sampler:
    return engine.sampler()


def test_a_record_says_what_happened(engine: Engine, sampler: Sampler) -> None:
    trace = recorded(sampler, PROMPT, 12, 1.0, seed=4)
    n_prompt, T = len(engine.encode(PROMPT)), len(trace)
    assert trace.n_prompt == n_prompt < T <= n_prompt + 12
    assert trace.token_ids[:n_prompt].tolist() == engine.encode(PROMPT)
    assert "".join(trace.texts).startswith("<bos>" + PROMPT)
    assert (trace.info.prompt, trace.info.max_new_tokens) == (PROMPT, 12)
    assert (trace.info.temperature, trace.info.seed) == (1.0, 4)
    with torch.inference_mode():
        logprobs = engine.model(torch.from_numpy(trace.token_ids)[None].long())[0].log_softmax(-1)
    assert trace.logprobs is not None and trace.entropies is not None
    assert np.isnan(trace.logprobs[0]) and np.isnan(trace.entropies[0])
    for i in range(1, T):
        expected = float(logprobs[i - 1, trace.token_ids[i]])
        assert trace.logprobs[i] == pytest.approx(expected, abs=1e-4)
        spread = torch.distributions.Categorical(logits=logprobs[i - 1]).entropy()
        assert trace.entropies[i] == pytest.approx(float(spread), abs=1e-4)
    assert trace.fed == T - 1
    spec = cache_spec(engine.config.to_json())
    held = [spec.bytes(i + 1, "float32") for i in range(trace.fed)]
    assert trace.cache_bytes is not None and trace.cache_bytes.tolist() == [*held, held[-1]]
    layers = len(engine.config.moe_layers)
    assert trace.expert_ids.shape == (trace.fed, layers, 4 if layers else 0)
    if trace.expert_weights is not None:
        assert (np.diff(trace.expert_weights.astype(float)) <= 0).all()  # strongest first
    assert trace.seconds is not None and (np.diff(trace.seconds) >= 0).all()
    assert trace.card.attention == engine.config.attention
    assert Trace.from_json(trace.to_json()).id == trace.id


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_record_is_of_what_is_written_without_one(sampler: Sampler, temperature: float) -> None:
    for seed, prompt in enumerate([PROMPT, "x", "검산 90*9=810 맞음"]):
        trace = recorded(sampler, prompt, 20, temperature, seed)
        [done] = sampler.complete([sampler.encode(prompt)], 20, temperature, seed)
        assert trace.token_ids[trace.n_prompt :].tolist() == done.token_ids
        assert trace.answer.removesuffix("<eos>") == done.text
        assert trace.finish_reason == done.finish_reason


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=40)
def test_any_short_prompt_is_recorded(sampler: Sampler, prompt: str) -> None:
    try:
        sampler.encode(prompt)
    except PromptError:
        with pytest.raises(PromptError):
            recorded(sampler, prompt, 2)
        return
    trace = recorded(sampler, prompt, 2)
    assert ("<bos>" + prompt).startswith("".join(trace.texts[: trace.n_prompt]))
