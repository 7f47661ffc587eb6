"""A room of viewers, and viewers who leave, stop, come back or have two tabs. No times asserted."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from tests.load import fairness, server
from tests.load.conftest import App
from tests.load.pages import PAGES, data, question
from tests.load.tab import Tab
from tests.load.viewer import Diary, ask, crowd

pytestmark = pytest.mark.slow
START = PAGES[0]
QUIET = 0.05  # of a core: what a server without work uses
SLACK = 10  # threads and files that a pool may have added for good


def texts(tab: Tab) -> list[str]:
    """Tokens of the records on the first page."""
    return [text for each in data(tab.need("s_view"))["columns"] for text in each["texts"]]


async def quiet(pid: int) -> None:
    """Wait until the server computes nothing any more.

    Raises:
        TimeoutError: if it goes on and on.
    """
    async with asyncio.timeout(60):
        before = server.usage(pid)
        while before is not None:
            await asyncio.sleep(2)
            now = server.usage(pid)
            assert now is not None
            if now.cpu - before.cpu < QUIET * (now.at - before.at):
                return
            before = now


async def opened(url: str, page: str = "", query: str = "") -> Tab:
    tab = Tab(url, page, query)
    await tab.open()
    return tab


def test_ten_viewers_get_all_their_records(app: App) -> None:
    diary, _, _ = asyncio.run(crowd(app.url, 10, 20, seed=1))
    assert diary.errors == []
    assert len(diary.runs) >= 10
    assert all(run.seconds is not None for run in diary.runs)
    assert {run.page for run in diary.runs} == {page.title for page in PAGES}


def test_a_run_ends_while_another_viewer_draws_two_thousand_samples(app: App) -> None:
    found = asyncio.run(fairness.measure(app.url, seed=2, runs=3))
    assert found.errors == []
    assert len(found.beside) == 3
    assert found.drawn < 0.9


def test_no_job_outlives_its_viewer(app: App) -> None:
    """Three viewers ask for more than could be drawn before it is noticed that they have left."""

    async def leave() -> list[int]:
        async with AsyncExitStack() as room:
            tabs = [await room.enter_async_context(fairness.drawing(app.url)) for _ in range(3)]
        await quiet(app.pid)
        found = []
        for tab in tabs:
            await tab.open()  # the same session, as after a broken connection
            assert tab.find(fairness.STOP) is None
            found.append(fairness.samples(tab))
            await tab.close()
        return found

    for samples in asyncio.run(leave()):
        assert samples < fairness.ALL


def test_stop_keeps_what_was_drawn_and_frees_the_server(app: App) -> None:
    async def stop() -> int:
        async with fairness.drawing(app.url) as tab:
            await tab.until(lambda: (fairness.drawn(tab) or 0) > 0 or None)
            await tab.click(fairness.STOP)
            await tab.until(lambda: tab.find(fairness.STOP) is None or None)
            await quiet(app.pid)
            return fairness.samples(tab)

    assert 0 < asyncio.run(stop()) < fairness.ALL


def test_two_tabs_of_one_browser_are_two_sessions(app: App) -> None:
    async def both() -> tuple[Diary, str, str]:
        first, second = await opened(app.url), await opened(app.url)
        diary = Diary()
        await asyncio.gather(
            ask(first, START, random.Random(3), diary), ask(second, START, random.Random(4), diary)
        )
        shown = "".join(texts(first)), "".join(texts(second))
        await first.close()
        await ask(second, START, random.Random(5), diary)
        await second.close()
        return diary, *shown

    diary, first, second = asyncio.run(both())
    assert diary.errors == []
    assert question(random.Random(3)).question in first
    assert question(random.Random(4)).question in second


def test_a_page_loaded_again_in_the_middle_of_a_run_runs_it_again(app: App) -> None:
    """What the address says is run when the page is loaded, and gives the same record."""

    async def reload() -> tuple[list[str], list[str]]:
        typed, diary = question(random.Random(6)).question, Diary()
        tab = await opened(app.url)
        await ask(tab, START, random.Random(6), diary)
        undisturbed = texts(tab)
        await tab.close()

        tab = await opened(app.url)
        await tab.put(START.field, typed)
        await tab.click(START.run)
        await tab.close()
        again = await opened(app.url, query=tab.address_query)
        await again.until(lambda: START.finished(again, typed))
        found = texts(again)
        await again.close()
        assert diary.errors == [] and again.faults == []
        return undisturbed, found

    undisturbed, found = asyncio.run(reload())
    assert found == undisturbed


def test_a_server_started_again_serves_the_tabs_that_were_open(app: App) -> None:
    async def restart() -> Diary:
        diary = Diary()
        async with fairness.drawing(app.url) as drawer:
            reader = await opened(app.url)
            await asyncio.to_thread(app.stop)
            await asyncio.to_thread(app.start)
            for tab in (drawer, reader):
                await tab.open()
            assert drawer.find(fairness.STOP) is None
            await ask(reader, START, random.Random(7), diary)
            await reader.close()
            assert drawer.faults == reader.faults == []
        return diary

    assert asyncio.run(restart()).errors == []


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("", "q=3 + 4 = ?"),
        ("experts", "e_prompt=In the beginning"),
        ("cache", "c_prompt=In the beginning God"),
        ("cache", "c_tokens=99999"),
        ("reasoning", "r_expr=12+30"),
        ("training", ""),
    ],
)
def test_no_message_stands_for_an_earlier_one(app: App, page: str, query: str) -> None:
    """What a browser has dropped can never be referred to, however many runs are under way."""

    async def drawn_again() -> list[str]:
        tab = await opened(app.url, page, query)
        for _ in range(3):
            await tab.redraw()
        await tab.close()
        return tab.faults

    assert asyncio.run(drawn_again()) == []


def test_what_viewers_leave_behind_is_cleared_away(app: App) -> None:
    """Threads and open files are as many after a crowd as before it: a soak, in short."""

    async def soak() -> tuple[server.Usage | None, server.Usage | None]:
        await crowd(app.url, 2, 5, seed=8)
        await quiet(app.pid)
        before = server.usage(app.pid)
        await crowd(app.url, 10, 20, seed=9)
        await quiet(app.pid)
        return before, server.usage(app.pid)

    before, after = asyncio.run(soak())
    assert before is not None and after is not None
    assert after.threads <= before.threads + SLACK
    assert after.files <= before.files + SLACK
