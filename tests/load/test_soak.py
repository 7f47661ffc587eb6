"""Ten viewers for five minutes: what the server holds stays what it was."""

from __future__ import annotations

import asyncio

import pytest

from tests.load import server
from tests.load.conftest import App
from tests.load.server import Usage
from tests.load.viewer import Diary, crowd

pytestmark = pytest.mark.slow
VIEWERS, SECONDS = 10, 300
EVERY = 15  # seconds between two looks
WARM = 6  # looks until every page has been opened by everybody
GROWTH = 120e6  # bytes: sessions differ in what they have asked for
SLACK = 20  # threads and files: pools, and tabs that come and go


def test_memory_threads_and_files_are_flat(app: App) -> None:
    async def soaked() -> tuple[Diary, list[Usage]]:
        seen: list[Usage] = []

        async def look() -> None:
            while True:
                now = server.usage(app.pid)
                assert now is not None
                seen.append(now)
                await asyncio.sleep(EVERY)

        looking = asyncio.create_task(look())
        diary, _, _ = await crowd(app.url, VIEWERS, SECONDS, seed=15)
        looking.cancel()
        return diary, seen

    diary, seen = asyncio.run(soaked())
    assert diary.errors == []
    assert all(run.seconds is not None for run in diary.runs)
    warm, last = seen[WARM], seen[-3:]
    assert min(one.bytes for one in last) < warm.bytes + GROWTH
    assert min(one.threads for one in last) <= warm.threads + SLACK
    assert min(one.files for one in last) <= warm.files + SLACK
