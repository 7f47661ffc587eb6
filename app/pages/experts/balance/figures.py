"""Figures of load balancing: animated loads over training, biases, and the bias rule by hand.

Pure plotly: texts are passed as `labels`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.ui import style

#: Colour and marker of each balancing method; marker and name distinguish them without colour.
MARK = {
    "balance-bias": ("#0072B2", "circle"),
    "balance-loss": ("#E69F00", "square"),
    "balance-none": ("#8a94a3", "x"),
}
EVEN = "#CC79A7"  # the balanced share, as everywhere
#: Colours as in the figure of the biases: an idle expert's bias rises, a busy one's falls.
IDLE, BUSY = style.SIGNED[-1][1], style.SIGNED[0][1]
FRAMES = 60  # of an animation at most
FRAME_MS = 120
TIMING = {"frame": {"duration": FRAME_MS, "redraw": True}, "transition": {"duration": 0}}
BELOW = -0.13  # of the axes' height: where what plays the animation begins


def frames_of(steps: Sequence[int]) -> list[int]:
    """Indices of the steps that an animation shows, always with the first and the last."""
    return sorted({round(x) for x in np.linspace(0, len(steps) - 1, min(FRAMES, len(steps)))})


def loads(
    load_RWE: NDArray[np.floating],
    steps: Sequence[int],
    names: Mapping[str, str],
    most: float,
    labels: Mapping[str, str],
) -> go.Figure:
    """Load of every expert, a panel per run R; animated over windows W, initially at the last.

    Loads are relative to an even share; `most` is the load of an expert that gets every token.
    `names`: run → title. `labels`: expert, load, hover, play, pause, step.
    """
    figure = make_subplots(
        rows=len(names),
        cols=1,
        shared_xaxes=True,
        subplot_titles=list(names.values()),
        vertical_spacing=0.1,
    )
    figure.update_annotations(font_size=14)
    for row, bar in enumerate(_load_bars(load_RWE[:, -1], names, labels["hover"]), 1):
        figure.add_trace(bar, row=row, col=1)
        figure.add_hline(y=1, line={"color": EVEN, "width": 2, "dash": "dash"}, row=row, col=1)
    shown = {str(steps[window]): window for window in frames_of(steps)}
    figure.frames = [
        go.Frame(
            data=_load_bars(load_RWE[:, window], names, labels["hover"]),
            traces=list(range(len(names))),
            name=step,
        )
        for step, window in shown.items()
    ]
    style.plain(figure, height=170 * len(names) + 110)
    figure.update_yaxes(range=[0, most], tickvals=[0, 1, 2, 4])
    figure.update_yaxes(title_text=labels["load"], row=(len(names) + 1) // 2, col=1)
    figure.update_xaxes(title_text=labels["expert"], dtick=1, row=len(names), col=1)
    figure.update_layout(
        bargap=0.15, updatemenus=[_play_buttons(labels)], sliders=[_slider(list(shown), labels)]
    )
    return figure


def _load_bars(load_RE: NDArray[np.floating], runs: Iterable[str], hover: str) -> list[go.Bar]:
    """The loads of one window: a trace of bars per run, in the run's colour."""
    return [
        go.Bar(
            x=np.arange(len(load_E)),
            y=load_E,
            marker={"color": MARK[run][0], "line": {"width": 0}},
            hovertemplate=hover + "<extra></extra>",
        )
        for run, load_E in zip(runs, load_RE, strict=True)
    ]


def _play_buttons(labels: Mapping[str, str]) -> dict[str, object]:
    """plotly's menu that plays the frames from the first, or holds them. `labels`: play, pause."""
    play = TIMING | {"fromcurrent": False, "mode": "immediate"}
    pause = {"mode": "immediate", "frame": {"duration": 0}}
    return {
        "type": "buttons",
        "direction": "left",
        "x": 0,
        "y": BELOW,
        "yanchor": "top",
        "xanchor": "left",
        "pad": {"t": 16},
        "bgcolor": style.CLEAR,
        "bordercolor": style.RULE,
        "showactive": False,
        "buttons": [
            {"label": f"▶ {labels['play']}", "method": "animate", "args": [None, play]},
            {"label": f"❚❚ {labels['pause']}", "method": "animate", "args": [[None], pause]},
        ],
    }


