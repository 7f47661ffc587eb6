"""Our SVG of plotly figures: positions of marks, their tooltips, and what is refused."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.export import figures
from app.export.svg import drawing, numbers, pen
from app.export.svg.pen import NotDrawnError
from app.export.themes import NAMES as THEMES
from app.export.themes import theme

SVG = "{http://www.w3.org/2000/svg}"
LIGHT = theme("light")


def file_of(figure: go.Figure, width: float = 720) -> ET.Element:
    drawn = drawing.draw(figure, width, LIGHT)
    return ET.fromstring(drawing.document(drawn, LIGHT, "Title", "Says", "Source", "en"))


def words(root: ET.Element) -> str:
    return " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("name", figures.NAMES)
@pytest.mark.parametrize("colours", THEMES)
@pytest.mark.parametrize("width", [360, 720])
def test_every_figure_is_a_file(name: str, colours: str, width: float) -> None:
    """The file is well formed, has its texts, draws nothing outside, and makes no requests."""
    shown = figures.figure(name, "en")
    look = theme("dark" if colours == "dark" else "light")
    drawn = drawing.draw(shown.still, width, look)
    text = drawing.document(drawn, look, shown.title, shown.takeaway, shown.source, "en")
    root = ET.fromstring(text)
    said = words(root)
    for part in (shown.title, shown.takeaway, shown.source):
        assert part.split()[0] in said
        assert part.split()[-1] in said
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    places = [float(rect.get("x", 0)) for rect in root.iter(f"{SVG}rect")]
    assert all(-1 <= x <= width for x in places)
    assert look.back in text


def test_marks_lie_where_the_axes_say() -> None:
    figure = go.Figure(go.Scatter(x=[0, 5, 10], y=[0, 50, 100], mode="markers"))
    figure.update_layout(height=400)
    figure.update_xaxes(range=[0, 10])
    figure.update_yaxes(range=[0, 100])
    circles = list(file_of(figure).iter(f"{SVG}circle"))
    xs, ys = ([float(c.get(key, "nan")) for c in circles] for key in ("cx", "cy"))
    assert xs[1] == pytest.approx((xs[0] + xs[2]) / 2, abs=0.11)
    assert ys[1] == pytest.approx((ys[0] + ys[2]) / 2, abs=0.11)
    assert xs[0] < xs[2]
    assert ys[0] > ys[2]  # up is more


@given(st.lists(st.floats(1, 1e9), min_size=2, max_size=6, unique=True))
def test_bars_are_as_long_as_their_values(values: list[float]) -> None:
    figure = go.Figure(go.Bar(y=list(range(len(values))), x=values, orientation="h"))
    figure.update_layout(height=400)
    bars = list(picture_marks(figure, "rect"))
    widths = [float(bar.get("width", "nan")) for bar in bars]
    unit = max(widths) / max(values)
    for wide, value in zip(widths, values, strict=True):
        assert wide == pytest.approx(max(value * unit, 0.5), abs=0.3)


def picture_marks(figure: go.Figure, tag: str) -> list[ET.Element]:
    series = [g for g in file_of(figure).iter(f"{SVG}g") if g.get("class") == "series"]
    return [mark for g in series for mark in g.iter(f"{SVG}{tag}")]


def test_a_log_axis_has_equal_decades() -> None:
    figure = go.Figure(go.Scatter(x=[1, 10, 100], y=[1, 1, 1], mode="markers"))
    figure.update_xaxes(type="log", range=[0, 2])
    xs = [float(mark.get("cx", "nan")) for mark in picture_marks(figure, "circle")]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)


def test_many_cells_are_one_picture_and_few_have_words() -> None:
    few = go.Figure(go.Heatmap(z=[[0.0, 1.0], [math.nan, 2.0]]))
    assert len(picture_marks(few, "rect")) == 3  # one has no value
    many = go.Figure(go.Heatmap(z=np.zeros((100, 100))))
    assert len(picture_marks(many, "image")) == 1


def test_what_points_say() -> None:
    template = "%{x}: %{y:.1%}, %{customdata[1]:,} <b>%{text}</b><extra>no</extra>"
    point = {"x": 3, "y": 0.256, "customdata": (1, 12345), "text": "<end>"}
    assert numbers.filled(template, point) == "3: 25.6%, 12,345 <b><end></b>"
    figure = go.Figure(go.Scatter(x=["<a>"], y=[1], mode="markers", hovertemplate="%{x}"))
    titles = [t.text for t in picture_marks(figure, "title")]
    assert titles == ["<a>"]


def test_what_is_not_known_is_refused() -> None:
    for figure in (
        go.Figure(go.Pie(values=[1])),
        go.Figure(go.Scatter(x=[1], y=[1], mode="markers", marker={"symbol": "hourglass"})),
        go.Figure(go.Scatter(x=[1], y=[1], mode="markers", hovertemplate="%{y:~z}")),
    ):
        with pytest.raises(NotDrawnError):
            file_of(figure)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (-0.0, "0"),
        (-0.04, "0"),
        (0.04, "0"),
        (-0.06, "-0.1"),
        (-10.0, "-10"),
        (3.14, "3.1"),
    ],
)
def test_coordinates_are_short(number: float, written: str) -> None:
    assert pen.short(number) == written


@given(st.text(max_size=60))
def test_any_text_is_written_as_text(text: str) -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[1], mode="markers", name=text, hovertext=[text]))
    figure.update_layout(showlegend=True, title_text=text)
    file_of(figure)  # well formed


@given(st.text(alphabet="가나다 abc.-", max_size=200), st.floats(50, 800))
def test_wrapping_keeps_every_word(text: str, room: float) -> None:
    lines = pen.wrapped(text, 14, room)
    assert " ".join(lines).split() == text.split()
    for line in lines:
        assert pen.wide(line, 14) <= room or len(line.split()) <= 1


def test_words_can_be_read_on_either_ground() -> None:
    for colours in THEMES:
        look = theme(colours)
        for colour in ("#0072B2", "#E69F00", "#8a94a3"):
            mixed = pen.legible(colour, look.back, look.text)
            assert pen.contrast(mixed, look.back) >= 4.5
            assert re.fullmatch("#[0-9a-fA-F]{6}", mixed)
