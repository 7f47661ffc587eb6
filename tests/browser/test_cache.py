"""Latent cache: its rooms, the twins live, and the calculator with configs of one's own."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from app.core.assets import models
from app.core.texts import texts
from tests import sweep
from tests.browser.chromium import settle, visit

pytestmark = pytest.mark.browser

T = texts("en")
LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 7,
    "hidden_size": 768,
    "num_attention_heads": 12,
    "num_key_value_heads": 3,
    "head_dim": 64,
}
ABSURD = json.dumps(LLAMA | {"num_hidden_layers": 10**30})
LONG = "x" * 10_000


def paste(page: Page, text: str) -> None:
    page.locator(".st-key-c_bring summary").click()
    page.locator(".st-key-c_paste textarea").fill(text)
    page.locator(".st-key-c_paste textarea").blur()
    settle(page)  # else the page may still be moving under the pointer
    page.get_by_role("button", name=T["kv_size.add"]).click()


def run(page: Page, prompt: str, tokens: int = 20) -> None:
    page.locator(".st-key-c_tokens input").fill(str(tokens))
    page.locator(".st-key-c_prompt textarea").fill(prompt)
    page.locator(".st-key-c_run button").click()


def test_rooms_are_in_the_link_and_the_browsers_back_returns(page: Page) -> None:
    visit(page, "cache")
    expect(page.locator(".st-key-c_curves")).to_be_visible()
    page.get_by_text(T["cache.room_decoding"], exact=True).click()
    page.wait_for_url("**room=decoding*")
    expect(page.locator(".st-key-c_clock_chart")).to_be_visible()
    expect(page.locator(".st-key-c_curves")).to_have_count(0)
    page.go_back()
    expect(page.locator(".st-key-c_curves")).to_be_visible()


def test_run_and_the_pictures_beginning_are_above_the_fold(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    visit(page, "cache")
    run_button = page.locator(".st-key-c_run button")
    picture = page.locator(".st-key-c_curves .js-plotly-plot")
    expect(picture).to_be_visible()
    button, drawn = run_button.bounding_box(), picture.bounding_box()
    assert button and drawn
    assert button["y"] + button["height"] <= 720
    assert drawn["y"] + 150 <= 720


def test_the_twins_run_live_and_agree_with_the_formula(page: Page) -> None:
    visit(page, "cache")
    run(page, "The king said")
    expect(page.locator(".st-key-c_run button")).to_be_visible()
    gaps = " · ".join(f"{kind} 0 B" for kind in models.twins().values())
    expect(page.get_by_text(T["cache.agree"].format(gaps=gaps))).to_be_visible()
    expect(page.get_by_text(T["cache.live"].split("{")[0])).to_be_visible()
    assert page.evaluate("document.activeElement.closest('.st-key-c_run') !== null")


def test_stop_keeps_what_was_written(slow_page: Page) -> None:
    page = slow_page
    visit(page, "cache")
    run(page, "In the beginning", tokens=300)
    expect(page.locator(".st-key-cache_stop button")).to_be_visible()
    page.wait_for_timeout(3_000)  # the four take turns: each has had one of 0.2 s by then
    page.locator(".st-key-cache_stop button").click()
    expect(page.get_by_text(T["cache.live"].split("{")[0])).to_be_visible()
    expect(page.locator(".st-key-c_run button")).to_be_visible()


@pytest.mark.parametrize(
    "prompt", sweep.each(["  ", LONG], [LONG]), ids=["empty", "10,000 characters"]
)
def test_a_bad_prompt_is_told_and_the_picture_stays(page: Page, prompt: str) -> None:
    visit(page, "cache")
    recorded = page.get_by_text(T["cache.recorded"].split("{")[0])
    expect(recorded).to_be_visible()
    run(page, prompt)
    expect(page.locator(".st-key-c_run_area").get_by_test_id("stAlertContentError")).to_be_visible()
    expect(recorded).to_be_visible()


def test_a_pasted_config_gets_its_number(page: Page) -> None:
    visit(page, "cache", room="kv_size", c_context="1000")
    paste(page, json.dumps(LLAMA))
    bytes_ = 2 * 3 * 64 * 2 * 7 * 1000  # K and V, heads, features, bytes, layers, tokens
    expect(page.get_by_text(f"llama {bytes_ / 1e6:.2f} MB").first).to_be_visible()
    page.get_by_role("button", name=T["share_view.open"], exact=True).click()
    expect(page.get_by_text(T["share_view.unlinked_own"])).to_be_visible()  # no link can hold it


def test_uploaded_configs_are_compared_get_another_attention_and_the_papers_share(
    page: Page,
) -> None:
    visit(page, "cache", room="kv_size", c_context="1000")
    nested = {"model_type": "wrapped", "text_config": LLAMA | {"num_key_value_heads": 1}}
    files = [
        {"name": f"{name}.json", "mimeType": "application/json", "buffer": json.dumps(c).encode()}
        for name, c in (("one", LLAMA), ("two", nested))
    ]
    page.locator(".st-key-c_bring summary").click()
    page.locator(".st-key-c_files input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator(".st-key-c_files").get_by_text("two.json")).to_be_visible()
    page.get_by_role("button", name=T["kv_size.add"]).click()
    bars = page.locator(".st-key-c_bars .js-plotly-plot")
    for kv_heads in (3, 1):
        expect(bars.get_by_text(f"{2 * kv_heads * 64 * 2 * 7 / 1e3:.2f} MB")).to_be_visible()
    replaced = page.locator(".st-key-c_replaced .js-plotly-plot")
    for kind in ("MHA", "GQA-8", "MQA", "MLA"):
        expect(replaced.get_by_text(f"· {kind}").first).to_be_visible()
    expect(page.get_by_text("93.3%").last).to_be_visible()


@pytest.mark.parametrize(
    "text",
    sweep.each(["", "no JSON", "[1, 2]", '{"a": 1}', ABSURD], ["no JSON", ABSURD]),
    ids=["empty", "not JSON", "no object", "no model", "absurd"],
)
def test_a_bad_config_is_told_and_the_picture_stays(page: Page, text: str) -> None:
    visit(page, "cache", room="kv_size")
    bars = page.locator(".st-key-c_bars").get_by_role("figure")
    before = bars.get_attribute("aria-label")
    assert before
    paste(page, text)
    expect(page.get_by_test_id("stAlertContentError")).to_be_visible()
    assert bars.get_attribute("aria-label") == before
