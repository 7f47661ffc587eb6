"""Many viewers, and viewers who leave, stop, come back or have two tabs. Asserts no times."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from tests.load import fairness, server
from tests.load.conftest import App
from tests.load.pages import (
    ALL_SAMPLES,
    PAGES,
    START,
    Record,
    drawing_samples,
    question,
    samples,
    share_drawn,
    stop_drawing,
)
from tests.load.tab import Tab
from tests.load.viewer import Diary, ask, crowd

pytestmark = pytest.mark.slow
QUIET = 0.05  # of a core: what a server without work uses
SOAK = 300  # seconds
GROWTH = 200e6  # bytes: what is read once and kept for all, and ten sessions
OTHERS = 15  # of half as many samples each as one may draw: as many as the server takes
SLACK = 10  # threads and files that a pool may have added for good
OF_A_TAB = 3  # files of its event loop: Streamlit keeps it for two minutes, should a tab come back


def asked(number: int) -> str:
    """The question that `ask` types on the first page for a seed."""
    return START.text(question(random.Random(number)))


def record(tab: Tab, number: int) -> Record:
    """The record for that question."""
    found = START.finished(tab, asked(number))
    assert found is not None
    return found


async def quiet(pid: int) -> None:
    """Wait until the server is idle.

    Raises:
        TimeoutError: if it never is.
    """
    async with asyncio.timeout(60):
        before = server.usage(pid)
        while before is not None:
            await asyncio.sleep(1)
            now = server.usage(pid)
            assert now is not None
            if now.cpu - before.cpu < QUIET * (now.at - before.at):
                return
            before = now


async def opened(url: str, page: str = "", query: str = "") -> Tab:
    tab = Tab(url, page, query)
    await tab.open()
    return tab


@pytest.mark.sweep
def test_ten_viewers_get_their_records_and_leave_nothing_behind(app: App) -> None:
    """Memory, threads and open files are the same after five minutes of ten viewers as before.

    Before, one viewer has made a run on each page, so that the models are in memory already.
    """

    async def soak() -> tuple[Diary, server.Usage | None, server.Usage | None]:
        await crowd(app.url, len(PAGES), 0, seed=8)
        await quiet(app.pid)
        before = server.usage(app.pid)
        diary, _, _ = await crowd(app.url, 10, SOAK, seed=1)
        await quiet(app.pid)
        return diary, before, server.usage(app.pid)

    diary, before, after = asyncio.run(soak())
    assert diary.errors == []
    assert all(run.seconds is not None for run in diary.runs)
    assert {run.page for run in diary.runs} == {page.title for page in PAGES}
    assert before is not None and after is not None
    assert after.bytes < before.bytes + GROWTH
    assert after.threads <= before.threads + SLACK
    assert after.files <= before.files + 10 * OF_A_TAB + SLACK


def test_a_run_ends_while_another_viewer_draws_two_thousand_samples(app: App) -> None:
    found = asyncio.run(fairness.measure(app.url, seed=2, runs=3))
    assert found.errors == []
    assert len(found.beside) == 3
    assert found.drawn < 0.9


def test_runs_end_while_fifteen_others_wait(app: App) -> None:
    """Polls of those who wait once used up the interpreter: with fifteen, no run ended at all."""

    async def crowded() -> tuple[Diary, int]:
        diary, draws = Diary(), random.Random(3)
        async with AsyncExitStack() as room:
            drawing = (drawing_samples(app.url, share=2) for _ in range(OTHERS))
            others = [await room.enter_async_context(one) for one in drawing]
            viewer = Tab(app.url)
            room.push_async_callback(viewer.close)
            await viewer.open()
            for _ in range(3):
                await ask(viewer, START, draws, diary)
            still = sum(share_drawn(tab) is not None for tab in others)
        await quiet(app.pid)  # what they asked for counts until their absence is noticed
        return diary, still

    diary, still = asyncio.run(crowded())
    assert diary.errors == [] and all(run.seconds is not None for run in diary.runs)
    assert still > OTHERS / 2


def test_no_job_outlives_its_viewer(app: App) -> None:
    """Three viewers request more than could be computed before their absence is noticed."""

    async def leave() -> list[int]:
        async with AsyncExitStack() as room:
            tabs = [await room.enter_async_context(drawing_samples(app.url)) for _ in range(3)]
        await quiet(app.pid)
        found = []
        for tab in tabs:
            await tab.open()  # the same session, as after a broken connection
            assert share_drawn(tab) is None
            found.append(await samples(tab))
            await tab.close()
        return found

    assert all(number < ALL_SAMPLES for number in asyncio.run(leave()))


def test_stop_keeps_what_was_drawn_and_frees_the_server(app: App) -> None:
    async def stop() -> int:
        async with drawing_samples(app.url) as tab:
            await tab.until(lambda: (share_drawn(tab) or 0) > 0 or None)
            await stop_drawing(tab)
            await quiet(app.pid)
            return await samples(tab)

    assert 0 < asyncio.run(stop()) < ALL_SAMPLES


def test_two_tabs_of_one_browser_are_two_sessions(app: App) -> None:
    async def both() -> Diary:
        first, second = await opened(app.url), await opened(app.url)
        diary = Diary()
        await asyncio.gather(
            ask(first, START, random.Random(3), diary), ask(second, START, random.Random(4), diary)
        )
        record(first, 3)
        record(second, 4)
        await first.close()
        await ask(second, START, random.Random(5), diary)
        await second.close()
        return diary

    assert asyncio.run(both()).errors == []


def test_a_page_loaded_again_in_the_middle_of_a_run_runs_it_again(app: App) -> None:
    """The inputs in the URL are run when the page is loaded, and give the same record."""

    async def reload() -> tuple[str, str]:
        typed, diary = asked(6), Diary()
        tab = await opened(app.url)
        await ask(tab, START, random.Random(6), diary)
        undisturbed = record(tab, 6).text
        await tab.close()

        tab = await opened(app.url)
        await tab.put(START.field, typed)
        await tab.click(START.run)
        await tab.close()
        again = await opened(app.url, query=tab.address_query)
        found = (await again.until(lambda: START.finished(again, typed))).text
        await again.close()
        assert diary.errors == [] and again.faults == []
        return undisturbed, found

    undisturbed, found = asyncio.run(reload())
    assert found == undisturbed


def test_a_server_started_again_serves_the_tabs_that_were_open(app: App) -> None:
    async def restart() -> Diary:
        diary = Diary()
        async with drawing_samples(app.url) as drawer:
            reader = await opened(app.url)
            await asyncio.to_thread(app.stop)
            await asyncio.to_thread(app.start)
            for tab in (drawer, reader):
                await tab.open()
            assert share_drawn(drawer) is None
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
    """The server never refers to a message that a browser has dropped, even with many runs."""

    async def drawn_again() -> list[str]:
        tab = await opened(app.url, page, query)
        for _ in range(3):
            await tab.redraw()
        await tab.close()
        return tab.faults

    assert asyncio.run(drawn_again()) == []
