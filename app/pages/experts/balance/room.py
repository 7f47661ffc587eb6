"""Balance: three training runs that differ in load balancing, and the bias rule by hand."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.core import numbers
from app.core.assets import models, sources
from app.core.errors import in_words
from app.core.texts import t
from app.pages.experts import state as session
from app.pages.experts.balance import by_hand, figures
from app.pages.experts.balance import runs as balance_runs
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, small
from model.analysis import expert_load


def room() -> None:
    """Draw the room as one fragment."""
    st.fragment(in_words()(whole))()


def whole() -> None:
    """Draw all figures for one chosen layer."""
    st.header(t("balance.title"))
    runs = [balance_runs.run(name) for name in balance_runs.RUNS]
    settings = models.heldout_results("balance-bias")
    st.markdown(t("balance.lead", steps=runs[0].steps[-1], tokens=settings["tokens"]))
    layers = models.card(balance_runs.BY_HAND).moe_layers
    layer, at = session.choose_layer(layers, "e_balance_layer")
    loads(runs, layer, at)
    violations(runs)
    results(runs)
    biases(runs[0], layer, at)
    by_hand.section(layer, at)


def names() -> dict[str, str]:
    return {name: t(f"balance.run_{name.removeprefix('balance-')}") for name in balance_runs.RUNS}


def loads(runs: list[balance_runs.BalanceRun], layer: int, at: int) -> None:
    """Draw the animated loads, a sentence about the final ones, and the numbers."""
    st.subheader(t("balance.loads_title"))
    load_RWE = np.array([run.load[:, at] for run in runs])
    experts = load_RWE.shape[2]
    most = experts / models.config(runs[0].name)["num_experts_per_tok"]
    last = dict(zip(balance_runs.RUNS, load_RWE[:, -1], strict=True))
    ends = {name.split("-")[1]: f"{load_E.max():.2f}" for name, load_E in last.items()}
    st.markdown(t("balance.loads_sentence", layer=layer, **ends))
    labels = {
        "expert": t("experts.expert_axis"),
        "load": t("balance.load_axis"),
        "hover": t("balance.load_hover"),
        "play": t("balance.play"),
        "pause": t("balance.pause"),
        "step": t("balance.step"),
    }
    chart(
        drawn_once(figures.loads, load_RWE, runs[0].steps, names(), most, labels),
        key="e_balance_loads",
        alt=t("balance.loads_alt", layer=layer, **ends),
    )
    st.caption(t("balance.loads_reading", most=f"{most:.2f}"))
    folded_table(
        lambda: [
            {t("balance.balanced_by"): names()[run.name], t("experts.step"): step}
            | {t("experts.expert_n", expert=e): float(x) for e, x in enumerate(load_E)}
            for run in runs
            for step, load_E in zip(run.steps, run.load[:, at], strict=True)
        ],
        f"balance-loads-{layer}",
        t("balance.loads_table", layer=layer),
    )


def violations(runs: list[balance_runs.BalanceRun]) -> None:
    st.subheader(t("balance.vio_title"))
    labels = {
        "step": t("experts.step"),
        "max_vio": t("experts.max_vio"),
        "hover": t("experts.curve_hover"),
    }
    steps = {run.name: run.steps for run in runs}
    values = {run.name: run.max_vio.tolist() for run in runs}
    chart(
        drawn_once(figures.violations, steps, values, names(), labels),
        key="e_balance_vio",
        alt=t(
            "balance.vio_alt",
            ends=", ".join(f"{name} {values[run][-1]:.2f}" for run, name in names().items()),
        ),
    )
    tokens = models.shipped()["balance-bias"]["tokens"] // runs[0].steps[-1]
    experts, chosen = (
        models.config("balance-bias")[key] for key in ("n_routed_experts", "num_experts_per_tok")
    )
    floor = expert_load.chance(tokens, experts, chosen)
    st.caption(t("balance.vio_reading", tokens=tokens, floor=f"{floor.violation:.2f}"))
    folded_table(
        lambda: [
            {
                t("balance.balanced_by"): names()[run.name],
                t("experts.step"): step,
                t("experts.max_vio"): round(value, 4),
            }
            for run in runs
            for step, value in zip(run.steps, values[run.name], strict=True)
        ],
        "balance-max-vio",
        t("balance.vio_table"),
    )


def results(runs: list[balance_runs.BalanceRun]) -> None:
    """Draw what each balancing method costs in loss, compared with the paper."""
    st.subheader(t("balance.results_title"))
    rows: list[dict[str, object]] = []
    for run in runs:
        low, high = run.interval
        less = "–"
        if run.name != "balance-none":
            value, (a, b) = balance_runs.difference(run.name, "balance-none")
            less = f"{value:+z.4f} [{a:+z.4f}, {b:+z.4f}]"
        rows.append(
            {
                t("balance.balanced_by"): names()[run.name],
                t("balance.loss"): f"{run.loss:.3f} [{low:.3f}, {high:.3f}]",
                t("balance.less"): less,
                t("experts.max_vio"): f"{run.max_vio[-1]:.2f}",
                t("balance.idle"): run.idle(),
                t("balance.cost"): t("balance.minutes", minutes=f"{run.minutes:.1f}"),
            }
        )
    small(rows, "balance-results")
    date = numbers.span(models.heldout_results(name)["date"] for name in balance_runs.RUNS)
    st.caption(t("balance.results_reading", gates=runs[0].load[0].size, date=date))
    published = models.published_routing()["balance"]
    st.markdown(t("balance.published", source=sources.translated(published["source"])))
    small(
        [
            {
                t("experts.model"): row["model"],
                t("balance.balanced_by"): t(f"balance.published_{row['balance']}"),
                t("balance.perplexity"): f"{row['perplexity']:.2f}",
                t("balance.vio_all"): row["max_vio"],
            }
            for row in published["rows"]
        ],
        "balance-published",
    )


def biases(run: balance_runs.BalanceRun, layer: int, at: int) -> None:
    st.subheader(t("balance.bias_title"))
    bias_WE = run.bias[:, at]
    labels = {
        "step": t("experts.step"),
        "expert": t("experts.expert_axis"),
        "bias": t("balance.bias_axis"),
        "hover": t("balance.bias_hover"),
    }
    up, down = int(bias_WE[-1].argmax()), int(bias_WE[-1].argmin())
    ends = {
        "up": up,
        "high": f"{bias_WE[-1, up]:+z.3f}",
        "down": down,
        "low": f"{bias_WE[-1, down]:+z.3f}",
    }
    chart(
        drawn_once(figures.biases, bias_WE, run.steps, labels),
        key="e_balance_bias",
        alt=t("balance.bias_alt", layer=layer, **ends),
    )
    st.caption(t("balance.bias_reading", **ends))
    folded_table(
        lambda: [
            {t("experts.step"): step}
            | {t("experts.expert_n", expert=e): float(b) for e, b in enumerate(bias_E)}
            for step, bias_E in zip(run.steps, bias_WE, strict=True)
        ],
        f"balance-bias-{layer}",
        t("balance.bias_table", layer=layer),
    )
