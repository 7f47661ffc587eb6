"""The same text through base, R1-Zero and R1: where did RL change the routing?

Session: "e_rl_drawn" is the number of problems drawn.
URL: "e_rl_text", the question, and "e_rl_token", a pinned token.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from app.core import links
from app.core.asking import prompts, questions
from app.core.assets import models
from app.core.errors import InputError
from app.core.running.need_slot import NeedSlot
from app.core.texts import question_language, t
from app.pages.experts import recording
from app.pages.experts.after_rl import comparison, figures
from app.pages.experts.after_rl.comparison import ReadText
from app.ui.chart import chart
from app.ui.components.trace_view import trace_view
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, table
from model.analysis import routing_after_rl

ONE = NeedSlot("after_rl_one", recorded="after-rl")
MANY = NeedSlot("after_rl_many", recorded="after-rl")
MOST = 8  # length of the list of tokens that changed most
TOKEN = "e_rl_token"


def drawn_question() -> str:
    """The question of the held-out problem that was drawn last, in the viewer's language."""
    return routing_after_rl.problem(st.session_state.e_rl_drawn, question_language()).question


def draw() -> None:
    """Put the next held-out problem into the field."""
    state = st.session_state
    state.e_rl_drawn += 1
    state.e_rl_text = drawn_question()
    let_go()


def let_go() -> None:
    """Unpin the token: it belonged to another text."""
    links.set_pin(None, TOKEN)


def texts(slot: NeedSlot, wanted: Sequence[str], at_once: bool) -> list[ReadText] | None:
    """The texts of prompts; until all are there, draw the progress or a button and return None."""
    button = t("after_rl.read", n=len(wanted))
    traces = comparison.replies(slot, wanted, at_once)
    if traces is None:
        slot.ask(button, t("after_rl.writing", share=slot.share))
        return None
    found = comparison.read(slot, wanted, traces)
    if found is None:
        slot.ask(button, t("after_rl.progress", share=slot.share))
    return found


def room() -> None:
    """Draw the room: one question, then many."""
    ONE.area(one)
    MANY.area(many)


def one() -> None:
    """Draw the comparison on the viewer's own question."""
    state = st.session_state
    state.setdefault("e_rl_drawn", 0)
    prompts.follow_language("e_rl_text", drawn_question)
    st.header(t("after_rl.title"))
    st.markdown(t("after_rl.lead", yardstick=routing_after_rl.YARDSTICK))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            t("after_rl.question"),
            value=routing_after_rl.problem(0, question_language()).question,
            key="e_rl_text",
            bind="query-params",
            on_change=let_go,
            width=360,
        )
        st.button(t("after_rl.another"), key="e_rl_another", on_click=draw)
    try:
        wanted = [comparison.prompt_of(state.e_rl_text)]
    except InputError as error:
        st.error(str(error))
        return
    if (found := texts(ONE, wanted, at_once=True)) is not None:
        one_text(found[0])
        summary(found, "one")


def many() -> None:
    """Draw the comparison on many held-out problems."""
    st.subheader(t("after_rl.many_title"))
    st.markdown(t("after_rl.many_lead", n=routing_after_rl.MANY, level=routing_after_rl.LEVEL))
    drawn = [routing_after_rl.problem(place) for place in range(routing_after_rl.MANY)]
    wanted = [comparison.prompt_of(problem.question) for problem in drawn]
    if (found := texts(MANY, wanted, at_once=False)) is not None:
        sentence(found)
        summary(found, "many")


# --- One text ----------------------------------------------------------------------------------


def verdict(found: ReadText) -> None:
    """Draw the writer's answer and whether it is correct."""
    asked = questions.taken_apart(found.trace.info.prompt)
    if (judged := questions.verdict(asked, found.trace.answer)) is None:
        return
    right, given, correct = judged
    if given is None:
        st.text(t("reasoning_view.verdict_none"))
    else:
        kind = "right" if correct else "wrong"
        st.text(t(f"reasoning_view.verdict_{kind}", answer=given, right=right))


