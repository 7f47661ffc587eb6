"""Start: plays by itself before torch is loaded, runs a question live, and links to the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.core.asking import judged_reply
from app.core.texts import texts
from tests import sweep
from tests.browser.chromium import played, settle, visit
from tests.browser.conftest import watched_page
from tests.browser.server import serve

pytestmark = pytest.mark.browser

T = texts("en")
LONG = "x" * 10_000


@pytest.fixture
def page_before_torch(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A tab at a server that has just started and never finishes importing torch."""
    with serve(tmp_path_factory.mktemp("before-torch"), "--endless-torch") as server:
        yield from watched_page(browser, server, request)


def progress(page: Page) -> tuple[int, int]:
    """The number of tokens shown and of all tokens, from the player."""
    shown, total = re.findall(r"\d+", page.locator(".progress").inner_text())
    return int(shown), int(total)


def written_out(page: Page) -> None:
    """Wait until both replies have their verdict."""
    played(page)
    expect(page.locator(".reply-column .verdict-line")).to_have_count(2)
    expect(page.get_by_text(T["reasoning_view.verdict_writing"])).to_have_count(0)


def badge(page: Page, kind: str, language: str = "en") -> Locator:
    return page.get_by_text(texts(language)[f"start.badge_{kind}"], exact=True)


def ask(page: Page, question: str) -> None:
    page.locator(".st-key-q input").fill(question)
    page.locator(".st-key-s_run button").click()


def test_plays_by_itself_before_torch(page_before_torch: Page) -> None:
    """Importing torch never ends on that server, so nothing in the picture waits for it."""
    page = page_before_torch
    page.goto("/")
    expect(page.get_by_role("heading", level=1, name="Inside R1")).to_be_visible()
    expect(page.locator(".reply-column")).to_have_count(2)
    page.locator(".progress").wait_for()
    shown, total = progress(page)
    assert shown <= total
    played(page)
    expect(badge(page, "recorded")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_opens_in_the_pages_language(page: Page, language: str) -> None:
    visit(page, lang=language)
    asked = judged_reply.read(judged_reply.recorded(language)[0]).asked.text  # type: ignore[arg-type]
    expect(page.locator(".st-key-q input")).to_have_value(asked)
    expect(page.locator(".reply-column")).to_have_count(2)
    for name in ("experts", "cache", "reasoning"):
        expect(page.locator(f".st-key-s_card_{name} img")).to_have_attribute("alt", re.compile("."))


def test_a_question_runs_live_replays_and_the_link_repeats_it(page: Page) -> None:
    visit(page)
    ask(page, "What is 20*3+11?")
    expect(badge(page, "live")).to_be_visible()
    written_out(page)
    page.get_by_role("button", name=T["player.replay"]).click()
    expect(page.get_by_role("button", name=T["player.pause"], exact=True)).to_be_visible()
    written_out(page)
    written = page.locator(".reply-column .verdict-line").all_inner_texts()
    page.reload()
    expect(badge(page, "live")).to_be_visible()
    written_out(page)
    expect(page.locator(".reply-column .verdict-line")).to_have_text(written)


@pytest.mark.parametrize("question", sweep.each(["2+2", "What is the capital of France?"], ["2+2"]))
def test_a_question_outside_gets_a_kind_word(page: Page, question: str) -> None:
    visit(page)
    ask(page, question)
    expect(badge(page, "live")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_contain_text("Outside what the models learnt")
    page.locator(".st-key-s_another_chain button").click()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(page.locator(".st-key-q input")).not_to_have_value(question)


def test_run_keeps_the_focus_after_enter(page: Page) -> None:
    visit(page)
    button = page.locator(".st-key-s_run button")
    button.focus()
    page.keyboard.press("Enter")
    expect(badge(page, "live")).to_be_visible()
    settle(page)
    expect(button).to_be_focused()


def test_a_stopped_run_says_so(slow_page: Page) -> None:
    page = slow_page
    visit(page, q="What is 20*3+11?")
    page.locator(".st-key-start_stop button").click()
    expect(page.get_by_text(T["start.stopped"]).or_(badge(page, "recorded"))).to_be_visible()
    expect(page.locator(".st-key-s_run button")).to_be_visible()
    expect(page.locator(".reply-column")).to_have_count(2)


@pytest.mark.parametrize("name", sweep.each(["experts", "cache", "reasoning"], ["experts"]))
def test_a_whole_card_leads_to_its_page_with_the_same_question(page: Page, name: str) -> None:
    visit(page, lang="ko")
    recorded = judged_reply.recorded("ko")[1].info
    expect(page.locator(".reply-column")).to_have_count(2)  # what is above the cards
    page.locator(f".st-key-s_card_{name}").click()  # in its middle, far from the words of its link
    page.wait_for_url(f"**/{name}?*")
    title = page.get_by_role("heading", level=1, name=texts("ko")[f"{name}.title"])
    expect(title).to_be_visible()
    query = parse_qs(urlsplit(page.url).query)
    assert str(recorded.seed) in {value for values in query.values() for value in values} or (
        recorded.seed == 0
    )
    if name == "experts":
        expect(page.locator(".st-key-e_prompt textarea")).to_have_value(recorded.prompt)


@pytest.mark.parametrize(
    "question", sweep.each(["  ", LONG], [LONG]), ids=["empty", "10,000 characters"]
)
def test_a_bad_question_is_told_and_the_picture_stays(page: Page, question: str) -> None:
    visit(page)
    ask(page, question)
    alert = page.get_by_test_id("stAlertContentError")
    expect(alert).to_be_visible()
    box, button = alert.bounding_box(), page.locator(".st-key-s_run button").bounding_box()
    assert box and button and 0 < box["y"] - button["y"] < 120
    expect(badge(page, "recorded")).to_be_visible()
    expect(page.locator(".reply-column")).to_have_count(2)
