"""What a run is of, in words: for a file that is looked at where the app is not around it."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.texts import t
from model.record.trace import Trace


def run_description(asked: str, names: Sequence[str], traces: Sequence[Trace]) -> str:
    """What was asked, of whom (`names`), how tokens were drawn, and when; "" of no run."""
    if not traces:
        return ""
    said = {
        "temperature": [f"{one.info.temperature:g}" for one in traces],
        "seed": [str(one.info.seed) for one in traces],
        "date": [one.info.date for one in traces],
    }
    each = {key: ", ".join(dict.fromkeys(values)) for key, values in said.items()}
    return t("common.about_run", asked=asked, models=", ".join(names), **each)
