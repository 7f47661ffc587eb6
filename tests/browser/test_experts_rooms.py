"""Experts: a token's route, a live intervention, routing statistics and one expert."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.core.texts import texts
from tests import sweep
from tests.browser import saved
from tests.browser.chromium import visit

pytestmark = pytest.mark.browser

T = texts("en")
READ_MS = 240_000  # for all held-out rows: CI's cores may be busy


def begins(key: str) -> re.Pattern[str]:
    """A pattern for the beginning of a text, up to its first placeholder, anywhere in a text."""
    return re.compile(re.escape(T[key].split("{")[0].strip()))


def chart(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} .js-plotly-plot")


def ask(page: Page, slot: str, key: str) -> None:
    """Press a slot's button, unless its runs are known already, and wait for the chart."""
    button, drawn = page.locator(f".st-key-{slot}_ask button"), chart(page, key)
    expect(button.or_(drawn)).to_be_visible()
    if button.is_visible():
        button.click()
    expect(drawn).to_be_visible(timeout=READ_MS)


def test_a_pinned_token_shows_its_way_and_the_router(page: Page) -> None:
    visit(page, "experts")
    page.get_by_role("listbox", name=T["trace_view.strip_answer"]).get_by_role("option").nth(
        2
    ).click()
    expect(chart(page, "e_path")).to_be_visible()
    expect(chart(page, "e_router")).to_be_visible()
    expect(page.get_by_text(begins("route.sentence")).first).to_be_visible()


def test_an_intervention_shows_its_text_probabilities_route_and_loss(page: Page) -> None:
    visit(page, "experts", room="interventions")
    page.locator(".st-key-e_no_shared label").first.click()
    strip = page.get_by_role("listbox", name=T["intervention_view.strip"])
    expect(strip.get_by_role("option")).not_to_have_count(0)
    token = strip.get_by_role("option").nth(30)
    expect(token).to_have_attribute("aria-label", begins("intervention_view.tip"))
    number = token.get_attribute("data-token")
    token.click()
    page.wait_for_url(f"**pin={number}*")
    expect(chart(page, "e_paths")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(3)
    expect(page.locator(".intervention-view .answer").nth(1)).not_to_have_text(
        T["intervention_view.not_yet"]
    )
    page.wait_for_url("**e_no_shared=true*")
    button = page.locator(".intervention-view button.save")
    width, _ = saved.png_size(saved.picture(page, button, "change", "PNG"))
    drawn = page.locator(".intervention-view").bounding_box()
    assert drawn and width > 2 * drawn["width"]
    said = saved.svg_words(saved.picture(page, button, "change", "SVG"))
    for key in ("strip", "legend_less", "unchanged", "changed"):
        assert T[f"intervention_view.{key}"] in said
    page.reload()
    expect(chart(page, "e_paths")).to_be_visible()


def test_a_token_pinned_in_one_room_is_pinned_in_the_other(page: Page) -> None:
    visit(page, "experts", room="interventions", e_no_shared="true")
    run, change = page.locator(".trace-view"), page.locator(".intervention-view")

    def pinned(view: Locator, token: int) -> None:
        expect(view.locator(f".token.pinned[data-token='{token}']")).to_have_count(1)
        expect(view.locator(".token.pinned")).to_have_count(1)
        page.wait_for_url(f"**pin={token}*")

    change.locator(".token[data-token='57']").click()
    pinned(change, 57)
    expect(change.locator(".answer .pinned")).to_have_count(2)  # before the answers part
    expect(page.get_by_text(T["interventions.paths"].format(token=57))).to_be_visible()
    page.mouse.move(0, 0)
    page.get_by_role("listbox", name=T["intervention_view.strip"]).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    pinned(change, 58)
    page.get_by_text(T["experts.room_run"], exact=True).click()
    pinned(run, 58)
    expect(chart(page, "e_path")).to_be_visible()
    run.locator(".token[data-token='3']").click()
    pinned(run, 3)
    page.get_by_text(T["experts.room_interventions"], exact=True).click()
    pinned(change, 3)
    change.locator(".token[data-token='30']").click()
    pinned(change, 30)
    page.get_by_text(T["experts.room_run"], exact=True).click()
    pinned(run, 30)
    link = page.url
    for room, drawn in (
        ("interventions", "e_paths"),
        ("run", "e_path"),
    ):  # by one who gets the link
        other = page.context.new_page()
        other.goto(re.sub("room=[a-z]+", "", link) + f"&room={room}")
        expect(other.locator(".token.pinned[data-token='30']")).to_have_count(1)
        expect(chart(other, drawn)).to_be_visible()
        other.close()
    run.get_by_role("listbox").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".token.pinned")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("pin="))


