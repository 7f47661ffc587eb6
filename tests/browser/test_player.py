"""Finished records are played: pause, step, scrub, speed, by hand and by keys, or not at all."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.core.texts import texts
from tests.browser.chromium import visit

pytestmark = pytest.mark.browser

T = texts("en")


def button(page: Page, key: str) -> Locator:
    return page.get_by_role("button", name=T[f"player.{key}"], exact=True)


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name=T["player.place"])


def shown(page: Page) -> tuple[int, int]:
    """Tokens shown and tokens in all, as the player says."""
    said = [int(n) for n in re.findall(r"\d+", page.locator(".progress").inner_text())]
    assert slider(page).input_value() == str(said[0])
    return said[0], said[1]


@pytest.mark.parametrize("path", ["", "reasoning"])
def test_a_record_is_paused_stepped_and_scrubbed(page: Page, path: str) -> None:
    visit(page, path)
    button(page, "pause").click()
    before, total = shown(page)
    assert before < total
    button(page, "forth").click()
    assert shown(page)[0] == before + 1
    button(page, "back").click()
    assert shown(page)[0] == before
    expect(button(page, "play")).to_be_visible()
    slider(page).focus()
    page.keyboard.press("End")
    assert shown(page)[0] == total
    expect(button(page, "replay")).to_be_visible()
    expect(button(page, "forth")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    assert shown(page)[0] == total - 1
    page.keyboard.press("Home")
    first = shown(page)[0]
    assert first < total
    expect(button(page, "back")).to_be_disabled()
    expect(page.get_by_text(T["player.took"].split("{")[0])).to_be_visible()


def test_the_picture_shows_what_the_player_says(page: Page) -> None:
    visit(page)
    tokens = page.locator(".trace-view .tokens .token")
    button(page, "pause").click()
    for key in ("End", "Home"):
        slider(page).press(key)
        expect(page.locator(f".token.newest[data-token='{shown(page)[0] - 1}']")).to_be_visible()
        assert tokens.count() <= shown(page)[0]
    button(page, "play").click()
    expect(page.get_by_role("listbox", name=T["trace_view.strip_answer"])).not_to_be_empty()


def test_the_chosen_speed_stays_for_the_next_record(page: Page) -> None:
    visit(page)
    page.get_by_label(T["player.speed"]).select_option(label=T["player.speed_once"])
    expect(button(page, "replay")).to_be_visible()
    page.get_by_role("link", name=T["nav.reasoning"]).first.click()
    expect(page.locator(".reasoning-view .reply-column").first).to_be_visible()
    expect(button(page, "replay")).to_be_visible()
    assert shown(page)[0] == shown(page)[1]
    page.get_by_label(T["player.speed"]).select_option(label=T["player.speed_computed"])
    button(page, "replay").click()
    expect(button(page, "replay")).to_be_visible()


@pytest.mark.parametrize("path", ["", "reasoning"])
def test_who_wants_no_motion_sees_the_end_and_may_play(page: Page, path: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    visit(page, path)
    expect(button(page, "replay")).to_be_visible()
    assert shown(page)[0] == shown(page)[1]
    button(page, "replay").click()
    expect(button(page, "pause")).to_be_visible()
