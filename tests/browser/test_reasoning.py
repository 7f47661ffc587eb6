"""Reasoning: recorded replies play, steps have tooltips, questions run, samples are drawn."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.asking import judged_reply
from app.core.texts import texts
from app.ui.components.reasoning_view import asked
from tests import sweep
from tests.browser import saved
from tests.browser.chromium import play_at_once, played, visit

pytestmark = pytest.mark.browser

T = texts("en")


def button(page: Page, key: str) -> None:
    page.get_by_role("button", name=T[key], exact=True).click()


def ended(page: Page) -> None:
    """Wait until a requested run has been played."""
    expect(page.get_by_text(T["reasoning.badge_live"], exact=True)).to_be_visible()
    expect(page.locator(".reply-column").first).to_be_visible()
    expect(page.get_by_text(T["reasoning_view.verdict_writing"])).to_have_count(0)


def ask(page: Page, expression: str) -> None:
    """Type a question and ask it, as slowly as people do: on a busy server the browser may send the
    old seed once more before it knows the one that was drawn for what was typed."""
    page.locator(".st-key-r_expr input").fill(expression)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("r_seed="))
    button(page, "reasoning.ask")


def test_recorded_replies_play_and_a_step_says_what_is_right(page: Page) -> None:
    visit(page, "reasoning")
    expect(page.get_by_text(T["reasoning.badge_recorded"], exact=True)).to_be_visible()
    played(page)
    step = page.locator(".reasoning-view .step").first
    step.focus()
    tip = page.locator(".reasoning-view .tip")
    expect(tip).to_be_visible()
    assert any(sign in tip.inner_text() for sign in "✓✗")
    painted: list[str] = []
    by = [
        page.get_by_role("button", name=T[f"reasoning_view.colour_{what}"])
        for what in ("probability", "entropy")
    ]
    for pressed, other in (by, by[::-1]):
        pressed.click()
        expect(pressed).to_have_attribute("aria-pressed", "true")
        expect(other).to_have_attribute("aria-pressed", "false")
        token = page.locator(".tok[title]").first
        expect(token).to_have_attribute("title", re.compile(r"%.*nats"))
        for before in painted:
            expect(token).not_to_have_attribute("style", before)
        painted.append(token.get_attribute("style") or "")
    assert all(painted)


def test_replies_are_saved_as_png_and_svg(page: Page) -> None:
    visit(page, "reasoning")
    play_at_once(page)
    button = page.locator(".reasoning-view button.save")
    saved.png_size(saved.picture(page, button, "replies", "PNG"))
    said = saved.svg_words(saved.picture(page, button, "replies", "SVG"))
    for key in ("axis_title", "answer"):
        assert T[f"reasoning_view.{key}"] in said
    assert asked(judged_reply.read(judged_reply.recorded("en")[0])) in said
    assert "<answer>" in said
    played(page)


def test_the_only_csv_is_the_one_without_formulas(page: Page) -> None:
    """Streamlit's grids have one of their own, which writes cells as they are."""
    visit(page, "reasoning", room="samples")
    page.locator(".st-key-fold-reasoning-measured-chain summary").click()
    page.get_by_test_id("stDataFrame").hover()
    expect(page.get_by_role("button", name="Search")).to_be_visible()
    own = page.locator('[aria-label^="Download as CSV"]')
    expect(own).to_have_count(1)
    expect(own).to_be_hidden()
    expect(page.get_by_role("button", name=T["common.download_csv"])).to_be_visible()


def test_a_question_of_ones_own_runs_and_the_link_repeats_it(page: Page) -> None:
    visit(page, "reasoning")
    ask(page, "20*3+11")
    expect(page.get_by_text("What is 20*3+11?")).to_be_visible()
    expect(page.locator(".reply-column")).to_have_count(4)
    ended(page)
    written = page.locator(".reply-answer").all_inner_texts()
    page.reload()
    ended(page)
    assert page.locator(".reply-answer").all_inner_texts() == written


@pytest.mark.parametrize("expression", sweep.each(["", "2**9", "x" * 500], ["2**9"]))
def test_a_bad_expression_is_told_and_the_picture_stays(page: Page, expression: str) -> None:
    visit(page, "reasoning")
    ask(page, expression)
    expect(page.get_by_test_id("stAlertContentError")).to_be_visible()
    expect(page.get_by_text(T["reasoning.badge_recorded"], exact=True)).to_be_visible()
    expect(page.locator(".reply-column").first).to_be_visible()


