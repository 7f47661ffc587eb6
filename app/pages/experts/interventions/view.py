"""The component that shows what a change did to a text: every token's probability, and the answer.

    pinned = intervention_view(comparison, key="e_compare", pinned=3)

Hover and keys stay in the browser, and link with the other components that show the same run; only
a pin reaches Python. Model text is put in as text, never as HTML.
"""

from __future__ import annotations

from typing import Any

from app.pages.experts.interventions.comparison import Comparison, kept_routes, parting
from app.ui.components import component
from app.ui.components.trace_view.payload import run_id
from model.record.trace import rounded

_component = component("intervention_view")


def payload(comparison: Comparison) -> dict[str, Any]:
    """What the browser gets: the run's tokens with both probabilities, and both answers."""
    trace, written = comparison.trace, comparison.written
    found: dict[str, Any] = {
        "id": comparison.id,
        "run": run_id(trace),
        "texts": list(trace.texts),
        "n_prompt": trace.n_prompt,
        "answer": list(trace.texts[trace.n_prompt :]),
        "written": [] if written is None else list(written.texts[written.n_prompt :]),
        "parting": None,
    }
    if written is not None and (apart := parting(trace, written)) is not None:
        found["parting"] = apart - trace.n_prompt
    plain, changed = comparison.plain, comparison.changed
    if plain is not None and changed is not None:
        found |= {
            "before": rounded(plain.logprobs),
            "after": rounded(changed.logprobs),
            "kept": [round(float(x), 3) for x in kept_routes(plain, changed).mean(axis=1)],
        }
    return found


def intervention_view(comparison: Comparison, *, key: str, pinned: int | None) -> int | None:
    """Draw a comparison as far as it is; returns the pinned token of the run, or None."""
    data = payload(comparison)
    result = _component(data | {"pinned": pinned}, key=key, on_pinned_change=lambda: None)
    sent = result.pinned
    if not isinstance(sent, dict) or sent.get("run") != data["run"]:
        return pinned
    token = sent.get("token")
    return token if type(token) is int and 0 <= token < len(comparison.trace) else None
