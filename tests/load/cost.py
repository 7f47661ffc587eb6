"""What a page costs: `python -m tests.load.cost`, milliseconds of the server's processor time.

One viewer alone opens each page again and again, asks a question on it, and has it drawn anew with
nothing changed. So it is told apart what a page takes, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.load import server
from tests.load.pages import OTHERS, PAGES, Page
from tests.load.tab import Tab
from tests.load.viewer import Diary, ask


@dataclass(frozen=True)
class Cost:
    """The costs of a page."""

    page: str
    open_ms: float  # of a first visit, of a new session
    again_ms: float  # of one more run of its whole script
    run_ms: float | None  # of a question: typed, clicked, computed and shown; None if there is none
    kilobytes: float  # that a first visit gets by the socket
    messages: int  # elements and blocks among it


class Meter:
    """Measures the processor time of a process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last = self._now()

    def _now(self) -> float:
        found = server.usage(self._pid)
        if found is None:
            raise RuntimeError("the server has ended")
        return found.cpu

    def lap(self, times: int) -> float:
        """Milliseconds since the last call, divided by `times`."""
        before, self._last = self._last, self._now()
        return round(1000 * (self._last - before) / times, 1)


async def cost(url: str, pid: int, name: str, page: Page | None, times: int) -> Cost:
    """The costs of the page at a URL; `page` says how to ask a question there."""
    draws, diary = random.Random(name), Diary()
    tab = Tab(url, name)
    await tab.open()  # whoever comes first has it made for all
    await tab.close()
    await asyncio.sleep(1)

    meter, received, messages = Meter(pid), 0, 0
    for _ in range(times):
        tab = Tab(url, name)
        await tab.open()
        await tab.close()
        received, messages = tab.received, tab.messages
    opened = meter.lap(times)

    tab = Tab(url, name)
    await tab.open()
    meter.lap(1)
    for _ in range(times):
        await tab.redraw()
    again = meter.lap(times)

    run = None
    if page is not None:
        for _ in range(times):
            await ask(tab, page, draws, diary)
        run = meter.lap(times)
    await tab.close()
    if diary.errors:
        raise RuntimeError(diary.errors[0])
    return Cost(name or "start", opened, again, run, round(received / 1000, 1), messages)


async def costs(url: str, pid: int, times: int, only: str | None = None) -> list[Cost]:
    """The costs of all pages, or of one."""
    asked: dict[str, Page | None] = {page.name: page for page in PAGES}
    places = asked | dict.fromkeys(OTHERS)
    return [
        await cost(url, pid, name, page, times)
        for name, page in places.items()
        if only in (None, name or "start")
    ]


def table(found: list[Cost]) -> str:
    lines = [f"{'':12}{'open':>10}{'again':>10}{'run':>10}{'kB':>10}{'messages':>10}"]
    for one in found:
        run = "–" if one.run_ms is None else f"{one.run_ms:.0f}"
        lines.append(
            f"{one.page:12}{one.open_ms:>10.0f}{one.again_ms:>10.0f}{run:>10}"
            f"{one.kilobytes:>10.0f}{one.messages:>10}"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.cost", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="that each is done (10)")
    parser.add_argument("--page", help="one page alone, e.g. start")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        server.anywhere(Path(folder) / "log") as (url, process),
    ):
        found = asyncio.run(costs(url, process.pid, options.times, options.page))
    print(json.dumps([asdict(one) for one in found]) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
