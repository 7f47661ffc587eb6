"""Experts after RL: one text through base, R1-Zero and R1; another question; many."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests.browser.chromium import visit
from tests.browser.test_experts_rooms import ask, chart

pytestmark = pytest.mark.browser

T = texts("en")


def test_one_text_through_base_zero_and_r1_then_many(page: Page) -> None:
    visit(page, "experts", room="after_rl")
    expect(chart(page, "e_rl_tokens")).to_be_visible()
    for key in ("e_rl_layers_one", "e_rl_loads_one"):
        expect(chart(page, key)).to_be_visible()
    strip = page.locator(".st-key-e_rl_strip").get_by_role(
        "listbox", name=T["trace_view.strip_answer"]
    )
    strip.get_by_role("option").nth(4).click()
    page.wait_for_url("**e_rl_token=*")
    expect(page.get_by_text(T["after_rl.pinned"].split("**")[2])).to_be_visible()
    page.locator(".st-key-e_rl_another button").click()
    page.wait_for_url("**e_rl_text=*")
    assert "e_rl_token" not in page.url
    expect(page.get_by_text(T["after_rl.most"].split("**")[1])).to_be_visible()
    page.reload()
    expect(chart(page, "e_rl_tokens")).to_be_visible()
    ask(page, "after_rl_many", "e_rl_layers_many")
    expect(chart(page, "e_rl_loads_many")).to_be_visible()
