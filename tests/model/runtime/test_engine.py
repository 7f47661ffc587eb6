"""Generation gives the same text alone, in a batch and in threads; and sampling."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.nn import checkpoints
from model.nn.tokenizer import PromptError
from model.runtime.engine import Engine, sample
from model.runtime.sampler import Completion

PROMPTS = ["What is 3?", "first 12+30=42, then", "검산 90*9=810 맞음", "x"]


def written(done: Completion) -> tuple[str, list[int], str]:
    """Text, ids and finish reason."""
    return done.text, done.token_ids, done.finish_reason


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_batch_writes_what_each_row_writes_alone(engine: Engine, temperature: float) -> None:
    ids = [engine.encode(p) for p in PROMPTS * 20]
    together = engine.complete(ids, 80, temperature, seed=7)
    for row in (0, 1, 2, 11):
        # the same place in a batch has the same random numbers, whoever sits beside it
        alone = engine.complete([ids[row]] * (row + 1), 80, temperature, seed=7)[row]
        assert written(together[row]) == written(alone)
    if temperature:
        assert {c.finish_reason for c in together} == {"stop", "length"}


@pytest.mark.slow
def test_the_same_seed_writes_the_same_text(engine: Engine) -> None:
    def texts(seed: int) -> list[str]:
        return [c.text for c in engine.complete([engine.encode("x")] * 6, 25, 1.0, seed)]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)
    assert len(set(texts(1))) > 1  # samples of one prompt differ
    long = engine.complete([engine.encode("x")], 25, 1.0, 3)[0].token_ids
    short = engine.complete([engine.encode("x")], 10, 1.0, 3)[0].token_ids
    assert long[: len(short)] == short


def test_it_stops_at_the_end_of_the_context(engine: Engine) -> None:
    limit = engine.config.max_position_embeddings
    prompt = engine.encode("1" * (limit - 6))
    assert len(prompt) == limit - 5
    [done] = engine.complete([prompt], 1000, 0.0, 0)
    assert done.finish_reason == "stop" or len(prompt) + len(done.token_ids) == limit


@pytest.mark.slow
def test_a_long_neighbour_leaves_a_row_its_own_room(engine: Engine) -> None:
    limit = engine.config.max_position_embeddings
    full, long, short = [7] * (limit + 2), [7] * (limit - 5), engine.encode("What is 3?")
    lengths = []
    for seed in range(6):
        together = engine.complete([full, long, short], 12, 1.0, seed)
        assert written(together[0]) == ("", [], "length")
        assert len(together[1].token_ids) <= 5
        alone = engine.complete([short] * 3, 12, 1.0, seed)[2]
        assert written(together[2]) == written(alone)
        lengths.append(len(alone.token_ids))
    assert max(lengths) > 5


@pytest.mark.parametrize("prompt", ["", "  \n\t", "1" * 96, "1" * 10_000, "한" * 10_000, "a\udcff"])
def test_impossible_prompts(engine: Engine, prompt: str) -> None:
    with pytest.raises(PromptError):
        engine.encode(prompt)


@pytest.mark.slow
def test_threads_that_share_an_engine_do_not_disturb_each_other(engine: Engine) -> None:
    def run(prompt: str) -> str:
        return engine.complete([engine.encode(prompt)], 25, 1.0, seed=1)[0].text

    alone = [run(prompt) for prompt in PROMPTS]
    found: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda i=i, p=p: found.update({i: run(p)}))
        for i, p in enumerate(PROMPTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(len(PROMPTS))] == alone


def test_an_engine_from_a_folder_runs_the_saved_model(engine: Engine, tmp_path: Path) -> None:
    checkpoints.save(tmp_path, engine.model, engine.tokenizer, engine.about)
    first, second = Engine.load(tmp_path), Engine.load(tmp_path)
    texts = [[c.text for c in e.complete([e.encode("x")], 20, 1.0, 0)] for e in (first, second)]
    assert texts[0] == texts[1]
    assert first.about == engine.about


# How a token is drawn


def test_temperature_0_is_the_likeliest() -> None:
    logprobs = torch.randn(50, 30).log_softmax(-1)
    assert torch.equal(sample(logprobs, 0.0, torch.rand(50)), logprobs.argmax(-1))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_match_the_distribution(temperature: float) -> None:
    n = 40_000
    logprobs = torch.randn(12, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    uniform = torch.from_numpy(np.random.default_rng(1).random(n))
    drawn = sample(logprobs.expand(n, -1), temperature, uniform)
    expected = n * (logprobs.double() / temperature).softmax(-1)
    chi_square = ((drawn.bincount(minlength=12) - expected) ** 2 / expected).sum()
    assert chi_square < 40  # 11 degrees of freedom: exceeded once in 30,000 times


@given(
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=9),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from([5e-324, 1e-310, 1e-30, 1e-3, 0.5, 1.0, 10.0]),
)
def test_never_out_of_the_vocabulary(
    logits: list[float], uniform: float, temperature: float
) -> None:
    logprobs = torch.tensor([logits]).log_softmax(-1)
    token = int(sample(logprobs, temperature, torch.tensor([uniform], dtype=torch.float64)))
    assert 0 <= token < len(logits)
    if temperature < 1e-20:  # next to nothing: as greedy, but for equals
        assert logprobs[0, token] == logprobs.max()


def test_impossible_tokens_are_never_drawn() -> None:
    logprobs = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]]).log_softmax(-1)
    for u in (0.0, 0.25, 0.5, 0.75, 1 - 2**-53):
        assert int(sample(logprobs, 1.0, torch.tensor([u], dtype=torch.float64))) in (1, 3)
