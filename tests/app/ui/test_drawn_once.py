"""Cached pictures equal newly drawn ones, whatever their arguments."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import plotly.graph_objects as go
import plotly.io
import plotly.tools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui import drawn_once as cache
from app.ui.drawn_once import DrawnFigure, drawn_once

drawn: list[object] = []


def line(values: object, labels: dict[str, str], width: int = 1) -> go.Figure:
    drawn.append(values)
    figure = go.Figure(go.Scatter(y=values, name=labels["name"], line={"width": width}))
    return figure.update_layout(title=labels["title"])


def sent(figure: go.Figure | DrawnFigure) -> object:
    """The JSON of a figure that Streamlit sends to the browser."""
    plain = plotly.tools.return_figure_from_figure_or_data(figure, validate_figure=True)
    return json.loads(plotly.io.to_json(plain, validate=False))


numbers = st.lists(st.floats(-1e6, 1e6), max_size=5)
words = st.fixed_dictionaries({"name": st.text(max_size=5), "title": st.text(max_size=5)})
givens = st.tuples(numbers, words, st.integers(1, 3))


@pytest.mark.slow
@given(st.lists(givens, min_size=1, max_size=4))
def test_a_kept_picture_is_what_would_be_drawn(givens: list[tuple]) -> None:
    for values, labels, width in [*givens, *givens]:
        array = np.array(values)
        expected = sent(line(array, labels, width))
        assert sent(drawn_once(line, array, labels, width)) == expected
        assert sent(drawn_once(line, array, labels, width=width)) == expected


def test_equal_arguments_are_drawn_once() -> None:
    drawn.clear()
    labels = {"name": "한 줄", "title": "once"}
    for _ in range(3):
        drawn_once(line, np.arange(4), dict(labels))
    assert len(drawn) == 1
    drawn_once(line, np.arange(4), labels, 2)
    drawn_once(line, np.arange(4, dtype=float), labels)
    drawn_once(line, np.arange(5), labels)
    assert len(drawn) == 4


def test_who_asks_while_it_is_drawn_waits_for_it() -> None:
    calls: list[str] = []

    def slow(name: str) -> go.Figure:
        calls.append(name)
        time.sleep(0.1)
        if name == "none":
            raise ValueError(name)
        return go.Figure()

    def ask(name: str) -> DrawnFigure | str:
        try:
            return drawn_once(slow, name)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(5) as pool:
        assert len({id(found) for found in pool.map(ask, ["slow"] * 5)}) == 1
        assert calls == ["slow"]
        assert [*pool.map(ask, ["none"] * 5)] == ["none"] * 5
    failed = calls.count("none")
    assert ask("none") == "none" and calls.count("none") == failed + 1  # tried again


def test_few_are_kept_and_the_used_ones_longest() -> None:
    labels = {"name": "bounded", "title": ""}
    often = drawn_once(line, [-1], labels)
    for i in range(cache.MOST + 10):
        drawn_once(line, [i], labels)
        assert drawn_once(line, [-1], labels) is often
    drawn.clear()
    drawn_once(line, [0], labels)
    drawn_once(line, [cache.MOST + 9], labels)
    assert drawn == [[0]]


def test_threads_may_draw_at_once() -> None:
    def draw(i: int) -> object:
        return sent(drawn_once(line, [i % 7], {"name": "threads", "title": str(i % 7)}))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(draw, range(200)))
    assert all(found[i] == found[i % 7] for i in range(200))
