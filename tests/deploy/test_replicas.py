"""Two replicas behind nginx: viewers stay with one, and continue on the other if it goes down."""

from __future__ import annotations

import asyncio
import random
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.deploy.conftest import Deployed
from tests.load.pages import PAGES
from tests.load.tab import LostError, Tab
from tests.load.viewer import Diary, ask, go

pytestmark = pytest.mark.slow
VIEWERS = 10


def get(url: str, cookie: str = "") -> tuple[int, dict[str, str]]:
    """The status and headers of a response."""
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


def test_alive_ready_and_metrics_each_have_their_place(deployed: Deployed) -> None:
    assert get(f"{deployed.url}/alive")[0] == 200
    assert get(f"{deployed.url}/ready")[0] == 200
    assert get(f"{deployed.url}/_stcore/metrics")[0] == 404
    assert get(f"{deployed.metrics}/metrics/3")[0] == 404


def test_a_viewer_keeps_the_cookie_they_were_given(deployed: Deployed) -> None:
    _, first = get(deployed.url)
    cookie = first["Set-Cookie"].split(";")[0]
    assert "Set-Cookie" not in get(deployed.url, cookie)[1]
    assert "Set-Cookie" in get(deployed.url, "replica=; drop")[1]


def test_text_is_compressed(deployed: Deployed) -> None:
    request = urllib.request.Request(deployed.url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"


def test_every_answer_has_the_security_policy_with_the_sites_that_may_embed_it(
    deployed: Deployed,
) -> None:
    for path in ("", "reasoning", "ready", "alive", "_stcore/metrics", "nowhere.js"):
        headers = get(f"{deployed.url}/{path}")[1]
        policy = headers["Content-Security-Policy"].split("; ")
        assert "default-src 'self'" in policy and "object-src 'none'" in policy, path
        assert "frame-ancestors 'self' http://127.0.0.1:*" in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path


def test_pages_work_under_the_security_policy(deployed: Deployed) -> None:
    """No page requests what the policy forbids, which the browser would log in its console."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = chromium.still(browser.new_context(base_url=deployed.url)).new_page()
        page.set_default_timeout(60_000)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        for path in chromium.PAGES:
            chromium.visit(page, path)
        browser.close()
    assert [text for text in said if "Content Security Policy" in text] == []


def _answered(diary: Diary) -> bool:
    return bool(diary.runs) and diary.runs[0].seconds is not None


def test_when_a_replica_is_gone_its_viewers_go_on_at_the_other(deployed: Deployed) -> None:
    """Like the frontend, a viewer whose connection is lost reconnects and asks again."""
    diaries = [Diary() for _ in range(VIEWERS)]
    lost: list[int] = []

    async def view(number: int, killed: asyncio.Event) -> None:
        cookie = (await asyncio.to_thread(get, deployed.url))[1]["Set-Cookie"].split(";")[0]
        page, draws = PAGES[number % len(PAGES)], random.Random(number)
        tab = Tab(deployed.url, page.name, cookie=cookie)
        await go(tab, page, diaries[number])
        await ask(tab, page, draws, diaries[number])
        await killed.wait()
        try:
            await ask(tab, page, draws, diaries[number])
        except LostError:
            lost.append(number)
            await tab.open()
            await ask(tab, page, draws, diaries[number])
        await tab.close()
        diaries[number].errors += tab.faults

    async def all_of_them() -> None:
        killed = asyncio.Event()
        tasks = [asyncio.create_task(view(number, killed)) for number in range(VIEWERS)]
        while any(not diary.errors and not _answered(diary) for diary in diaries):
            done, _ = await asyncio.wait(tasks, timeout=0.5, return_when="FIRST_EXCEPTION")
            for task in done:
                task.result()
        await asyncio.to_thread(deployed.replicas[0].stop)
        killed.set()
        await asyncio.gather(*tasks)

    asyncio.run(all_of_them())
    assert [diary.errors for diary in diaries] == [[]] * VIEWERS
    assert all(diary.runs[-1].seconds is not None for diary in diaries)
    assert 0 < len(lost) < VIEWERS  # both replicas had viewers
