"""A damaged file of the server is reported by name in the viewer's language; the app goes on."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.core.assets import models
from app.core.assets.files import (
    DamagedFileError,
    count,
    grid,
    read_json,
    reference,
    reporting_damage,
    shaped,
)
from app.core.texts import LANGUAGES, speaking, translated
from app.export import figures, serving
from app.export.exhibit import Drawn
from app.pages.training import training_runs
from model import ASSETS
from model.nn.config import CheckpointError
from tests.fuzz.files import damaged_text, forget
from tests.fuzz.links import PAGES, nothing_computed, opened

#: A file, and a page that needs it, with what opens the part that does.
NEEDED = [
    ("checkpoints/base-mha/about.json", "experts", {}),
    ("checkpoints/base/config.json", "cache", {}),
    ("samples/reasoning-en.json", "start", {}),
    ("samples/experts.json", "experts", {}),
    ("samples/cache-base-gqa.json", "cache", {}),
    ("samples/reasoning-en.json", "reasoning", {}),
    ("runs/r1-zero/log.jsonl", "training", {}),
    ("runs/r1-zero/run.json", "training", {}),
    ("reference/published.json", "training", {"t_part": ["tables"]}),
]
#: Experts' recorded run by the language that it was asked in.
RUNS = {"en": "samples/experts.json", "ko": "samples/experts-ko.json"}
FRAME = "?embed=true&figure=routing"
DAMAGED = ("", "{", "[]\n", "null\n", '{"a": 1}\n', "\x00\x01\n", "[" * 100_000)


@pytest.fixture
def damage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Replace the content of a file for everyone who reads it as text."""
    forget()
    read = Path.read_text

    def put(file: str, content: str) -> None:
        monkeypatch.setattr(
            Path,
            "read_text",
            lambda path, **how: content if path == ASSETS / file else read(path, **how),
        )

    yield put
    monkeypatch.undo()
    forget()


@pytest.mark.slow
@pytest.mark.parametrize("content", ["{", '{"a": 1}'])
@pytest.mark.parametrize(("file", "page", "query"), NEEDED, ids=lambda one: str(one))
def test_a_page_names_the_file_that_it_needs(
    file: str,
    page: str,
    query: dict[str, list[str]],
    content: str,
    damage: Callable[[str, str], None],
) -> None:
    damage(file, content + "\n")
    at = opened(page, query)
    said = [error.value for error in at.error]
    assert not at.exception
    if (file, content) != ("runs/r1-zero/log.jsonl", '{"a": 1}'):  # no entry of GRPO's
        assert translated("en", "common.damaged_file", file=file) in said
    assert not any(str(ASSETS.parent) in one for one in said)


@pytest.mark.parametrize("value", [0, -1, "", None, [], 1e99])
@pytest.mark.parametrize("key", ["questions", "group", "from"])
def test_settings_of_a_run_that_say_nothing_are_damage(
    key: str, value: object, damage: Callable[[str, str], None]
) -> None:
    file = "runs/r1-zero/run.json"
    found = json.loads((ASSETS / file).read_text(encoding="utf-8"))
    (found if key == "from" else found["run"])[key] = value
    damage(file, json.dumps(found))
    with pytest.raises(DamagedFileError) as told:
        training_runs.summary("r1-zero")
    assert told.value.file == file


@pytest.mark.slow
@pytest.mark.parametrize("name", figures.NAMES)
def test_a_figure_names_the_file_that_it_needs(
    name: str, damage: Callable[[str, str], None]
) -> None:
    """This holds for each of the figure's files."""
    with speaking("en"):
        needed = list(figures.FIGURES[name].needs())
    for file in needed:
        forget()
        damage(file, "{\n")
        with pytest.raises(DamagedFileError) as told:
            figures.figure(name, "en")
        assert told.value.file == file