def test_a_clicked_step_gets_other_continuations(page: Page) -> None:
    visit(page, "reasoning")
    page.locator(".reasoning-view .step").first.click()
    expect(page).to_have_url(re.compile(r"r_step=\d\.1"))
    page.reload()
    expect(page.locator(".reasoning-view .step.picked")).to_have_count(1)
    button(page, "continuations.resample")
    expect(page.get_by_text("continuations are right")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "columns", "language"),
    sweep.each(
        [(1280, 4, "en"), (1280, 4, "ko"), (1024, 2, "en"), (1024, 2, "ko")],
        [(1280, 4, "ko"), (1024, 2, "en")],
    ),
)
def test_all_replies_are_in_sight_on_a_low_screen(
    page: Page, width: int, columns: int, language: str
) -> None:
    """They are side by side, in the page's language, without clicking or scrolling."""
    page.set_viewport_size({"width": width, "height": 720})
    visit(page, "reasoning", lang=language)
    expect(page.locator(".reply-column")).to_have_count(4)
    question = judged_reply.read(
        judged_reply.recorded("ko" if language == "ko" else "en")[0]
    ).asked.text
    expect(page.get_by_text(question, exact=True).first).to_be_in_viewport()
    spots = [one.bounding_box() for one in page.locator(".thinking").all()]
    assert len({spot["x"] for spot in spots if spot}) >= columns
    for answer in page.locator(".reply-answer").all()[:columns]:
        box = answer.bounding_box()
        assert box is not None and box["y"] + box["height"] <= 720


def test_focus_stays_on_what_was_pressed(page: Page) -> None:
    visit(page, "reasoning", r_models="base.direct")
    ended(page)
    pressed = page.get_by_role("button", name=T["reasoning.ask"], exact=True)
    pressed.focus()
    page.keyboard.press("Enter")
    ended(page)
    expect(pressed).to_be_focused()
    colour = page.get_by_role("button", name=T["reasoning_view.colour_probability"])
    colour.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("r_view_colour=probability"))
    expect(colour).to_be_focused()


def test_a_link_keeps_what_tokens_are_coloured_by(page: Page) -> None:
    visit(page, "reasoning")
    name = T["reasoning_view.colour_entropy"]
    page.get_by_role("button", name=name).click()
    expect(page).to_have_url(re.compile("r_view_colour=entropy"))
    page.reload()
    pressed = page.get_by_role("button", name=name)
    expect(pressed).to_have_attribute("aria-pressed", "true")
    pressed.click()
    expect(page).not_to_have_url(re.compile("r_view_colour"))


def test_rooms_open_by_link_on_what_was_measured(page: Page) -> None:
    visit(page, "reasoning", room="thinking")
    expect(page.get_by_role("heading", name=T["thinking.title"])).to_be_visible()
    expect(page.locator(".st-key-r_measured_budget").get_by_role("figure")).to_be_visible()


def test_samples_fall_into_bins(page: Page) -> None:
    visit(page, "reasoning", r_models="base.direct", room="samples")
    expect(page.get_by_role("button", name=T["samples.draw"])).to_have_count(1)
    button(page, "samples.draw")
    expect(page.get_by_text(T["samples.title_pass"])).to_be_visible()
    expect(page.locator(".st-key-r_samples_stop")).to_have_count(0)
    expect(page.locator(".st-key-r_bins_0").get_by_role("figure")).to_be_visible()


def test_free_text_is_asked_after_a_question_of_the_tasks(page: Page) -> None:
    """The field for the question's language is gone then, and Streamlit forgets its value."""
    visit(page, "reasoning", lang="en")
    page.get_by_role("radio", name=T["reasoning.kind_free"]).click()
    page.locator(".st-key-r_text textarea").fill("The king said unto ")
    page.get_by_role("button", name=T["reasoning.ask"], exact=True).click()
    expect(page.get_by_text(T["reasoning.badge_live"], exact=True)).to_be_visible()
    expect(page.get_by_text("encountered an error")).to_have_count(0)
    expect(page).to_have_url(re.compile("r_kind=free"))
