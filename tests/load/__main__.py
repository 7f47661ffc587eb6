"""Measure the app under many viewers: `python -m tests.load --viewers 30 --minutes 5`.

Starts the app on a free port of this machine, or takes one that runs at --url. First one viewer
alone, then all at once: each opens a page, asks a question of their own every 5 to 10 seconds, and
goes to the next page. Prints a table, or with --json the figures as JSON, and draws a picture.
With --fairness: how one viewer's run fares beside another's 2,048 samples.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.load import fairness, picture, report, server
from tests.load.pages import PAGES
from tests.load.tab import LostError, Tab
from tests.load.viewer import Diary, ask, crowd, go

ALONE_SECONDS = 30.0
OUT = server.ROOT / ".work" / "load.svg"


async def first_runs(url: str) -> dict[str, float]:
    """The times of a first run on each page, while models are still being loaded.

    Raises:
        LostError: if one did not finish.
    """
    diary, tab = Diary(), Tab(url)
    for page in PAGES:
        await go(tab, page, diary)
        await ask(tab, page, random.Random("first"), diary)
    await tab.close()
    if diary.errors:
        raise LostError(diary.errors[0])
    return {run.page: round(run.seconds or 0.0, 2) for run in diary.runs}


async def watched(url: str, viewers: int, seconds: float, seed: int) -> report.Phase:
    """Run a crowd of viewers while recording the server's usage."""
    usage: list[server.Usage] = []
    pid, own = server.process_at(url), time.process_time()
    watching = asyncio.create_task(server.watch(pid, usage)) if pid is not None else None
    diary, begin, end = await crowd(url, viewers, seconds, seed)
    if watching is not None:
        watching.cancel()
    return report.Phase(viewers, diary, begin, end, usage, time.process_time() - own)


async def measure(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything and draw the picture; returns the figures."""
    found: dict[str, Any] = {"machine": report.machine(), "seed": options.seed}
    found["first_runs"] = await first_runs(url)
    alone = await watched(url, 1, ALONE_SECONDS, options.seed)
    together = await watched(url, options.viewers, 60 * options.minutes, options.seed)
    found |= {"alone": alone.figures(), "all": together.figures()}
    title = f"{options.viewers} viewers, {options.minutes:g} min, {found['machine']['date']}"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(picture.draw(together, title), encoding="utf-8")
    return found


@contextmanager
def app(url: str | None) -> Iterator[str]:
    """The app at `url`, or one that is started here."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder, server.anywhere(Path(folder) / "log") as found:
        yield found[0]


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--viewers", type=int, default=30, help="who come at once (30)")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long they stay (5)")
    parser.add_argument("--seed", type=int, default=0, help="of their questions and pauses (0)")
    parser.add_argument("--url", help="of an app that runs on 127.0.0.1; else one is started")
    parser.add_argument("--out", type=Path, default=OUT, help=f"the picture ({OUT.name} in .work)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--fairness", action="store_true", help="a viewer's run beside another's 2,048 samples"
    )
    options = parser.parse_args(arguments)
    if options.viewers < 1 or not options.minutes > 0:
        parser.error("at least one viewer, for more than no time")
    if options.url is not None:
        parts = urlsplit(options.url)
        if parts.scheme != "http" or parts.hostname != "127.0.0.1" or parts.port is None:
            parser.error("--url must be like http://127.0.0.1:8501")
    return options


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    try:
        with app(options.url) as url:
            if options.fairness:
                result = asyncio.run(fairness.measure(url, options.seed))
                found = {"machine": report.machine()} | result.figures()
                print(json.dumps(found) if options.json else result.text())
                return bool(result.errors)
            found = asyncio.run(measure(url, options))
    except (LostError, RuntimeError, TimeoutError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found) if options.json else report.table(found))
    return bool(found["alone"]["errors"] + found["all"]["errors"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
