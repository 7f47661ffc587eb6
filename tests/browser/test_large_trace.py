"""A made-up run at DeepSeek-V3's size is drawn pooled, and in detail in its window."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.core.texts import texts, translated
from model.record.trace import Trace
from tests import synthetic
from tests.browser.chromium import visit
from tests.browser.conftest import watched_page
from tests.browser.server import Server, serve

pytestmark = pytest.mark.browser

T = texts("en")
LAST = 4096 - 256  # first token of the last window


@pytest.fixture(scope="module")
def trace() -> Trace:
    return synthetic.trace()


@pytest.fixture(scope="module")
def synthetic_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("synthetic"), "--synthetic") as server:
        yield server


@pytest.fixture
def page(
    browser: Browser, synthetic_server: Server, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A tab with the run drawn."""
    for tab in watched_page(browser, synthetic_server, request):
        visit(tab)
        tab.locator(".st-key-draw label").click()
        tab.locator(".loads canvas[aria-label]").wait_for()
        yield tab


def frame(page: Page) -> Locator:
    return page.get_by_role("slider", name=T["trace_view.pool_move"])


def written(page: Page) -> Locator:
    return page.get_by_role("listbox", name=T["trace_view.strip_answer"]).get_by_role("option")


def arrived(page: Page, first: int) -> None:
    """Wait until the window begins at a token, and its tokens have arrived."""
    expect(frame(page)).to_have_attribute("aria-valuenow", str(first))
    expect(page.locator(".trace-view:not(.behind)")).to_be_visible()
    expect(page.locator(f"#token-{first + 255}")).to_be_attached()


def experts(page: Page, trace: Trace, token: int, layer: int) -> None:
    """Check that the tooltip of a token's experts in a layer agrees with the run."""
    at = trace.moe_layers.index(layer)
    row = page.locator(".tip-row")
    expect(row).to_contain_text(T["trace_view.layer"].format(layer=layer))
    said = re.findall(r"(\d+)\s\((\d+)%\)", row.inner_text())
    weights = trace.expert_weights[token, at].astype(float)
    assert [int(expert) for expert, _ in said] == trace.expert_ids[token, at].tolist()
    percent = [int(share) for _, share in said]
    assert percent == pytest.approx(100 * weights / weights.sum(), abs=0.52)


def test_says_what_is_pooled_and_tells_the_window_token_by_token(page: Page, trace: Trace) -> None:
    note = translated("en", "trace_view.pool_note", n=4_096, layer=3, tokens=8, experts=1)
    expect(page.get_by_text(note)).to_be_visible()
    arrived(page, 0)
    page.locator("#token-100").hover()
    experts(page, trace, token=100, layer=3)


def test_a_click_and_a_drag_move_the_window(page: Page, trace: Trace) -> None:
    box = frame(page).bounding_box()
    assert box
    frame(page).click(position={"x": box["width"] / 2, "y": 40})
    expect(frame(page)).not_to_have_attribute("aria-valuenow", "0")
    first = int(frame(page).get_attribute("aria-valuenow") or 0)
    assert first == pytest.approx((box["width"] / 2 - 28) / (box["width"] - 28) * 4096 - 128, abs=9)
    arrived(page, first)
    page.locator(f"#token-{first + 9}").hover()
    experts(page, trace, token=first + 9, layer=3)
    x, y = box["x"] + box["width"] / 2, box["y"] + 40
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, y, steps=5)
    page.mouse.up()
    arrived(page, LAST)


def test_keys_move_the_window_and_walk_out_of_it(page: Page, trace: Trace) -> None:
    frame(page).focus()
    page.keyboard.press("End")
    arrived(page, LAST)
    expect(frame(page)).to_be_focused()
    page.keyboard.press("Home")
    arrived(page, 0)
    page.locator("#token-255").click()
    page.get_by_role("listbox", name=T["trace_view.strip_answer"]).focus()
    page.keyboard.press("ArrowRight")
    arrived(page, 256 - 128)
    expect(page.locator("#token-256.pinned")).to_have_count(1)
    expect(page.locator("#token-256")).to_have_text(trace.texts[256])


def test_a_pin_leaves_the_window_where_it_is(page: Page) -> None:
    arrived(page, 0)
    page.locator("#token-200").click()
    expect(page.locator("#token-200.pinned")).to_have_count(1)
    page.get_by_label(T["trace_view.layer_choice"]).select_option(label="Layer 4")
    expect(page.get_by_text("in layer 4, pooled")).to_be_visible()
    arrived(page, 0)


def test_a_layer_is_chosen_in_the_menu_or_in_the_picture_of_all(page: Page) -> None:
    page.get_by_label(T["trace_view.layer_choice"]).select_option(label="Layer 30")
    expect(page.get_by_text("in layer 30, pooled")).to_be_visible()
    page.locator(".loads canvas").click(position={"x": 200, "y": 18 + 8 * 40 + 4})
    expect(page.get_by_text("in layer 40, pooled")).to_be_visible()
    expect(page.get_by_label(T["trace_view.layer_choice"])).to_have_value("37")


def test_keys_and_the_wheel_zoom_but_a_plain_wheel_scrolls_the_page(page: Page) -> None:
    picture = page.locator(".heatmap .scroll canvas")

    def width() -> float:
        box = picture.bounding_box()
        assert box
        return box["width"]

    whole = width()
    picture.hover(position={"x": 200, "y": 100})
    page.mouse.wheel(0, -200)
    picture.hover(position={"x": 200, "y": 100})
    assert width() == whole
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    picture.focus()
    page.keyboard.press("+")
    page.wait_for_function(
        "([e, w]) => e.offsetWidth > 1.4 * w", arg=[picture.element_handle(), whole]
    )
    for _ in range(3):
        page.keyboard.press("-")
    page.wait_for_function("([e, w]) => e.offsetWidth <= w", arg=[picture.element_handle(), whole])
