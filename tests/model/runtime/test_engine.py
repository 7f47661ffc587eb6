"""Generation: alone, in a batch, streamed, in threads: the same text; and the sampler."""

from __future__ import annotations

import copy
import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.analysis.kv_size import cache_spec
from model.nn import checkpoints, tokenizer
from model.nn.cache import Cache, Prefix
from model.nn.tokenizer import PromptError
from model.record.steps import TokenStep, collect
from model.record.trace import Trace
from model.runtime.engine import Engine, sample
from model.runtime.sampler import Completion

PROMPTS = ["What is 3?", "first 12+30=42, then", "검산 90*9=810 맞음", "x"]


def streamed(steps: list[TokenStep]) -> tuple[str, list[int], str]:
    """Text, ids and finish reason of a streamed run."""
    new = [s for s in steps if not s.in_prompt]
    ids = [s.token_id for s in new]
    text = "".join(s.text for s in new).removesuffix("<eos>")
    return text, ids, "stop" if ids[-1] == tokenizer.EOS else "length"


def written(done: Completion) -> tuple[str, list[int], str]:
    """The same of a run in a batch."""
    return done.text, done.token_ids, done.finish_reason


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


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_a_stream_writes_what_a_batch_writes(engine: Engine, temperature: float) -> None:
    for seed, prompt in enumerate(PROMPTS):
        steps = list(engine.stream(prompt, 20, temperature, seed))
        [done] = engine.complete([engine.encode(prompt)], 20, temperature, seed)
        assert streamed(steps) == written(done)


def test_the_same_seed_writes_the_same_text(engine: Engine) -> None:
    def texts(seed: int) -> list[str]:
        return [c.text for c in engine.complete([engine.encode("x")] * 6, 25, 1.0, seed)]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)
    assert len(set(texts(1))) > 1  # samples of one prompt differ
    long = engine.complete([engine.encode("x")], 25, 1.0, 3)[0].token_ids
    short = engine.complete([engine.encode("x")], 10, 1.0, 3)[0].token_ids
    assert long[: len(short)] == short


def test_steps_say_what_happened(engine: Engine) -> None:
    prompt = "What is 12+30?"
    steps = list(engine.stream(prompt, 12, 1.0, seed=4))
    ids = [s.token_id for s in steps]
    spec = cache_spec(engine.config.to_json())
    n_prompt = len(engine.encode(prompt))
    assert [s.in_prompt for s in steps] == [i < n_prompt for i in range(len(steps))]
    with torch.inference_mode():
        logprobs = engine.model(torch.tensor([ids]))[0].log_softmax(-1)
    assert steps[0].logprob is None and steps[0].entropy is None
    for i, step in enumerate(steps[1:], 1):
        assert step.logprob == pytest.approx(float(logprobs[i - 1, step.token_id]), abs=1e-4)
        spread = torch.distributions.Categorical(logits=logprobs[i - 1]).entropy()
        assert step.entropy == pytest.approx(float(spread), abs=1e-4)
    for i, step in enumerate(steps[:-1]):
        assert step.cache_bytes == spec.bytes(i + 1, "float32")
        assert step.expert_ids is not None and step.expert_weights is not None
        layers = len(engine.config.moe_layers)
        assert step.expert_ids.shape == (layers, 4 if layers else 0)
        assert (np.diff(step.expert_weights.astype(float), axis=1) <= 0).all()  # strongest first
    assert steps[-1].expert_ids is None and steps[-1].expert_weights is None
    assert steps[-1].cache_bytes == steps[-2].cache_bytes
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(steps))
    assert "".join(s.text for s in steps).startswith("<bos>" + prompt)
    trace = collect(engine.card, engine.info(prompt, 12, 1.0, 4), steps, "length")
    assert trace.fed == len(trace) - 1
    assert trace.card.attention == engine.config.attention
    assert Trace.from_json(trace.to_json()).id == trace.id


