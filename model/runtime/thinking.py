"""Thinking budgets, as in s1 (arXiv 2501.19393): cut a thought short, or extend it.

Cut: a reply that is still thinking when its budget is used up continues from `</think><answer>`
instead, and must answer. Extend: when the model ends its thought, "wait " replaces `</think>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tokenizers import Tokenizer

from model.nn import tokenizer as words
from model.runtime.sampler import Completion, Sampler

ANSWER_TOKENS = 24  # room for an answer, beyond the budget or after a forced end
ENDED_BY_FORCE = 101  # added to the seed for tokens after a forced end


def limit(max_new_tokens: int, budget: int | None) -> int:
    """The maximum number of tokens before a forced end: the budget plus an answer."""
    return max_new_tokens if budget is None else min(max_new_tokens, budget + ANSWER_TOKENS)


def over(tokenizer: Tokenizer, ids: Sequence[int], budget: int) -> bool:
    """Whether a reply (token ids) was still thinking when its budget was used up."""
    first = ids[:budget]
    ends = (tokenizer.token_to_id("</think>"), words.EOS)
    return len(first) == budget and not any(end in first for end in ends)


def forced_end(tokenizer: Tokenizer) -> list[int]:
    """The token ids that are forced after the last token of the budget."""
    return words.encode(tokenizer, "</think><answer>")


def think(
    sampler: Sampler,
    prompts: Sequence[Sequence[int]],
    temperature: float,
    seed: int,
    max_new_tokens: int,
    budget: int | None = None,
    extend: int = 0,
) -> list[Completion]:
    """Complete prompts (ids) under a budget of thinking tokens, extending up to `extend` times.

    The budget counts every token before `</think>`, including "<think>". Forced tokens are part of
    the completions; their log-probabilities are NaN, since they were not sampled. Each extension
    may add `max_new_tokens` tokens. Nothing is forced if the context would then have no room for
    an answer.
    """
    most = limit(max_new_tokens, budget)
    done = sampler.complete(prompts, most, temperature, seed)
    end = sampler.tokenizer.token_to_id("</think>")
    wait = words.encode(sampler.tokenizer, "wait ")
    for round_ in range(extend):
        begun = [
            _forced(c, c.token_ids.index(end), wait) if end in c.token_ids else None for c in done
        ]
        done = _go_on(sampler, prompts, done, begun, temperature, seed + 1 + round_, most)
    if budget is None:
        return done
    closing = forced_end(sampler.tokenizer)
    begun = [
        _forced(c, budget, closing) if over(sampler.tokenizer, c.token_ids, budget) else None
        for c in done
    ]
    return _go_on(sampler, prompts, done, begun, temperature, seed + ENDED_BY_FORCE, ANSWER_TOKENS)


def _forced(completion: Completion, keep: int, ids: list[int]) -> Completion:
    """The first `keep` tokens of a completion, followed by forced ones."""
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
) -> list[Completion]:
    """Continue the completions that were cut or extended; leave the others unchanged."""
    most = sampler.config.max_position_embeddings - ANSWER_TOKENS
    starts = {i: c for i, c in enumerate(begun) if c and len(prompts[i]) + len(c.token_ids) <= most}
    heads = [[*prompts[i], *c.token_ids] for i, c in starts.items()]
    tails = sampler.complete(heads, max_new_tokens, temperature, seed)
    result = list(done)
    for (i, start), tail in zip(starts.items(), tails, strict=True):
        result[i] = Completion.of(
            sampler.tokenizer,
            start.token_ids + tail.token_ids,
            start.logprobs + tail.logprobs,
            start.seconds + tail.seconds,
        )
    return result
