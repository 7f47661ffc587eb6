"""The component that shows an intervention's effect on a text: token probabilities and the answer.

    intervention_view(run, key="e_compared", pinned=3, pin=set_pin)

Hover and keys stay in the browser, and link with the other components that show the same run; only
a pin reaches Python. Model text is inserted as text, never as HTML.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.pages.experts.interventions.intervened_run import IntervenedRun
from app.ui.components import component
from app.ui.components.run_description import run_description
from app.ui.components.trace_view.payload import run_id
from model.record.trace import rounded

_component = component("intervention_view")


def payload(run: IntervenedRun) -> dict[str, Any]:
    """The data for the browser: the run's tokens with both probabilities, and both answers."""
    trace, apart = run.trace, run.parting()
    return {
        "about": run_description(trace.info.prompt, [trace.card.name], [trace]),
        "id": run.id,
        "run": run_id(trace),
        "texts": list(trace.texts),
        "n_prompt": trace.n_prompt,
        "answer": list(trace.texts[trace.n_prompt :]),
        "written": list(run.written.texts[run.written.n_prompt :]),
        "parting": None if apart is None else apart - trace.n_prompt,
        "before": rounded(run.plain.logprobs),
        "after": rounded(run.changed.logprobs),
        "stayed": [round(float(x), 3) for x in run.shares_that_stayed().mean(axis=1)],
    }


def intervention_view(
    run: IntervenedRun, *, key: str, pinned: int | None, pin: Callable[[int | None], None]
) -> None:
    """Draw a run under an intervention.

    Args:
        run: what to draw.
        key: the component's widget key.
        pinned: the initially pinned token.
        pin: called with the token that the viewer pinned, or None when it is unpinned. Only on a
            change: the component's last value stays in the session while it is not drawn.
    """
    data = payload(run)

    def changed() -> None:
        sent = st.session_state[key].pinned
        if isinstance(sent, dict) and sent.get("run") == data["run"]:
            token = sent.get("token")
            pin(token if type(token) is int and 0 <= token < len(run.trace) else None)

    _component(data | {"pinned": pinned}, key=key, on_pinned_change=changed)
