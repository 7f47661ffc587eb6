"""A run: which expert processes which token, the load of each expert, and its balance."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from app.core import links, numbers
from app.core.assets import models
from app.core.texts import t
from app.pages.experts import figures, inputs
from app.pages.experts import state as session
from app.pages.experts.route import section as route_section
from app.pages.experts.routing_statistics import room as statistics_room
from app.ui.chart import chart
from app.ui.components.trace_view import trace_view
from app.ui.csv_rows import to_csv
from app.ui.drawn_once import drawn_once
from app.ui.table import file_name, folded_table, small, whose
from model.analysis import expert_load
from model.record.trace import Trace


def room() -> None:
    """Draw the room: inputs, figures and numbers."""
    session.RUN.area(run)


def run() -> None:
    """Draw the inputs, and everything about the run on screen."""
    inputs.inputs()
    trace, kind = session.on_screen()
    inputs.shown(trace, kind)
    st.fragment(picture)(trace)
    if trace.fed and trace.moe_layers:
        load(trace)
        evenness(trace)
    if trace.fed:
        downloads(trace)


def sentence(trace: Trace, layer: int | None) -> None:
    """Draw one sentence with this run's numbers."""
    if layer is None:
        return
    busy = expert_load.busiest(trace, trace.moe_layers.index(layer))
    if busy is None:
        return
    said = t(
        "experts.sentence",
        layer=layer,
        expert=busy.expert,
        tokens=busy.tokens,
        fed=trace.fed,
        share=f"{busy.share:.0%}",
        even=f"{busy.even:.0%}",
    )
    rest = t("experts.idle", n=busy.idle) if busy.idle else t("experts.none_idle")
    st.markdown(f"{said} {rest}")


def picture(trace: Trace) -> None:
    """Draw the token strip, the heatmap of a layer, all layers, and the pinned token."""
    above = st.container()  # filled below: the component's buttons choose the layer
    chosen = trace_view(
        trace,
        parts=("strip", "heatmap", "multiples"),
        key="e_view",
        layer=session.layer(trace),
        playing=True,
        pinned=links.pinned(trace),
    )
    if chosen.layer is not None and chosen.layer != session.layer(trace):
        session.set_layer(chosen.layer)
    sent = (trace.id, chosen.pinned)  # a pin set elsewhere since then is newer than what it sent
    if session.RUN.running is None and st.session_state.get("e_sent") != sent:
        st.session_state.e_sent = sent
        links.set_pin(chosen.pinned)
    with above:
        sentence(trace, session.layer(trace))
    if (token := links.pinned(trace)) is not None:
        route_section.token_route(trace, token, session.layer(trace))


def load(trace: Trace) -> None:
    """Draw the load per expert compared with the balanced share."""
    st.header(t("experts.load_title"))
    load_LE = trace.load()
    chosen, experts = trace.expert_ids.shape[2], trace.card.n_routed_experts
    labels = {
        "expert": t("experts.expert_axis"),
        "share": t("experts.share_axis"),
        "hover": t("experts.load_hover"),
    }
    titles = [t("experts.layer_n", layer=layer) for layer in trace.moe_layers]
    even = chosen / experts
    panels = drawn_once(figures.load_panels, experts, even, trace.card.groups, titles, labels)
    figure = panels.filled(*figures.load_bars(load_LE, trace.fed, even))
    most = ", ".join(
        t(
            "experts.busiest",
            layer=layer,
            expert=load_E.argmax(),
            share=f"{load_E.max() / trace.fed:.0%}",
        )
        for layer, load_E in zip(trace.moe_layers, load_LE, strict=True)
    )
    chart(figure, key="e_load", alt=t("experts.load_alt", busiest=most))
    st.caption(t("experts.load_reading", chosen=chosen, experts=experts, even=f"{even:.0%}"))
    folded_table(
        lambda: [
            {t("experts.layer"): layer} | statistics_room.by_expert(load_E / trace.fed)
            for layer, load_E in zip(trace.moe_layers, load_LE, strict=True)
        ],
        "experts-load",
        t("experts.load_table"),
        trace.card.name,
    )
    st.markdown(t("experts.no_label"))


def evenness(trace: Trace) -> None:
    """Draw MaxVio of this run, of random routing, and of training."""
    st.header(t("experts.balance_title"))
    run, step = None, None
    if session.ships(trace):
        run, step = session.pre_training(trace.card.name)
    violations(trace, run, step)
    over_training(trace, run)