CHANGES = ("e_off", "e_forced", "e_top_k", "e_no_bias", "e_shuffle")


@pytest.mark.parametrize("change", sweep.each(CHANGES, ["e_off"]))
def test_every_intervention_is_made_by_hand_and_its_link_opens(page: Page, change: str) -> None:
    visit(page, "experts", room="interventions")
    metrics = page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(3)  # of the example: nothing moves now
    field = page.locator(f".st-key-{change}")
    if change in ("e_off", "e_forced"):
        field.locator("input").click()
        field.locator("input").press_sequentially("2.3")
        page.get_by_role("option", name="2.3", exact=True).click()
    elif change == "e_top_k":
        field.get_by_role("slider").press("Home")
    else:
        field.locator("label").first.click()
    page.wait_for_url(f"**{change}=*")
    expect(page.get_by_text(begins("interventions.nothing"))).to_have_count(0)
    expect(metrics).to_have_count(3, timeout=READ_MS)
    expect(page.locator(".intervention-view .answer").nth(1)).not_to_have_text(
        T["intervention_view.not_yet"]
    )
    page.reload()
    expect(metrics).to_have_count(3, timeout=READ_MS)


def test_what_is_read_on_a_click_can_be_stopped(slow_page: Page) -> None:
    visit(slow_page, "experts", room="routing_statistics")
    slow_page.locator(".st-key-saturation_ask button").click()
    slow_page.locator(".st-key-saturation_stop button").click()
    expect(slow_page.locator(".st-key-saturation_ask button")).to_be_visible()


def test_the_papers_knock_outs_are_there_at_once(page: Page) -> None:
    visit(page, "experts", room="interventions")
    expect(chart(page, "e_masked")).to_be_visible(timeout=READ_MS)
    expect(chart(page, "e_knocked")).to_be_visible()


def test_statistics_are_read_and_an_expert_has_its_room(page: Page) -> None:
    visit(page, "experts", room="routing_statistics")
    ask(page, "routing_statistics", "e_domain_chart")
    for key in ("e_coactivation", "e_favourite_share", "e_repetition"):
        expect(chart(page, key)).to_be_visible()
    ask(page, "saturation", "e_saturation")
    page.get_by_text(T["experts.room_one_expert"], exact=True).click()
    expect(chart(page, "e_one_domains")).to_be_visible()
    expect(page.get_by_text(T["one_expert.tokens_title"])).to_be_visible()
    page.wait_for_url("**room=one_expert*")
    ask(page, "one_expert", "e_one_off")


def test_balance_plays_and_the_rule_goes_on_by_hand(page: Page) -> None:
    visit(page, "experts", room="balance", e_balance_layer="2")
    for key in ("e_balance_loads", "e_balance_vio", "e_balance_bias", "e_hand_load"):
        expect(chart(page, key)).to_be_visible()
    step = chart(page, "e_balance_loads").locator(".slider-label").first
    expect(step).to_have_text(f"{T['balance.step']} 300")
    slider = page.get_by_role("slider", name=T["balance.step"])
    for key, shown in (("Home", "2"), ("End", "300"), ("ArrowLeft", "294")):
        slider.press(key)
        expect(step).to_have_text(f"{T['balance.step']} {shown}")
        expect(slider).to_have_attribute("aria-valuetext", shown)
    slider.press("Tab")
    expect(chart(page, "e_balance_loads").locator(".updatemenu-button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(step).not_to_have_text(f"{T['balance.step']} 294")
    series = chart(page, "e_balance_vio").get_by_role("button", name=T["balance.run_none"])
    lines = chart(page, "e_balance_vio").locator(".scatterlayer .trace")
    for pressed, drawn in (("false", 2), ("true", 3)):
        series.press("Space")
        expect(series).to_have_attribute("aria-pressed", pressed)
        expect(lines).to_have_count(drawn)
        expect(series).to_be_focused()
    said = page.get_by_text(re.compile(r"^After \d+ steps?, the busiest"))
    for key, steps in (("one", "1 step"), ("many", "51 steps")):
        page.locator(f".st-key-e_hand_{key} button").click()
        expect(said).to_have_text(re.compile(f"^After {steps}, the busiest"))


def test_a_link_of_once_opens_its_room(page: Page) -> None:
    visit(page, "experts", room="what_if", e_no_shared="true")
    expect(page.locator(".intervention-view .token")).not_to_have_count(0)
    page.wait_for_url("**room=interventions*")
