"""Exhibits about experts: which tokens they process, and how their load is balanced."""

from __future__ import annotations

from app.core import numbers
from app.core.assets import models, recorded_runs
from app.core.texts import t
from app.export.exhibit import Drawn, ShownRun
from app.export.exhibits import figures
from app.pages.experts import figures as experts
from app.pages.experts.balance import figures as balancing
from app.pages.experts.balance import runs
from model.analysis import expert_load


def routing() -> Drawn:
    """The routing of a recorded run: which expert processed which token."""
    trace = recorded_runs.spoken("experts")
    layer = trace.moe_layers[-1]
    busy = expert_load.busiest(trace, len(trace.moe_layers) - 1)
    assert busy is not None, "the recorded run has fed no token"
    labels = {key: t(f"figures.axis_{key}") for key in ("token", "expert")}
    labels["share"] = t("figures.axis_routed")
    still = figures.routing(trace, layer, labels)
    return Drawn(
        content=ShownRun(trace, ("strip", "heatmap", "multiples"), layer, still),
        rows=[
            dict(zip(expert_load.COLUMNS, row, strict=True))
            for row in expert_load.choices(trace, trace.card.groups)
        ],
        takeaway=t(
            "figures.takeaway_routing",
            chosen=trace.card.num_experts_per_tok,
            experts=trace.card.n_routed_experts,
            layer=layer,
            expert=busy.expert,
            share=f"{busy.share:.0%}",
            even=f"{busy.even:.0%}",
        ),
        source=t(
            "figures.source_run",
            model=trace.card.name,
            date=trace.info.date,
            paper=t("figures.paper_moe"),
        ),
        state={"e_layer": str(layer)},
    )


def load() -> Drawn:
    """The expert load of a recorded run."""
    trace = recorded_runs.spoken("experts")
    load_LE = trace.load()
    chosen, experts_ = trace.card.num_experts_per_tok, trace.card.n_routed_experts
    titles = [t("figures.layer", layer=layer) for layer in trace.moe_layers]
    labels = {
        "expert": t("figures.axis_expert"),
        "share": t("figures.axis_share"),
        "hover": t("figures.hover_load"),
    }
    most = load_LE.max() / trace.fed
    return Drawn(
        content=experts.load(load_LE, trace.fed, chosen, trace.card.groups, titles, labels),
        rows=[
            {t("figures.column_layer"): layer, t("figures.axis_expert"): expert}
            | {t("figures.column_tokens"): int(tokens)}
            for layer, load_E in zip(trace.moe_layers, load_LE, strict=True)
            for expert, tokens in enumerate(load_E)
        ],
        takeaway=t(
            "figures.takeaway_expert_load",
            most=f"{most:.0%}",
            even=f"{chosen / experts_:.0%}",
            idle=int((load_LE == 0).sum()),
        ),
        source=t(
            "figures.source_run",
            model=trace.card.name,
            date=trace.info.date,
            paper=t("figures.paper_moe"),
        ),
    )


def balance() -> Drawn:
    """MaxVio in three training runs that differ in their load balancing."""
    found = [runs.run(name) for name in runs.RUNS]
    names = {name: t(f"figures.balance_{name.removeprefix('balance-')}") for name in runs.RUNS}
    labels = {
        "step": t("figures.axis_step"),
        "max_vio": t("figures.axis_max_vio"),
        "hover": "%{x}: %{y:.2f}",
    }
    steps = {run.name: run.steps for run in found}
    values = {run.name: run.max_vio.tolist() for run in found}
    ends = {name.removeprefix("balance-"): f"{values[name][-1]:.2f}" for name in runs.RUNS}
    return Drawn(
        content=balancing.violations(steps, values, names, labels),
        rows=[
            {t("figures.column_balance"): names[run.name], t("figures.axis_step"): step}
            | {t("figures.axis_max_vio"): value}
            for run in found
            for step, value in zip(run.steps, values[run.name], strict=True)
        ],
        takeaway=t("figures.takeaway_balance", **ends),
        source=t(
            "figures.source_training",
            models=", ".join(runs.RUNS),
            date=numbers.span(str(models.heldout_results(name)["date"]) for name in runs.RUNS),
            paper=t("figures.paper_balance"),
        ),
        state={"room": "balance"},
    )
