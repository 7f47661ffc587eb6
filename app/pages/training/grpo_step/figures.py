"""The figure of a group: rewards, their mean, advantages.

Pure plotly: words come in as `labels`, already in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.pages.training.figures import NEITHER, OURS, PAPER
from app.ui import style


def group(
    rewards: Sequence[float], mean: float, advantages: Sequence[float], labels: Mapping[str, str]
) -> go.Figure:
    """Rewards as bars, their mean as a line: an advantage is the distance from line to bar.

    `labels`: the axis titles x and y, mean (the line's name), advantage (the numbers'), hover
    (plotly's template).
    """
    names = [str(i) for i in range(1, len(rewards) + 1)]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=list(rewards),
            marker={
                "color": [PAPER if a > 0 else NEITHER for a in advantages],
                "pattern": {"shape": ["" if a > 0 else "/" for a in advantages], "size": 5},
            },
            text=[f"{a:+z.2f}" for a in advantages],
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
    said = [(i, f"{advantage:+z.2f}", "center") for i, advantage in enumerate(advantages)]
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
