"""The stage in a browser: legible, without scrolling, controlled by keys and remote, offline."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.texts import Text, texts
from app.stage.screens import MOST
from app.story.chapters import BY_NAME
from tests import sweep
from tests.browser.chromium import mounted, settle, visit
from tests.browser.conftest import WAIT_MS, watched_page
from tests.browser.server import serve

pytestmark = pytest.mark.browser

T = texts("en")
SCREENS = ("opening", *BY_NAME)
LEAST = 24  # px of type on a stage
LEAST_IN_VIEWS = 22  # and of a saved view, which is made smaller if it is too high
VIEWS = (
    *("start", "experts", "experts?room=interventions"),
    *("experts?room=balance", "cache?room=kv_size", "reasoning?room=thinking", "reasoning"),
)
SMALL = """() => {
  const found = new Set();
  const walk = (root) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) walk(e.shadowRoot);
      const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      if (!says || ["STYLE", "SCRIPT", "TITLE", "DESC", "OPTION"].includes(e.tagName)) continue;
      const box = e.getBoundingClientRect();
      const { visibility, opacity, fontSize } = getComputedStyle(e);
      if (box.width < 2 || !box.height || visibility === "hidden" || opacity === "0") continue;
      if (box.bottom < 0 || box.top > innerHeight) continue;
      let size = parseFloat(fontSize);
      for (let up = e; up; up = up.parentElement ?? up.getRootNode().host) {
        const { transform } = getComputedStyle(up);
        if (up instanceof HTMLElement && transform.startsWith("matrix("))
          size *= parseFloat(transform.slice(7));
      }
      if (e instanceof SVGGraphicsElement) {
        const { a, b } = e.getScreenCTM();
        size *= Math.hypot(a, b);
      }
      if (size < LEAST - 0.2) found.add(`${size.toFixed(1)} ${e.textContent.slice(0, 30)}`);
    }
  };
  walk(document.body);
  return [...found];
}""".replace("LEAST", str(LEAST))


def shown(page: Page, name: str) -> None:
    """Check that a screen is shown, and its link in the address bar."""
    key = "stage.title" if name == "opening" else f"story.title_{name}"
    expect(page.get_by_role("heading", level=1, name=str(T[key]), exact=True)).to_be_visible()


def on_stage(page: Page, **query: str) -> None:
    """Open the stage, and wait until it reacts to keys."""
    visit(page, "", **{"lang": "en", "present": "1"} | query)
    expect(page.locator(".stage .place")).not_to_be_empty()


@pytest.fixture
def stage(page: Page) -> Page:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(reduced_motion="reduce")
    return page


def test_keys_and_a_remote_walk_the_whole_story(stage: Page) -> None:
    """Forwards and back; `page` makes sure that all requests go to the server itself."""
    on_stage(stage)
    for name in SCREENS[1:]:
        stage.keyboard.press("PageDown")
        shown(stage, name)
        expect(stage).to_have_url(re.compile(rf"screen={name}"))
    stage.keyboard.press("ArrowRight")  # there is no screen after the last
    shown(stage, SCREENS[-1])
    stage.keyboard.press("PageUp")
    shown(stage, SCREENS[-2])
    stage.keyboard.press("Home")
    shown(stage, SCREENS[0])


@pytest.mark.parametrize("language", sweep.each(("en", "ko"), ["ko"]))
def test_every_screen_is_legible_and_fits(stage: Page, language: str) -> None:
    on_stage(stage, lang=language)
    for number, name in enumerate(SCREENS, 1):
        if number > 1:
            stage.keyboard.press("PageDown")
        expect(stage.locator(".stage .place")).to_have_text(re.compile(rf"(?<!\d){number}(?!\d)"))
        expect(stage.locator(".st-key-stage h1")).to_be_visible()
        if name != "opening":
            chart = stage.locator(f".st-key-stage_{'run' if name == 'moe' else name}")
            expect(chart.locator(".main-svg").first).to_be_visible()
            box = chart.locator(".js-plotly-plot").bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 720 + 1, name
            assert box["x"] + box["width"] <= 1280 + 1, name
        assert stage.evaluate(SMALL) == [], name
        assert stage.evaluate("document.documentElement.scrollHeight <= innerHeight"), name


def test_notes_overview_and_blank(stage: Page) -> None:
    on_stage(stage, screen="cache")
    stage.keyboard.press("n")
    expect(stage.get_by_role("note")).to_contain_text("multi-head latent attention".capitalize())
    stage.keyboard.press("n")
    expect(stage.get_by_role("note")).to_have_count(0)
    stage.keyboard.press("b")
    expect(stage.locator(".blank")).to_be_visible()
    stage.keyboard.press("b")
    expect(stage.locator(".blank")).to_be_hidden()
    stage.keyboard.press("o")
    screens = stage.get_by_role("navigation", name=str(T["stage.overview"])).get_by_role("button")
    expect(screens).to_have_count(len(SCREENS))
    screens.nth(2).click()
    shown(stage, SCREENS[2])
    stage.keyboard.press("Escape")
    stage.wait_for_url("**/story?lang=en")


def test_a_live_run_on_the_stage(stage: Page) -> None:
    on_stage(stage, screen="moe")
    expect(stage.get_by_text(str(T["common.run_recorded"]).split("{")[0])).to_be_visible()
    stage.keyboard.press("l")
    expect(stage.get_by_text(str(T["common.run_live"]).split("{")[0])).to_be_visible()


def test_a_run_is_uncovered_as_it_was_written(stage: Page) -> None:
    stage.emulate_media(reduced_motion="no-preference")
    on_stage(stage, screen="moe")
    curtain = stage.locator(".st-key-stage_run .curtain")
    for again in (False, True):
        if again:
            stage.keyboard.press("p")
        expect(curtain).to_be_visible()
        stage.keyboard.press(">")
        expect(curtain).to_have_count(0)


@pytest.fixture
def stuck_page(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A tab at a server whose models take a second for a token."""
    with serve(tmp_path_factory.mktemp("stuck"), "--stuck") as server:
        yield from watched_page(browser, server, request)


