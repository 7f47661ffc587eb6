"""Experts: which experts work on which token, of a recorded run or of one's own, live."""

from __future__ import annotations

import json

import streamlit as st

from app.core import examples, links, models
from app.core.texts import t
from app.pages.experts import figures
from app.pages.experts import state as session
from app.pages.experts.after_rl import room as after_rl_room
from app.pages.experts.balance import room as balance_room
from app.pages.experts.interventions import room as interventions_room
from app.pages.experts.one_expert import room as one_expert_room
from app.pages.experts.route import room as route_room
from app.pages.experts.routing_statistics import room as statistics_room
from app.ui.chart import chart
from app.ui.components.trace_view import trace_view
from app.ui.csv_rows import to_csv
from app.ui.picture import drawn_once
from app.ui.table import numbers
from model.analysis import expert_load
from model.record.trace import Trace


def status(trace: Trace, kind: str) -> None:
    """One line: what is on screen, with Run; or how far the run is, with Stop."""
    if session.RUN.running is not None:
        session.RUN.status()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(t("common.run"), key="e_again", type="primary", on_click=session.start)
        st.badge(t(f"experts.badge_{kind}"))
        info = trace.info
        said = t(f"common.run_{kind}", model=trace.card.name, date=info.date, seed=info.seed)
        st.caption(f"{said}. {t(f'experts.ended_{trace.finish_reason}')}")


def reading(trace: Trace, layer: int) -> None:
    """One sentence with this run's own numbers."""
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


def picture(trace: Trace, kind: str) -> None:
    """Strip, heatmap of a layer, all layers, and the pinned token."""
    sentence = st.container()  # filled below: the picture's own buttons choose the layer
    chosen = trace_view(
        trace,
        parts=("strip", "heatmap", "multiples"),
        key="e_view",
        layer=session.layer(trace),
        playing=kind == "live",
        pinned=links.pinned(trace),
    )
    if chosen.layer is not None and chosen.layer != session.layer(trace):
        session.set_layer(chosen.layer)
    if session.RUN.running is None and chosen.pinned != links.pinned(trace):
        links.set_pin(chosen.pinned)
    with sentence:
        reading(trace, session.layer(trace))
    if (token := links.pinned(trace)) is not None:
        route_room.token_route(trace, token, session.layer(trace))


def controls(recorded: Trace) -> None:
    """The prompt, examples, and the model's settings. The defaults are the recorded run's own."""
    info = recorded.info
    st.text_area(
        t("common.prompt"),
        value=info.prompt,
        height=100,
        key="e_prompt",
        bind="query-params",
        help=t("experts.prompt_help"),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("experts.model"),
            session.names(),
            index=session.names().index(recorded.card.name),
            key="e_model",
            bind="query-params",
            width=240,
        )
        st.number_input(
            t("common.temperature"),
            0.0,
            session.MAX_TEMPERATURE,
            value=info.temperature,
            step=0.1,
            key="e_temperature",
            bind="query-params",
            help=t("common.temperature_help"),
            width=150,
        )
        st.number_input(
            t("common.seed"),
            0,
            session.MAX_SEED,
            value=info.seed,
            key="e_seed",
            bind="query-params",
            width=150,
        )
        st.number_input(
            t("experts.tokens"),
            1,
            session.MAX_TOKENS,
            value=info.max_new_tokens,
            key="e_tokens",
            bind="query-params",
            width=150,
        )
        st.button(t("common.run"), type="primary", key="e_run", on_click=session.start)


def ready_prompts() -> None:
    """A button for each example, which runs it at once."""
    st.caption(t("experts.examples"))
    with st.container(horizontal=True, gap="small"):
        for name in examples.prompts():
            st.button(
                t(f"examples.{name}"),
                key=f"e_example_{name}",
                on_click=session.start_example,
                args=(name,),
            )


def load(trace: Trace) -> None:
    """Load per expert beside the balanced share."""
    st.subheader(t("experts.load_title"))
    load_LE = trace.load()
    chosen, experts = trace.expert_ids.shape[2], trace.card.n_routed_experts
    labels = {
        "expert": t("experts.expert_axis"),
        "share": t("experts.share_axis"),
        "hover": t("experts.load_hover"),
    }
    titles = [t("experts.layer_n", layer=layer) for layer in trace.moe_layers]
    figure = drawn_once(figures.load, load_LE, trace.fed, chosen, trace.card.groups, titles, labels)
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
    st.caption(
        t("experts.load_reading", chosen=chosen, experts=experts, even=f"{chosen / experts:.0%}")
    )
    numbers(
        lambda: [
            {t("experts.layer"): layer} | statistics_room.by_expert(load_E / trace.fed)
            for layer, load_E in zip(trace.moe_layers, load_LE, strict=True)
        ],
        "experts-load",
    )
    st.markdown(t("experts.no_label"))


