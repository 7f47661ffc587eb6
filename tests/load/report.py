"""Figures on the viewers' experience and the server's usage; all of them go into the JSON."""

from __future__ import annotations

import datetime
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.load.pages import PAGES
from tests.load.server import Usage
from tests.load.viewer import Diary


@dataclass
class Phase:
    """Viewers from `begin` to `end` (time.monotonic()), with the usage of server and client."""

    viewers: int
    diary: Diary
    begin: float
    end: float
    usage: list[Usage] = field(default_factory=list)
    client: float = 0.0  # seconds of processor time that the viewers themselves took

    @property
    def seconds(self) -> float:
        return self.end - self.begin

    def figures(self) -> dict[str, Any]:
        """The figures in seconds, MB (10^6 bytes) and counts; None if not measured."""
        diary = self.diary
        done = [run for run in diary.runs if run.seconds is not None]
        told = [run.tokens for run in done if run.tokens is not None]
        return {
            "viewers": self.viewers,
            "seconds": round(self.seconds, 1),
            "started": len(diary.runs),
            "finished": len(done),
            "errors": len(diary.errors),
            "said": Counter(diary.errors),
            "runs_per_minute": round(60 * len(done) / self.seconds, 1),
            "tokens_per_second": round(sum(told) / self.seconds, 1),
            "record_seconds": spread([run.seconds for run in done if run.seconds is not None]),
            "record_seconds_on": {
                page.title: spread([r.seconds for r in done if r.page == page.title and r.seconds])
                for page in PAGES
            },
            "open_seconds": spread([one.seconds for one in diary.opens]),
            "received_mb": spread([received / 1e6 for received in diary.received]),
            "server": self._server(),
            "client_cores": round(self.client / self.seconds, 2),
        }

    def _server(self) -> dict[str, Any] | None:
        if len(self.usage) < 2:
            return None
        first, last = self.usage[0], self.usage[-1]
        memory = [round(one.bytes / 1e6, 1) for one in self.usage]
        return {
            "memory_mb": _first_most_last(memory),
            "growth_mb_per_minute": _slope(
                [one.at / 60 for one in self.usage[len(memory) // 2 :]], memory[len(memory) // 2 :]
            ),
            "threads": _first_most_last([one.threads for one in self.usage]),
            "files": _first_most_last([one.files for one in self.usage]),
            "cores": round((last.cpu - first.cpu) / (last.at - first.at), 2),
        }


def _first_most_last(values: Sequence[float]) -> dict[str, float]:
    return {"first": values[0], "most": max(values), "last": values[-1]}


def _slope(minutes: Sequence[float], values: Sequence[float]) -> float | None:
    """The least-squares slope of values per minute; None for a single one."""
    if len(values) < 2:
        return None
    return round(float(np.polyfit(minutes, values, 1)[0]), 2)


def spread(values: Sequence[float]) -> dict[str, float | int] | None:
    """Count, median, 95th percentile and maximum; None without values."""
    if not values:
        return None
    p50, p95, most = np.quantile(values, (0.5, 0.95, 1.0))
    found = {"p50": p50, "p95": p95, "max": most}
    return {"n": len(values)} | {name: round(float(value), 3) for name, value in found.items()}


def machine() -> dict[str, Any]:
    """The machine and date of a measurement; a load above 0 means that other work was running."""
    return {
        "date": datetime.date.today().isoformat(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
    }


#: Rows of the table: what it says, and where that stands in the figures.
ROWS = (
    ("viewers", "viewers"),
    ("seconds", "seconds"),
    ("runs started", "started"),
    ("runs finished", "finished"),
    ("errors", "errors"),
    ("runs a minute", "runs_per_minute"),
    ("tokens a second, where told", "tokens_per_second"),
    ("click to record, s: p50", "record_seconds.p50"),
    ("click to record, s: p95", "record_seconds.p95"),
    ("click to record, s: max", "record_seconds.max"),
    *((f"  p95 on {page.title}", f"record_seconds_on.{page.title}.p95") for page in PAGES),
    ("page open, s: p50", "open_seconds.p50"),
    ("page open, s: p95", "open_seconds.p95"),
    ("page open, s: max", "open_seconds.max"),
    ("MB to a viewer over the socket: p50", "received_mb.p50"),
    ("MB to a viewer over the socket: max", "received_mb.max"),
    ("server's memory, MB: first", "server.memory_mb.first"),
    ("server's memory, MB: most", "server.memory_mb.most"),
    ("server's memory, MB: last", "server.memory_mb.last"),
    ("  and in the second half, MB a minute", "server.growth_mb_per_minute"),
    ("server's threads: most", "server.threads.most"),
    ("server's threads: last", "server.threads.last"),
    ("server's open files: most", "server.files.most"),
    ("server's open files: last", "server.files.last"),
    ("server's cores", "server.cores"),
    ("viewers' own cores", "client_cores"),
)


def table(found: dict[str, Any]) -> str:
    """The figures of `__main__` as a text table: one viewer compared with all."""
    where, phases = found["machine"], (found["alone"], found["all"])
    width = 2 + max(len(name) for name, _ in ROWS)
    lines = [
        f"{where['date']}, {where['cores']} cores, load {where['load']:g} before",
        where["system"],
        "",
        f"{'':{width}}{'one viewer':>12}{'together':>12}",
    ]
    for name, path in ROWS:
        cells = "".join(f"{_cell(_at(phase, path)):>12}" for phase in phases)
        lines.append(f"{name:{width}}{cells}")
    first = ", ".join(f"{page} {seconds:.2f} s" for page, seconds in found["first_runs"].items())
    lines += ["", f"The first run on each page, before: {first}"]
    for phase in phases:
        for error, n in phase["said"].items():
            lines.append(f"error, {'once' if n == 1 else f'{n} times'}: {error}")
    return "\n".join(lines)


def _at(found: Any, path: str) -> Any:
    """The value at a path of keys; None if something on the path was not measured."""
    for key in path.split("."):
        found = found and found[key]
    return found


def _cell(value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
