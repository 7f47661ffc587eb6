"""The component that shows up to four replies to a question side by side, with judged steps.

    clicked = reasoning_view(traces, key="r_view", playing=True)
    clicked  # (index of the trace, index of the mark in its judged reply) of a step, once per click

Hover, focus and folding stay in the browser. Python only learns of a click on a step, if
`clickable`, and of the tokens' colouring, which is kept in the URL. Model text is inserted as text,
never as HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import streamlit as st

from app.core.asking import contestants, judged_reply
from app.core.asking.judged_reply import JudgedReply
from app.core.assets import evaluations
from app.core.texts import t
from app.ui.components import component
from app.ui.components.run_description import run_description
from app.ui.components.trace_view.payload import probabilities, run_id
from model.record.trace import Trace, rounded
from model.tasks.problem import Problem

_component = component("reasoning_view", "player")
COLOURINGS = ("probability", "entropy")
NO_NAMES: Mapping[str, str] = MappingProxyType({})


def name_of(contestant: contestants.Contestant) -> str:
    """The heading of a contestant's column, in the viewer's language."""
    model, _, step = contestant.model.partition("-step")
    name = contestants.NAMES.get(model, model)
    if step:
        return t("reasoning_view.at_step", name=name, step=step)
    if contestant.opening == "own":
        return name
    return f"{name}, {t(f'reasoning_view.opening_{contestant.opening}')}"


def typical(contestant: contestants.Contestant, problem: Problem) -> str:
    """What replies of its to such problems are like; "" where that was not measured."""
    if contestant.opening != "own":
        return ""
    found = evaluations.typical(contestant.model, problem.task, problem.level)
    if found is None:
        return ""
    return t(
        "reasoning_view.typical",
        n=found.problems,
        right=f"{found.right:.0%}",
        tokens=round(found.tokens),
        temperature=f"{found.temperature:g}",
    )


def payload(trace: Trace, judged: JudgedReply) -> dict[str, Any]:
    """The data of one reply for the browser, with positions counted from its first token."""
    start = judged.start
    contestant = contestants.contestant_of(trace, judged.asked.begin)
    return {
        "id": run_id(trace),
        "name": name_of(contestant),
        "typical": typical(contestant, judged.problem),
        "given": trace.n_prompt - start,
        "texts": list(trace.texts[start:]),
        "probs": probabilities(trace, slice(start, None)),
        "entropies": entropies(trace, start),
        "seconds": seconds(trace, start),
        "marks": [asdict(mark) for mark in judged.marks],
        "split": judged.split,
        "cut": trace.finish_reason,
        "answer": judged.answer,
        "correct": judged.correct,
        "right_answer": judged.problem.answer if judged.problem.level else None,
        "language": judged.language,
        "appeared": judged.appeared,
    }


def entropies(trace: Trace, start: int) -> list[float | None]:
    """The entropy at each token of a reply, in nats; None if unknown."""
    if trace.entropies is None:
        return [None] * (len(trace) - start)
    return rounded(trace.entropies[start:], 3)


def seconds(trace: Trace, start: int) -> list[float | None] | None:
    """The time of each token of a reply, in seconds from the end of the prompt.

    None if it was not measured: then the reply is played at an even pace.
    """
    if trace.seconds is None:
        return None
    before = trace.seconds[trace.n_prompt - 1] if trace.n_prompt else 0
    return rounded(np.maximum(0, trace.seconds[start:] - before), 3)


def reasoning_view(
    traces: Sequence[Trace],
    *,
    key: str,
    playing: bool = False,
    clickable: bool = False,
    picked: tuple[int, int] | None = None,
    heading: Literal["h2", "h3"] = "h2",
    names: Mapping[str, str] = NO_NAMES,
) -> tuple[int, int] | None:
    """Draw the replies.

    Args:
        traces: replies to one question, at most `contestants.MOST`.
        key: of the component, as for every widget.
        playing: play the replies, with controls; with reduced motion they start at their end.
        clickable: whether steps can be picked.
        picked: the step picked already, in the form returned.
        heading: the heading level of a column, one below that above the replies.
        names: column headings by model, for models that are not contestants.
    URL: KEY_colour is the tokens' colouring, one of `COLOURINGS`; missing if none.
    """
    judged_replies = [judged_reply.read(trace) for trace in traces]
    data = drawn(traces, judged_replies, playing=playing, heading=heading, names=names)
    data["clickable"] = clickable
    data["pick"] = picked and {"run": run_id(traces[picked[0]]), "mark": picked[1]}
    data["colour"] = colour_of(st.query_params.get(url := f"{key}_colour"))
    result = _component(data, key=key, on_step_change=lambda: None, on_colour_change=lambda: None)
    if result.colour is not None:  # the viewer has changed it
        if chosen := colour_of(result.colour):
            st.query_params[url] = chosen
        else:
            st.query_params.pop(url, None)
    return clicked_step(result.step, traces, judged_replies) if clickable else None


def drawn(
    traces: Sequence[Trace],
    judged_replies: Sequence[JudgedReply],
    *,
    playing: bool = True,
    heading: Literal["h2", "h3"] = "h2",
    names: Mapping[str, str] = NO_NAMES,
) -> dict[str, Any]:
    """The component's data for replies to one question."""
    columns = [payload(trace, judged) for trace, judged in zip(traces, judged_replies, strict=True)]
    for column, trace in zip(columns, traces, strict=True):
        column["name"] = names.get(trace.card.name, column["name"])
    question = asked(judged_replies[0]) if judged_replies else ""
    return {
        "about": run_description(question, [column["name"] for column in columns], traces),
        "columns": columns,
        "playing": playing,
        "clickable": False,
        "pick": None,
        "question": question,
        "heading": heading,
        "colour": None,
    }


def asked(judged: JudgedReply) -> str:
    """The question and its right answer, for a picture that is viewed outside of the app."""
    if not judged.problem.level:
        return judged.asked.text
    return f"{judged.asked.text} {t('question.right_answer', answer=judged.problem.answer)}"


def colour_of(asked: object) -> str | None:
    """A valid colouring, or None for anything else that a link or the browser may send."""
    return next((one for one in COLOURINGS if one == asked), None)


def clicked_step(
    sent: Any, traces: Sequence[Trace], judged_replies: Sequence[JudgedReply]
) -> tuple[int, int] | None:
    """The step that the browser sent, if it is on screen; it may be stale, or anything at all."""
    if not isinstance(sent, dict) or type(sent.get("mark")) is not int:
        return None
    for column, (trace, judged) in enumerate(zip(traces, judged_replies, strict=True)):
        inside = 0 <= sent["mark"] < len(judged.marks)
        if sent.get("run") == run_id(trace) and inside and judged.marks[sent["mark"]].is_step:
            return column, sent["mark"]
    return None
