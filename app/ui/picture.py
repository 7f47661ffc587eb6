"""Pictures that are drawn once: figures are pure functions, so what they were given names them.

    chart(drawn_once(figures.curves, growths, labels), key="c_curves", alt=sentence)

A recorded run looks alike to all viewers, and to one viewer whenever the page is drawn again. To
build and check a figure takes plotly some ten milliseconds, to look it up here a tenth of one.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, ParamSpec

import plotly.graph_objects as go
from plotly.basedatatypes import BaseFigure

from app.ui import style

AROUND = 90  # px above and below the axes of a picture, about
KEPT = 256  # pictures, the longest unused out first

P = ParamSpec("P")

_kept: OrderedDict[bytes, Future[Picture]] = OrderedDict()
_lock = threading.Lock()


class Picture(BaseFigure):
    """A figure that is finished: it can be drawn, and no longer be changed."""

    def __init__(self, plain: dict[str, Any]) -> None:
        """`plain` as plotly's JSON has it."""
        self._plain = plain

    def to_dict(self) -> dict[str, Any]:
        """What is drawn, as plotly's JSON has it. All viewers share it: leave it as it is."""
        return self._plain

    def filled(self, traces: Sequence[Mapping[str, Any]], y_axis: Mapping[str, Any]) -> Picture:
        """The same picture of other numbers: of each trace what is given, and of all y axes.

        For what each viewer's own run changes: to draw it again takes plotly a hundred times as
        long as this. The numbers are plain data, and nobody checks them.
        """
        data = [{**old, **new} for old, new in zip(self._plain["data"], traces, strict=True)]
        layout = {
            key: {**old, **y_axis} if key.startswith("yaxis") else old
            for key, old in self._plain["layout"].items()
        }
        return Picture({"data": data, "layout": layout})


def _titled(plain: dict[str, Any]) -> dict[str, Any]:
    """A drawn figure, the titles of its y axes in lines that are no longer than the axes."""
    layout = plain["layout"]
    for key, axis in layout.items():
        text = axis.get("title", {}).get("text") if key.startswith("yaxis") else None
        if text and "height" in layout:
            low, high = axis.get("domain", (0, 1))
            axis["title"]["text"] = style.upright(text, (layout["height"] - AROUND) * (high - low))
    return plain


def drawn_once(draw: Callable[P, go.Figure], *args: P.args, **kwargs: P.kwargs) -> Picture:
    """What `draw(...)` draws; drawn only if nobody has drawn it from equal arguments lately.

    Whoever asks while it is being drawn waits for it.

    Raises:
        pickle.PicklingError, AttributeError, TypeError: for arguments that are not plain data.
    """
    named = (draw.__module__, draw.__qualname__, args, kwargs)
    name = hashlib.blake2b(pickle.dumps(named, protocol=5), digest_size=16).digest()
    with _lock:
        known, drawing = _kept.get(name), Future[Picture]()
        _kept[name] = known or drawing
        _kept.move_to_end(name)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    if known is not None:
        return known.result()
    try:
        drawing.set_result(Picture(_titled(draw(*args, **kwargs).to_dict())))
    except BaseException as error:
        with _lock:
            _kept.pop(name, None)  # whoever asks next tries again
        drawing.set_exception(error)
    return drawing.result()
