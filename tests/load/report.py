"""Figures of what viewers met with and of what the server used; all of them go into the JSON."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.load.pages import PAGES
from tests.load.server import Usage
from tests.load.viewer import Diary


@dataclass
class Phase:
    """Viewers from `begin` to `end` (time.monotonic()), and the server and the client beside."""

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
        """Seconds, MB (10^6 bytes) and counts; None where nothing was measured."""
        diary = self.diary
        done = [run for run in diary.runs if run.seconds is not None]
        tokens = [run.tokens for run in done if run.tokens is not None]
        return {
            "viewers": self.viewers,
            "seconds": round(self.seconds, 1),
            "started": len(diary.runs),
            "finished": len(done),
            "errors": diary.errors,
            "record_seconds": spread([run.seconds for run in done if run.seconds is not None]),
            "record_seconds_by_page": {
                page.title: spread([r.seconds for r in done if r.page == page.title and r.seconds])
                for page in PAGES
            },
            "open_seconds": spread([one.seconds for one in diary.opens]),
            "runs_per_minute": round(60 * len(done) / self.seconds, 1),
            "tokens_per_second": round(sum(tokens) / self.seconds, 1),
            "runs_of_known_tokens": len(tokens),
            "received_mb": spread([received / 1e6 for received in diary.received]),
            "server": self._server(),
            "client_cores": round(self.client / self.seconds, 2),
        }

    def _server(self) -> dict[str, Any] | None:
        if len(self.usage) < 2:
            return None
        first, last = self.usage[0], self.usage[-1]
        return {
            "memory_mb": [round(one.bytes / 1e6, 1) for one in self.usage],
            "threads": [one.threads for one in self.usage],
            "cores": round((last.cpu - first.cpu) / (last.at - first.at), 2),
        }


def spread(values: Sequence[float]) -> dict[str, float | int] | None:
    """How many, median, 95th percentile and maximum; None of none."""
    if not values:
        return None
    p50, p95, most = np.quantile(values, (0.5, 0.95, 1.0))
    found = {"p50": p50, "p95": p95, "max": most}
    return {"n": len(values)} | {name: round(float(value), 3) for name, value in found.items()}


def machine() -> dict[str, Any]:
    """Where and when it was measured; a load above 0 means that others were at work too."""
    return {
        "date": datetime.date.today().isoformat(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
    }


def table(found: dict[str, Any]) -> str:
    """The figures of `__main__` as text."""
    where = found["machine"]
    lines = [
        f"{where['date']}, {where['cores']} cores, load {where['load']:g} before, {where['system']}",
        "",
        f"{'':24}{'one viewer':>14}{'all viewers':>14}",
    ]
    alone, all_ = found["alone"], found["all"]
    rows: list[tuple[str, Any, Any]] = [
        ("viewers", alone["viewers"], all_["viewers"]),
        ("seconds", alone["seconds"], all_["seconds"]),
        ("runs started", alone["started"], all_["started"]),
        ("runs finished", alone["finished"], all_["finished"]),
        ("errors", len(alone["errors"]), len(all_["errors"])),
        ("runs a minute", alone["runs_per_minute"], all_["runs_per_minute"]),
        ("tokens a second", alone["tokens_per_second"], all_["tokens_per_second"]),
    ]
    for name, key in (("click to record, s", "record_seconds"), ("page open, s", "open_seconds")):
        for part in ("p50", "p95", "max"):
            rows.append((f"{name}: {part}", _part(alone[key], part), _part(all_[key], part)))
    for page in PAGES:
        by_page = [_part(one["record_seconds_by_page"][page.title], "p95") for one in (alone, all_)]
        rows.append((f"  p95 on {page.title}", *by_page))
    for part in ("p50", "max"):
        received = [_part(one["received_mb"], part) for one in (alone, all_)]
        rows.append((f"MB to a viewer: {part}", *received))
    for name, key, pick in (
        ("server's memory, MB: first", "memory_mb", lambda found: found[0]),
        ("server's memory, MB: most", "memory_mb", max),
        ("server's memory, MB: last", "memory_mb", lambda found: found[-1]),
        ("server's threads: most", "threads", max),
        ("server's cores", "cores", float),
    ):
        known = [pick(one["server"][key]) if one["server"] else None for one in (alone, all_)]
        rows.append((name, *known))
    rows.append(("viewers' own cores", alone["client_cores"], all_["client_cores"]))
    width = max(len(name) for name, *_ in rows) + 2
    lines[-1] = f"{'':{width}}{'one viewer':>14}{'together':>14}"
    lines += [f"{name:{width}}{_cell(one):>14}{_cell(many):>14}" for name, one, many in rows]
    first = ", ".join(f"{page} {seconds:.2f} s" for page, seconds in found["first_runs"].items())
    lines += ["", f"The first run on each page after the server's start: {first}"]
    lines += [f"error: {error}" for error in dict.fromkeys(alone["errors"] + all_["errors"])]
    return "\n".join(lines)


def _part(found: dict[str, Any] | None, part: str) -> float | None:
    return None if found is None else found[part]


def _cell(value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
