"""Describes a run in words, for files that are viewed outside of the app."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.texts import t
from model.record.trace import Trace


def run_description(asked: str, names: Sequence[str], traces: Sequence[Trace]) -> str:
    """The prompt, the models (`names`), the sampling settings, and the date; "" without runs."""
    if not traces:
        return ""
    said = {
        "temperature": [f"{one.info.temperature:g}" for one in traces],
        "seed": [str(one.info.seed) for one in traces],
        "date": [one.info.date for one in traces],
    }
    each = {key: ", ".join(dict.fromkeys(values)) for key, values in said.items()}
    return t("common.about_run", asked=asked, models=", ".join(names), **each)
