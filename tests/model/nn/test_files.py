"""Atomic file writes: the state after a full disk or a folder without permission."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from model.nn import checkpoints
from model.nn.files import WriteError, append_line, write_files, write_json
from tests.model.conftest import ABOUT, random_model, tiny_config


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class FullDisk:
    """Replaces `Path.write_bytes`: a disk with room for some files and half of the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room, self.write = room, Path.write_bytes
        monkeypatch.setattr(Path, "write_bytes", lambda *args: self(*args))

    def __call__(self, path: Path, content: bytes) -> int:
        self.room -= 1
        if self.room < 0:
            self.write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.write(path, content)


def test_files_are_made_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_files(folder, {"x": b"1", "y": b"2"})
    write_files(folder, {"x": b"3"})
    assert contents(folder) == {"x": b"3", "y": b"2"}
    write_json(folder / "z.json", {"값": [1.5]}, indent=1)
    text = (folder / "z.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"값": [1.5]} and "값" in text and text.endswith("}\n")


@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    write_files(tmp_path, {"x": b"1", "y": b"2"})
    FullDisk(monkeypatch, room)
    with pytest.raises(
        WriteError, match=r"^could not write to .*: No space left on device$"
    ) as told:
        write_files(tmp_path, {"x": b"long long", "y": b"long long", "z": b"long long"})
    assert told.value.errno == errno.ENOSPC
    assert contents(tmp_path) == {"x": b"1", "y": b"2"}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"could not write to .*file"):
        write_files(tmp_path / "file", {"x": b"1"})


def test_a_line_is_added_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    append_line(log, "먼저")
    append_line(log, "2")
    opened = Path.open

    def full(self: Path, *args: Any, **kwargs: Any) -> Any:
        with opened(self, "a") as file:
            file.write("half of a li")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="could not write to"):
        append_line(log, "half of a line")
    monkeypatch.undo()
    assert log.read_text(encoding="utf-8") == "먼저\n2\n"


@pytest.mark.parametrize("room", range(5))
def test_a_full_disk_leaves_a_checkpoint_as_it_was(
    tmp_path: Path, words: Tokenizer, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    shape = tiny_config("MLA", words.get_vocab_size())
    checkpoints.save(tmp_path, random_model(shape), words, ABOUT)
    before = contents(tmp_path)
    assert len(before) == 5
    FullDisk(monkeypatch, room)
    with pytest.raises(OSError, match="could not write to"):
        checkpoints.save(tmp_path, random_model(shape, seed=1), words, ABOUT)
    assert contents(tmp_path) == before
