"""A PyTorch model with its tokenizer: for training, and for completing prompts in a batch.

An engine is read-only while it completes prompts and may be shared by threads: each call has its
own cache and random numbers. Sampling inverts the cumulative distribution with one uniform number
per token, so that a seed gives the same text alone or in a batch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.nn import checkpoints, tokenizer
from model.nn.cache import Cache
from model.nn.config import CheckpointError
from model.nn.network import Transformer
from model.nn.shipped import About
from model.nn.shipped import about as read_about
from model.nn.workspace import KernelModel, uniforms
from model.runtime.sampler import Completion, Sampler


class Engine:
    """A model with its tokenizer."""

    def __init__(self, model: Transformer, tokenizer: Tokenizer, about: About) -> None:
        self.model, self.tokenizer, self.about = model, tokenizer, about
        self.config = model.config

    @classmethod
    def load(cls, folder: Path) -> Engine:
        """Load the engine of a checkpoint folder.

        Raises:
            CheckpointError: if the folder cannot be used.
        """
        about, words = read_about(folder), tokenizer.load(folder)
        model = checkpoints.load(folder)
        if words.get_vocab_size() > model.config.vocab_size:
            raise CheckpointError(f"the tokenizer of {folder.name} has more tokens than its model.")
        return cls(model, words, about)

    def encode(self, prompt: str) -> list[int]:
        """The token ids of a prompt, `<bos>` first.

        Raises:
            PromptError: if it is empty, or leaves no room for an answer.
        """
        context = self.config.max_position_embeddings
        return tokenizer.encode_prompt(self.tokenizer, prompt, context)

    def sampler(self) -> Sampler:
        """A kernel sampler with the model's current weights."""
        state = checkpoints.names_of_transformers(self.model)
        arrays = {name: value.detach().float().numpy() for name, value in state.items()}
        model = KernelModel.pack(self.config, arrays)
        return Sampler(self.about.name, model, self.tokenizer)

    @torch.inference_mode()
    def complete(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        temperature: float,
        seed: int,
    ) -> list[Completion]:
        """Complete many prompts (ids from `encode`) in one batch.

        Row i samples from (seed, i). It ends at `<eos>`, after `max_new_tokens`, or when its own
        context is full, independently of the other rows; ended rows leave the batch.
        """
        started = time.perf_counter()
        context = self.config.max_position_embeddings
        room = torch.tensor([min(max_new_tokens, max(0, context - len(p))) for p in prompts])
        limit = int(room.max())
        drawn_RT = [uniforms(seed, row, limit) for row in range(len(prompts))]
        uniform_RT = torch.from_numpy(np.stack(drawn_RT))
        rows = room.nonzero()[:, 0]
        written: list[list[int]] = [[] for _ in prompts]
        likely: list[list[float]] = [[] for _ in prompts]
        cache = Cache(self.config)
        if limit:
            padding, logits = self._prefill([prompts[row] for row in rows], cache)
        for n in range(limit):
            logprobs_NV = logits.log_softmax(-1)
            tokens = sample(logprobs_NV, temperature, uniform_RT[rows, n])
            drawn = logprobs_NV.gather(1, tokens[:, None])[:, 0]
            for row, token, logprob in zip(
                rows.tolist(), tokens.tolist(), drawn.tolist(), strict=True
            ):
                written[row].append(token)
                likely[row].append(logprob)
            going = (tokens != tokenizer.EOS) & (room[rows] > n + 1)
            if not going.any():
                break
            if not going.all():
                rows, tokens, padding = rows[going], tokens[going], padding[going]
                cache = cache.select(going.nonzero()[:, 0])
            hidden = self.model.hidden(tokens[:, None], cache, padding, absorb=True)
            logits = self.model.lm_head(hidden[:, -1])
        seconds = time.perf_counter() - started
        return [
            Completion.of(self.tokenizer, ids, logprobs, seconds)
            for ids, logprobs in zip(written, likely, strict=True)
        ]

    def _prefill(self, prompts: Sequence[Sequence[int]], cache: Cache) -> tuple[Tensor, Tensor]:
        """Padding and next-token logits of each prompt; equal prompts are computed once."""
        distinct = list(dict.fromkeys(map(tuple, prompts)))
        width = max(map(len, distinct))
        padding = torch.tensor([width - len(p) for p in distinct])
        padded = [[tokenizer.PAD] * (width - len(p)) + list(p) for p in distinct]
        hidden = self.model.hidden(torch.tensor(padded), cache, padding)
        logits = self.model.lm_head(hidden[:, -1])
        place = {prompt: i for i, prompt in enumerate(distinct)}
        rows = torch.tensor([place[tuple(prompt)] for prompt in prompts])
        cache.layers = cache.select(rows).layers
        return padding[rows], logits[rows]


def sample(logprobs_NV: Tensor, temperature: float, uniform_N: Tensor) -> Tensor:
    """Sample one token id per row [N]: the argmax at temperature 0, else by inversion."""
    if temperature == 0:
        return logprobs_NV.argmax(-1)
    below_best = logprobs_NV.double() - logprobs_NV.max(-1, keepdim=True).values
    cumulative = (below_best / temperature).softmax(-1).cumsum(-1)  # best is 0 at any temperature
    total = cumulative[:, -1:]
    drawn = torch.searchsorted(cumulative, uniform_N[:, None] * total, right=True)[:, 0]
    return drawn.clamp(max=logprobs_NV.shape[-1] - 1)
