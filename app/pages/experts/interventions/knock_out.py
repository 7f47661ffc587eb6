"""The DeepSeekMoE paper's experiment on our model: how much can be taken away?"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.core.assets import models, sources
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import differences, held_out
from app.pages.experts import state as session
from app.pages.experts.figures import Estimate
from app.pages.experts.held_out import HeldOutRuns
from app.pages.experts.interventions import figures
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from model.analysis.interventions import Intervened, knock_outs
from model.record.trace import Trace

READ = NeedSlot("knock_out")
ROWS = held_out.ROWS // 4  # of held-out text, for each intervention


@dataclass(frozen=True, eq=False)
class KnockOut:
    """What a model and changed ones did with the same rows.

    `masked` are without each token's first 1, 2, ... experts; `changed` are by the names of the
    room's texts.
    """

    plain: HeldOutRuns
    masked: list[HeldOutRuns]
    changed: dict[str, HeldOutRuns]

    def gap(self, runs: HeldOutRuns) -> Estimate:
        """How much more loss than that of the unchanged model, in nats per token."""
        return held_out.difference(runs, self.plain, ROWS)


def section() -> None:
    """The experiment with the model of the run on screen, once it is asked for."""
    trace, _ = session.on_screen()
    if not trace.card.moe_layers or not session.ships(trace):
        return
    st.subheader(t("interventions.knock_title"))
    st.markdown(t("interventions.knock_lead"))
    found = _read(trace)
    if found is None:
        held_out.ask(READ, t("interventions.knock_run"))
        return
    chosen = trace.card.num_experts_per_tok
    names = [
        t(f"interventions.knock_{name}", more=chosen + 1, fewer=chosen - 1)
        for name in found.changed
    ]
    if said := held_out.when(found.plain, *found.masked, *found.changed.values()):
        st.caption(said)
    left, right = st.columns(2)
    with left:
        _masked(found, trace.card.n_routed_experts)
    with right:
        gaps = [found.gap(runs) for runs in found.changed.values()]
        alt = t("interventions.knocked_alt", gaps=differences.listed(names, gaps))
        differences.draw(names, gaps, "e_knocked", alt)
    _reading(found)
    folded_table(
        lambda: [
            *(
                _row(found, t("interventions.masked", n=n), runs)
                for n, runs in enumerate([found.plain, *found.masked])
            ),
            *(
                _row(found, name, runs)
                for name, runs in zip(names, found.changed.values(), strict=True)
            ),
        ],
        "experts-knock-out",
        t("interventions.knock_table"),
        found.plain.model,
    )


def _read(trace: Trace) -> KnockOut | None:
    """What all models did with the rows; None as long as that is not known."""
    card, model = trace.card, trace.card.name
    masked, changed = knock_outs(card.n_routed_experts, card.num_experts_per_tok)
    readers: list[held_out.ReadingModel] = [model]
    readers += [Intervened(model, each) for each in (*masked, *changed.values())]
    plain, *rest = held_out.read(READ, readers, ROWS)
    if len(plain) < ROWS:
        return None
    n = len(masked)
    return KnockOut(plain, rest[:n], dict(zip(changed, rest[n:], strict=True)))


def _masked(found: KnockOut, experts: int) -> None:
    """Loss against the share of the experts that each token goes without."""
    losses = [runs.loss(ROWS) for runs in (found.plain, *found.masked)]
    shares = [n / experts for n in range(len(losses))]
    said = (f"{share:.1%}: {loss:.3f}" for share, (loss, _) in zip(shares, losses, strict=True))
    labels = {"share": t("interventions.share_off"), "loss": t("held_out.loss")}
    chart(
        drawn_once(figures.masked, shares, losses, labels),
        key="e_masked",
        alt=t("interventions.masked_alt", losses=", ".join(said)),
    )


def _reading(found: KnockOut) -> None:
    """Ours in words, beside what the paper found."""
    published = models.published_routing()["knockout"]
    own, _ = found.plain.loss(ROWS)
    more, _ = found.gap(found.changed["shared_plus"])
    st.markdown(
        t(
            "interventions.knock_reading",
            rows=ROWS,
            own=f"{own:.3f}",
            without=f"{own + more:.3f}",
            model=published["model"],
            source=sources.translated(published["source"]),
            whole=published["whole"],
            knocked=published["without_shared"],
        )
    )


def _row(found: KnockOut, name: str, runs: HeldOutRuns) -> dict[str, object]:
    """One model of the experiment, for the table."""
    return {
        t("interventions.changed"): name,
        t("held_out.loss"): round(runs.loss(ROWS)[0], 4),
    } | differences.cells(found.gap(runs))
