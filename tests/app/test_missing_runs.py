"""If runs are missing, or their files are empty, every page opens and says what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.assets.files import DamagedFileError
from app.core.texts import speaking
from app.export import figures
from app.pages.training import training_runs
from app.stage import screens
from app.story.chapters import BY_NAME
from model import ASSETS
from tests.fuzz.files import forget
from tests.fuzz.links import PAGES, opened

pytestmark = pytest.mark.slow
#: Figures that need no run of ours, and those that are drawn without one that was not made.
ALWAYS = {"routing", "expert-load", "kv-bytes-v3", "grpo-group", "replies", "published"}
WITHOUT = {"pipeline", "stages"}


@pytest.fixture(params=["missing", "empty"])
def without_runs(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The shipped assets, but without runs, or with empty files."""
    for path in ASSETS.iterdir():
        if path.name != "runs":
            (tmp_path / path.name).symlink_to(path)
    if request.param == "empty":
        for path in (ASSETS / "runs").glob("*/*"):
            (tmp_path / "runs" / path.parent.name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "runs" / path.parent.name / path.name).touch()
    forget()
    for name, module in list(sys.modules.items()):
        if name.startswith("app.") and vars(module).get("ASSETS") == ASSETS:
            monkeypatch.setattr(module, "ASSETS", tmp_path)
    monkeypatch.setattr(training_runs, "RUNS", tmp_path / "runs")
    yield
    monkeypatch.undo()
    forget()


@pytest.mark.usefixtures("without_runs")
def test_every_page_opens() -> None:
    for page in PAGES:
        at = opened(page, {})
        assert not at.exception, page
        assert at.title, page
    at = opened("start", {"present": ["1"], "screen": ["zero"]})
    assert not at.exception
    assert at.title


def test_a_figure_without_its_data_is_not_offered(
    request: pytest.FixtureRequest, without_runs: None
) -> None:
    """A missing run may be left out of a figure; one with empty files is damaged."""
    missing = request.node.callspec.params["without_runs"] == "missing"
    assert set(figures.offered()) == ALWAYS | WITHOUT
    for name in figures.NAMES:
        if name in ALWAYS or (name in WITHOUT and missing):
            assert figures.figure(name, "en").rows
        else:
            with pytest.raises(DamagedFileError, match="missing"):
                figures.figure(name, "en")
    with speaking("en"):
        found, wrong = screens.listed("compute|kv-bytes-v3")
        assert [one.id for one in found] == ["kv-bytes-v3"] and wrong == ["compute"]


@pytest.mark.usefixtures("without_runs")
def test_the_story_makes_up_no_number() -> None:
    with pytest.raises(DamagedFileError, match=r"^runs/r1-zero/run\.json "):
        BY_NAME["results"].text()


def test_all_are_offered_as_they_ship() -> None:
    assert figures.offered() == [*figures.NAMES]
