"""The kernel's speed compared with transformers, our PyTorch engine, and the machine's limits.

All run in one process with the same checkpoint, prompts and number of threads; every time is the
best of several. `clock` measures seconds: wall-clock, or CPU time, which is more reliable on a busy
machine but counts one thread only. `<eos>` is disabled where streams are compared, so that all
generate the same number of tokens.
"""

from __future__ import annotations

import itertools
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numba import njit

from model.nn import checkpoints, compiled
from model.nn.simd import LANES, ROWS, tile
from model.nn.weights import aligned
from model.nn.workspace import Keep, KernelModel, Run, Workspace
from model.runtime.batch import complete
from model.runtime.engine import Engine
from model.tasks import problems

BATCHES = (1, 8, 32, 128)
NEW = 96  # tokens generated per stream
CURVE_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
CURVE_CONTEXTS = (16, 64, 128, 192, 256, 320)
Clock = Callable[[], float]


@dataclass(frozen=True)
class SpeedComparison:
    """Tokens per second of the kernel and of its counterpart."""

    what: str
    beside: str
    kernel: float
    other: float
    agree: str  # how many greedy texts are the same

    @property
    def times(self) -> float:
        return self.kernel / self.other


def best(work: Callable[[], Any], repeats: int, clock: Clock) -> float:
    """The shortest time of several runs, in seconds."""
    found = []
    for _ in range(repeats):
        started = clock()
        work()
        found.append(clock() - started)
    return min(found)


def endless(model: KernelModel) -> KernelModel:
    """The model without an end token, so that texts run to their limit."""
    return replace(model, sizes=model.sizes._replace(eos=-1))


def questions(engine: Engine, n: int) -> list[list[int]]:
    """The prompts, as token ids, of n held-out problems."""
    drawn = problems("chain", 3, 0, "heldout", "ko")
    return [engine.encode(problem.prompt + "<think>") for problem in itertools.islice(drawn, n)]


@torch.inference_mode()
def streams(
    kernel: KernelModel, theirs: Any, prompts: list[list[int]], threads: int, clock: Clock
) -> SpeedComparison:
    """Greedy decoding of several prompts at once, compared with transformers' `generate`."""
    width = max(map(len, prompts))
    pad = kernel.config.pad_token_id
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    written: list[Any] = [None, None]

    def generate() -> None:
        written[0] = theirs.generate(
            ids, attention_mask=mask, max_new_tokens=NEW, do_sample=False, eos_token_id=None,
            pad_token_id=pad,
        )[:, width:].tolist()  # fmt: skip

    def ours() -> None:
        written[1] = complete(endless(kernel), prompts, NEW, 0.0, 0, threads=threads)

    other = best(generate, 3 if len(prompts) < 64 else 2, clock)
    own = best(ours, 5, clock)
    same = sum(
        run.token_ids[run.n_given :].tolist() == ids
        for run, ids in zip(written[1], written[0], strict=True)
    )
    n = len(prompts)
    agree = f"{same} of {n}"
    what = f"{n} stream{'s' if n > 1 else ''}"
    return SpeedComparison(what, "transformers", n * NEW / own, n * NEW / other, agree)


@torch.inference_mode()
def prefill(kernel: KernelModel, theirs: Any, prompt: list[int], clock: Clock) -> SpeedComparison:
    """Prefill of a long prompt, compared with one forward pass of transformers."""
    ids = torch.tensor([prompt])
    workspace = Workspace(kernel, 1, Keep(experts=False))
    slots = np.zeros(1, np.int64)
    following: list[int] = [0, 0]

    def read() -> None:
        logits = theirs(ids, use_cache=True, logits_to_keep=1).logits
        following[0] = int(logits[0, -1].argmax())

    def ours() -> None:
        workspace.put(0, prompt, 1)
        while not workspace.rows.state[0]:
            workspace.advance(slots, 1)
        following[1] = int(workspace.rows.tokens[0, len(prompt)])

    other, own = best(read, 5, clock), best(ours, 10, clock)
    agree = f"{int(following[0] == following[1])} of 1"
    n = len(prompt)
    return SpeedComparison(f"prefill of {n}", "transformers", n / own, n / other, agree)


def rollout(
    kernel: KernelModel, engine: Engine, size: tuple[int, int, int], threads: int, clock: Clock
) -> SpeedComparison:
    """A GRPO rollout, compared with our PyTorch engine; `size` is the number of questions, of
    replies per question, and the maximum number of tokens per reply."""
    asked, group, most = size
    prompts = [ids for ids in questions(engine, asked) for _ in range(group)]
    written: list[Any] = [None, None]

    def reference() -> None:
        written[0] = engine.complete(prompts, most, 1.0, 0)

    def ours() -> None:
        written[1] = complete(kernel, prompts, most, 1.0, 0, threads=threads)

    other, own = best(reference, 1, clock), best(ours, 3, clock)
    runs: list[Run] = written[1]
    texts = [run.token_ids[run.n_given :].tolist() for run in runs]
    same = sum(a == b.token_ids for a, b in zip(texts, written[0], strict=True))
    tokens, theirs = sum(map(len, texts)), sum(len(done.token_ids) for done in written[0])
    agree = f"{same} of {len(texts)}, sampled"
    return SpeedComparison(
        f"rollout of {len(texts)}", "Engine.complete", tokens / own, theirs / other, agree
    )


