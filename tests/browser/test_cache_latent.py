"""Latent cache in depth: attention kinds, a pinned token, ranks, decoding times, capacity."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests.app.words import shape
from tests.browser.chromium import settle, visit

pytestmark = pytest.mark.browser

T = texts("en")
MEASURED_MS = 120_000  # the worker measures in turn with everybody


def beginning(key: str) -> str:
    return T[key].split("{")[0]


def test_switching_the_kind_changes_what_is_kept(page: Page) -> None:
    visit(page, "cache", room="attention_kinds")
    expect(page.locator(".st-key-c_quality")).to_be_visible()
    expect(page.locator(".st-key-c_ablation")).to_be_visible()
    diagram = page.locator(".st-key-c_diagram")
    expect(diagram.get_by_text("c_kv")).to_be_visible()
    page.locator(".st-key-c_kind").get_by_text("MQA", exact=True).click()
    expect(diagram.get_by_text("c_kv")).to_have_count(0)
    settle(page)
    page.wait_for_url("**c_kind=MQA*")


def test_a_pinned_token_is_drawn_in_every_picture(page: Page) -> None:
    visit(page, "cache", pin="7")
    expect(page.locator(".st-key-c_attention")).to_be_visible()
    expect(page.get_by_text("Token 7:").first).to_be_visible()
    expect(page.locator(".st-key-c_one_token")).to_be_visible()
    expect(page.locator(".st-key-c_all_tokens")).to_be_visible()
    page.locator(".st-key-c_attention_layer").get_by_text("1", exact=True).click()
    page.wait_for_url("**c_attention_layer=1*")
    expect(page.locator(".st-key-c_attention")).to_be_visible()


def test_text_and_pictures_point_at_the_same_token_and_a_picture_pins(page: Page) -> None:
    visit(page, "cache", room="latent")
    picture = page.locator(".st-key-c_all_tokens .js-plotly-plot")
    expect(picture).to_be_visible()
    tokens = page.locator(".st-key-c_strip .token")
    tokens.nth(7).hover()
    expect(picture.locator(".linked-token")).not_to_have_count(0)
    picture.locator(".nsewdrag").first.hover(position={"x": 80, "y": 40})
    current = page.locator(".st-key-c_strip .token.current")
    number = current.get_attribute("data-token")
    assert number not in ("7", tokens.last.get_attribute("data-token"))
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"**pin={number}*")
    expect(page.get_by_text(f"Token {number}:").first).to_be_visible()


def test_a_text_of_ones_own_is_looked_into(page: Page) -> None:
    visit(page, "cache", room="latent", c_prompt="The+king+said", c_tokens="12")
    expect(page.locator(".st-key-c_strip .token").first).to_be_visible()
    expect(page.locator(".st-key-c_strip")).to_contain_text("king")
    expect(page.locator(".st-key-c_all_tokens .js-plotly-plot")).to_be_visible()


def test_fewer_directions_beside_all_of_them(page: Page) -> None:
    visit(page, "cache", c_rank="1", c_tokens="12")
    expect(page.locator(".st-key-c_rank_costs")).to_be_visible()
    expect(page.locator(".st-key-c_precision")).to_be_visible()
    run = page.locator(".st-key-c_pair button")
    run.click()
    expect(page.get_by_text(T["latent.pair_some"].format(r=1), exact=True)).to_be_visible(
        timeout=MEASURED_MS
    )
    page.locator(".st-key-c_measure button").click()
    expect(page.get_by_text(T["latent.measured_now"])).to_be_visible(timeout=MEASURED_MS)


def test_a_measurement_can_be_stopped_and_the_recorded_one_stays(slow_page: Page) -> None:
    page = slow_page
    visit(page, "cache", room="latent")
    page.locator(".st-key-c_measure button").click()
    page.locator(".st-key-c_study_stop button").click()
    expect(page.locator(".st-key-c_study_stop")).to_have_count(0)
    expect(page.locator(".st-key-c_measure button")).to_be_visible()
    expect(page.locator(".st-key-c_rank_costs")).to_be_visible()


def test_both_paths_are_timed(page: Page) -> None:
    visit(page, "cache", room="decoding")
    recorded = page.get_by_text(beginning("decoding.clock_recorded"))
    expect(recorded).to_be_visible()
    page.locator(".st-key-c_clock button").click()
    expect(recorded).to_have_count(0, timeout=MEASURED_MS)
    found = page.get_by_text(shape("decoding.clock_sentence"))
    expect(found).to_be_visible(timeout=MEASURED_MS)
    sentence = page.get_by_text(shape("decoding.paths_sentence"))
    before = sentence.first.inner_text()
    page.locator(".st-key-c_paths_model").get_by_text("base-mla", exact=True).click()
    expect(sentence.first).not_to_have_text(before)


def test_less_memory_holds_fewer_users(page: Page) -> None:
    visit(page, "cache", room="kv_size")
    figure = page.locator(".st-key-c_fit").get_by_role("figure")
    before = figure.get_attribute("aria-label")
    page.locator(".st-key-c_gpu").get_by_text("80", exact=True).click()
    expect(figure).not_to_have_attribute("aria-label", before or "")
