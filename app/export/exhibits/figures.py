"""Figures that no page draws in this form. Pure plotly: texts are passed as `labels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.ui import style
from model.record.trace import Trace

OURS, PAPERS, OTHERS = "#E69F00", "#0072B2", "#8a94a3"


@dataclass(frozen=True)
class MeasuredLine:
    """Values with their intervals, if any."""

    x: Sequence[float]
    value: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def compute(training: MeasuredLine, thinking: MeasuredLine, labels: Mapping[str, str]) -> go.Figure:
    """o1's two curves as arrows without numbers, with ours below.

    No point of OpenAI's figure is drawn, as its horizontal axes have no numbers. `labels`:
    o1_train, o1_test, train, test (titles of panels), o1_x, train_x, test_x, o1_y, y (of axes).
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
    figure.update_layout(margin={"t": 48})  # titles may need two lines on narrow screens
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


def _interval(line: MeasuredLine) -> dict[str, object]:
    return {
        "array": [h - v for h, v in zip(line.high, line.value, strict=True)],
        "arrayminus": [v - low for v, low in zip(line.value, line.low, strict=True)],
        "color": "#777777",  # visible on bars, on white and on dark backgrounds
        "thickness": 1.6,
        "width": 4,
    }


def routing(trace: Trace, layer: int, labels: Mapping[str, str]) -> go.Figure:
    """A layer's routing as a heatmap: each expert's share of a token's routing weight.

    A dashed line separates the prompt from the reply. `labels`: token, expert, share.
    """
    at = trace.moe_layers.index(layer)
    ids_Fk = trace.expert_ids[:, at].astype(int)
    share_EF = np.full((trace.card.n_routed_experts, trace.fed), np.nan)
    weights = trace.expert_weights
    part_Fk = np.ones(ids_Fk.shape) if weights is None else weights[:, at].astype(float)
    part_Fk = part_Fk / np.maximum(part_Fk.sum(axis=1, keepdims=True), 1e-9)
    share_EF[ids_Fk, np.arange(trace.fed)[:, None]] = part_Fk
    words = np.tile(np.array(trace.texts[: trace.fed], dtype=object), (len(share_EF), 1))
    full = style.full_share(ids_Fk.shape[1])
    figure = go.Figure(
        go.Heatmap(
            z=share_EF,
            customdata=words,
            zmin=0,
            zmax=full,
            colorscale=style.AMOUNTS,
            hovertemplate=f"{labels['token']} %{{x}} “%{{customdata}}”, {labels['expert']} "
            "%{y}: %{z:.0%}<extra></extra>",
            colorbar=style.bar_above(
                labels["share"],
                tickvals=[0, full / 2, full],
                ticktext=["0%", f"{full / 2:.0%}", f"≥ {full:.0%}"],
            ),
        )
    )
    style.plain(figure, height=420)
    figure.add_vline(x=trace.n_prompt - 0.5, line={"color": style.RULE, "width": 2, "dash": "dash"})
    figure.update_xaxes(title_text=labels["token"], showgrid=False)
    figure.update_yaxes(title_text=labels["expert"], showgrid=False, dtick=2, autorange="reversed")
    return figure


@dataclass(frozen=True)
class MarkedStep:
    """A step in a reply: its first token, number of tokens, whether it is right, and its text."""

    first: int
    tokens: int
    right: bool
    text: str


@dataclass(frozen=True)
class ReplyRow:
    """A reply as a row: its length in tokens, its steps, and its verdict."""

    name: str
    tokens: int
    steps: Sequence[MarkedStep]
    verdict: str