def one_text(found: ReadText) -> None:
    """Draw the text, and what changed token by token."""
    trace = found.trace
    given = links.pinned(trace, TOKEN)
    pin = trace_view(
        trace, parts=("strip",), key="e_rl_strip", pinned=given, charts=("e_rl_tokens",)
    ).pinned
    if pin != given:
        links.set_pin(pin, TOKEN)
    verdict(found)
    sentence([found])
    changed = {model: found.changed(model) for model in routing_after_rl.COMPARED}
    layers = trace.moe_layers
    st.subheader(t("after_rl.tokens_title"))
    labels = {
        "token": t("after_rl.token_axis"),
        "layer": t("experts.layer"),
        "share": t("after_rl.share"),
        "hover": t("after_rl.tokens_hover"),
    }
    means = ", ".join(f"{model} {np.mean(share):.0%}" for model, share in changed.items())
    chart(
        drawn_once(figures.tokens, changed, layers, trace.texts, trace.n_prompt, pin, labels),
        key="e_rl_tokens",
        alt=t("after_rl.tokens_alt", tokens=len(trace), shares=means),
    )
    chosen = found.ids[routing_after_rl.BASE].shape[2]
    st.caption(t("after_rl.tokens_reading", chosen=chosen))
    if pin is None:
        after = sum(changed[model] for model in routing_after_rl.AFTER)
        cells = np.argsort(-np.ravel(after), kind="stable")[:MOST]
        places = [divmod(int(cell), len(layers)) for cell in cells]
        st.markdown(t("after_rl.most"))
    else:
        places = [(pin, at) for at in range(len(layers))]
        st.markdown(t("after_rl.pinned", token=pin))
    table([cell_row(found, *place) for place in places], "experts-after-rl-most")
    every = [(token, at) for token in range(len(trace)) for at in range(len(layers))]
    folded_table(
        lambda: [choice_row(found, *place) for place in every],
        "experts-after-rl-tokens",
        t("after_rl.tokens_table"),
    )


def names(experts: Sequence[int]) -> str:
    return ", ".join(map(str, experts))


def place_row(found: ReadText, token: int, at: int) -> dict[str, object]:
    """The columns that identify a table row's token and layer."""
    return {
        t("after_rl.token_axis"): token,
        t("after_rl.text"): found.trace.texts[token],
        t("experts.layer"): found.trace.moe_layers[at],
    }


def cell_row(found: ReadText, token: int, at: int) -> dict[str, object]:
    """A table row with base's experts, and those that the other models replaced them by."""
    own = found.ids[routing_after_rl.BASE][token, at].tolist()
    row = place_row(found, token, at) | {routing_after_rl.BASE: names(own)}
    for model in routing_after_rl.AFTER:
        theirs = found.ids[model][token, at].tolist()
        gone = [expert for expert in own if expert not in theirs]
        new = [expert for expert in theirs if expert not in own]
        row[model] = f"{names(gone)} → {names(new)}" if gone else t("after_rl.same")
    return row


def choice_row(found: ReadText, token: int, at: int) -> dict[str, object]:
    """A table row with all models' experts, strongest first, and the figure's shares."""
    row = place_row(found, token, at)
    for model, ids in found.ids.items():
        row[model] = names(ids[token, at].tolist())
    for model in routing_after_rl.COMPARED:
        share = found.changed(model)[token, at]
        row[f"{t('after_rl.share')}: {model}"] = round(float(share), 4)
    return row


# --- One text or many --------------------------------------------------------------------------


def sentence(found: list[ReadText]) -> None:
    """Describe what changed, with the numbers of these texts."""
    of_writer = comparison.by_layer(found, routing_after_rl.WRITER)
    shares = {model: comparison.overall(found, model) for model in routing_after_rl.COMPARED}
    zero = shares[routing_after_rl.WRITER]
    at = max(range(len(of_writer)), key=lambda at: of_writer[at].mean)
    low, high = of_writer[at].interval
    about = models.shipped()
    done = about[routing_after_rl.YARDSTICK]["tokens"] / about[routing_after_rl.BASE]["tokens"]
    st.markdown(
        t(
            "after_rl.sentence",
            tokens=sum(len(text.trace) for text in found),
            zero=f"{zero.whole:.1%}",
            r1=f"{shares['r1'].whole:.1%}",
            done=f"{done:.0%}",
            early=f"{shares[routing_after_rl.YARDSTICK].whole:.1%}",
            chance=f"{1 - comparison.even():.0%}",
            layer=found[0].trace.moe_layers[at],
            most=f"{of_writer[at].mean:.1%}",
            low=f"{low:.1%}",
            high=f"{high:.1%}",
            prompt=f"{zero.prompt:.1%}",
            reply=f"{zero.reply:.1%}",
        )
    )
    if said := recording.told(*(date for text in found for date in text.dates)):
        st.caption(said)


