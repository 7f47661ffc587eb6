"""A budget for thinking, as in s1 (arXiv 2501.19393): cut a thought short, or extend it.

Cut: when the budget is used up, `</think><answer>` is appended and the model must answer. Extend:
when the model would end its thought, that end is replaced by "wait ".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.nn import tokenizer
from model.runtime.sampler import Completion, Sampler

ANSWER_TOKENS = 24  # room for an answer after a forced end


def think(
    sampler: Sampler,
    prompts: Sequence[Sequence[int]],
    temperature: float,
    seed: int,
    max_new_tokens: int,
    budget: int | None = None,
    extend: int = 0,
    draws: Sequence[int] | None = None,
) -> list[Completion]:
    """Complete prompts (ids) under a budget of thinking tokens, extended up to `extend` times.

    The budget counts every token before `</think>`, "<think>" included. Forced tokens are part of
    the completions; their log-probabilities are NaN, since they were not sampled. `draws` is as for
    `Sampler.complete`; with it, a row's ending too depends on no other row.
    """
    most = max_new_tokens if budget is None else min(budget, max_new_tokens)
    done = sampler.complete(prompts, most, temperature, seed, draws=draws)
    end = sampler.tokenizer.token_to_id("</think>")
    wait = tokenizer.encode(sampler.tokenizer, "wait ")
    for round_ in range(extend):
        cut = [
            _forced(c, c.token_ids.index(end), wait)
            if end in c.token_ids
            and len(prompts[i]) + c.token_ids.index(end) + 2 * ANSWER_TOKENS
            < sampler.config.max_position_embeddings
            else None
            for i, c in enumerate(done)
        ]
        done = _go_on(sampler, prompts, done, cut, temperature, seed + 1 + round_, most, draws)
    closing = tokenizer.encode(sampler.tokenizer, "</think><answer>")
    cut = [
        None
        if end in c.token_ids or c.finish_reason == "stop"
        else _forced(c, len(c.token_ids), closing)
        for c in done
    ]
    if budget is not None:
        done = _go_on(sampler, prompts, done, cut, temperature, seed + 101, ANSWER_TOKENS, draws)
    unfinished = [
        c if end in c.token_ids and c.finish_reason == "length" else None for c in done
    ]  # thought to the end within the budget, but were cut in the answer
    return _go_on(sampler, prompts, done, unfinished, temperature, seed + 102, ANSWER_TOKENS, draws)


def _forced(completion: Completion, keep: int, ids: list[int]) -> Completion:
    """The first `keep` tokens and then given ones."""
    return replace(
        completion,
        token_ids=completion.token_ids[:keep] + ids,
        logprobs=completion.logprobs[:keep] + [float("nan")] * len(ids),
    )


def _go_on(
    sampler: Sampler,
    prompts: Sequence[Sequence[int]],
    done: list[Completion],
    begun: Sequence[Completion | None],
    temperature: float,
    seed: int,
    max_new_tokens: int,
    draws: Sequence[int] | None,
) -> list[Completion]:
    """Continue the completions that were cut or extended; leave the others unchanged."""
    rows = [i for i, c in enumerate(begun) if c is not None]
    if not rows:
        return done
    starts = [c for c in begun if c is not None]
    heads = [[*prompts[i], *c.token_ids] for i, c in zip(rows, starts, strict=True)]
    theirs = None if draws is None else [draws[i] for i in rows]
    tails = sampler.complete(heads, max_new_tokens, temperature, seed, draws=theirs)
    result = list(done)
    for i, start, tail in zip(rows, starts, tails, strict=True):
        ids = start.token_ids + tail.token_ids
        body = ids[:-1] if tail.finish_reason == "stop" else ids
        result[i] = Completion(
            text=tokenizer.decode(sampler.tokenizer, body),
            token_ids=ids,
            logprobs=start.logprobs + tail.logprobs,
            finish_reason=tail.finish_reason,
            seconds=start.seconds + tail.seconds,
        )
    return result
