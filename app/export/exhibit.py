"""A self-contained figure: for the story, for embedding in a blog, or as a file."""

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
    layer: int  # of its heatmap, counting all layers of the model
    still: go.Figure  # a static version


@dataclass(frozen=True)
class ShownReplies:
    """Recorded replies to one question, drawn by the component `reasoning_view`."""

    traces: tuple[Trace, ...]
    still: go.Figure  # a static version


Content: TypeAlias = go.Figure | ShownRun | ShownReplies


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A drawing of data with its texts, in the language that it was made in.

    `state` are the URL parameters of the view that it is taken from.
    """

    content: Content
    rows: TableRows  # its numbers, with equal keys
    takeaway: str  # one or two sentences, with the figure's own numbers
    source: str  # paper and section, or run and date
    state: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Exhibit(Drawn):
    """A figure with all texts that it needs outside of the app."""

    name: str
    title: str
    page: str  # that it is taken from
    paper: str  # key of `app.export.cite`: the paper whose idea is shown

    @property
    def still(self) -> go.Figure:
        """The static version."""
        return self.content if isinstance(self.content, go.Figure) else self.content.still

    def link(self, language: str) -> str:
        """The relative link to the whole view, such as "experts?lang=ko&room=balance"."""
        return f"{self.page}?{urlencode({'lang': language, **self.state})}"
