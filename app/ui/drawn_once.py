"""A cache of drawn figures: they are pure functions, so their arguments identify them.

    chart(drawn_once(figures.curves, growths, labels), key="c_curves", alt=sentence)

A recorded run looks the same to all viewers, and whenever the page is drawn again. plotly takes
about ten milliseconds to build and validate a figure; the lookup here takes a tenth of one.
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

AROUND = 90  # px above and below the axes of a picture, approximately
MOST = 256  # figures; the least recently used are evicted

P = ParamSpec("P")

_drawn: OrderedDict[bytes, Future[DrawnFigure]] = OrderedDict()
_lock = threading.Lock()


class DrawnFigure(BaseFigure):
    """A finished figure: it can be drawn, but no longer changed."""

    def __init__(self, plain: dict[str, Any]) -> None:
        """`plain` is plotly's JSON."""
        self._plain = plain

    def to_dict(self) -> dict[str, Any]:
        """The figure as plotly's JSON. All viewers share it: do not modify it."""
        return self._plain

    def filled(self, traces: Sequence[Mapping[str, Any]], y_axis: Mapping[str, Any]) -> DrawnFigure:
        """The same picture with other numbers: updates for each trace, and for all y axes.

        For figures that change with each viewer's run: drawing them again takes plotly a hundred
        times as long. The updates are plain data, and not validated.
        """
        data = [{**old, **new} for old, new in zip(self._plain["data"], traces, strict=True)]
        layout = {
            key: {**old, **y_axis} if key.startswith("yaxis") else old
            for key, old in self._plain["layout"].items()
        }
        return DrawnFigure({"data": data, "layout": layout})


def _titled(plain: dict[str, Any]) -> dict[str, Any]:
    """Wrap the titles of a drawn figure's y axes to the length of the axes."""
    layout = plain["layout"]
    for key, axis in layout.items():
        text = axis.get("title", {}).get("text") if key.startswith("yaxis") else None
        if text and "height" in layout:
            low, high = axis.get("domain", (0, 1))
            axis["title"]["text"] = style.upright(text, (layout["height"] - AROUND) * (high - low))
    return plain


def drawn_once(draw: Callable[P, go.Figure], *args: P.args, **kwargs: P.kwargs) -> DrawnFigure:
    """The figure `draw(...)`, from the cache if it was drawn with equal arguments recently.

    Concurrent calls with equal arguments wait for the first.

    Raises:
        pickle.PicklingError, AttributeError, TypeError: for arguments that are not plain data.
    """
    named = (draw.__module__, draw.__qualname__, args, kwargs)
    name = hashlib.blake2b(pickle.dumps(named, protocol=5), digest_size=16).digest()
    with _lock:
        known, drawing = _drawn.get(name), Future[DrawnFigure]()
        _drawn[name] = known or drawing
        _drawn.move_to_end(name)
        while len(_drawn) > MOST:
            _drawn.popitem(last=False)
    if known is not None:
        return known.result()
    try:
        drawing.set_result(DrawnFigure(_titled(draw(*args, **kwargs).to_dict())))
    except BaseException as error:
        with _lock:
            _drawn.pop(name, None)  # the next call tries again
        drawing.set_exception(error)
    return drawing.result()