def test_what_goes_wrong_in_drawing_is_not_a_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Drawn:
        raise KeyError("of ours")

    known = replace(figures.FIGURES["routing"], make=broken)
    monkeypatch.setattr(figures, "FIGURES", {"routing": known})
    with pytest.raises(KeyError, match="of ours"):
        figures.figure("routing", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", ["figures/routing?", "figures/routing.svg?", FRAME])
def test_a_frame_and_a_file_name_what_is_damaged(
    address: str, language: str, damage: Callable[[str, str], None]
) -> None:
    damage(RUNS[language], "{")
    frames = Middleware(serving.Frames, base="")
    client = TestClient(Starlette(routes=serving.routes(""), middleware=[frames]))
    answer = client.get(f"/{address}&lang={language}")
    assert answer.status_code == 503
    assert answer.text == translated(language, "common.damaged_file", file=RUNS[language])
    assert "Cache-Control" not in answer.headers


def kind_of(path: Path) -> str:
    """The kind of a file: samples and references are kinds of their own, runs share one."""
    name = path.relative_to(ASSETS).as_posix()
    return name if name.startswith(("samples", "reference")) else re.sub(r"/.*/", "/*/", name)


def room_opened(page: str, room: tuple[str, str] | None, language: str) -> AppTest:
    at = opened(page, {}, language)
    if room is not None:
        for control in [one for one in at.segmented_control if one.key == room[0]]:
            control.set_value(room[1]).run()
    return at


def read_by_pages() -> dict[Path, tuple[str, tuple[str, str] | None, str]]:
    """Every file that a page or one of its rooms reads, and the first to read it."""
    found: dict[Path, tuple[str, tuple[str, str] | None, str]] = {}
    read = Path.read_text
    for page, language in itertools.product(PAGES, LANGUAGES):
        at = room_opened(page, None, language)
        controls = [one for one in at.segmented_control if "room" in str(one.key)]
        rooms = [(str(one.key), name) for one in controls for name in one.options]
        for room in (None, *rooms):
            forget()
            here = (page, room, language)

            def noted(path: Path, here: Any = here, **how: Any) -> str:
                if ASSETS in path.parents:
                    found.setdefault(path, here)
                return read(path, **how)

            with mock.patch.object(Path, "read_text", noted):
                assert not room_opened(page, room, language).exception
    return found


@pytest.mark.sweep
def test_every_file_that_a_page_reads_may_be_damaged(damage: Callable[[str, str], None]) -> None:
    """A file of every kind, as found by opening all pages and rooms, may be damaged."""
    with nothing_computed():
        found = read_by_pages()
        for folder in ("samples", "reference"):
            assert {*(ASSETS / folder).glob("*.json")} <= set(found)
        kinds = {kind_of(path): (path, here) for path, here in found.items()}
        for kind, (path, here) in sorted(kinds.items()):
            file, text = path.relative_to(ASSETS).as_posix(), path.read_text(encoding="utf-8")
            contents = ["{\n", text[: len(text) // 2] + "\n"]
            if path.suffix.startswith(".json"):
                contents.append(damaged_text(random.Random(kind), file))
            for content in contents:
                forget()
                damage(file, content)
                at = room_opened(*here)
                assert not at.exception, (kind, here, content[:200])
                if content == "{\n":
                    words = translated(here[2], "common.damaged_file", file=file)
                    assert words in [error.value for error in at.error], kind


def test_it_is_told_in_each_language(damage: Callable[[str, str], None]) -> None:
    for language in LANGUAGES:
        damage(RUNS[language], "{")
        at = opened("experts", {}, language)
        text = translated(language, "common.damaged_file", file=RUNS[language])
        assert text in [error.value for error in at.error]


def test_a_damaged_tokenizer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> None:
        raise CheckpointError(f"{folder.name} has no readable tokenizer.json.")

    forget()
    monkeypatch.setattr(models, "load_tokenizer", broken)
    with pytest.raises(DamagedFileError) as told:
        models.tokenizer("base")
    assert told.value.file == "checkpoints/base/tokenizer.json"


def test_a_file_that_is_whole_again_is_read_again(damage: Callable[[str, str], None]) -> None:
    damage("reference/kv_caches.json", "{")
    path = ASSETS / "samples" / "experts.json"
    with pytest.raises(DamagedFileError):
        read_json(ASSETS / "nowhere.json")
    assert read_json(path)["schema"]


@pytest.mark.parametrize("content", DAMAGED)
def test_no_content_makes_anything_else_of_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    if content == '{"a": 1}\n':
        assert read_json(path) == {"a": 1}
        return
    with pytest.raises(DamagedFileError, match=r"^x\.json is missing or damaged$"):
        read_json(path)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), reporting_damage(ASSETS / "x.json"):
        raise ZeroDivisionError


REFERENCES = sorted((ASSETS / "reference").glob("*.json"))


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.name)
def test_what_is_published_elsewhere_is_known_by_its_hash(path: Path) -> None:
    """After a change, run `cd assets/reference && sha256sum *.json > SHA256SUMS`."""
    assert reference(path)


def test_a_missing_hash_is_told(damage: Callable[[str, str], None]) -> None:
    damage("reference/SHA256SUMS", "")
    with pytest.raises(DamagedFileError):
        reference(ASSETS / "reference" / "routing.json")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (1, float), (0.5, float), ([1, 2], [int]), ([1, "a"], (int, str)), ({"a": 1}, {"a": int}),
        ({"a": 1, "b": None}, {"a": int}), ({"x": 1, "y": 2}, {str: int}), (1, count),
        ([[1]], grid(2)),
    ],
)  # fmt: skip
def test_values_of_a_shape(value: object, shape: object) -> None:
    assert shaped(value, shape)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (True, int), (True, float), (1.0, int), (float("inf"), float), (float("nan"), float),
        (10**30, int), (1e308, float), ("1", float), ([], [int]), ([1, None], [int]),
        ([1], (int, int)), ({}, {"a": int}), ([1], {"a": int}), ({"x": 1, "y": ""}, {str: int}),
        (0, count), (-1, count), ([[1], [1, 2]], grid(2)), ([1], grid(2)), ([[1, None]], grid(2)),
        (None, str),
    ],
)  # fmt: skip
def test_values_of_another_shape(value: object, shape: object) -> None:
    assert not shaped(value, shape)
