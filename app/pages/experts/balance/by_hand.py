"""Balance: the bias rule by hand, on a real gate and real tokens, step by step."""

from __future__ import annotations

import re

import numpy as np
import streamlit as st

from app.core import links
from app.core.assets import models
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import held_out
from app.pages.experts.balance import figures
from app.pages.experts.balance import runs as balance_runs
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from app.ui.url_choice import url_choice
from model.analysis import expert_load

SCORES = NeedSlot("balance_scores", recorded="balance-scores")
SPEEDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
LEAP = 50  # steps of the longer button
MOST_STEPS = 500  # by hand: all are taken anew with each change, and a link may ask for any
HAND = "e_hand"  # their key in the URL
KEPT = "e_hand_kept"  # in the session


def section(layer: int, at: int) -> None:
    """The rule on the gate of a layer, the model's `at`-th with experts."""
    st.subheader(t("balance.hand_title"))
    SCORES.area(lambda: rule(layer, at))


def rule(layer: int, at: int) -> None:
    """Loads, the rule, and what it does, on real tokens."""
    found = balance_runs.scores(SCORES)
    if found is None:
        held_out.ask(SCORES, t("balance.hand_read"))
        return
    keep()
    scores_NE = found.scores[:, at]
    hand = balance_runs.by_hand(scores_NE, taken_on(layer))
    tokens = len(scores_NE)
    st.markdown(t("balance.hand_lead", layer=layer, tokens=tokens, rows=balance_runs.ROWS))
    st.latex(r"b_i \leftarrow b_i + \gamma \cdot \mathrm{sign}(\bar c - c_i)")
    buttons(layer, hand.steps)
    sentence(hand)
    if found.date:
        st.caption(t("balance.hand_recorded", date=found.date))
    left, right = st.columns(2)
    with left:
        loads(hand, layer)
    with right:
        violations(hand, layer, tokens)
    st.caption(t("balance.hand_reading"))


def buttons(layer: int, done: int) -> None:
    """The speed, and what takes steps at it after those `done`, or begins again."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        url_choice(
            t("balance.speed"),
            SPEEDS,
            "e_speed",
            "{:g}".format,
            default=0.01,
            drawn="slider",
            width=260,
            help=t("balance.speed_help"),
        )
        for key, times in (("one", 1), ("many", LEAP)):
            st.button(
                t("balance.hand_steps", n=times),
                key=f"e_hand_{key}",
                type="primary" if times == 1 else "secondary",
                disabled=done + times > MOST_STEPS,
                on_click=take,
                args=(layer, times),
            )
        st.button(t("balance.hand_again"), key="e_hand_again", on_click=again)


def sentence(hand: balance_runs.BiasSteps) -> None:
    """How uneven the loads are now, and how many biases the next step moves which way."""
    busy = int(hand.load.argmax())
    st.markdown(
        t(
            "balance.hand_sentence",
            steps=hand.steps,
            busy=busy,
            load=f"{hand.load[busy]:.2f}",
            up=int((hand.load < 1).sum()),
            down=int((hand.load > 1).sum()),
            speed=f"{st.session_state.e_speed:g}",
        )
    )


def chosen_per_token() -> int:
    """How many experts the gates choose for each token."""
    return int(models.config(balance_runs.BY_HAND)["num_experts_per_tok"])


def loads(hand: balance_runs.BiasSteps, layer: int) -> None:
    """The load of each expert with the bias that it has now, an even share being 1."""
    busy = int(hand.load.argmax())
    labels = {
        "expert": t("experts.expert_axis"),
        "load": t("balance.load_axis"),
        "hover": t("balance.load_hover"),
    }
    chart(
        drawn_once(figures.by_hand, hand.load, len(hand.load) / chosen_per_token(), labels),
        key="e_hand_load",
        alt=t("balance.hand_alt", busy=busy, load=f"{hand.load[busy]:.2f}"),
    )
    speed = st.session_state.e_speed
    folded_table(
        lambda: [
            {
                t("experts.column_expert"): e,
                t("balance.load_axis"): round(float(load), 4),
                t("balance.bias_axis"): round(float(b), 4),
                t("balance.hand_next"): round(float(b + speed * np.sign(1 - load)), 4),
            }
            for e, (load, b) in enumerate(zip(hand.load, hand.bias, strict=True))
        ],
        f"balance-hand-{layer}",
        t("balance.hand_table"),
    )


def violations(hand: balance_runs.BiasSteps, layer: int, tokens: int) -> None:
    """MaxVio after each step, and the least that chance allows for so many tokens."""
    floor = expert_load.chance(tokens, len(hand.load), chosen_per_token()).violation
    chart(
        drawn_once(
            figures.after_steps,
            hand.max_vio,
            [(t("balance.hand_floor", value=f"{floor:.2f}"), floor)],
            {"x": t("balance.hand_x"), "y": t("experts.max_vio")},
        ),
        key="e_hand_vio",
        alt=t(
            "balance.hand_vio_alt",
            first=f"{hand.max_vio[0]:.2f}",
            value=f"{hand.max_vio[-1]:.2f}",
        ),
    )
    folded_table(
        lambda: [
            {t("balance.hand_x"): step, t("experts.max_vio"): round(value, 4)}
            for step, value in enumerate(hand.max_vio)
        ],
        f"balance-hand-max-vio-{layer}",
        t("balance.hand_vio_table"),
    )


# --- Steps in the URL -----------------------------------------------------------------------


def keep() -> None:
    """Keep the steps while the session lives: a page that is left takes its URL with it."""
    state, query = st.session_state, st.query_params
    was_away = "e_speed" not in state
    if was_away and state.get(KEPT):
        query.setdefault(HAND, state[KEPT])
    state[KEPT] = query.get(HAND, "")


def taken_on(layer: int) -> list[tuple[float, int]]:
    """The steps taken on a layer's gate, as the URL has them: speeds, and how many steps at each.

    URL: e_hand=4_50x0.01_1x0.002, of layer 4.
    """
    of, *parts = st.query_params.get(HAND, "").split("_")
    steps = [step for part in parts if (step := _step(part)) is not None]
    possible = of.isdecimal() and len(steps) == len(parts)
    if not possible or sum(times for _, times in steps) > MOST_STEPS:
        if HAND in st.query_params:
            links.refuse(HAND)
            again()
        return []
    return steps if of == str(layer) else []


def _step(text: str) -> tuple[float, int] | None:
    """A speed and how many steps at it; None for anything else in a link."""
    found = re.fullmatch(r"(\d{1,4})x([\d.]+)", text, re.ASCII)
    if found is None or found[2] not in map(str, SPEEDS):
        return None
    return float(found[2]), int(found[1])


def again() -> None:
    st.query_params.pop(HAND, None)


def take(layer: int, times: int) -> None:
    """Note steps at the chosen speed; those at one speed, one after another, are one part."""
    sent = st.session_state.e_speed  # by the browser
    speed = min(SPEEDS, key=lambda each: abs(each - sent))
    *before, (last, n) = taken_on(layer) or [(speed, 0)]
    steps = [*before, (speed, n + times)] if last == speed else [*before, (last, n), (speed, times)]
    if sum(n for _, n in steps) <= MOST_STEPS:
        st.query_params[HAND] = "_".join([str(layer), *(f"{n}x{speed}" for speed, n in steps)])
