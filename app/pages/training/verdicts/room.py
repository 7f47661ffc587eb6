"""Why a written-out check knows: two small models that differ only in how verdicts look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.core.asking import judged_reply
from app.core.asking.questions import MAX_TOKENS
from app.core.assets import evaluations, models, recorded_runs
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.core.texts import question_language, t
from app.pages.training import question, training_runs
from app.pages.training.verdicts import figures
from app.ui.chart import chart
from app.ui.components.reasoning_view import reasoning_view
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from model.record.trace import Trace
from model.tasks import pick
from model.tasks.problem import WORDS, Problem

SLOT = PromptSlot("t_verdicts")
#: The two models, by how their verdicts are written; see PAIR of `model.training.pretrain`.
PAIR = {"digits": "verdict-digits", "word": "verdict-word"}
MEASURES = ("errors_noticed", "false_alarms")


@dataclass(frozen=True)
class VerdictRate:
    """A share of a model's verdicts on held-out problems, with its 95 % interval."""

    verdicts: str
    measure: str
    value: float
    low: float
    high: float
    n: int


def prompt(asked: Problem) -> str:
    """The question and the start of an attempt: without it, both models often answer at once."""
    return asked.prompt + "<think>" + WORDS[asked.language]["try"]


def start() -> None:
    """Ask both models the question in the fields."""
    question.ask(SLOT, run, question.asked(pick.NAME))


def run(asked: question.TrainingQuestion) -> None:
    """Ask both models."""
    begun = prompt(asked.problem)
    SLOT.run([PromptRun(name, begun, MAX_TOKENS, 1.0, asked.seed) for name in PAIR.values()])


def recorded(language: str) -> tuple[Trace, ...]:
    """The replies that the room opens with: assets/samples/verdicts-LANGUAGE.json."""
    return recorded_runs.traces(f"verdicts-{language}")


def said(trace: Trace) -> str:
    """Say what a reply's verdicts were about, and whether they were justified."""
    marks = [mark for mark in judged_reply.read(trace).marks if mark.kind in ("ok", "no")]
    fair = sum(bool(mark.right) for mark in marks)
    return t("verdicts.said", fair=fair, n=len(marks))


def inside() -> None:
    """Draw the question, and both replies."""
    question.fields(
        lambda: st.button(
            t("verdicts.start"), key="t_start_verdicts", type="primary", on_click=start
        ),
        pick.NAME,
    )
    question.follow_link(SLOT, run)
    SLOT.status()
    own = SLOT.traces()
    traces = own or recorded(question_language())
    info, kind = traces[0].info, "live" if own else "recorded"
    source = t(f"training.replies_{kind}", date=info.date, seed=info.seed)
    question.said(source, judged_reply.read(traces[0]).asked.text, pick.NAME)
    names = {name: t(f"verdicts.as_{how}") for how, name in PAIR.items()}
    reasoning_view(traces, key="t_verdicts_view", heading="h3", names=names)
    st.text("\n".join(f"{names[one.card.name]}: {said(one)}" for one in traces))


def measured() -> list[VerdictRate]:
    """Both models' verdict rates from their evaluations."""
    found = []
    for how, name in PAIR.items():
        evaluation = evaluations.of_model(name)
        if evaluation is None:
            continue
        many = evaluation["many"][pick.NAME]
        for key in MEASURES:
            one = many[key]
            low, high = one["interval"]
            found.append(VerdictRate(how, key, one["value"], low, high, one["n"]))
    return found


def picture(found: Sequence[VerdictRate]) -> None:
    """Draw the shares of wrong and right sums that both models reject, and the same as a table."""
    st.subheader(t("verdicts.measured"))
    names = {how: t(f"verdicts.as_{how}") for how in PAIR}
    words = {key: t(f"verdicts.share_{key}") for key in MEASURES}
    told = ", ".join(
        f"{names[one.verdicts]}, {words[one.measure]}: {one.value:.0%}" for one in found
    )
    chart(
        drawn_once(
            figures.verdicts,
            [
                figures.LabelledShare(
                    names[one.verdicts], words[one.measure], one.value, one.low, one.high
                )
                for one in found
            ],
            {"x": t("verdicts.x"), "hover": t("verdicts.hover")},
        ),
        key="t_verdicts_measured",
        alt=told,
    )
    evaluation = evaluations.of_model(
        next(name for name in PAIR.values() if evaluations.of_model(name))
    )
    assert evaluation is not None
    many = evaluation["many"][pick.NAME]
    st.caption(
        t(
            "verdicts.reading",
            level=many["levels"][0],
            problems=many["problems"],
            samples=many["samples"],
            date=evaluation["date"],
        )
    )
    rows = [
        {"verdict": one.verdicts, "measure": one.measure, "share": one.value}
        | {"low": one.low, "high": one.high, "n": one.n}
        for one in found
    ]
    folded_table(rows, "verdicts", of=t("verdicts.table"))


def made() -> None:
    """Say how both models were trained."""
    trained = [one for name in PAIR.values() if (one := training_runs.trained(name)) is not None]
    if trained:
        minutes = sorted(round(one.minutes) for one in trained)
        tokens = round(trained[0].numbers["tokens"])
        st.caption(t("verdicts.made", tokens=tokens, fewest=minutes[0], most=minutes[-1]))


def room() -> None:
    """Draw the room."""
    st.header(t("verdicts.title"))
    st.markdown(t("verdicts.intro"))
    there = models.shipped()
    absent = [name for name in PAIR.values() if name not in there]
    if absent:
        st.info(t("verdicts.missing"))
        commands = "\n".join(map(training_runs.command, absent))
        st.code(commands, language="bash", wrap_lines=True)
    else:
        SLOT.area(inside)
    if found := measured():
        picture(found)
    made()
    st.markdown(t("verdicts.why"))