def summary(found: list[ReadText], place: str) -> None:
    """How much changed in each layer, and which experts gained or lost tokens.

    `place` names the section, "one" or "many": both may be on screen.
    """
    left, right = st.columns(2, gap="large")
    with left:
        by_layer(found, place)
    with right:
        loads(found, place)


def by_layer(found: list[ReadText], place: str) -> None:
    """The share of choices that changed, layer by layer, with intervals."""
    layers = found[0].trace.moe_layers
    chance = 1 - comparison.even()
    estimates = {model: comparison.by_layer(found, model) for model in routing_after_rl.COMPARED}
    st.subheader(t("after_rl.layers_title"))
    labels = {
        "layer": t("experts.layer"),
        "share": t("after_rl.share"),
        "chance": t("after_rl.chance", share=f"{chance:.0%}"),
    }
    series = [
        figures.ChangedShares(model, *zip(*((e.mean, *e.interval) for e in each), strict=True))
        for model, each in estimates.items()
    ]
    said = (
        f"{model} " + ", ".join(f"{e.mean:.0%}" for e in each) for model, each in estimates.items()
    )
    chart(
        drawn_once(figures.by_layer, series, layers, chance, labels),
        key=f"e_rl_layers_{place}",
        alt=t("after_rl.layers_alt", shares="; ".join(said)),
    )
    st.caption(t(f"after_rl.layers_reading_{place}"))
    folded_table(
        lambda: [
            {
                t("experts.layer"): layer,
                t("experts.model"): model,
                t("after_rl.share"): round(each[at].mean, 4),
                t("experts.interval_from"): round(each[at].interval[0], 4),
                t("experts.interval_to"): round(each[at].interval[1], 4),
            }
            for at, layer in enumerate(layers)
            for model, each in estimates.items()
        ],
        f"experts-after-rl-layers-{place}",
        t(f"after_rl.layers_table_{place}"),
    )


def loads(found: list[ReadText], place: str) -> None:
    """What each expert's load gained or lost in each layer, in the shares of its tokens."""
    layers = found[0].trace.moe_layers
    config = models.config(routing_after_rl.BASE)
    experts, even = int(config["n_routed_experts"]), comparison.even()
    share_of = {
        model: comparison.loads(found, model, experts)
        for model in (routing_after_rl.BASE, *routing_after_rl.AFTER)
    }
    before = share_of[routing_after_rl.BASE]
    gained = {model: share_of[model] - before for model in routing_after_rl.AFTER}
    st.subheader(t("after_rl.loads_title"))
    labels = {
        "expert": t("experts.expert_axis"),
        "layer": t("experts.layer"),
        "points": t("after_rl.points"),
        "hover": t("after_rl.loads_hover"),
    }
    most = max(routing_after_rl.AFTER, key=lambda model: np.abs(gained[model]).max())
    at, expert = np.unravel_index(np.abs(gained[most]).argmax(), gained[most].shape)
    shift = {
        "layer": layers[at],
        "expert": expert,
        "model": most,
        "before": f"{before[at, expert]:.0%}",
        "after": f"{share_of[most][at, expert]:.0%}",
    }
    chart(
        drawn_once(figures.loads, gained, layers, int(config["n_group"]), even, labels),
        key=f"e_rl_loads_{place}",
        alt=t("after_rl.loads_alt", **shift),
    )
    st.caption(t("after_rl.loads_reading", even=f"{even:.0%}", **shift))
    folded_table(
        lambda: [
            {t("experts.layer"): layer, t("experts.expert_axis"): expert}
            | {model: round(float(share_LE[at, expert]), 4) for model, share_LE in share_of.items()}
            for at, layer in enumerate(layers)
            for expert in range(experts)
        ],
        f"experts-after-rl-loads-{place}",
        t(f"after_rl.loads_table_{place}"),
    )
