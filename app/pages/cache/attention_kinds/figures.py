"""The attention diagram: which tensors are cached, recomputed from the cache, or temporary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

from app.ui import style
from model.record.card import ModelCard

Role = Literal["cached", "again", "new"]
HALF_WIDTH, HALF_HEIGHT = 0.46, 0.36  # of a box, in columns and rows


@dataclass(frozen=True)
class Box:
    """A tensor: its position in columns and rows, its name, shape and role."""

    name: str
    column: float
    row: int
    shape: tuple[int, ...]
    role: Role
    after: tuple[str, ...] = ()  # names of the boxes that it is made of


def boxes(card: ModelCard, held: int) -> list[Box]:
    """The tensors of one layer when it attends for one new token, with `held` tokens in the cache.

    Shapes are those of the tensors in `model.nn.attention` for a batch of one, the batch axis left
    out. Empty if the card lacks one of the widths.
    """
    width, heads = card.hidden_size, card.num_attention_heads
    key, value = card.head_dim, card.v_head_dim
    if width is None or heads is None or key is None or value is None:
        return []
    rank, rotary, shared = card.kv_lora_rank, card.qk_rope_head_dim, card.num_key_value_heads
    if rank is not None and rotary is not None:
        middle = [
            Box("q", 0, 1, (1, heads, key), "new", ("x",)),
            Box("c_kv", 1, 1, (held, rank), "cached", ("x",)),
            Box("k_pe", 2, 1, (held, rotary), "cached", ("x",)),
            Box("K", 1, 2, (held, heads, key), "again", ("c_kv", "k_pe")),
            Box("V", 2, 2, (held, heads, value), "again", ("c_kv",)),
        ]
    elif rank is None and shared is not None:
        middle = [
            Box("q", 0, 1, (1, heads, key), "new", ("x",)),
            Box("K", 1, 1, (held, shared, key), "cached", ("x",)),
            Box("V", 2, 1, (held, shared, value), "cached", ("x",)),
        ]
    else:
        return []
    last = max(box.row for box in middle)
    return [
        Box("x", 1, 0, (1, width), "new"),
        *middle,
        Box("softmax", 0.5, last + 1, (heads, 1, held), "new", ("q", "K")),
        Box("o", 1.5, last + 1, (1, heads * value), "new", ("softmax", "V")),
    ]


def diagram(kind: str, drawn: Sequence[Box], labels: Mapping[str, str]) -> go.Figure:
    """Draw the boxes from top to bottom. `labels`: a word per role, and a name per box."""
    figure = go.Figure()
    places = {box.name: box for box in drawn}
    for box in drawn:
        for source in box.after:
            _arrow(figure, places[source], box)
    for box in drawn:
        figure.add_shape(
            type="rect",
            x0=box.column - HALF_WIDTH,
            x1=box.column + HALF_WIDTH,
            y0=box.row - HALF_HEIGHT,
            y1=box.row + HALF_HEIGHT,
            line={
                "color": style.kind_colour(kind) if box.role == "cached" else style.RULE,
                "width": 3 if box.role == "cached" else 1.5,
                "dash": "dash" if box.role == "again" else "solid",
            },
            fillcolor={
                "cached": _pale(style.kind_colour(kind)),
                "again": "rgba(128,136,148,0.28)",
                "new": style.CLEAR,
            }[box.role],
        )
        shape = " × ".join(f"{size:,}" for size in box.shape)
        figure.add_annotation(
            x=box.column,
            y=box.row,
            text=f"<b>{box.name}</b><br>{shape}<br>{labels[box.role]}",
            hovertext=labels[box.name],
            showarrow=False,
            font={"size": 13},
        )
    rows = max(box.row for box in drawn) + 1
    style.plain(figure, 108 * rows)
    figure.update_xaxes(visible=False, range=[-0.5, 2.5])
    figure.update_yaxes(visible=False, range=[rows - 0.6, -0.4])
    return figure


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"


def _arrow(figure: go.Figure, source: Box, target: Box) -> None:
    """Draw an arrow from a box's lower edge to the upper edge of one below, or from side to
    side."""
    level = source.row == target.row
    side = HALF_WIDTH if target.column > source.column else -HALF_WIDTH
    figure.add_annotation(
        ax=source.column + (side if level else 0),
        ay=source.row + (0 if level else HALF_HEIGHT),
        x=target.column - (side if level else 0),
        y=target.row - (0 if level else HALF_HEIGHT),
        axref="x",
        ayref="y",
        xref="x",
        yref="y",
        text="",
        showarrow=True,
        arrowhead=2,
        arrowwidth=1.5,
        arrowcolor=style.RULE,
    )
