"""A viewer: opens a page, asks a question of their own, looks at it, and goes to the next."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from dataclasses import dataclass, field

from tests.load.pages import PAGES, Page, question
from tests.load.tab import PATIENCE, LostError, Tab

PACE = (5.0, 10.0)  # seconds between two clicks on Run


@dataclass(frozen=True)
class Open:
    """A page that was requested at `at`, and loaded `seconds` later."""

    page: str
    at: float
    seconds: float


@dataclass
class Run:
    """A run that was requested at `at`; `seconds` until its record, None if none came."""

    page: str
    at: float
    seconds: float | None = None
    tokens: int | None = None


@dataclass
class Diary:
    """The log of viewers. Times are time.monotonic()."""

    opens: list[Open] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    received: list[int] = field(default_factory=list)  # bytes, of each viewer


async def ask(tab: Tab, page: Page, draws: random.Random, diary: Diary) -> Run:
    """Type a question, click Run, and wait for its record. Errors are logged.

    Raises:
        LostError: if the connection was closed.
    """
    typed = page.text(question(draws))
    await tab.put(page.field, typed)
    run = Run(page.title, await tab.click(page.run))
    diary.runs.append(run)

    def ended() -> bool | None:
        if record := page.finished(tab, typed):
            run.seconds, run.tokens = record.at - run.at, record.tokens
        elif shown := tab.errors(since=run.at):
            diary.errors.append(f"{page.title}: {shown[0]}")
        else:
            return None
        return True

    try:
        await tab.until(ended)
    except TimeoutError:
        diary.errors.append(f"{page.title}: no record after {PATIENCE:g} s")
    return run


async def go(tab: Tab, page: Page, diary: Diary) -> None:
    """Open the first page or go to the next, and log how long it took. Raises: see `Tab.open`."""
    asked = time.monotonic()
    await (tab.visit(page.name) if tab.session else tab.open())
    diary.opens.append(Open(page.title, asked, time.monotonic() - asked))


async def view(url: str, number: int, seed: int, end: float, diary: Diary) -> None:
    """Act as one viewer: page after page with a run on each, at least one, none after `end`."""
    draws = random.Random(f"{seed}-{number}")
    tab = Tab(url, PAGES[number % len(PAGES)].name)
    clicked, pace = time.monotonic(), draws.uniform(0, PACE[1])
    try:
        for turn in itertools.count(number):
            page = PAGES[turn % len(PAGES)]
            await go(tab, page, diary)
            await _sleep_until(clicked + pace)
            clicked = time.monotonic()
            await ask(tab, page, draws, diary)
            pace = draws.uniform(*PACE)
            if clicked + pace >= end:
                break
            await _sleep_until(clicked + pace / 2)  # looks at the record
    except (LostError, LookupError) as error:
        diary.errors.append(f"viewer {number}: {error}")
    except TimeoutError:
        diary.errors.append(f"viewer {number}: no page after {PATIENCE:g} s")
    finally:
        await tab.close()
        diary.errors += [f"viewer {number}: {fault}" for fault in tab.faults]
        diary.received.append(tab.received)


async def crowd(url: str, viewers: int, seconds: float, seed: int) -> tuple[Diary, float, float]:
    """Run viewers that start at once on the four pages; returns their log, begin and end."""
    diary, begin = Diary(), time.monotonic()
    views = (view(url, number, seed, begin + seconds, diary) for number in range(viewers))
    await asyncio.gather(*views)
    return diary, begin, time.monotonic()


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