def test_a_run_that_is_late_is_replaced_by_the_recorded_one(stuck_page: Page) -> None:
    stuck_page.set_viewport_size({"width": 1280, "height": 720})
    on_stage(stuck_page, screen="moe")
    stuck_page.keyboard.press("l")
    expect(stuck_page.get_by_text(str(T["stage.running"]))).to_be_visible()
    expect(stuck_page.get_by_text(str(T["stage.stands_in"]).split("{")[0])).to_be_visible()


def test_a_saved_view_is_shown_in_a_frame_and_the_next_is_warm(stage: Page) -> None:
    listed = "moe|glossary?term=latent|story?room=cache"
    on_stage(stage, screens=listed)
    expect(stage.locator("iframe.waiting")).to_have_count(1)
    stage.keyboard.press("ArrowRight")
    frame = stage.frame_locator("iframe:not(.waiting)")
    frame.get_by_text(str(T["glossary.says_latent"])).click()
    stage.keyboard.press("PageDown")  # the focus is in the frame
    expect(stage).to_have_url(re.compile("screen=3"))


def test_a_saved_view_is_its_picture_and_c_brings_the_page(stage: Page) -> None:
    on_stage(stage, screens="cache?room=attention_kinds%232")
    frame = stage.frame_locator("iframe:not(.waiting)")
    title = frame.get_by_role("heading", level=1)
    second = frame.locator(".st-key-c_ablation .js-plotly-plot .main-svg").first
    expect(second).to_be_in_viewport(ratio=0.99)
    expect(frame.locator("[data-testid=stMain] [data-shown]")).to_have_count(1)
    expect(title).to_be_hidden()
    stage.keyboard.press("c")
    expect(title).to_be_visible()
    stage.keyboard.press("c")
    expect(title).to_be_hidden()
    expect(second).to_be_in_viewport(ratio=0.99)


def faults(stage: Page, view: str) -> list[str]:
    """What the last row could not read of the saved view that is shown, or not see."""
    frame = stage.locator("iframe:not(.waiting)")
    handle = frame.element_handle().content_frame()
    assert handle is not None
    shown = handle.locator("[data-shown]")
    if not shown.locator(".main-svg, .view:not(:empty), [role=table]").first.is_visible():
        return [f"{view}: nothing"]
    height = stage.viewport_size["height"] if stage.viewport_size else 0
    times = frame.evaluate("e => e.getBoundingClientRect().width / e.clientWidth")
    if not times >= LEAST_IN_VIEWS / 14 * height / 720:
        return [f"{view}: {times:.2f} times as large on {height} px"]
    if shown.evaluate("e => e.scrollHeight - e.clientHeight") > 1:
        return [f"{view}: scrolls on {height} px"]
    return list(handle.evaluate(SMALL.replace(f"< {LEAST} -", "< 14 -")))