def _slider(frames: Sequence[str], labels: Mapping[str, str]) -> dict[str, object]:
    """plotly's slider over frames by name, at the last of them. `labels`: step."""
    jump = TIMING | {"mode": "immediate"}
    return {
        "active": len(frames) - 1,
        "x": 0,
        "len": 1,
        "y": BELOW,
        "pad": {"t": 56},
        "ticklen": 0,
        "minorticklen": 0,
        "font": {"size": 1, "color": style.CLEAR},  # the value above says where it stands
        "currentvalue": {
            "prefix": f"{labels['step']} ",
            "font": {"size": 14, "color": style.RULE},
        },
        "steps": [
            {"label": frame, "method": "animate", "args": [[frame], jump]} for frame in frames
        ],
    }


def violations(
    steps: Mapping[str, Sequence[int]],
    values: Mapping[str, Sequence[float]],
    names: Mapping[str, str],
    labels: Mapping[str, str],
) -> go.Figure:
    """MaxVio over training, a line per run. `labels`: step, max_vio, hover."""
    figure = go.Figure()
    for run, name in names.items():
        colour, symbol = MARK[run]
        figure.add_scatter(
            x=list(steps[run]),
            y=list(values[run]),
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"symbol": symbol, "size": 8, "maxdisplayed": 12},
            hovertemplate=labels["hover"] + "<extra></extra>",
        )
    style.plain(figure, height=320)
    style.legend_above(figure)
    figure.update_xaxes(title_text=labels["step"], rangemode="tozero")
    figure.update_yaxes(title_text=labels["max_vio"], rangemode="tozero")
    return figure


def biases(
    bias_WE: NDArray[np.floating], steps: Sequence[int], labels: Mapping[str, str]
) -> go.Figure:
    """Heatmap of every expert's bias over training. `labels`: step, expert, bias, hover."""
    most = float(np.abs(bias_WE).max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            x=list(steps),
            z=bias_WE.T,
            zmin=-most,
            zmax=most,
            colorscale=style.SIGNED,
            hovertemplate=labels["hover"] + "<extra></extra>",
            colorbar=style.bar_above(labels["bias"], nticks=5),
        )
    )
    style.plain(figure, height=420)
    figure.update_xaxes(title_text=labels["step"], title_standoff=50, showgrid=False)
    figure.update_yaxes(title_text=labels["expert"], showgrid=False, dtick=1, autorange="reversed")
    return figure


def by_hand(load_E: NDArray[np.floating], most: float, labels: Mapping[str, str]) -> go.Figure:
    """Expert loads, and the direction in which the rule will move each bias. `labels`: expert,
    load, hover."""
    arrows = ["▼" if load > 1 else "▲" if load < 1 else "=" for load in load_E]
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(load_E)),
            y=load_E,
            text=arrows,
            textposition="outside",
            marker={"color": [BUSY if load > 1 else IDLE for load in load_E], "line": {"width": 0}},
            hovertemplate=labels["hover"] + "<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.add_hline(y=1, line={"color": EVEN, "width": 2, "dash": "dash"})
    style.plain(figure, height=260)
    figure.update_layout(bargap=0.15)
    figure.update_xaxes(title_text=labels["expert"], dtick=1)
    figure.update_yaxes(title_text=labels["load"], range=[0, most])
    return figure


def after_steps(
    values: Sequence[float], marks: Sequence[tuple[str, float]], labels: Mapping[str, str]
) -> go.Figure:
    """MaxVio after each step of the rule, and target values as named dashed lines.

    `labels`: x, y.
    """
    figure = go.Figure(
        go.Scatter(
            x=list(range(len(values))),
            y=list(values),
            mode="lines+markers",
            line={"color": MARK["balance-bias"][0]},
            marker={"size": 8, "maxdisplayed": 20},
            hovertemplate="%{x}: %{y:.2f}<extra></extra>",
        )
    )
    for name, value in marks:
        figure.add_hline(
            y=value,
            line={"color": style.RULE, "dash": "dash", "width": 2},
            annotation_text=name,
            annotation_position="bottom right",
        )
    style.plain(figure, height=240)
    figure.update_xaxes(title_text=labels["x"], range=[-0.2, max(10, len(values))], tickformat="d")
    most = max(max(values), *(value for _, value in marks))
    figure.update_yaxes(title_text=labels["y"], range=[-0.2 * most, 1.1 * most], tick0=0)
    return figure
