"""Fixtures for the scheduler's tests: base in the kernel, and a new scheduler for each test."""

from __future__ import annotations

import pytest

from model.nn import compiled, shipped
from model.nn.workspace import KernelModel
from model.runtime.scheduler import Scheduler


@pytest.fixture(scope="module")
def model() -> KernelModel:
    compiled.compile_all()  # first: a ticket that nobody looks at meanwhile would be dropped
    return KernelModel.load(shipped.FOLDER / "base")


@pytest.fixture
def shared(model: KernelModel) -> Scheduler:
    return Scheduler(lambda engine: model)
