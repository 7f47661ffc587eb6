"""Experts: running live, pinning a token, and bad input."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.core.asking import prompts
from app.core.texts import texts, translated
from tests import sweep
from tests.app.words import shape
from tests.browser import saved
from tests.browser.chromium import play_at_once, played, visit

pytestmark = pytest.mark.browser

T = texts("en")
MARKUP = "<script>alert(1)</script> **bold**"


def strip(page: Page, key: str) -> Locator:
    """The tokens of the prompt ("strip_prompt") or of the answer ("strip_answer")."""
    return page.get_by_role("listbox", name=T[f"trace_view.{key}"]).get_by_role("option")


def run(page: Page, prompt: str) -> None:
    page.locator(".st-key-e_prompt textarea").fill(prompt)
    page.locator(".st-key-e_run button").click()


def test_a_live_run_writes_and_comes_to_its_end(page: Page) -> None:
    visit(page, "experts", e_tokens="40")
    run(page, "The king said")
    expect(page.get_by_text(T["experts.badge_live"], exact=True)).to_be_visible()
    given = page.get_by_role("listbox", name=T["trace_view.strip_prompt"])
    expect(given).not_to_contain_text("User")  # the recorded run has gone
    played(page)
    assert 0 < strip(page, "strip_answer").count() <= 40
    expect(page).to_have_url(re.compile(r"e_prompt=The(\+|%20)king(\+|%20)said"))


def test_a_pinned_token_is_marked_in_every_view_and_in_the_url(page: Page) -> None:
    visit(page, "experts")
    token = strip(page, "strip_answer").nth(2)
    number = token.get_attribute("data-token")
    token.click()
    page.wait_for_url(f"**pin={number}*")
    page.get_by_text(f"Token {number}, ").first.wait_for()
    page.reload()
    expect(page.locator(f".pinned[data-token='{number}']")).to_have_count(1)


@pytest.mark.parametrize("language", sweep.each(("en", "ko"), ["en"]))
def test_our_own_pictures_are_saved_as_png_and_svg(page: Page, language: str) -> None:
    visit(page, "experts", lang=language)
    play_at_once(page)  # a picture that still grows is not the one that was saved
    words = texts(language)
    titles = {"strip": "strip_answer", "heatmap": "heat_title", "multiples": "multiples_title"}
    for part, key in titles.items():
        title = words[f"trace_view.{key}"]
        button = page.locator(f".part.{part} button.save")
        kept = saved.picture(page, button, part, "PNG")
        label = words["common.save_as"].format(format="PNG", title=title)
        expect(button).to_have_accessible_name(label)
        drawn = page.locator(f".part.{part}").bounding_box()
        width, height = saved.png_size(kept)
        assert drawn and width > 2 * drawn["width"] and height > 1.5 * drawn["height"]
        said = saved.svg_words(saved.picture(page, button, part, "SVG"))
        assert title in said
        assert part != "strip" or "<bos>" in said  # escaped on its way


EMPTY = ("   ", T["common.empty_prompt"])
TOO_LONG = translated("en", "common.too_long", n=10_000, limit=prompts.MAX_CHARACTERS)
TOO_MANY = ("the king " * 400, shape("common.too_many_tokens"))


@pytest.mark.parametrize(
    ("prompt", "word"),
    sweep.each([EMPTY, ("x" * 10_000, TOO_LONG), TOO_MANY], [TOO_MANY]),
    ids=["empty", "10,000 characters", "more tokens than fit"],
)
def test_bad_input_is_told_and_the_picture_stays(
    page: Page, prompt: str, word: str | re.Pattern[str]
) -> None:
    visit(page, "experts")
    play_at_once(page)
    before = strip(page, "strip_answer").all_inner_texts()
    run(page, prompt)
    expect(page.get_by_role("alert").filter(has_text=word)).to_be_visible()
    expect(strip(page, "strip_answer")).to_have_count(len(before))
    assert strip(page, "strip_answer").all_inner_texts() == before


@pytest.mark.parametrize("prompt", sweep.each([MARKUP, "🦆 ![x](http://a.b/c)"], [MARKUP]))
def test_a_prompt_is_shown_as_it_was_typed(page: Page, prompt: str) -> None:
    visit(page, "experts", e_tokens="8")
    run(page, prompt)
    expect(page.get_by_text(T["experts.badge_live"], exact=True)).to_be_visible()
    for word in prompt.split():
        expect(page.get_by_role("listbox", name=T["trace_view.strip_prompt"])).to_contain_text(word)


def in_sight(page: Page, place: Locator) -> dict[str, float]:
    """The box of an element, which must be fully visible without scrolling."""
    expect(place).to_be_visible()
    box, window = place.bounding_box(), page.viewport_size
    assert box and window
    assert box["y"] >= 0 and box["y"] + box["height"] <= window["height"]
    return dict(box)


@pytest.mark.parametrize(
    "room", sweep.each(["", "interventions", "routing_statistics", "balance"], ["", "balance"])
)
def test_the_rooms_are_at_the_top(page: Page, room: str) -> None:
    visit(page, "experts", room=room)
    for name in ("run", "interventions", "routing_statistics", "after_rl", "one_expert", "balance"):
        tab = page.get_by_role("radio", name=T[f"experts.room_{name}"], exact=True)
        assert in_sight(page, tab)["y"] < 300


def test_an_alert_is_beside_the_button_that_met_it(page: Page) -> None:
    visit(page, "experts")
    run(page, " ")
    alert = in_sight(page, page.get_by_test_id("stAlertContentError"))
    button = in_sight(page, page.locator(".st-key-e_run button"))
    assert 0 < alert["y"] - button["y"] < 120


def test_a_run_stays_in_sight_with_stop(slow_page: Page) -> None:
    page = slow_page
    visit(page, "experts", e_tokens="200")
    run(page, "In the beginning")
    in_sight(page, page.locator(".st-key-experts_stop button"))
    in_sight(page, page.locator(".st-key-e_prompt"))
    page.locator(".st-key-experts_stop button").click()
    in_sight(page, page.get_by_text(T["experts.ended_stopped"]))
    in_sight(page, strip(page, "strip_answer").first)
