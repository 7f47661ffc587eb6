"""What a client may send to a running server, and what it may see of it."""

from __future__ import annotations

import asyncio
import math
import urllib.error
import urllib.request

import pytest

from tests.load.conftest import App
from tests.load.pages import ALL_SAMPLES, samples, share_drawn
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


def test_a_forged_number_of_samples_is_one_that_is_offered(app: App) -> None:
    """A hundred thousand of each model were once drawn."""

    async def drawn() -> int:
        tab = Tab(app.url, "reasoning", "room=samples")
        await tab.open()
        await tab.put("r_k", "100000")
        await tab.click("r_draw_samples")
        fold = "fold-reasoning-samples"
        await tab.until(lambda: (tab.find(fold) and share_drawn(tab) is None) or None)
        number = await samples(tab)
        await tab.close()
        return number

    assert 0 < asyncio.run(drawn()) <= ALL_SAMPLES


def test_another_site_can_neither_upload_nor_read(app: App) -> None:
    """Uploads need the token of a cookie that only pages of this site can read."""
    elsewhere = {"Origin": "https://other.example"}
    upload = f"{app.url}/_stcore/upload_file/visitor/file"
    for url, data in ((upload, b"x"), (f"{app.url}/_stcore/health", None), (app.url, None)):
        method = "GET" if data is None else "PUT"
        asked = urllib.request.Request(url, data, elsewhere, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                status, headers = answer.status, answer.headers
        except urllib.error.HTTPError as refused:
            status, headers = refused.code, refused.headers
        assert (status == 403) == (data is not None)
        assert headers["Access-Control-Allow-Origin"] is None


def test_the_metrics_are_closed(app: App) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{app.url}/_stcore/metrics", timeout=30)
    assert refused.value.code == 404
