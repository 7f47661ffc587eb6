"""Figures and picture of a made-up measurement, and usage from /proc against other sources."""

from __future__ import annotations

import json
import os
import resource
import socket
import statistics
import threading
import time
from xml.etree import ElementTree

import pytest

from tests.load import picture, report, server
from tests.load.__main__ import parsed
from tests.load.pages import PAGES
from tests.load.viewer import Diary, Open, Run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def phase() -> report.Phase:
    """A phase with two viewers and five runs in 60 s, one of which never ended."""
    waits = (0.2, 0.4, 0.6, 4.0, None)
    pages = ("start", "experts", "cache", "reasoning", "start")
    runs = [
        Run(page, 1000 + 10 * n, wait, None if page == "cache" or wait is None else 90)
        for n, (page, wait) in enumerate(zip(pages, waits, strict=True))
    ]
    diary = Diary([Open("start", 1000.0, 0.5)], runs, ["start: no record"], [3_000_000, 1_000_000])
    usage = [server.Usage(1000 + t, 500_000_000 + t * 10**6, 9, 40, t / 2) for t in (0, 30, 60)]
    return report.Phase(2, diary, 1000.0, 1060.0, usage, client=3.0)


def test_figures_are_of_what_ended(phase: report.Phase) -> None:
    found = phase.figures()
    assert (found["started"], found["finished"], found["errors"]) == (5, 4, 1)
    assert found["record_seconds"]["p50"] == pytest.approx(statistics.median([0.2, 0.4, 0.6, 4.0]))
    assert found["record_seconds"]["max"] == 4.0
    assert found["record_seconds_on"]["start"] == {"n": 1, "p50": 0.2, "p95": 0.2, "max": 0.2}
    assert found["runs_per_minute"] == 4.0
    assert found["tokens_per_second"] == pytest.approx(3 * 90 / 60)
    assert found["received_mb"]["max"] == 3.0
    assert found["server"]["memory_mb"] == {"first": 500.0, "most": 560.0, "last": 560.0}
    assert found["server"]["growth_mb_per_minute"] == pytest.approx(60.0)
    assert found["server"]["threads"] == {"first": 9, "most": 9, "last": 9}
    assert found["server"]["files"]["last"] == 40
    assert found["server"]["cores"] == 0.5
    assert found["client_cores"] == 0.05


def test_what_was_not_measured_is_none(phase: report.Phase) -> None:
    phase.usage.clear()
    phase.diary.runs.clear()
    found = phase.figures()
    assert found["server"] is None and found["record_seconds"] is None


def test_the_table_and_the_json_hold_every_figure(phase: report.Phase) -> None:
    figures = phase.figures()
    found = {"machine": report.machine(), "first_runs": {"start": 1.5}, "alone": figures}
    told = report.table(found | {"all": figures})
    rows = {line.split("  ")[0]: line.split()[-1] for line in told.splitlines() if "  " in line}
    assert rows["runs finished"] == "4"
    assert rows["click to record, s: max"] == "4.00"
    assert "error, once: start: no record" in told
    assert json.loads(json.dumps(figures)) == figures


def test_the_picture_has_a_mark_for_every_run_and_page(phase: report.Phase) -> None:
    drawn = ElementTree.fromstring(picture.draw(phase, "2 viewers <&>"))
    legend = len(PAGES)
    assert len(drawn.findall(f"{SVG}circle")) == legend + 4 + 1  # ended runs, and a page
    assert len(drawn.findall(f"{SVG}path")) == 1  # the run that never ended
    assert len(drawn.findall(f"{SVG}polyline")) == 3
    assert drawn.findtext(f"{SVG}text") == "2 viewers <&>"


def test_a_process_is_read_as_the_system_counts_it() -> None:
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    found = server.usage(os.getpid())
    assert found is not None
    # ru_maxrss is the most so far, in KiB; children that tests of others have started count too
    assert found.bytes > 10_000_000
    assert found.threads >= threading.active_count()
    assert found.files >= 3
    spent = resource.getrusage(resource.RUSAGE_SELF)
    assert found.cpu >= 0.9 * (spent.ru_utime + spent.ru_stime) - 0.1


def test_a_process_that_has_ended_uses_nothing() -> None:
    assert server.usage(2**22 + 1) is None  # ids end before it


def test_a_server_is_found_by_its_port() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert server.process_at(url) is None  # nobody listens yet
        listening.listen()
        assert server.process_at(url) == os.getpid()


@pytest.mark.parametrize(
    "options",
    [
        ["--viewers", "0"],
        ["--minutes", "0"],
        ["--minutes", "nan"],
        ["--url", "http://example.com:80"],
        ["--url", "http://127.0.0.1"],
    ],
)
def test_bad_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(options)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
