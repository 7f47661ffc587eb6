"""What the page and its rooms open on is recorded, base's routing on held-out text, too."""

from __future__ import annotations

import json

import pytest

from app.core.assets import models, recorded_runs
from app.core.assets.files import DamagedFileError
from app.core.running import generation
from app.core.texts import LANGUAGES, texts
from app.pages.experts import held_out
from model import ASSETS
from tests.app.pages.experts.pages import opened
from tests.fuzz.links import nothing_computed

ROWS = 2 * len(held_out.DOMAINS)


@pytest.mark.slow
def test_what_is_recorded_is_what_is_read() -> None:
    requests = held_out.requests(["base"], ROWS)
    (live,) = held_out.read_so_far(["base"], generation.scheduler().run(requests))
    found = held_out.recorded("base")
    assert found is not None
    assert len(found) == held_out.EACH * len(held_out.DOMAINS)
    first = found.first(ROWS)
    assert first.learnt == live.learnt
    assert first.nats == pytest.approx(live.nats, rel=1e-5)
    same = [(a == b).mean() for a, b in zip(first.ids, live.ids, strict=True)]
    assert min(same) > 0.999  # the last bits of a score may differ from machine to machine


def test_a_record_of_other_weights_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "digest", lambda model, file: "other")
    held_out.recorded.cache_clear()
    assert held_out.recorded("base") is None
    held_out.recorded.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("room", ["routing_statistics", "one_expert"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_statistics_open_on_what_is_recorded(room: str, language: str) -> None:
    with nothing_computed():
        at = opened(room, language)
    date = json.loads((ASSETS / "samples" / "held-out-base.json").read_text())["date"]
    words = texts(language)["held_out.recorded"]
    assert any(str(words).format(date=date) in caption.value for caption in at.caption)
    assert not at.error


@pytest.mark.parametrize("experts", ["abcd", "!", "eJwDAAAAAAE="])
def test_a_record_that_cannot_be_unpacked_is_damage(
    experts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = held_out.read_json(ASSETS / "samples" / "held-out-base.json")
    monkeypatch.setattr(held_out, "read_json", lambda *_: whole | {"experts": experts})
    held_out.recorded.cache_clear()
    with pytest.raises(DamagedFileError, match="held-out-base"):
        held_out.recorded("base")
    held_out.recorded.cache_clear()


def test_the_recorded_run_and_its_prompt_are_in_the_language_of_the_page() -> None:
    at = opened("run")
    english = at.text_area(key="e_prompt").value
    at.session_state["lang"] = "ko"
    korean = at.run().text_area(key="e_prompt").value
    assert korean == recorded_runs.trace("experts-ko").info.prompt != english
    at.text_area(key="e_prompt").set_value("And the LORD said").run()
    at.session_state["lang"] = "en"
    assert at.run().text_area(key="e_prompt").value == "And the LORD said"
