"""Readable errors have a key and values for translation, and name no folder of the server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.errors import ReadableError
from model.nn import shipped, tokenizer
from model.nn.config import CheckpointError
from model.nn.tokenizer import PromptError
from model.record.trace import RecordError, Trace
from model.runtime.engine import Engine
from model.runtime.sampler import Sampler
from model.tasks import family_of, pick, problem, problems
from model.tasks.problem import ProblemError
from tests.model.conftest import shipped_folder


@pytest.mark.parametrize(
    ("prompt", "key", "values"),
    [
        ("", "empty", {}),
        (" \n\t", "empty", {}),
        ("a\udcff", "not_text", {}),
        ("1" * 100, "tokens", {"n": 101, "limit": 96}),
        ("1" * 10_000, "characters", {"n": 10_000, "limit": 96}),
    ],
)
def test_prompts(engine: Engine, prompt: str, key: str, values: dict[str, int]) -> None:
    with pytest.raises(PromptError) as told:
        engine.encode(prompt)
    assert (told.value.key, told.value.values) == (key, values)
    assert str(told.value) == tokenizer.ENGLISH[key].format(**values)


def test_problems() -> None:
    with pytest.raises(ProblemError, match="there is no task 'chess'; choose one of chain, pick"):
        family_of("chess")
    for raise_it, key, values in (
        (lambda: next(problems("chess", 2, 0, "heldout")), "task", {"task": "'chess'"}),
        (lambda: next(problems("chain", 99, 0, "heldout")), "level", {"level": 99, "least": 2}),
        (lambda: pick.pose([1, 2, 3], 3, 2, "en"), "shape", {"k": 2, "n": 3}),
        (lambda: pick.pose([1, 2, 3, 4, 5, 6], 99, 2, "en"), "no_solution", {"target": 99}),
    ):
        with pytest.raises(ProblemError) as told:
            raise_it()
        assert told.value.key == key and values.items() <= told.value.values.items()
        assert str(told.value) == problem.ENGLISH[key].format(**told.value.values)


@pytest.mark.parametrize("damage", [None, b"junk", b"[]", b"{}"])
@pytest.mark.parametrize(
    "file", ["config.json", "model.safetensors", "tokenizer.json", "about.json"]
)
def test_a_damaged_checkpoint_is_told_without_its_folder(
    tmp_path: Path, file: str, damage: bytes | None
) -> None:
    folder = tmp_path / "base"
    shutil.copytree(shipped_folder("base"), folder)
    (folder / file).unlink()
    if damage is not None:
        (folder / file).write_bytes(damage)
    with pytest.raises(CheckpointError) as told:
        Engine.load(folder)
    assert str(tmp_path) not in str(told.value) and "Errno" not in str(told.value)
    if file != "about.json":
        with pytest.raises(CheckpointError) as told:
            Sampler.load(folder)
        assert str(tmp_path) not in str(told.value)
    if file == "about.json":
        with pytest.raises(CheckpointError, match=r"base has no usable about\.json"):
            shipped.about(folder)


def test_records() -> None:
    with pytest.raises(RecordError) as told:
        Trace.from_json([])
    assert isinstance(told.value, ReadableError)