def evenness(trace: Trace) -> None:
    """MaxVio of this run, of chance, and of training."""
    st.subheader(t("experts.balance_title"))
    chosen, experts = trace.expert_ids.shape[2], trace.card.n_routed_experts
    floor = expert_load.chance(trace.fed, experts, chosen)
    run, step = session.run_of(trace.card.name)
    trained = expert_load.trained_violation(models.run_results(run)["max_vio"], step)
    violations = {
        t("experts.vio_run"): expert_load.violation(trace.load()),
        t("experts.vio_chance"): [floor.violation] * len(trace.moe_layers),
        t("experts.vio_trained" if step is None else "experts.vio_then"): trained,
    }
    st.dataframe(
        {t("experts.layer"): trace.moe_layers} | violations,
        hide_index=True,
        column_config=dict.fromkeys(violations, st.column_config.NumberColumn(format="%.2f")),
        alt=t("experts.balance_alt"),
    )
    st.markdown(
        t(
            "experts.balance_reading",
            fed=trace.fed,
            spread=f"{floor.spread:.2f}",
            chance=f"{floor.violation:.2f}",
            high=f"{floor.high:.2f}",
        )
    )
    curves = []
    for name in models.twins():
        recorded = models.run_results(name)["max_vio"]
        means = [sum(layers) / len(layers) for layers in recorded["per_layer"]]
        curves.append(figures.Curve(name, models.attention(name), recorded["step"], means))
    labels = {
        "step": t("experts.step"),
        "max_vio": t("experts.max_vio"),
        "hover": t("experts.curve_hover"),
    }
    st.markdown(f"**{t('experts.curve_title')}**")
    chart(
        drawn_once(figures.balance, curves, run, labels),
        key="e_balance",
        alt=t("experts.curve_alt"),
    )
    about = models.shipped()[run]
    batch = about["tokens"] // max(about["steps"], 1)
    if batch:
        least = f"{expert_load.chance(batch, experts, chosen).violation:.2f}"
        st.caption(t("experts.curve_reading", batch=batch, least=least))
    numbers(
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
    )


def downloads(trace: Trace) -> None:
    """All choices as a table, CSV and JSON."""
    rows = list(expert_load.choices(trace, trace.card.groups))
    with st.expander(t("common.as_table")):
        heads = {name: t(f"experts.column_{name}") for name in expert_load.COLUMNS}
        st.dataframe(
            {name: [row[i] for row in rows] for i, name in enumerate(expert_load.COLUMNS)},
            hide_index=True,
            column_config=heads,
            height=360,
            alt=t("experts.table_alt"),
        )
    with st.container(horizontal=True):
        st.download_button(
            t("experts.csv"),
            lambda: to_csv([dict(zip(expert_load.COLUMNS, row, strict=True)) for row in rows]),
            file_name=f"experts-{trace.card.name}-{trace.id}.csv",
            mime="text/csv",
            on_click="ignore",
            help=t("common.csv_help"),
            key="e_csv",
        )
        st.download_button(
            t("experts.json"),
            lambda: json.dumps(trace.to_json(), ensure_ascii=False),
            file_name=f"experts-{trace.card.name}-{trace.id}.json",
            mime="application/json",
            on_click="ignore",
            key="e_json",
        )


def how(trace: Trace) -> str:
    """What stands behind the numbers, with the model's own."""
    card = trace.card
    return t(
        "experts.how",
        chosen=card.num_experts_per_tok,
        experts=card.n_routed_experts,
        groups=card.groups,
        topk_group=card.topk_group,
        scale=f"{card.routed_scaling_factor:g}",
        layers=", ".join(map(str, trace.moe_layers)),
    )


def run_in_numbers() -> None:
    """Everything that counts over the whole run."""
    trace, _ = session.on_screen()
    if not trace.fed:
        return
    load(trace)
    evenness(trace)
    downloads(trace)


ROOMS = {
    "run": run_in_numbers,
    "interventions": interventions_room.room,
    "routing_statistics": statistics_room.room,
    "after_rl": after_rl_room.room,
    "one_expert": one_expert_room.room,
    "balance": balance_room.room,
}


def body() -> None:
    """The run's picture, its inputs, and the room that is open."""
    top = st.container()  # filled below: a link's run begins once its inputs are there
    controls(session.recorded())
    session.run_link()
    if session.RUN.running is None:
        session.RUN.status()
    ready_prompts()
    trace, kind = session.on_screen()
    with top:
        status(trace, kind)
        st.fragment(picture)(trace, kind)
    ROOMS[session.choose_room()]()


st.title(t("experts.title"))
session.RUN.area(body)
with st.expander(t("common.how_computed")):
    st.markdown(how(session.recorded()))
