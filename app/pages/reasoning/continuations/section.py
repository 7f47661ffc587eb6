"""Continuations from a step of an answer, unchanged or with another number in its place."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from app.core.asking import contestants, judged_reply
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning.continuations import state as session
from app.pages.reasoning.many_replies import drawn_of, export
from app.ui.components.reasoning_view import name_of
from model.analysis.estimators import wilson
from model.tasks import pick
from model.tasks.notation import in_order
from model.tasks.problem import Problem


def section() -> None:
    """Draw the chosen step, its controls, and the continuations."""
    found = session.picked()
    if found is None:
        st.caption(t("continuations.step_none"))
        return
    trace, judged, mark = found
    with st.container(border=True):
        number = judged.steps.index(mark) + 1
        name = name_of(contestants.contestant_of(trace, judged.asked.begin))
        st.subheader(t("continuations.step_title", n=number, name=name))
        st.text(f"{mark.text}  {'✓' if mark.right else f'✗ ({mark.value})'}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                t("continuations.count"),
                session.COUNTS,
                index=1,
                key="r_continuations_n",
                width=150,
            )
            st.button(
                t("continuations.resample"),
                key="r_resample",
                on_click=session.start,
                args=(False,),
                help=t("continuations.resample_help"),
            )
            written = int(mark.plain.split("=")[1])
            session.NUMBER.draw(session.number_key(), written, width=170, bind=None)
            st.button(
                t("continuations.go_on"),
                key="r_go_on",
                on_click=session.start,
                args=(True,),
                help=t("continuations.go_on_help"),
            )
        session.CONTINUATIONS.area(continuations)


def continuations() -> None:
    """Draw how many continuations are right, and how many follow the number given in the step."""
    batch, made = drawn_of(session.CONTINUATIONS), st.session_state.get("r_continued")
    if batch is None or made is None or made["pick"] != st.session_state.r_pick:
        return
    found = session.picked()
    if found is None:
        return
    _, judged, mark = found
    drawn, ask = batch.of(0), batch.asks[0]
    right, total = sum(s.correct for s in drawn), len(drawn)
    said = [t("continuations.right", right=right, n=total, **interval(right, total))]
    if made["number"] is not None:
        number = made["number"]
        if judged.answer is not None:
            same = of_answer(drawn, judged.problem, judged.answer)
            said.append(t("continuations.same", same=same, n=total, **interval(same, total)))
        follows = judged_reply.follows(judged.problem, mark.plain, number)
        if follows is not None:
            follow = of_answer(drawn, judged.problem, follows)
            values = {"follow": follow, "number": number, "answer": follows}
            first = t("continuations.follows", n=total, **values, **interval(follow, total))
            said.insert(0, first)
        else:
            said.append(t("continuations.unknown"))
    st.text("\n".join(said))
    tally = Counter((s.answer, s.correct) for s in drawn).most_common()
    lines = [
        f"{n} × {'✓' if ok else '✗'} {answer or t('reasoning.bin_none')}"
        for (answer, ok), n in tally
    ]
    st.text("\n".join(lines[:8]))
    st.caption(t("continuations.prefix_read", n=len(ask.ids)))
    with st.expander(t("continuations.read")):
        for sample in drawn[:8]:
            st.text(f"{'✓' if sample.correct else '✗'}  … {sample.text[len(ask.head) :]}")
    if session.CONTINUATIONS.running is None:
        export(batch, "reasoning-continuations")


def of_answer(drawn: list[replies.SampledReply], problem: Problem, answer: str | None) -> int:
    """Draw how many samples have an answer to the problem."""
    if answer is None:
        return 0
    wanted = in_order(answer) if problem.task == pick.NAME else answer
    return sum(sample.answer == wanted for sample in drawn)


def interval(n: int, total: int) -> dict[str, str]:
    """Wilson's interval of a share, as values for a text."""
    low, high = wilson(n, total)
    return {"low": f"{low:.0%}", "high": f"{high:.0%}"}
