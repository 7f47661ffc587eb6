"""Running a model: one request token by token with everything recorded, or many in one batch.

An engine is read-only and may be shared by threads: each request brings its own cache and random
numbers. Sampling takes one uniform number per token and inverts the distribution, so that a seed
gives the same text alone or in a batch.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.nn import card as cards
from model.nn import checkpoints, tokenizer
from model.nn.cache import Cache, Prefix
from model.nn.config import CheckpointError
from model.nn.network import Transformer
from model.nn.room import KernelModel
from model.nn.shipped import About
from model.nn.shipped import about as read_about
from model.record.card import ModelCard
from model.record.steps import TokenStep
from model.record.trace import RunInfo
from model.runtime.sampler import Completion, Sampler


class RouteTap:
    """Keeps each gate's choice of one forward pass, strongest expert first."""

    def __init__(self) -> None:
        self.ids: list[Tensor] = []
        self.weights: list[Tensor] = []

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        weights, order = weights_Nk.sort(dim=-1, descending=True, stable=True)
        self.ids.append(ids_Nk.gather(1, order))
        self.weights.append(weights)

    def take(self, tokens: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and weights [N, L, k] of the last pass's N tokens; L and k are 0 without experts."""
        if not self.ids:
            return np.zeros((tokens, 0, 0), np.int16), np.zeros((tokens, 0, 0), np.float16)
        ids = torch.stack(self.ids, dim=1).numpy().astype(np.int16)
        weights = torch.stack(self.weights, dim=1).numpy().astype(np.float16)
        self.ids, self.weights = [], []
        return ids, weights


class Engine:
    """A model with its tokenizer."""

    def __init__(self, model: Transformer, tokenizer: Tokenizer, about: About) -> None:
        self.model, self.tokenizer, self.about = model, tokenizer, about
        self.config = model.config

    @classmethod
    def load(cls, folder: Path) -> Engine:
        """The engine of a checkpoint folder.

        Raises:
            CheckpointError: if the folder cannot be used.
        """
        about, words = read_about(folder), tokenizer.load(folder)
        model = checkpoints.load(folder)
        if words.get_vocab_size() > model.config.vocab_size:
            raise CheckpointError(f"the tokenizer of {folder.name} has more tokens than its model.")
        return cls(model, words, about)

    def new_cache(self) -> Cache:
        """An empty cache, for one request: every way of running the model begins with one."""
        return Cache(self.config)

    def encode(self, prompt: str) -> list[int]:
        """Ids of a prompt, `<bos>` first.

        Raises:
            PromptError: if it is empty, or leaves no room for an answer.
        """
        context = self.config.max_position_embeddings
        return tokenizer.encode_prompt(self.tokenizer, prompt, context)

    def sampler(self) -> Sampler:
        """The same model for the kernel, with its weights as they are now."""
        state = checkpoints.names_of_transformers(self.model)
        arrays = {name: value.detach().float().numpy() for name, value in state.items()}
        model = KernelModel.pack(self.config, arrays)
        return Sampler(self.about.name, model, self.tokenizer)

    @property
    def card(self) -> ModelCard:
        """What its records say of the model."""
        dtype = str(self.model.lm_head.weight.dtype).removeprefix("torch.")
        return cards.card(self.config, self.about.name, dtype)

    def info(self, prompt: str, max_new_tokens: int, temperature: float, seed: int) -> RunInfo:
        """What a run was asked for, for its trace."""
        return RunInfo(
            prompt=prompt,
            temperature=temperature,
            seed=seed,
            max_new_tokens=max_new_tokens,
            date=datetime.date.today().isoformat(),
        )

    def stream(
        self,
        prompt: str,
        max_new_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cache: Cache | None = None,
    ) -> Iterator[TokenStep]:
        """One step per token of the prompt, then one per new token; greedy at temperature 0.

        The prompt is computed at once (MLA: naive), new tokens one by one (MLA: absorbed). The
        last token is not fed and its step has no experts. `cache` is one from `new_cache` that the
        caller keeps, in order to continue the run later.

        Raises:
            PromptError: see `encode`.
        """
        ids = self.encode(prompt)
        started = time.perf_counter()
        room = self.config.max_position_embeddings - len(ids)
        uniform = _uniform(seed, row=0, n=max_new_tokens)
        cache = self.new_cache() if cache is None else cache  # an empty one is falsy
        tap = RouteTap()
        reader = tokenizer.PieceReader(self.tokenizer)

        logprobs_TV = self._feed(ids, cache, tap)
        routes, entropy_T = tap.take(len(ids)), entropies(logprobs_TV)
        elapsed = time.perf_counter() - started
        for i, token in enumerate(ids):
            logprob = float(logprobs_TV[i - 1, token]) if i else None
            entropy = float(entropy_T[i - 1]) if i else None
            text, held = reader.push(token), cache.nbytes_until(i + 1)
            expert_ids, expert_weights = routes[0][i], routes[1][i]
            yield TokenStep(
                token, text, logprob, entropy, True, expert_ids, expert_weights, held, elapsed
            )
        for n in range(min(max_new_tokens, room)):
            token = int(sample(logprobs_TV[-1:], temperature, uniform[n : n + 1]))
            logprob, entropy = float(logprobs_TV[-1, token]), float(entropies(logprobs_TV[-1:]))
            text = reader.push(token)
            if token == tokenizer.EOS or n + 1 == min(max_new_tokens, room):
                text, held = text + reader.flush(), cache.nbytes
                elapsed = time.perf_counter() - started
                yield TokenStep(token, text, logprob, entropy, False, None, None, held, elapsed)
                return
            logprobs_TV = self._feed([token], cache, tap)
            ([expert_ids], [expert_weights]), held = tap.take(1), cache.nbytes
            elapsed = time.perf_counter() - started
            yield TokenStep(
                token, text, logprob, entropy, False, expert_ids, expert_weights, held, elapsed
            )

    @torch.inference_mode()
    def _feed(self, ids: list[int], cache: Cache, tap: RouteTap) -> Tensor:
        """Log-probabilities [T, V] of what follows each of the new tokens."""
        x_BT = torch.tensor([ids])
        logits = self.model(x_BT, cache, tap=tap, absorb=len(ids) == 1)
        return logits[0].log_softmax(-1)

    @torch.inference_mode()
    def complete(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        temperature: float,
        seed: int,
        prefix: Prefix | None = None,
        draws: Sequence[int] | None = None,
    ) -> list[Completion]:
        """Finish many prompts (ids from `encode`) in one batch.

        Row i draws from (seed, draws[i]), or (seed, i) without `draws`. It ends at `<eos>`, after
        `max_new_tokens`, or when its own context is full, whatever the other rows do; ended rows
        leave the batch. If all prompts are equal, what they share with `prefix` is not computed
        again.
        """
        started = time.perf_counter()
        context = self.config.max_position_embeddings
        room = torch.tensor([min(max_new_tokens, max(0, context - len(p))) for p in prompts])
        limit = int(room.max())
        numbers = range(len(prompts)) if draws is None else draws
        uniform = torch.stack([_uniform(seed, number, limit) for number in numbers])
        rows = room.nonzero()[:, 0]
        written: list[list[int]] = [[] for _ in prompts]
        likely: list[list[float]] = [[] for _ in prompts]
        cache = self.new_cache()
        if limit:
            padding, logits = self._prefill([prompts[row] for row in rows], cache, prefix)
        for n in range(limit):
            logprobs_NV = logits.log_softmax(-1)
            tokens = sample(logprobs_NV, temperature, uniform[rows, n])
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

    @torch.inference_mode()
    def read(self, ids: Sequence[int]) -> Prefix:
        """What attention keeps of a sequence, for `complete` to begin from."""
        cache = self.new_cache()
        self.model.hidden(torch.tensor([list(ids)]), cache)
        return Prefix(tuple(ids), cache)

    def _prefill(
        self, prompts: Sequence[Sequence[int]], cache: Cache, prefix: Prefix | None
    ) -> tuple[Tensor, Tensor]:
        """Pads of each prompt, and the logits that follow it; equal prompts are computed once."""
        distinct = list(dict.fromkeys(map(tuple, prompts)))
        known = prefix.shared(distinct[0]) if prefix and len(distinct) == 1 else 0
        if prefix and known:
            cache.layers = prefix.cache.first(known).layers
        width = max(map(len, distinct))
        padding = torch.tensor([width - len(p) for p in distinct])
        padded = [[tokenizer.PAD] * (width - len(p)) + list(p[known:]) for p in distinct]
        hidden = self.model.hidden(torch.tensor(padded), cache, padding)
        logits = self.model.lm_head(hidden[:, -1])
        place = {prompt: i for i, prompt in enumerate(distinct)}
        rows = torch.tensor([place[tuple(prompt)] for prompt in prompts])
        cache.layers = cache.select(rows).layers
        return padding[rows], logits[rows]


def entropies(logprobs_TV: Tensor) -> Tensor:
    """Entropy in nats of each distribution over the vocabulary: [T]."""
    return -(logprobs_TV.exp() * logprobs_TV).sum(-1)


def _uniform(seed: int, row: int, n: int) -> Tensor:
    """n numbers in [0, 1) that belong to one row of one seed."""
    return torch.from_numpy(np.random.default_rng((seed, row)).random(n))


def sample(logprobs_NV: Tensor, temperature: float, uniform_N: Tensor) -> Tensor:
    """One token id per row [N]: the likeliest at temperature 0, else drawn by inversion."""
    if temperature == 0:
        return logprobs_NV.argmax(-1)
    below_best = logprobs_NV.double() - logprobs_NV.max(-1, keepdim=True).values
    cumulative = (below_best / temperature).softmax(-1).cumsum(-1)  # best is 0 at any temperature
    total = cumulative[:, -1:]
    drawn = torch.searchsorted(cumulative, uniform_N[:, None] * total, right=True)[:, 0]
    return drawn.clamp(max=logprobs_NV.shape[-1] - 1)
