"""A figure that stands by itself: in the story, in a blog's frame, as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlencode

import plotly.graph_objects as go

from app.ui.components.trace_view import PicturePart
from app.ui.csv_rows import TableRows
from model.record.trace import Trace


@dataclass(frozen=True)
class ShownRun:
    """A recorded run, drawn by the component `trace_view`."""

    trace: Trace
    parts: tuple[PicturePart, ...]
    layer: int  # of its heatmap, by the model's own number
    still: go.Figure  # the same on paper


@dataclass(frozen=True)
class ShownReplies:
    """Recorded replies to one question, drawn by the component `reasoning_view`."""

    traces: tuple[Trace, ...]
    still: go.Figure  # the same on paper


Content: TypeAlias = go.Figure | ShownRun | ShownReplies


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What is drawn from data, with what they say in the language that it was made in.

    `state` is what the URL of the view that it is taken from says there.
    """

    content: Content
    rows: TableRows  # its numbers, with equal keys
    takeaway: str  # one sentence or two, with the figure's own numbers
    source: str  # paper and section, or run and date
    state: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Exhibit(Drawn):
    """All that is said of a figure where the app is not around it."""

    name: str
    title: str
    page: str  # that it is taken from
    paper: str  # key of `app.export.cite`: the paper whose idea is shown

    @property
    def still(self) -> go.Figure:
        """What is drawn where nothing moves."""
        return self.content if isinstance(self.content, go.Figure) else self.content.still

    def link(self, language: str) -> str:
        """Where the whole view is, beside the app's first page: "experts?lang=ko&room=balance"."""
        return f"{self.page}?{urlencode({'lang': language, **self.state})}"
