"""The PyTorch network in the kernel's place until that is compiled: the same texts, but slowly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.nn import compiled
from model.nn.cache import Cache
from model.nn.decoding import LENGTH, RUNNING, STOPPED
from model.nn.layout import Floats
from model.nn.network import Transformer
from model.nn.workspace import Keep, RecordedRows, Run
from model.runtime.batch import ModelLike, WorkspaceLike
from model.runtime.engine import sample

STEPS = 16


@dataclass(frozen=True, eq=False)
class ReferenceModel:
    """A PyTorch network with the interface of `KernelModel`."""

    network: Transformer
    kernel: Callable[[], ModelLike]

    def workspace(self, rows: int, keep: Keep) -> WorkspaceLike:
        """A workspace for this many sequences; the kernel's if attention weights are requested, as
        the PyTorch network does not return them."""
        if keep.attention:
            return self.kernel().workspace(rows, keep)
        return ReferenceWorkspace(self.network, rows, keep)


class PassTap:
    """Records the routing of one forward pass of one row."""

    def __init__(self) -> None:
        self.ids: list[Tensor] = []
        self.weights: list[Tensor] = []
        self.scores: list[Tensor] = []

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        weights, order = weights_Nk.sort(dim=-1, descending=True, stable=True)
        self.ids.append(ids_Nk.gather(1, order))
        self.weights.append(weights)
        self.scores.append(scores_NE)


class ReferenceWorkspace(RecordedRows):
    """Rows computed by the PyTorch network, one after another."""

    def __init__(self, network: Transformer, rows: int, keep: Keep) -> None:
        k = next((gate.chosen for gate in network.gates().values()), 0)
        super().__init__(network.config, rows, k, keep)
        self.network = network
        self.caches = [Cache(network.config) for _ in range(rows)]

    @property
    def outdated(self) -> bool:
        """Whether the kernel has been compiled in the meantime."""
        return compiled.ready()

    def put(
        self,
        row: int,
        ids: Sequence[int],
        new: int,
        temperature: float = 0.0,
        uniform: NDArray[np.float64] | None = None,
        read: bool = False,
    ) -> None:
        """See `RecordedRows.put`."""
        super().put(row, ids, new, temperature, uniform, read)
        self.caches[row] = Cache(self.network.config)

    def copy(self, source: int, target: int, tokens: int) -> None:
        """See `Workspace.copy`."""
        first = self.caches[source].first(tokens)
        for layer, parts in enumerate(first.layers):
            self.caches[target].append(layer, **parts)
        self.copy_record(source, target, tokens)

    @torch.inference_mode()
    def advance(self, slots: NDArray[np.int64], steps: int) -> int:
        """See `Workspace.advance`; limited to `STEPS` steps, which take this network longer than a
        turn takes the kernel."""
        for step in range(min(steps, STEPS)):
            running = [int(row) for row in slots if self.rows.state[row] == RUNNING]
            if not running:
                return step
            for row in running:
                self._step(row)
            if any(self.rows.state[row] != RUNNING for row in running):
                return step + 1
        return min(steps, STEPS)

    def _step(self, row: int) -> None:
        """Feed a row's pending tokens and sample its next one."""
        r, tap = self.rows, PassTap()
        first, last = int(r.fed[row]), int(r.length[row])
        ids = torch.from_numpy(r.tokens[row, first:last].astype(np.int64))[None]
        logits = self.network(ids, self.caches[row], tap=tap, absorb=ids.shape[1] == 1)
        likely_TV = logits[0].log_softmax(-1)
        logprobs: Floats = likely_TV.numpy()
        entropies = -(np.exp(logprobs) * logprobs).sum(-1)
        record = self.record
        for part, found in (
            (record.expert_ids, tap.ids),
            (record.expert_weights, tap.weights),
            (record.scores, tap.scores),
        ):
            if len(part) and found:
                part[row, first:last] = torch.stack(found, dim=1).numpy()
        r.fed[row] = last
        if r.read[row] and last - first > 1:
            given = r.tokens[row, first + 1 : last, None].astype(np.int64)
            likely = np.take_along_axis(logprobs[:-1], given, axis=1)[:, 0]
            r.logprobs[row, first + 1 : last] = likely
            r.entropies[row, first + 1 : last] = entropies[:-1]
        if last == r.end[row]:
            r.state[row] = LENGTH
            return
        place = last - int(r.given[row])
        uniform_1 = torch.from_numpy(r.uniform[row, place : place + 1])
        token = int(sample(likely_TV[-1:], float(r.temperature[row]), uniform_1))
        r.tokens[row, last] = token
        r.logprobs[row, last], r.entropies[row, last] = logprobs[-1, token], entropies[-1]
        r.length[row] += 1
        if token == self.network.config.eos_token_id:
            r.state[row] = STOPPED
        elif r.length[row] == r.end[row]:
            r.state[row] = LENGTH

    def cached(self, row: int) -> Floats:
        """See `RecordedRows.cached`."""
        layers = [
            torch.cat([part[0].flatten(1) for part in layer.values()], dim=-1)
            for layer in self.caches[row].layers
        ]
        found: Floats = torch.stack(layers).numpy()
        return found

    def take(self, row: int, seconds: Floats) -> Run:
        """See `Workspace.take`."""
        fed = max(int(self.rows.fed[row]), 1)
        return self.taken(row, self.caches[row].nbytes // fed, seconds)
