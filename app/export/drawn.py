"""Pictures that no page draws in this form. Pure plotly: words come in as `labels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.ui import style

OURS, PAPERS, OTHERS = "#E69F00", "#0072B2", "#8a94a3"


@dataclass(frozen=True)
class Line:
    """Values with the ends of their intervals, if they have any."""

    x: Sequence[float]
    value: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def compute(training: Line, thinking: Line, labels: Mapping[str, str]) -> go.Figure:
    """o1's two curves as arrows without numbers, and under each of them ours.

    Of OpenAI's figure no point is drawn: its horizontal axes carry no numbers. `labels`: o1_train,
    o1_test, train, test (titles of panels), o1_x, train_x, test_x, o1_y, y (of axes).
    """
    titles = [labels[key] for key in ("o1_train", "o1_test", "train", "test")]
    figure = make_subplots(
        2, 2, subplot_titles=titles, vertical_spacing=0.24, horizontal_spacing=0.12
    )
    figure.update_annotations(font_size=14)
    for number in ("", "2"):
        figure.add_annotation(
            x=0.92,
            y=0.9,
            ax=0.08,
            ay=0.12,
            xref=f"x{number}",
            yref=f"y{number}",
            axref=f"x{number}",
            ayref=f"y{number}",
            text="",
            showarrow=True,
            arrowwidth=4,
            arrowhead=2,
            arrowsize=0.7,
            arrowcolor=OTHERS,
        )
    for column, line in ((1, training), (2, thinking)):
        marked = bool(line.low)
        figure.add_scatter(
            x=list(line.x),
            y=list(line.value),
            mode="lines+markers" if marked else "lines",
            line={"color": OURS, "width": 3},
            marker={"symbol": "square", "size": 8, "color": OURS},
            error_y=_interval(line) if marked else None,
            hovertemplate=f"{labels[('train_x', 'test_x')[column - 1]]} %{{x}}: %{{y:.1%}}"
            "<extra></extra>",
            row=2,
            col=column,
        )
    style.plain(figure, height=520)
    figure.update_layout(margin={"t": 36})
    bare = {"range": [0, 1], "showticklabels": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(bare, row=1, title_text=labels["o1_x"], showline=True)
    figure.update_yaxes(bare, row=1, showline=True)
    figure.update_yaxes(title_text=labels["o1_y"], row=1, col=1)
    figure.update_xaxes(row=2, rangemode="tozero")
    figure.update_xaxes(title_text=labels["train_x"], row=2, col=1)
    figure.update_xaxes(title_text=labels["test_x"], row=2, col=2)
    top = max(*training.value, *(thinking.high or thinking.value))
    figure.update_yaxes(tickformat=".0%", range=[0, min(1.02, 1.1 * top)], row=2)
    figure.update_yaxes(title_text=labels["y"], row=2, col=1)
    return figure


def _interval(line: Line) -> dict[str, object]:
    return {
        "array": [h - v for h, v in zip(line.high, line.value, strict=True)],
        "arrayminus": [v - low for v, low in zip(line.value, line.low, strict=True)],
        "thickness": 1.2,
        "width": 4,
    }


@dataclass(frozen=True)
class Group:
    """Bars of one colour, a value for each of the names on the axis; None: not given."""

    name: str
    value: Sequence[float | None]
    colour: str
    pattern: str = ""
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def grouped(
    names: Sequence[str], groups: Sequence[Group], labels: Mapping[str, str], height: int
) -> go.Figure:
    """Bars in groups, shares from 0 to 1, lying: names on the left. `labels`: x (axis title)."""
    figure = go.Figure()
    for group in groups:
        interval = (
            _interval(Line((), [v or 0 for v in group.value], group.low, group.high))
            if group.low
            else None
        )
        figure.add_bar(
            y=list(names),
            x=list(group.value),
            name=group.name,
            orientation="h",
            marker={
                "color": group.colour,
                "line": {"width": 0},
                "pattern": {"shape": group.pattern, "size": 5},
            },
            error_x=interval,
            text=["" if v is None or group.low else f"{v:.1%}" for v in group.value],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"%{{y}}, {group.name}: %{{x:.1%}}<extra></extra>",
        )
    style.plain(figure, height=height)
    style.legend_above(figure)
    figure.update_layout(barmode="group", bargap=0.3, legend={"traceorder": "normal"})
    figure.update_xaxes(title_text=labels["x"], range=[0, 1.08], tickformat=".0%", dtick=0.25)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


@dataclass(frozen=True)
class Stage:
    """A model in the pipeline: where it stands, in columns and rows, and what is said of it."""

    name: str
    column: float
    row: int
    does: str
    ours: str
    paper: str
    after: tuple[str, ...] = ()  # trained on from these
    taught_by: str = ""


HALF_WIDTH, HALF_HEIGHT = 0.44, 0.34  # of a card, in columns and rows


def pipeline(stages: Sequence[Stage]) -> go.Figure:
    """The stages as cards from top to bottom; dotted arrows lead from a teacher."""
    figure = go.Figure()
    places = {stage.name: stage for stage in stages}
    for stage in stages:
        for source in stage.after:
            _arrow(figure, places[source], stage, "solid")
        if stage.taught_by:
            _arrow(figure, places[stage.taught_by], stage, "dot")
    for stage in stages:
        figure.add_shape(
            type="rect",
            x0=stage.column - HALF_WIDTH,
            x1=stage.column + HALF_WIDTH,
            y0=stage.row - HALF_HEIGHT,
            y1=stage.row + HALF_HEIGHT,
            line={"color": style.RULE, "width": 1.5},
            fillcolor="rgba(128,136,148,0.12)",
        )
        lines = [f"<b>{stage.name}</b>", stage.does, stage.ours, stage.paper]
        figure.add_annotation(
            x=stage.column,
            y=stage.row,
            text="<br>".join(line for line in lines if line),
            showarrow=False,
            font={"size": 13},
        )
    rows = max(stage.row for stage in stages) + 1
    columns = max(stage.column for stage in stages) + 1
    style.plain(figure, 124 * rows)
    figure.update_xaxes(visible=False, range=[-0.5, columns - 0.5])
    figure.update_yaxes(visible=False, range=[rows - 0.6, -0.4])
    return figure


def _arrow(figure: go.Figure, source: Stage, target: Stage, dash: str) -> None:
    """From a card's lower edge to the upper edge of one below, or from side to side.

    A line with a head of its own: arrows of annotations cannot be dotted.
    """
    level = source.row == target.row
    side = HALF_WIDTH if target.column > source.column else -HALF_WIDTH
    x0 = source.column + (side if level else 0)
    y0 = source.row + (0 if level else HALF_HEIGHT)
    x1 = target.column - (side if level else 0)
    y1 = target.row - (0 if level else HALF_HEIGHT)
    figure.add_shape(
        type="line",
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        line={"color": style.RULE, "width": 2, "dash": dash},
    )
    pointing = ("triangle-right" if side > 0 else "triangle-left") if level else "triangle-down"
    figure.add_scatter(
        x=[x1],
        y=[y1],
        mode="markers",
        marker={"symbol": pointing, "size": 10, "color": style.RULE},
        hoverinfo="skip",
    )