def violations(trace: Trace, run: str | None, step: int | None) -> None:
    """MaxVio of each layer: of this run, of chance, and of the pre-training `run` if it is known.

    `step` is where in that run the model was taken from; None for its end.
    """
    chosen, experts = trace.expert_ids.shape[2], trace.card.n_routed_experts
    floor = expert_load.chance(trace.fed, experts, chosen)
    columns: dict[str, Sequence[float] | None] = {
        t("experts.vio_run"): expert_load.violation(trace.load()).tolist(),
        t("experts.vio_chance"): [floor.violation] * len(trace.moe_layers),
    }
    if run is not None:
        trained = expert_load.trained_violation(models.heldout_results(run)["max_vio"], step)
        columns[t("experts.vio_trained" if step is None else "experts.vio_then")] = (
            None if trained is None else trained.tolist()
        )
    st.caption(t("experts.balance_alt"))
    rows: list[dict[str, object]] = [
        {
            t("experts.layer"): layer,
            **{name: f"{v[at]:.2f}" if v else "–" for name, v in columns.items()},
        }
        for at, layer in enumerate(trace.moe_layers)
    ]
    small(rows)
    st.markdown(
        t(
            "experts.balance_reading",
            fed=trace.fed,
            spread=f"{floor.spread:.2f}",
            chance=f"{floor.violation:.2f}",
            high=f"{floor.high:.2f}",
        )
    )


def over_training(trace: Trace, run: str | None) -> None:
    """MaxVio over the model's own pre-training, `run`; a twin's stands out among all of them.

    Base has been trained far longer than the twins, so its curve is drawn without theirs.
    """
    curves = []
    twins = models.twins()
    drawn = twins if run is None or run in twins else {run: models.attention(run)}
    for name, attention in drawn.items():
        recorded = models.heldout_results(name)["max_vio"]
        means = [sum(layers) / len(layers) for layers in recorded["per_layer"]]
        curves.append(figures.BalanceCurve(name, attention, recorded["step"], means))
    labels = {
        "step": t("experts.step"),
        "max_vio": t("experts.max_vio"),
        "hover": t("experts.curve_hover"),
    }
    st.markdown(f"**{t('experts.curve_title')}**")
    chart(
        drawn_once(figures.balance, curves, run, labels),
        key="e_balance",
        alt=t(
            "experts.curve_alt",
            ends=", ".join(f"{curve.model} {curve.max_vio[-1]:.2f}" for curve in curves),
        ),
    )
    about = models.shipped().get(run or "")
    batch = about["tokens"] // max(about["steps"], 1) if about else 0
    if batch:
        chosen, experts = trace.expert_ids.shape[2], trace.card.n_routed_experts
        least = f"{expert_load.chance(batch, experts, chosen).violation:.2f}"
        date = numbers.span(models.heldout_results(name)["date"] for name in drawn)
        st.caption(t("experts.curve_reading", batch=batch, least=least, date=date))
    folded_table(
        lambda: [
            {
                t("experts.model"): curve.model,
                t("experts.step"): step,
                t("experts.max_vio"): round(value, 4),
            }
            for curve in curves
            for step, value in zip(curve.steps, curve.max_vio, strict=True)
        ],
        "experts-max-vio",
        t("experts.curve_table"),
    )


def choices(rows: list[tuple[object, ...]]) -> None:
    """Draw the table of every token's experts."""
    st.dataframe(
        {name: [row[i] for row in rows] for i, name in enumerate(expert_load.COLUMNS)},
        hide_index=True,
        column_config={name: t(f"experts.column_{name}") for name in expert_load.COLUMNS},
        height=360,
        alt=t("experts.table_alt"),
    )


def downloads(trace: Trace) -> None:
    """Draw all choices as a table, with downloads as CSV and JSON."""
    rows = list(expert_load.choices(trace, trace.card.groups))
    of = whose(trace.card.name, trace.info.date)
    fold = st.expander(t("experts.choices_table"), key="fold-choices", on_change="rerun")
    if fold.open:
        with fold:
            choices(rows)
    with st.container(horizontal=True):
        st.download_button(
            t("experts.csv"),
            lambda: to_csv([dict(zip(expert_load.COLUMNS, row, strict=True)) for row in rows]),
            file_name=file_name(f"experts-{trace.id}", of, "csv"),
            mime="text/csv",
            on_click="ignore",
            help=t("common.csv_help"),
            key="e_csv",
        )
        st.download_button(
            t("experts.json"),
            lambda: json.dumps(trace.to_json(), ensure_ascii=False),
            file_name=file_name(f"experts-{trace.id}", of, "json"),
            mime="application/json",
            on_click="ignore",
            key="e_json",
        )
