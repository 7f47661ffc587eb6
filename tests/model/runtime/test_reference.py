"""The PyTorch network in the kernel's place: the workspaces of both compute the same."""

from __future__ import annotations

import numpy as np
import pytest

from model.analysis import interventions, reference_interventions
from model.analysis.interventions import Intervention
from model.nn import checkpoints, compiled, shipped
from model.nn.workspace import Keep, KernelModel
from model.runtime.batch import ModelLike, Request, finish
from model.runtime.reference import ReferenceModel

KEEP = Keep(scores=True, cache=True)


def models(name: str, change: Intervention | None) -> tuple[KernelModel, ModelLike]:
    folder = shipped.FOLDER / name
    kernel, network = KernelModel.load(folder), checkpoints.load(folder)
    if change is not None:
        kernel = interventions.intervened(kernel, change)
        network = reference_interventions.intervened(network, change)
    return kernel, ReferenceModel(network, lambda: kernel)


def test_its_rooms_are_outdated_once_there_is_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, reference = models("base", None)
    slow, fast = reference.workspace(1, Keep()), kernel.workspace(1, Keep())
    for there in (False, True):
        monkeypatch.setattr(compiled, "ready", lambda there=there: there)
        assert slow.outdated == there
        assert not fast.outdated


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("base", None),
        ("base", Intervention(off=frozenset({(1, 3)}), top_k=2)),
        ("base-gqa", None),
        ("distilled", None),
    ],
)
def test_both_write_the_same(name: str, change: Intervention | None) -> None:
    kernel, reference = models(name, change)
    prompt = tuple(range(0, 60, 3))
    asked = [Request("", prompt, 25, float(row % 2), 4, row, True, KEEP) for row in range(4)]
    asked += [Request("", prompt[:9] + prompt, read=True, keep=KEEP)]
    asked += [Request("", (0,), 3, keep=KEEP)]
    expected = finish(kernel.workspace(3, KEEP), asked)
    for one, other in zip(finish(reference.workspace(3, KEEP), asked), expected, strict=True):
        np.testing.assert_array_equal(one.token_ids, other.token_ids)
        np.testing.assert_array_equal(one.expert_ids, other.expert_ids)
        np.testing.assert_allclose(one.expert_weights, other.expert_weights, atol=1e-4)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
        np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-3)
        np.testing.assert_allclose(one.entropies, other.entropies, atol=1e-3)
        np.testing.assert_allclose(one.cached, other.cached, atol=1e-4)
        np.testing.assert_array_equal(one.cache_bytes, other.cache_bytes)
        assert one.finish_reason == other.finish_reason