@pytest.mark.sweep
def test_saved_views_are_legible_and_fit(stage: Page) -> None:
    """Each room's picture alone, as large as its screen allows."""
    on_stage(stage, screens="|".join(map(quote, VIEWS)))
    for at, view in enumerate(VIEWS, 1):
        if at > 1:
            stage.keyboard.press("PageDown")
        expect(stage.locator(".stage .place")).to_have_text(re.compile(rf"^{at}\b"))
        for width, height in ((1280, 720), (1920, 1080)):
            stage.set_viewport_size({"width": width, "height": height})
            deadline = time.monotonic() + WAIT_MS / 1000
            while found := faults(stage, view):
                assert time.monotonic() < deadline, found
                stage.wait_for_timeout(100)


def test_the_overview_holds_as_many_screens_as_a_talk_may_have(stage: Page) -> None:
    on_stage(stage, screens="|".join([*BY_NAME] * 5))
    stage.keyboard.press("o")
    screens = stage.get_by_role("navigation", name=str(T["stage.overview"])).get_by_role("button")
    expect(screens).to_have_count(MOST)
    for each in (screens.first, screens.last):
        expect(each).to_be_in_viewport(ratio=0.99)


def test_replies_are_uncovered_as_they_were_written(stage: Page) -> None:
    stage.emulate_media(reduced_motion="no-preference")
    on_stage(stage, screens="replies")
    expect(stage.locator(".st-key-stage_replies .curtain")).to_be_visible()
    assert stage.evaluate(SMALL) == []


def test_a_touch_in_a_hall_keeps_the_speakers_list(stage: Page) -> None:
    on_stage(stage, kiosk="1", screens="moe|balance", lang="ko")
    stage.mouse.click(400, 300)
    expect(stage).to_have_url(re.compile(r"/\?kiosk=1&lang=ko&screens=moe%7Cbalance"))


def test_from_the_story_to_a_talk_of_ones_own(page: Page) -> None:
    """The list is typed and started without a click in between; then keys turn its screens."""
    visit(page, "story", lang="en")
    page.get_by_text(T["story.present"]).click()
    page.locator(".st-key-story_screens textarea").fill("moe\nbalance")
    page.get_by_role("button", name=T["story.present_start"]).click()
    expect(page.get_by_role("heading", level=1, name=BY_NAME["moe"].title)).to_be_visible()
    expect(page).to_have_url(re.compile("present=1.*screens=moe%7Cbalance"))
    settle(page)
    mounted(page, "stage")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1, name=BY_NAME["balance"].title)).to_be_visible()


def test_what_is_typed_into_a_saved_view_turns_no_page(page: Page) -> None:
    visit(page, "", lang="en", present="1", screens="start%7Cmoe")
    settle(page)
    field = page.frame_locator("iframe:not(.waiting)").locator(".st-key-q input")
    expect(field).to_be_attached()
    page.keyboard.press("c")  # what steers the view stands beside it now
    field.fill("")
    field.press_sequentially("one b")
    field.press("Backspace")
    field.press("End")
    expect(field).to_have_value("one ")
    expect(page.locator(".stage .blank")).to_be_hidden()
    expect(page.locator(".stage .notes")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("screen=moe"))


# --- The speaker's own window ------------------------------------------------------------------


def other_window(stage: Page, words: Mapping[str, Text]) -> Page:
    """The speaker's window, by the button on the first screen."""
    with stage.expect_popup() as opened:
        stage.get_by_role("button", name=str(words["stage.speaker"])).click()
    expect(opened.value.locator(".speaker h1")).not_to_be_empty()
    opened.value.set_viewport_size({"width": 1000, "height": 720})
    return opened.value


def seconds(speaker: Page) -> int:
    """The elapsed time shown, after watching it run for 3 s."""
    time = speaker.get_by_role("timer", name=str(T["speaker.time"]))
    expect(time).not_to_have_text("0:00")
    speaker.wait_for_timeout(3000)
    minutes, rest = map(int, time.inner_text().split(":"))
    return 60 * minutes + rest


