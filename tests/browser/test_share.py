"""Links, embeds and files: what leaves the app is complete, and works elsewhere."""

from __future__ import annotations

import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.core.asking import judged_reply
from app.core.assets import recorded_runs
from app.core.texts import LANGUAGES, texts
from app.export import figures, files, themes
from model.record.trace import Trace
from tests import sweep
from tests.browser import saved
from tests.browser.chromium import settle, visit
from tests.browser.server import Server

pytestmark = pytest.mark.browser
POST = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Another origin: a folder served at another port."""
    folder = tmp_path_factory.mktemp("blog")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def opened(page: Page) -> None:
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("dialog", name="Share")).to_be_visible()


def test_what_was_copied_is_in_the_clipboard(page: Page) -> None:
    visit(page, "training")
    opened(page)
    page.get_by_role("button", name="Copy: Citation (BibTeX)").click()
    field = page.get_by_label("Citation (BibTeX)").first
    cited = field.input_value()
    assert "@software{inside-r1," in cited
    assert page.url in cited
    assert "arXiv" in cited or "Nature" in cited
    page.get_by_role("combobox", name="What is embedded").focus()
    code = page.get_by_label("Code for a web page").first
    code.evaluate("field => { field.readOnly = false; field.value = ''; field.focus(); }")
    page.keyboard.press("Control+v")
    assert code.input_value() == cited


def test_a_figure_in_a_frame_on_another_origin(
    page: Page, blog: tuple[str, Path], served: Server
) -> None:
    """Share's embed code in a post elsewhere shows the whole figure, and links back."""
    visit(page, "cache", lang="ko")
    page.get_by_role("button", name="공유", exact=True).click()
    page.get_by_label("넣을 것").select_option("kv-loss")
    code = page.get_by_label("웹 페이지에 넣을 코드").first.input_value()
    address, folder = blog
    (folder / "post.html").write_text(f"{POST}<main>{code}</main>", encoding="utf-8")
    page.goto(f"{address}/post.html")
    frame = page.frame_locator("iframe")
    title = figures.figure("kv-loss", "ko").title
    expect(frame.get_by_role("heading", name=title)).to_be_visible()
    expect(frame.locator("svg.chart:visible")).to_be_visible()
    for window, column in ((1440, 700), (1440, 640), (1440, 400), (700, 700), (390, 390)):
        page.set_viewport_size({"width": window, "height": 900})
        page.locator("main").evaluate("(at, px) => { at.style.width = `${px}px`; }", column)
        expect(frame.locator("svg.chart:visible")).to_be_visible()
        beyond = page.frames[1].evaluate("document.documentElement.scrollHeight - innerHeight")
        assert beyond <= 0, (window, column)
    leads = frame.get_by_role("link").get_attribute("href")
    assert leads is not None
    assert leads.startswith("/cache?lang=ko")


def test_a_run_plays_in_a_frame_on_another_origin(
    page: Page, blog: tuple[str, Path], served: Server
) -> None:
    address, folder = blog
    source = f"{served.url}/?embed=true&figure=routing&theme=dark"
    (folder / "run.html").write_text(f'{POST}<iframe src="{source}" width="720" height="900">')
    page.goto(f"{address}/run.html")
    frame = page.frame_locator("iframe")
    expect(frame.locator(".trace-view .token").first).to_be_visible()
    colour = page.frames[1].evaluate("getComputedStyle(document.body).backgroundColor")
    back = themes.theme("dark").back
    assert colour == f"rgb({int(back[1:3], 16)}, {int(back[3:5], 16)}, {int(back[5:7], 16)})"


def test_an_embedded_page_has_no_sidebar(page: Page) -> None:
    page.goto("/experts?embed=true&lang=ko")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[data-testid=stSidebar]")).to_have_count(0)
    expect(page.get_by_role("button", name="공유", exact=True)).to_have_count(0)
    expect(page.locator("h1")).to_have_text(re.compile("[가-힣]"))


def test_an_unknown_figure(page: Page) -> None:
    answer = page.request.get("/?embed=true&figure=no-such")
    assert answer.status == 404
    page.set_content(answer.text())
    expect(page.get_by_role("heading")).to_contain_text("no-such")
    assert page.get_by_role("link").count() == len(figures.NAMES)


@pytest.mark.parametrize("file_format", sweep.each(["PNG", "SVG"], ["SVG"]))
def test_a_chart_is_saved_with_its_title_and_source(page: Page, file_format: str) -> None:
    """The button is visible without hovering; texts have the page's colour, not plotly's grey."""
    visit(page, "training", room="curves", t_overlay="true")
    page.locator(".st-key-picture_format").get_by_text(file_format, exact=True).click()
    settle(page)
    button = page.locator(".st-key-t_accuracy .modebar-btn").first
    expect(button).to_have_attribute("data-title", re.compile(file_format))  # drawn anew
    expect(page.locator(".st-key-t_accuracy .modebar-btn")).to_have_count(1)  # the old one is gone
    expect(page.locator(".st-key-t_accuracy .modebar")).to_have_css("opacity", "1")
    with page.expect_download() as download:
        button.click()
    kept = download.value.path().read_bytes()
    chart = page.locator(".st-key-t_accuracy .js-plotly-plot").bounding_box()
    assert chart is not None
    if file_format == "PNG":
        width, height = saved.png_size(kept)
        assert width > 2 * chart["width"]
        assert height > 2 * chart["height"] + 60  # the title above, the source below
        return
    root = ET.fromstring(kept)
    texts = ["".join(text.itertext()) for text in root.iter(f"{saved.SVG}text")]
    assert "Right answers" in " ".join(texts)
    assert any("Inside R1" in text for text in texts)
    wide = "e => [e.textContent, e.getComputedTextLength()]"
    for legend in page.locator(".st-key-t_accuracy .legendtext").all():
        said, length = legend.evaluate(wide)
        kept_text = next(text for text in root.iter(f"{saved.SVG}text") if text.text == said)
        assert float(kept_text.get("textLength", "nan")) == pytest.approx(length, abs=0.1)
    assert page.locator(".st-key-t_accuracy .legendtext").count() > 1
    ticks = [text for text in root.iter(f"{saved.SVG}text") if "%" in "".join(text.itertext())]
    assert ticks
    shown = page.evaluate("getComputedStyle(document.querySelector('.stApp')).color")
    assert all(f"fill: {shown}" in (tick.get("style") or "") for tick in ticks)


