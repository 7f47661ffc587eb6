"""Sources of published figures, in the viewer's language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.assets.sources import BETWEEN, translated
from app.core.texts import speaking
from app.export import figures
from model import ASSETS

ENGLISH = re.compile(r"\b(et al|sections?|tables?|figures?|report|appendi\w+|copy|from|memory)\b")
FILES = ("published", "routing", "kv_configs")


def sources(found: Any) -> Iterator[str]:
    """All that a file of assets names as a source."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key.endswith("source") and isinstance(value, str):
                yield value
            elif key == "sources":
                yield from value.values()
            else:
                yield from sources(value)
    elif isinstance(found, list):
        for value in found:
            yield from sources(value)


@pytest.mark.parametrize("name", FILES)
def test_korean_pages_name_sources_in_korean(name: str) -> None:
    listed = [*sources(json.loads((ASSETS / "reference" / f"{name}.json").read_text("utf-8")))]
    assert listed
    for source in listed:
        with speaking("ko"):
            assert not ENGLISH.search(translated(source)), source
        with speaking("en"):
            assert translated(source) == source


def test_parts_that_no_text_says_stay_as_they_are() -> None:
    with speaking("ko"):
        assert translated(BETWEEN.join(["arithmetic", "a/b.py @12"])) == "직접 계산; a/b.py @12"


@pytest.mark.slow
def test_figures_that_leave_the_app_name_their_sources_in_korean() -> None:
    for name in figures.offered():
        assert not ENGLISH.search(figures.figure(name, "ko").source), name
