"""What a client may send to a running server, and what it may see of it."""

from __future__ import annotations

import asyncio
import math
import urllib.error
import urllib.request

import pytest

from tests.load.conftest import App
from tests.load.tab import LostError, Tab

pytestmark = pytest.mark.slow


def test_a_field_of_ten_megabytes_ends_its_own_connection_only(app: App) -> None:
    async def both() -> None:
        greedy, other = Tab(app.url), Tab(app.url)
        await greedy.open()
        await other.open()
        with pytest.raises(LostError):
            await greedy.put("q", "x" * 10_000_000)
        await other.put("q", "What is 12+30?")
        assert not other.faults
        await other.close()

    asyncio.run(both())


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_whole_number_that_is_none_is_as_if_it_were_not_sent(app: App, value: float) -> None:
    async def one() -> None:
        tab = Tab(app.url, "experts")
        await tab.open()
        await tab.put("e_seed", value)
        assert (tab.faults, tab.errors()) == ([], [])
        await tab.close()

    asyncio.run(one())


def test_a_prompt_that_is_too_long_is_told(app: App) -> None:
    async def one() -> None:
        tab = Tab(app.url)
        await tab.open()
        await tab.put("q", "x" * 100_000)
        await tab.click("s_run")
        await tab.until(lambda: any("100,000" in said for said in tab.errors()) or None)
        assert not tab.faults
        await tab.close()

    asyncio.run(one())


def test_the_metrics_are_closed(app: App) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{app.url}/_stcore/metrics", timeout=30)
    assert refused.value.code == 404