def strips(replies: Sequence[ReplyRow], labels: Mapping[str, str]) -> go.Figure:
    """Replies as rows of tokens: right steps solid, wrong ones hatched.

    `labels`: x (axis title), right, wrong (names of steps).
    """
    figure = go.Figure()
    most = max(reply.tokens for reply in replies)
    figure.add_bar(
        y=list(range(len(replies))),
        x=[reply.tokens for reply in replies],
        orientation="h",
        width=0.1,
        marker={"color": style.GRID},
        hoverinfo="skip",
    )
    for right, colour, pattern in ((True, PAPERS, ""), (False, OURS, "/")):
        steps = [
            (row, step)
            for row, reply in enumerate(replies)
            for step in reply.steps
            if step.right == right
        ]
        figure.add_bar(
            y=[row for row, _ in steps],
            x=[step.tokens for _, step in steps],
            base=[step.first for _, step in steps],
            hovertext=[step.text for _, step in steps],
            orientation="h",
            width=0.34,
            name=labels["right" if right else "wrong"],
            marker={"color": colour, "pattern": {"shape": pattern}, "line": {"width": 0}},
        )
    for row, reply in enumerate(replies):
        figure.add_annotation(
            x=0,
            xref="x domain",
            y=row,
            yshift=14,
            text=f"<b>{reply.name}</b>  {reply.verdict}",
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
        )
    style.plain(figure, height=90 + 72 * len(replies))
    style.legend_above(figure)
    figure.update_traces(showlegend=False, selector={"width": 0.1})
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title_text=labels["x"], range=[0, most * 1.01])
    figure.update_yaxes(
        range=[len(replies) - 0.6, -0.7], showticklabels=False, showgrid=False, zeroline=False
    )
    return figure


@dataclass(frozen=True)
class BarGroup:
    """Bars of one colour, with a value for each name on the axis; None if not given."""

    name: str
    value: Sequence[float | None]
    colour: str
    pattern: str = ""
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def group_rows(
    column: str, names: Sequence[str], groups: Sequence[BarGroup]
) -> list[dict[str, object]]:
    """The numbers of `grouped`: a row per name, in column `column`, with every group's value."""
    return [
        {column: name} | {group.name: group.value[place] for group in groups}
        for place, name in enumerate(names)
    ]


def grouped(
    names: Sequence[str], groups: Sequence[BarGroup], labels: Mapping[str, str], height: int
) -> go.Figure:
    """Grouped horizontal bars of shares from 0 to 1. `labels`: x (axis title)."""
    figure = go.Figure()
    for group in groups:
        interval = (
            _interval(MeasuredLine((), [v or 0 for v in group.value], group.low, group.high))
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
class PipelineStage:
    """A model in the pipeline: its position in columns and rows, and its texts."""

    name: str
    column: int
    row: int
    does: str
    ours: str
    paper: str
    after: str = ""  # trained on from this one
    taught_by: str = ""


HALF_WIDTH, HALF_HEIGHT = 0.44, 0.34  # of a card, in columns and rows


def pipeline(stages: Sequence[PipelineStage]) -> go.Figure:
    """The stages as cards from top to bottom; dotted arrows come from a teacher."""
    figure = go.Figure()
    places = {stage.name: stage for stage in stages}
    for stage in stages:
        if stage.after:
            _arrow(figure, places[stage.after], stage, "solid")
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
            font={"size": 12},
        )
    rows = max(stage.row for stage in stages) + 1
    columns = max(stage.column for stage in stages) + 1
    style.plain(figure, 124 * rows)
    figure.update_xaxes(visible=False, range=[-0.5, columns - 0.5])
    figure.update_yaxes(visible=False, range=[rows - 0.6, -0.4])
    return figure


def _arrow(figure: go.Figure, source: PipelineStage, target: PipelineStage, dash: str) -> None:
    """Draw an arrow from a card to one below it, or to its right.

    It is a line with a separate head, as arrows of annotations cannot be dotted.
    """
    level = source.row == target.row
    x0 = source.column + (HALF_WIDTH if level else 0)
    y0 = source.row + (0 if level else HALF_HEIGHT)
    x1 = target.column - (HALF_WIDTH if level else 0)
    y1 = target.row - (0 if level else HALF_HEIGHT)
    figure.add_shape(
        type="line",
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        line={"color": style.RULE, "width": 2, "dash": dash},
    )
    figure.add_scatter(
        x=[x1],
        y=[y1],
        mode="markers",
        marker={
            "symbol": "triangle-right" if level else "triangle-down",
            "size": 10,
            "color": style.RULE,
        },
        hoverinfo="skip",
    )
