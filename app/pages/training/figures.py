"""Figures of the Training page: curves of a GRPO run, shares of its replies, advantages.

Pure plotly: words come in as `labels`, already in the viewer's language. Whatever is drawn of the
paper has axes of its own, on top and on the right, and a dotted line.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.ui import style

OURS = "#E69F00"  # R1-Zero's colour on every page
PAPER = "#0072B2"
#: from below: right, only in the format, neither; told apart by hatching, too
SHARES = (("right", "#0072B2", ""), ("format", "#E69F00", "/"), ("wrong", "#8a94a3", "x"))
SAMPLE_COLUMNS, SAMPLE_LINES = 56, 5  # of the text in a hover box


@dataclass(frozen=True)
class Overlay:
    """A published curve with the titles of its own axes; `percent`: values are shares."""

    name: str
    step: Sequence[float]
    value: Sequence[float]
    x_title: str
    y_title: str
    percent: bool


def plain_text(text: str) -> str:
    """Any text for a hover box, which reads some HTML: nothing in it is taken for a tag."""
    lines = textwrap.wrap(text, SAMPLE_COLUMNS, break_long_words=True, replace_whitespace=False)
    if len(lines) > SAMPLE_LINES:
        lines = [*lines[:SAMPLE_LINES], "…"]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def curve(
    step: Sequence[int],
    raw: Sequence[float],
    smooth: Sequence[float],
    labels: Mapping[str, str],
    *,
    percent: bool,
    samples: Sequence[str] = (),
    overlay: Sequence[Overlay] = (),
) -> go.Figure:
    """One measure against steps: a smooth line over faint raw values, a sample of each on hover.

    `samples` are made by `plain_text`. `labels`: ours (the line's name), x and y (titles).
    """
    shown = "%{y:.1%}" if percent else "%{y:,.1f}"
    if samples:
        shown += "<br>%{customdata}"
    figure = go.Figure()
    figure.add_scatter(
        x=list(step),
        y=[round(value, 4) for value in raw],
        mode="lines",
        line={"color": OURS, "width": 1},
        opacity=0.45,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=list(step),
        y=[round(value, 4) for value in smooth],
        name=labels["ours"],
        mode="lines",
        line={"color": OURS, "width": 3},
        customdata=list(samples) or None,
        hovertemplate=f"{labels['x']} %{{x}}: {shown}<extra></extra>",
    )
    style.plain(figure, height=320)
    figure.update_xaxes(title_text=labels["x"])
    figure.update_yaxes(title_text=labels["y"], rangemode="tozero")
    if percent:
        figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    for number, one in enumerate(overlay):
        _lay_over(figure, one, "dot" if number == 0 else "dash")
    figure.update_layout(
        hovermode="closest",
        hoverlabel={"align": "left"},
        showlegend=bool(overlay),
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
        margin={"b": 8 if not overlay else 60},
        height=320 if not overlay else 400,
    )
    return figure


def _lay_over(figure: go.Figure, one: Overlay, dash: str) -> None:
    shown = "%{y:.1%}" if one.percent else "%{y:,.0f}"
    figure.add_scatter(
        x=list(one.step),
        y=list(one.value),
        name=one.name,
        mode="lines",
        xaxis="x2",
        yaxis="y2",
        line={"color": PAPER, "width": 2, "dash": dash},
        hovertemplate=f"{one.name}: {shown} (%{{x:,}})<extra></extra>",
    )
    common = {"showgrid": False, "fixedrange": True, "automargin": True, "rangemode": "tozero"}
    common |= {"tickmode": "auto", "nticks": 6}  # else plotly puts them where ours are
    colours = {"tickfont": {"color": PAPER}, "title_font": {"color": PAPER}}
    figure.update_layout(
        xaxis2={"overlaying": "x", "side": "top", "title_text": one.x_title} | common | colours,
        yaxis2={"overlaying": "y", "side": "right", "title_text": one.y_title} | common | colours,
    )
    if one.percent:
        figure.update_layout(yaxis2={"tickformat": ".0%", "range": [0, 1.02]})


def shares(
    step: Sequence[int], parts: Mapping[str, Sequence[float]], labels: Mapping[str, str]
) -> go.Figure:
    """What became of the replies of each step: right, only in the format, neither; they fill 100 %.

    `parts` and `labels` have the keys of `SHARES`; `labels` x and y (titles), too.
    """
    figure = go.Figure()
    for key, colour, pattern in SHARES:
        figure.add_scatter(
            x=list(step),
            y=list(parts[key]),
            name=labels[key],
            stackgroup="replies",
            mode="lines",
            line={"color": colour, "width": 1},
            fillpattern={"shape": pattern, "size": 6, "solidity": 0.25, "fillmode": "overlay"},
            hovertemplate=f"{labels[key]}: %{{y:.1%}}<extra></extra>",
        )
    style.plain(figure, height=320)
    figure.update_layout(
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0, "traceorder": "normal"},
        margin={"b": 60},
    )
    figure.update_xaxes(title_text=labels["x"])
    figure.update_yaxes(title_text=labels["y"], range=[0, 1], tickformat=".0%")
    return figure


def group(
    rewards: Sequence[float], mean: float, advantages: Sequence[float], labels: Mapping[str, str]
) -> go.Figure:
    """Rewards of a group as bars, its mean as a line: an advantage is the way from line to bar.

    `labels`: x and y (titles), mean and advantage (of the line and of the numbers), hover (plotly's
    template).
    """
    names = [str(i) for i in range(1, len(rewards) + 1)]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=list(rewards),
            marker={
                "color": [PAPER if a > 0 else SHARES[2][1] for a in advantages],
                "pattern": {"shape": ["" if a > 0 else "/" for a in advantages], "size": 5},
            },
            text=[f"{a:+.2f}" for a in advantages],
            textposition="none",
            hovertemplate=labels["hover"] + "<extra></extra>",
        )
    )
    figure.add_hline(
        y=mean,
        line={"color": OURS, "width": 2, "dash": "dash"},
        annotation_text=labels["mean"],
        annotation_position="right",  # beside the bars: on them it would hide what they say
    )
    top = max(1.0, *rewards)
    said = [(i, f"{advantage:+.2f}", "center") for i, advantage in enumerate(advantages)]
    for x, text, anchor in [*said, (1, labels["advantage"], "left")]:
        # above all bars, where the line of the mean does not run; in two rows, for narrow frames
        figure.add_annotation(
            x=x,
            xref="x domain" if anchor == "left" else "x",
            y=(1.12 if anchor == "left" or x % 2 == 0 else 1.25) * top,
            text=text,
            xanchor=anchor,
            showarrow=False,
        )
    style.plain(figure, height=280)
    figure.update_layout(margin={"r": 96})
    figure.update_xaxes(title_text=labels["x"], type="category", showgrid=False)
    figure.update_yaxes(title_text=labels["y"], range=[0, 1.34 * top], dtick=0.5)
    return figure


def by_checkpoint(
    names: Sequence[str],
    value: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    labels: Mapping[str, str],
) -> go.Figure:
    """A share of replies for each checkpoint, in order, with its 95 % interval.

    `labels`: x and y (titles), hover (plotly's template).
    """
    figure = go.Figure()
    figure.add_scatter(
        x=list(names),
        y=list(value),
        mode="lines+markers",
        line={"color": OURS, "width": 2},
        marker={"symbol": "square", "size": 10, "color": OURS},
        error_y={
            "array": [h - v for h, v in zip(high, value, strict=True)],
            "arrayminus": [v - x for v, x in zip(value, low, strict=True)],
            "color": OURS,
            "thickness": 1.2,
            "width": 4,
        },
        hovertemplate=labels["hover"] + "<extra></extra>",
    )
    style.plain(figure, height=300)
    figure.update_xaxes(title_text=labels["x"], type="category")
    figure.update_yaxes(title_text=labels["y"], range=[-0.02, 1.02], tickformat=".0%")
    return figure


#: how a share by step is drawn: colour, line, marker; "noticed" and "doubted" go together, too
MOST_MARKERS = 60  # on a line; more would touch
SHARE_LOOKS = {
    "right": (PAPER, "solid", "circle"),
    "format": (OURS, "dot", "square"),
    "noticed": (PAPER, "solid", "circle"),
    "doubted": (OURS, "dot", "square"),
    "language": (PAPER, "solid", "circle"),
}


def shares_by_step(
    step: Sequence[int],
    lines: Mapping[str, Sequence[float | None]],
    steps: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """Shares by step; the axis has room for all `steps` of a run that may be under way.

    `lines` has keys of `SHARE_LOOKS`; `labels` their names, and x and y (titles).
    """
    looks = SHARE_LOOKS
    figure = go.Figure()
    for key, values in lines.items():
        colour, dash, symbol = looks[key]
        figure.add_scatter(
            x=list(step),
            y=list(values),
            name=labels[key],
            mode="lines+markers" if len(step) <= MOST_MARKERS else "lines",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"symbol": symbol, "size": 6, "color": colour},
            hovertemplate=f"{labels[key]}: %{{y:.1%}} (%{{x}})<extra></extra>",
        )
    style.plain(figure, height=300)
    style.legend_above(figure)
    figure.update_layout(uirevision="by step")
    figure.update_xaxes(title_text=labels["x"], range=[0, steps + 0.5])
    figure.update_yaxes(title_text=labels["y"], range=[-0.02, 1.02], tickformat=".0%")
    return figure


@dataclass(frozen=True)
class Share:
    """A share with its interval: whose it is, and of what."""

    name: str
    of: str
    value: float
    low: float
    high: float


def verdicts(shares: Sequence[Share], labels: Mapping[str, str]) -> go.Figure:
    """Shares of verdicts side by side, a group for each thing they are of, bars: 95 % intervals.

    `labels`: x (title of the axis), hover (plotly's template; the name is put before it).
    """
    looks = ((PAPER, ""), (OURS, "/"))
    figure = go.Figure()
    for place, name in enumerate(dict.fromkeys(share.name for share in shares)):
        own = [share for share in shares if share.name == name]
        colour, pattern = looks[place % len(looks)]
        figure.add_bar(
            y=[share.of for share in own],
            x=[share.value for share in own],
            name=name,
            orientation="h",
            marker={"color": colour, "pattern": {"shape": pattern, "size": 5}},
            error_x={
                "array": [share.high - share.value for share in own],
                "arrayminus": [share.value - share.low for share in own],
                "color": style.RULE,
                "thickness": 1.5,
                "width": 4,
            },
            hovertemplate=f"{name}: {labels['hover']}<extra></extra>",
        )
    style.plain(figure, height=260)
    style.legend_above(figure)
    figure.update_layout(barmode="group")
    figure.update_xaxes(title_text=labels["x"], range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure
