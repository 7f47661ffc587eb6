"""What all tests share: no network, one thread, the same examples in CI, and tiny models."""

from __future__ import annotations

import os
import subprocess

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported anywhere

from collections.abc import Iterator
from dataclasses import replace

import hypothesis
import pytest
from xdist.workermanage import WorkerController

from model.nn import config
from model.nn.config import ModelConfig
from tests import offline

offline.refuse_network()
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile(
    "fast", deadline=None, derandomize="CI" in os.environ, max_examples=20
)


def pytest_configure(config: pytest.Config) -> None:
    """Without slow tests, or without sweeps, fewer examples of each property are tried."""
    fast = config.option.markexpr in ("not slow", "not sweep")
    hypothesis.settings.load_profile("fast" if fast else "ci" if os.environ.get("CI") else "local")


#: A file whose one test takes minutes.
LONGEST = "training/test_reproduce.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no process waits for another at the end.

    Journeys in the browser are slow. A failed one is retried once in a new tab, since a busy
    machine can lose a race that a person would not. The summary says how the first try failed: a
    fault to find, in the app or the test.
    """
    for item in items:
        if item.get_closest_marker("sweep") is not None:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.flaky(reruns=1))

    def rank(item: pytest.Item) -> int:
        if item.path.match(LONGEST):
            return 0
        return 1 if item.get_closest_marker("browser") is not None else 2

    items.sort(key=rank)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"failed, then tried again: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the fast tests, which people wait for; else one by default.

    A single file is done before another process has started. `tests/run.sh` requests two.
    """
    return 2 if config.option.markexpr == "not slow" else 0


KERNEL = pytest.StashKey[subprocess.Popen[bytes]]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Compile the kernel once for all processes, while they collect their tests.

    Otherwise each would compile it by itself, and so would the first page that one of them opens.
    """
    from model.nn import compiled  # takes half a second to import

    if (process := compiled.start()) is not None:
        config.stash[KERNEL] = process


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: WorkerController) -> None:
    if KERNEL in node.config.stash:
        node.config.stash[KERNEL].wait()


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail a test that tried to leave this machine, even if the refusal was swallowed."""
    offline.attempts.clear()
    yield
    assert not offline.attempts, f"tried to connect to {offline.attempts}"


@pytest.fixture(params=["MLA", "MHA", "GQA", "MQA"])
def tiny(request: pytest.FixtureRequest) -> ModelConfig:
    """A random model of each kind of attention, small enough for a test."""
    heads = {"MHA": 8, "GQA": 4, "MQA": 1}
    whole = config.base(64) if request.param == "MLA" else config.twin(64, heads[request.param])
    return replace(
        whole,
        hidden_size=32,
        num_hidden_layers=2,
        intermediate_size=48,
        moe_intermediate_size=16,
        n_routed_experts=8,
        max_position_embeddings=64,
    )
