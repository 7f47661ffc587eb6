"""Completes many prompts at a time with the kernel: rollouts, evaluation, budgets. No torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from model.nn import tokenizer as words
from model.nn.config import CheckpointError, ModelConfig
from model.nn.workspace import KernelModel
from model.runtime import batch


@dataclass(frozen=True)
class Completion:
    """The completion of one prompt; `token_ids` excludes the prompt and includes `<eos>`."""

    text: str  # with tags, without `<eos>`
    token_ids: list[int]
    logprobs: list[float]  # of each token at temperature 1, natural logarithm
    finish_reason: str  # "stop" or "length"
    seconds: float  # wall-clock time of its whole batch

    @classmethod
    def of(
        cls, tokenizer: Tokenizer, ids: list[int], logprobs: list[float], seconds: float
    ) -> Completion:
        """Build a completion from its tokens."""
        ended = bool(ids) and ids[-1] == words.EOS
        text = words.decode(tokenizer, ids[:-1] if ended else ids)
        return cls(text, ids, logprobs, "stop" if ended else "length", seconds)


@dataclass(frozen=True, eq=False)
class Sampler:
    """A model with its tokenizer, read-only."""

    name: str
    model: KernelModel
    tokenizer: Tokenizer

    @classmethod
    def load(cls, folder: Path) -> Sampler:
        """Load the sampler of a checkpoint folder, named after the folder.

        Raises:
            CheckpointError: if the folder cannot be used.
        """
        model, tokenizer = KernelModel.load(folder), words.load(folder)
        if tokenizer.get_vocab_size() > model.config.vocab_size:
            raise CheckpointError(f"the tokenizer of {folder.name} has more tokens than its model.")
        return cls(folder.name, model, tokenizer)

    @property
    def config(self) -> ModelConfig:
        return self.model.config

    def encode(self, prompt: str) -> list[int]:
        """The token ids of a prompt, `<bos>` first.

        Raises:
            PromptError: if it is empty, or leaves no room for an answer.
        """
        return words.encode_prompt(self.tokenizer, prompt, self.config.max_position_embeddings)

    def complete(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        temperature: float,
        seed: int,
    ) -> list[Completion]:
        """Complete prompts (ids from `encode`).

        Prompt i samples from (seed, i), whatever else is in the batch. It ends at `<eos>`, after
        `max_new_tokens`, or when the context is full.
        """
        started = time.perf_counter()
        runs = batch.complete(self.model, prompts, max_new_tokens, temperature, seed)
        seconds = time.perf_counter() - started
        return [
            Completion.of(
                self.tokenizer,
                run.token_ids[run.n_given :].tolist(),
                run.logprobs[run.n_given :].tolist(),
                seconds,
            )
            for run in runs
        ]
