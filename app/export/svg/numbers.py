"""Formats numbers like d3, with the formats that our figures use, and fills plotly's templates."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.export.svg.pen import NotDrawnError

_D3 = re.compile(r"(\+?)(,?)(?:\.(\d+))?(~?)([%fdgse]?)")
_FIELD = re.compile(r"%\{(\w+)(?:\[(\d+)\])?(?::([^}]*))?\}")
_EXTRA = re.compile(r"<extra>.*?</extra>", re.DOTALL)


def plain(value: object) -> str:
    """A value without a format: whole numbers as they are, others with up to six digits."""
    if isinstance(value, float | int | np.number) and not isinstance(value, bool):
        return f"{float(value):,.6g}" if abs(float(value)) < 1e6 else f"{float(value):,.0f}"
    return str(value)


def d3(form: str, value: object) -> str:
    """A number in a d3 format, such as ".1%", ",", "+.3f".

    Raises:
        NotDrawnError: if the format is not supported.
    """
    if not form or not isinstance(value, float | int | np.number):
        return plain(value)
    found = _D3.fullmatch(form)
    if found is None:
        raise NotDrawnError(f"number format {form!r}")
    sign, comma, digits, trim, kind = found.groups()
    if kind == "d":
        return f"{round(float(value)):{sign}{comma}d}"
    if not kind and digits is None:
        said = plain(float(value))
        return said if comma else said.replace(",", "")
    said = f"{float(value):{sign}{comma}.{digits or 6}{kind or 'g'}}"
    return re.sub(r"\.?0+(?=%|$)", "", said) if trim and "." in said else said


def filled(template: str, values: Mapping[str, Any]) -> str:
    """A hover template filled in with a point's values, as one line of plain text."""

    def one(field: re.Match[str]) -> str:
        value = values.get(field[1], "")
        if field[2] is not None:
            value = value[int(field[2])]
        return d3(field[3] or "", value)

    text = _FIELD.sub(one, _EXTRA.sub("", template))
    return html.unescape(re.sub(r"<br\s*/?>", " · ", text)).strip(" ·")
