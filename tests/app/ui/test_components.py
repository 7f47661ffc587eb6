"""The JavaScript of the components: how it is served, its texts, and what it must not do.

Its own tests are in tests/js.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.core.texts import texts
from app.ui.components import modules

STATIC = modules.STATIC
COMPONENTS = sorted(path.name for path in (STATIC / "components").iterdir())
IMPORT = re.compile(r'^(?:import|export) [^;]*?from "([^"]+)";|\bimport\(', re.MULTILINE)


def source(path: str) -> str:
    return (STATIC / path).read_text(encoding="utf-8")


def client() -> TestClient:
    return TestClient(Starlette(routes=[modules.route("")]))


# --- How modules are served ----------------------------------------------------------------------


@pytest.mark.parametrize("path", modules.PATHS)
def test_a_module_is_served_as_it_is_written_and_may_be_kept(path: str) -> None:
    answer = client().get(f"/{modules.ROOT}/{path}")
    assert answer.text == source(path)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "modules/0123456789abcdef/shared/words.js",
        f"{modules.ROOT}/shared/base.css",
        f"{modules.ROOT}/shared/other.js",
        f"{modules.ROOT}/shared/%2e%2e/%2e%2e/main.py",
        f"{modules.ROOT}/",
    ],
    ids=["another version", "no module", "nothing", "the way out", "the folder"],
)
def test_nothing_else_is_served(path: str) -> None:
    assert client().get(f"/{path}").status_code == 404


def test_modules_lie_below_the_base_path() -> None:
    below = TestClient(Starlette(routes=[modules.route("/below/here")]))
    assert below.get(f"/below/here/{modules.ROOT}/shared/words.js").status_code == 200
    assert below.get(f"/{modules.ROOT}/shared/words.js").status_code == 404


@pytest.mark.parametrize("path", modules.PATHS)
def test_a_module_imports_what_is_there_and_what_it_may(path: str) -> None:
    """A component imports its own and shared modules; shared modules import no component."""
    home = (STATIC / path).parent
    for found in IMPORT.finditer(source(path)):
        assert found[1], f"{path} imports something at run time"
        target = (home / found[1]).resolve()
        assert target.is_file(), found[1]
        assert target.is_relative_to(STATIC / "shared") or target.is_relative_to(home), found[1]


# --- The words that components say ----------------------------------------------------------------


def known(name: str) -> set[str]:
    start = f"{name}."
    return {key.removeprefix(start) for key in texts("en") if key.startswith(start)}


def said(code: str) -> set[str]:
    return set(re.findall(r'(?:say|heading|block)\(\s*"(\w+)"', code))


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_word_that_a_component_says_is_a_text(name: str) -> None:
    code = "\n".join(source(p) for p in modules.PATHS if p.startswith(f"components/{name}/"))
    assert said(code) <= known(name)


def test_every_word_that_shared_modules_say_is_a_text() -> None:
    code = "\n".join(source(path) for path in modules.PATHS if path.startswith("shared/"))
    assert said(code) <= known("player")


# --- What no module does --------------------------------------------------------------------------


@pytest.mark.parametrize("path", modules.PATHS)
def test_no_text_becomes_html_or_code(path: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.search(forbidden, source(path))


@pytest.mark.parametrize("path", modules.PATHS)
def test_plotlys_private_fields_are_read_in_one_place(path: str) -> None:
    private = re.findall(r"\._\w+", source(path))
    assert bool(private) == (Path(path) == Path("shared/plotly.js")), private
