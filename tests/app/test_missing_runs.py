"""Runs whose logs and measurements are empty or missing: every page opens, and says what is not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.files import DamagedFileError
from app.core.texts import speaking
from app.export import figures
from app.pages.training import training_runs
from app.stage import screens
from model import ASSETS
from tests.app.test_damaged_files import forget
from tests.fuzz.links import PAGES, opened

pytestmark = pytest.mark.slow
#: Figures that need no run of ours.
ALWAYS = {"routing", "expert-load", "kv-bytes-v3", "grpo-group", "replies"}
ALWAYS |= {"pipeline", "published", "stages"}


@pytest.fixture(params=["missing", "empty"])
def without_runs(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Assets as they ship, but of the runs there is nothing, or files without content."""
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


@pytest.mark.usefixtures("without_runs")
def test_a_figure_without_its_data_is_not_offered() -> None:
    assert set(figures.offered()) == ALWAYS
    for name in figures.NAMES:
        if name in ALWAYS:
            assert figures.figure(name, "en").rows
        else:
            with pytest.raises(DamagedFileError, match="missing"):
                figures.figure(name, "en")
    with speaking("en"):
        assert [one.id for one in screens.listed("compute|kv-bytes-v3")] == ["kv-bytes-v3"]


def test_all_are_offered_as_they_ship() -> None:
    assert figures.offered() == [*figures.NAMES]