@pytest.mark.parametrize("language", sweep.each(("en", "ko"), ["en"]))
def test_the_speakers_window_follows_the_stage_and_drives_it(stage: Page, language: str) -> None:
    words = texts(language)
    on_stage(stage, lang=language)
    speaker = other_window(stage, words)
    time = speaker.get_by_role("timer", name=str(words["speaker.time"]))
    expect(time).to_have_text("0:00")
    for place, name in enumerate(SCREENS[1:], 2):
        pressing = (stage, speaker)[place % 2]  # in turns
        pressing.keyboard.press("PageDown")
        title = str(words[f"story.title_{name}"])
        following = words[f"story.title_{SCREENS[place]}"] if place < len(SCREENS) else None
        for window in (stage, speaker):
            expect(window.get_by_role("heading", level=1)).to_have_text(title)
        said = str(words["speaker.place"]).format(number=place, screens=len(SCREENS))
        expect(speaker.locator(".position")).to_have_text(said)
        expect(speaker.locator(".next .title")).to_have_text(
            str(following or words["speaker.last"])
        )
        expect(speaker.get_by_label(str(words["speaker.notes"]))).not_to_be_empty()
    expect(time).not_to_have_text("0:00")
    speaker.get_by_role("button", name=str(words["speaker.again"])).click()
    expect(time).to_have_text("0:00")
    speaker.get_by_label(str(words["speaker.list"])).select_option(SCREENS[2])
    expect(stage).to_have_url(re.compile(f"screen={SCREENS[2]}"))
    blank = speaker.get_by_role("button", name=str(words["speaker.blank"]))
    speaker.keyboard.press(".")  # a remote's key, after the list had the focus
    expect(stage.locator(".stage .blank")).to_be_visible()
    expect(blank).to_have_attribute("aria-pressed", "true")
    blank.click()
    expect(stage.locator(".stage .blank")).to_be_hidden()
    speaker.keyboard.press("Escape")  # leaves nothing
    speaker.keyboard.press("PageUp")
    expect(stage).to_have_url(re.compile(f"screen={SCREENS[1]}"))


def test_either_window_of_a_talk_may_close_and_open_again(stage: Page) -> None:
    on_stage(stage)
    speaker = other_window(stage, T)
    stage.keyboard.press("End")
    gone = seconds(speaker)
    speaker.close()
    stage.keyboard.press("PageUp")
    shown(stage, SCREENS[-2])
    with stage.expect_popup() as opened:
        stage.keyboard.press("s")
    speaker = opened.value
    expect(speaker.locator("h1")).to_have_text(str(T[f"story.title_{SCREENS[-2]}"]))
    assert seconds(speaker) >= gone
    expect(speaker.locator(".lost")).to_be_hidden()
    stage.goto("about:blank")
    expect(speaker.locator(".lost")).to_be_visible()
    with speaker.expect_popup() as opened:
        speaker.get_by_role("link", name=str(T["speaker.open"])).click()
    again = opened.value
    shown(again, SCREENS[-2])
    expect(speaker.locator(".lost")).to_be_hidden()
    speaker.keyboard.press("PageUp")
    shown(again, SCREENS[-3])
    assert seconds(speaker) >= gone + 3, "the time begins anew with a stage that does"


def test_the_windows_of_a_talk_need_no_network(stage: Page) -> None:
    """They communicate without the server: only its drawings wait, not the time and the blank."""
    on_stage(stage)
    speaker = other_window(stage, T)
    stage.context.set_offline(True)
    speaker.keyboard.press("b")
    expect(stage.locator(".stage .blank")).to_be_visible()
    expect(speaker.locator(".lost")).to_be_hidden()
    stage.context.set_offline(False)


def test_a_browser_that_opens_no_window_is_told_of(stage: Page) -> None:
    stage.add_init_script("window.open = () => null")
    on_stage(stage)
    stage.keyboard.press("s")
    told = stage.get_by_role("alert").filter(has_text=str(T["stage.speaker_blocked"]))
    expect(told).to_be_visible()
    with stage.context.expect_page() as opened:
        told.get_by_role("link").click()
    expect(opened.value.locator(".speaker h1")).to_have_text(str(T["stage.title"]))
    expect(told).to_be_hidden()
