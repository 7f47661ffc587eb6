"""Router saturation: how much of base's routing its checkpoints had settled, beside OLMoE's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core.assets import models, sources
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import held_out
from app.pages.experts.routing_statistics import figures
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from model.analysis import routing_statistics as routing

SATURATION = NeedSlot("saturation")
ROWS = held_out.ROWS // 4  # of held-out text, for each checkpoint


@dataclass(frozen=True, eq=False)
class Saturation:
    """Of C checkpoints and L layers with experts, how many choices are as at the end."""

    names: list[str]
    done: list[float]  # share of the training that each had behind it
    shares: NDArray[np.floating]  # [C, L], of the experts chosen
    chance: float  # what unrelated choices would share
    when: str  # any of it was recorded, as a sentence


def section(model: str, layers: Sequence[int]) -> None:
    """The curves of base, once they are asked for; of other models there are no checkpoints."""
    st.subheader(t("routing_statistics.saturation_title"))
    if model != "base":
        st.caption(t("routing_statistics.saturation_base"))
        return
    earlier = checkpoints(model)
    if not earlier:
        st.caption(t("routing_statistics.saturation_none"))
        return
    found = compared(model, earlier)
    if found is None:
        held_out.ask(SATURATION, t("routing_statistics.saturation_run", n=len(earlier)))
        return
    curves(found, layers)


def checkpoints(model: str) -> list[str]:
    """The kept checkpoints of a model that read text as it does, the youngest first."""
    about = models.shipped()
    words = models.digest(model, "tokenizer.json")
    return [
        name
        for name in sorted(about, key=lambda name: int(about[name]["tokens"]))
        if about[name]["family"] == "history"
        and name.startswith(f"{model}-")
        and models.digest(name, "tokenizer.json") == words
    ]


def compared(model: str, earlier: list[str]) -> Saturation | None:
    """What checkpoints choose against what their model does; None as long as not all have read."""
    found = held_out.read(SATURATION, [*earlier, model], ROWS)
    if len(found[-1]) < ROWS:
        return None
    about = models.shipped()
    ids = [np.concatenate(each.ids[:ROWS]) for each in found]
    return Saturation(
        earlier,
        [about[name]["tokens"] / about[model]["tokens"] for name in earlier],
        np.array([routing.saturation(each, ids[-1]) for each in ids[:-1]]),
        ids[0].shape[2] / int(models.config(model)["n_routed_experts"]),
        held_out.when(*found),
    )


def curves(found: Saturation, layers: Sequence[int]) -> None:
    """A line per layer and the paper's, what they say, and their numbers."""
    published = models.published_routing()["saturation"]
    drawn = [
        figures.StatisticLine(t("experts.layer_n", layer=layer), found.done, share_C.tolist())
        for layer, share_C in zip(layers, found.shares.T, strict=True)
    ]
    theirs = published["points"]
    name = f"{published['model']}, {t('routing_statistics.up_to')}"
    drawn.append(figures.StatisticLine(name, [x for x, _ in theirs], [y for _, y in theirs]))
    chance = f"{found.chance:.0%}"
    said = (
        f"{part:.0%}: {share_L.mean():.0%}"
        for part, share_L in zip(found.done, found.shares, strict=True)
    )
    if found.when:
        st.caption(found.when)
    chart(
        drawn_once(
            figures.lines,
            drawn,
            [(t("routing_statistics.chance", share=chance), found.chance)],
            {"x": t("routing_statistics.saturation_x"), "y": t("routing_statistics.saturation_y")},
        ),
        key="e_saturation",
        alt=t("routing_statistics.saturation_alt", shares=", ".join(said)),
    )
    st.caption(
        t(
            "routing_statistics.saturation_reading",
            rows=ROWS,
            chance=chance,
            model=published["model"],
            source=sources.translated(published["source"]),
            theirs=f"{published['chosen'] / published['experts']:.1%}",
        )
    )
    folded_table(
        lambda: [
            {t("experts.model"): name, t("routing_statistics.saturation_x"): round(part, 4)}
            | {
                t("experts.layer_n", layer=layer): round(float(share), 4)
                for layer, share in zip(layers, share_L, strict=True)
            }
            for name, part, share_L in zip(found.names, found.done, found.shares, strict=True)
        ],
        "experts-saturation",
        t("routing_statistics.saturation_table"),
    )