@pytest.mark.parametrize("tail", ["", " 57", "61"])
def test_going_on_from_a_cache_is_going_on_from_its_text(
    engine: Engine, tail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endings from the middle of a run, its text as it was or another: nothing that the run's own
    cache holds is computed again, and the endings are the same as without it.

    In float64, where a sum rounded otherwise turns no draw."""
    model = copy.deepcopy(engine.model).double()
    engine = Engine(model, engine.tokenizer, engine.about)
    cache = Cache(engine.config)
    run = [s.token_id for s in engine.stream("first 12+30=42, then", 24, 1.0, 5, cache)]
    prefix = Prefix(tuple(run[:-1]), cache)
    kept = engine.encode("first 12+30=42, then")[:-2] if tail else run[:18]
    ids = kept + tokenizer.encode(engine.tokenizer, tail)
    assert prefix.shared(ids) == (len(kept) if tail else len(kept) - 1)
    before = {name: part.clone() for name, part in cache.layers[0].items()}
    plain = engine.complete([ids] * 5, 20, 1.0, seed=3)

    fed: list[int] = []
    hidden = engine.model.hidden

    def counting(x: torch.Tensor, *rest: object, **more: object) -> torch.Tensor:
        fed.append(x.shape[1])
        return hidden(x, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine.model, "hidden", counting)
    assert list(map(written, engine.complete([ids] * 5, 20, 1.0, 3, prefix))) == list(
        map(written, plain)
    )
    assert fed[0] == len(ids) - prefix.shared(ids) and set(fed[1:]) == {1}
    assert all(torch.equal(before[name], part) for name, part in cache.layers[0].items())
    monkeypatch.undo()
    read = engine.read(ids)
    assert list(map(written, engine.complete([ids] * 5, 20, 1.0, 3, read))) == list(
        map(written, plain)
    )
    other = [ids, [*ids, *ids[1:3]]]  # not one prompt: computed as ever
    assert list(map(written, engine.complete(other, 5, 0.0, 3, prefix))) == list(
        map(written, engine.complete(other, 5, 0.0, 3))
    )


@pytest.mark.parametrize(
    ("held", "ids", "shared"),
    [
        ((1, 2, 3), [1, 2, 3, 4], 3),
        ((1, 2, 3), [1, 2, 3], 2),
        ((1, 2, 3), [1, 2], 1),
        ((1, 2, 3), [1, 9, 3, 4], 1),
        ((1, 2, 3), [9, 2, 3, 4], 0),
        ((), [1, 2], 0),
        ((1, 2), [1], 0),
    ],
)
def test_what_is_shared(held: tuple[int, ...], ids: list[int], shared: int, engine: Engine) -> None:
    assert Prefix(held, Cache(engine.config)).shared(ids) == shared


def test_it_stops_at_the_end_of_the_context(engine: Engine) -> None:
    limit = engine.config.max_position_embeddings
    prompt = engine.encode("1" * (limit - 6))
    assert len(prompt) == limit - 5
    engine_steps = list(engine.stream("1" * (limit - 6), 1000, 0.0))
    assert len(engine_steps) <= limit
    [done] = engine.complete([prompt], 1000, 0.0, 0)
    assert done.finish_reason == "stop" or len(prompt) + len(done.token_ids) == limit


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
    with pytest.raises(PromptError):
        next(engine.stream(prompt, 5))


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=40)
def test_any_short_prompt_runs(engine: Engine, prompt: str) -> None:
    try:
        engine.encode(prompt)
    except PromptError:
        return
    steps = list(engine.stream(prompt, 2))
    shown = "".join(s.text for s in steps if s.in_prompt)
    assert ("<bos>" + prompt).startswith(shown)


def test_threads_that_share_an_engine_do_not_disturb_each_other(engine: Engine) -> None:
    def run(prompt: str) -> str:
        return "".join(s.text for s in engine.stream(prompt, 25, 1.0, seed=1))

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


# The sampler


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