@njit(nogil=True)
def _read(rows: int, x: Any, w: Any, y: Any, inner: int, repeats: int) -> None:
    for _ in range(repeats):
        tile(rows, 2, x, 0, inner, w, 0, inner * LANES, inner, y, 0, 2 * LANES, False)  # type: ignore[call-arg]


def peak(clock: Clock) -> float:
    """Floating-point operations per second that the kernel's tile reaches on one core."""
    inner, repeats = 96, 20_000
    x, y = aligned(ROWS, inner), aligned(ROWS, 3 * LANES)
    w = aligned(2, inner, LANES)
    _read(ROWS, x, w, y, inner, 1)
    seconds = best(lambda: _read(ROWS, x, w, y, inner, repeats), 7, clock)
    return 2 * ROWS * 2 * LANES * inner * repeats / seconds


def bandwidth(size: int, clock: Clock) -> float:
    """Bytes per second at which one core repeatedly reads `size` bytes."""
    inner = size // (8 * LANES)
    x, y, w = aligned(1, inner), aligned(1, 3 * LANES), aligned(2, inner, LANES)
    _read(1, x, w, y, inner, 2)
    return 8 * LANES * inner * 10 / best(lambda: _read(1, x, w, y, inner, 10), 7, clock)


def limits(
    kernel: KernelModel, one: float, many: float, threads: int, clock: Clock
) -> dict[str, float]:
    """The limits of this machine, and the shares of them that one stream and 32 streams reach.

    One stream is bound by bandwidth, as it reads each active weight once per token. Many streams
    are bound by arithmetic: two operations per weight, and two per cached feature and head.
    """
    _, active = checkpoints.parameters(kernel.config)
    s = kernel.sizes
    active -= s.V * s.D  # without the embedding table
    tokens = 100  # a typical context length in these runs
    attention = s.L * s.H * tokens * (s.key + s.value)
    measured, flops = bandwidth(4 * active, clock), peak(clock)
    alone = 1 / (4 * active / measured + kernel.token_bytes * tokens / measured)
    together = threads * flops / (2 * (active + attention))
    return {
        "active_weights": active,
        "bandwidth_GB_s": measured / 1e9,
        "peak_GFLOP_s": flops / 1e9,
        "one_stream_limit": alone,
        "one_stream_share": one / alone,
        "streams_limit": together,
        "streams_share": many / together,
    }


def curves(kernel: KernelModel, clock: Clock) -> dict[str, dict[int, float]]:
    """Tokens per second of one core, by batch size with 100 tokens of context, and of one row by
    context length."""
    return {
        "batch": {rows: _speed(kernel, rows, 100, clock) for rows in CURVE_BATCHES},
        "context": {behind: _speed(kernel, 1, behind, clock) for behind in CURVE_CONTEXTS},
    }


def _speed(kernel: KernelModel, rows: int, behind: int, clock: Clock) -> float:
    workspace = Workspace(endless(kernel), rows, Keep(experts=False))
    rng = np.random.default_rng(0)
    slots = np.arange(rows)
    for row in range(rows):
        workspace.put(row, rng.integers(7, kernel.config.vocab_size, behind).tolist(), 64, 1.0)
    workspace.rows.fed[:] = behind - 1  # the content of the cache does not affect speed
    workspace.advance(slots, 4)
    return rows * 4 / best(lambda: workspace.advance(slots, 4), 8, clock)


def measure(folder: Path, threads: int, clock: Clock, size: tuple[int, int, int]) -> dict[str, Any]:
    """Run the whole benchmark on a checkpoint; `size` is the rollout's."""
    from transformers import AutoModelForCausalLM  # takes seconds, and only this needs it

    compiled.compile_all()
    torch.set_num_threads(threads)
    engine, kernel = Engine.load(folder), KernelModel.load(folder)
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    found = [streams(kernel, theirs, questions(engine, n), threads, clock) for n in BATCHES]
    long = [token for ids in questions(engine, 20) for token in ids]
    most = kernel.config.max_position_embeddings * 3 // 4
    found.append(prefill(kernel, theirs, long[:most], clock))
    found.append(rollout(kernel, engine, size, threads, clock))
    rows = [vars(one) | {"times": one.times} for one in found]
    return {
        "model": engine.about.name,
        "machine": platform.processor() or platform.machine(),
        "threads": threads,
        "compared": rows,
        "limits": limits(kernel, found[0].kernel, found[2].kernel, threads, clock),
        "curves": curves(kernel, clock),
    }


def table(result: dict[str, Any]) -> str:
    """The results as a text table."""
    lines = [f"{result['model']}, {result['threads']} thread(s); tokens per second"]
    for row in result["compared"]:
        lines.append(
            f"{row['what']:<16}{row['kernel']:>9,.0f}   {row['beside']} {row['other']:>7,.0f}   "
            f"{row['times']:>5.1f} times   same texts: {row['agree']}"
        )
    limit = result["limits"]
    lines += [
        "",
        f"one core: {limit['bandwidth_GB_s']:.0f} GB/s for {limit['active_weights']:,} weights, "
        f"{limit['peak_GFLOP_s']:.0f} GFLOP/s",
        f"one stream reaches {limit['one_stream_share']:.0%} of {limit['one_stream_limit']:,.0f}; "
        f"32 reach {limit['streams_share']:.0%} of {limit['streams_limit']:,.0f}",
    ]
    for name, unit in (("batch", "rows at once"), ("context", "tokens behind")):
        points = ", ".join(f"{at}: {v:,.0f}" for at, v in result["curves"][name].items())
        lines.append(f"by {unit}: {points}")
    return "\n".join(lines)