@pytest.mark.parametrize(
    ("path", "view", "traces"),
    [
        ("experts", ".trace-view .token", [recorded_runs.trace("experts")]),
        ("reasoning", ".reasoning-view .reply-column", judged_reply.recorded("en")),
    ],
    ids=["experts", "reasoning"],
)
def test_a_run_is_saved_as_a_page_that_plays_without_a_server(
    page: Page, tmp_path: Path, path: str, view: str, traces: Sequence[Trace]
) -> None:
    """The page also has the question, the model, the seed, and the date."""
    visit(page, path)
    expect(page.locator(view).first).to_be_visible()
    opened(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML:").first.click()
    kept = tmp_path / "run.html"
    download.value.save_as(kept)
    assert kept.stat().st_size < 1_500_000
    page.context.set_offline(True)
    page.goto(kept.as_uri())
    expect(page.locator(view).first).to_be_visible()
    expect(page.locator(".play").first).to_be_visible()
    said = page.locator("h1 + p")
    info = traces[0].info
    asked = judged_reply.read(traces[0]).asked.text if path == "reasoning" else info.prompt
    for part in (asked, f"seed {info.seed}", info.date):
        expect(said).to_contain_text(part)
    assert len({trace.info.seed for trace in traces}) == 1


def test_any_chart_is_saved_as_a_page_that_answers_without_a_server(
    page: Page, tmp_path: Path
) -> None:
    visit(page, "training", lang="ko", room="curves")
    expect(page.locator(".st-key-t_accuracy .modebar-btn").first).to_be_visible()
    page.get_by_role("button", name="공유", exact=True).click()
    title = str(texts("ko")["curves.curve_accuracy"])
    with page.expect_download() as download:
        page.get_by_role("button", name=f"HTML: {title}").click()
    kept = tmp_path / "chart.html"
    download.value.save_as(kept)
    assert kept.stat().st_size < 2_500_000
    page.context.set_offline(True)
    page.goto(kept.as_uri())
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    chart = page.locator(".plot .main-svg").first
    expect(chart).to_be_visible()
    plot = page.locator(".plot .nsewdrag").first.bounding_box()
    assert plot is not None
    told = page.locator(".plot .hoverlayer .hovertext")
    for y in range(0, int(plot["height"]), 10):  # down until a line is met
        page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + y)
        page.wait_for_timeout(60)
        if told.count():
            break
    expect(told.first).to_be_visible()


def test_files_for_a_blog_are_alive_without_a_network(page: Page, tmp_path: Path) -> None:
    files.write(tmp_path, ["en"], ["light"])
    page.context.set_offline(True)
    page.goto((tmp_path / "balance-en-light.html").as_uri())
    chart = page.locator("svg.chart:visible")
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip:visible")).not_to_be_empty()
    key = chart.locator(".key").first
    key.click()
    expect(key).to_have_attribute("aria-pressed", "false")
    expect(chart.locator(".series.off")).to_have_count(1)
    for name in ("routing", "replies"):
        page.goto((tmp_path / f"{name}-en-light.html").as_uri())
        expect(page.locator(".view .part, .view .reply-column").first).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((tmp_path / "kv-bytes-en-light.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


OVERLAPS = """() => {
  const texts = [...document.querySelectorAll("svg.chart text")]
    .filter((text) => text.checkVisibility() && text.textContent.trim())
    .map((text) => [text.textContent, text.getBoundingClientRect()]);
  return texts.flatMap(([said, a], i) => texts.slice(i + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
    .map(([other]) => `${said} / ${other}`));
}"""


@pytest.mark.parametrize("name", sweep.each(figures.NAMES, figures.NAMES[::4]))
def test_frames_are_as_high_as_they_say(page: Page, name: str) -> None:
    """Also, no text in them overlaps another."""
    needed: dict[int, int] = {}  # by the least width of a class
    for language in LANGUAGES:
        page.goto(f"/?embed=true&figure={name}&lang={language}")
        for width in (340, 390, 479, 480, 671, 672, 1000):  # a picture grows with its frame
            page.set_viewport_size({"width": width, "height": 400})
            page.locator("svg.chart:visible, .view > *").first.wait_for()
            least = next(least for least in figures.FRAMES if width >= least)
            height = page.evaluate("document.documentElement.scrollHeight")
            needed[least] = max(height, needed.get(least, 0))
            assert page.evaluate(OVERLAPS) == [], (language, width)
    stated = dict(zip(figures.FRAMES, figures.FIGURES[name].heights, strict=True))
    assert {
        least: (needed[least], height)
        for least, height in stated.items()
        if not needed[least] <= height <= needed[least] + 80
    } == {}


@pytest.mark.parametrize("width", sweep.each([760, 700, 640, 560, 480, 390], [640, 390]))
def test_a_chart_fills_a_frame_of_any_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/?embed=true&figure=kv-bytes&lang=en")
    chart = page.locator("svg.chart:visible").bounding_box()
    assert chart is not None
    assert 0.75 * (width - 32) <= chart["width"] <= width - 32 + 1
