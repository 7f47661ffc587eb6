"""The folder of the kernel's machine code, which nobody else can change, and how it is filled."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from model.nn import compiled, machine_code

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
MODES = some.integers(0, 0o777)
OTHERS = stat.S_IWGRP | stat.S_IWOTH


def kept_in(parent: Path) -> Path:
    """The kernel's folder if this may be its parent; it is this user's alone, wherever it is."""
    folder = machine_code.folder_in([parent])
    for one in (folder, folder.parent):
        assert one.lstat().st_uid == os.getuid()
        assert not one.lstat().st_mode & OTHERS
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of temporary folders."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@settings(max_examples=50)
@given(above=MODES, own=MODES)
@example(above=0o700, own=0o700)
@example(above=0o755, own=0o755)
@example(above=0o777, own=0o700)
@example(above=0o700, own=0o720)
def test_a_folder_that_others_may_write_in_is_not_used(above: int, own: int) -> None:
    with tempfile.TemporaryDirectory() as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", made)
        parent = Path(made) / "parent"
        folder = kept_in(parent)
        assert folder.parent == parent  # made by us
        folder.chmod(own)
        parent.chmod(above)
        used = kept_in(parent) == folder
        writable = os.getuid() == 0 or (above & 0o100 and own & 0o300 == 0o300)
        assert used == bool(writable and not (above | own) & OTHERS)
        parent.chmod(0o700)  # so that it can be removed
        folder.chmod(0o700)


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root gives folders away")
@pytest.mark.parametrize("whose", ["the parent", "the folder"])
def test_a_folder_of_another_user_is_not_used(elsewhere: Path, whose: str) -> None:
    folder = kept_in(elsewhere / "parent")
    os.chown(folder.parent if whose == "the parent" else folder, 65534, 65534)
    assert kept_in(elsewhere / "parent") != folder


@pytest.mark.parametrize("which", ["the parent", "the folder"])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_that_another_could_turn_is_not_used(
    elsewhere: Path, which: str, there: bool
) -> None:
    folder, target = kept_in(elsewhere / "parent"), elsewhere / "target"
    folder.rmdir()
    link = folder
    if which == "the parent":
        folder.parent.rmdir()
        link = folder.parent
    if there:
        target.mkdir(mode=0o700)
    link.symlink_to(target)
    assert kept_in(elsewhere / "parent") != folder
    assert not there or not list(target.iterdir())
    assert target.exists() == there


def test_a_process_of_its_own_finds_the_same_folder(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is passed the folder, even if that is new, or relative to the working directory."""
    (elsewhere / "open").mkdir(mode=0o700)
    (elsewhere / "open").chmod(0o777)
    new = kept_in(elsewhere / "open")
    assert kept_in(new.parent) == new
    monkeypatch.chdir(elsewhere)
    assert kept_in(Path("here")) == elsewhere / "here" / new.name


def test_a_failure_to_compile_is_told(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiled, "FOLDER", elsewhere)
    monkeypatch.setattr(sys, "executable", "false")
    compiled.compile_apart()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == compiled.ATTEMPTS
    assert all("not compiled" in one and one.endswith("ended with 1") for one in told)
    (elsewhere / compiled.DONE).touch()
    caplog.clear()
    compiled.compile_apart()
    assert not caplog.records
