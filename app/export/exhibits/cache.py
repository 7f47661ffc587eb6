"""Exhibits about the latent cache: what attention caches per token, and what that costs."""

from __future__ import annotations

from itertools import zip_longest

from app.core import numbers
from app.core.assets import models, sources
from app.core.texts import t
from app.export.exhibit import Drawn
from app.pages.cache import figures
from app.pages.cache import state as session
from app.pages.cache.attention_kinds import quality, quality_figures
from app.pages.cache.kv_size import configs
from app.ui import units

V3 = "DeepSeek-V3 / R1 (671B)"
CONTEXT = 131_072  # tokens: V3's context length


def twins() -> Drawn:
    """Bytes per token of our twins."""
    found = {kind: seeds[min(seeds)] for kind, seeds in session.measured().items()}
    held = {kind: one["bytes_per_token"] for kind, one in found.items()}
    bars = [figures.Bar(one["name"], kind, held[kind], False) for kind, one in found.items()]
    axis = t("figures.axis_bytes_per_token")
    return Drawn(
        content=figures.bars(bars, False, {"bytes": axis, "bytes_log": axis}),
        rows=[
            {t("figures.column_model"): one["name"], t("figures.column_kind"): kind}
            | {axis: held[kind]}
            for kind, one in found.items()
        ],
        takeaway=t(
            "figures.takeaway_kv_bytes",
            mha=units.size(held["MHA"]),
            mqa=units.size(held["MQA"]),
            mla=units.size(held["MLA"]),
            times=units.times(held["MHA"] / held["MLA"]),
        ),
        source=t(
            "figures.source_training",
            models=", ".join(models.twins()),
            date=_date(),
            paper=t("figures.paper_mla"),
        ),
        state={"room": "cache"},
    )


def v3() -> Drawn:
    """DeepSeek-V3's KV cache as it is, and with other kinds of attention."""
    model = configs.published()[V3]
    held = {kind: spec.bytes(CONTEXT, "bf16") for kind, spec in model.replaced.items()}
    own = model.spec.attention
    bars = [figures.Bar("DeepSeek-V3", kind, size, kind != own) for kind, size in held.items()]
    axis = t("figures.axis_bytes_context", tokens=CONTEXT)
    return Drawn(
        content=figures.bars(bars, False, {"bytes": axis, "bytes_log": axis}),
        rows=[
            {t("figures.column_kind"): kind, axis: size}
            | {t("figures.column_hypothetical"): kind != own}
            for kind, size in held.items()
        ],
        takeaway=t(
            "figures.takeaway_kv_bytes_v3",
            tokens=CONTEXT,
            mla=units.size(held[own]),
            mha=units.size(held["MHA"]),
            times=units.times(held["MHA"] / held[own]),
        ),
        source=t(
            "figures.source_computed",
            config=sources.translated(model.source),
            paper=t("figures.paper_mla"),
        ),
        state={"room": "kv_size", "c_models": V3, "c_context": str(CONTEXT)},
    )


def loss() -> Drawn:
    """Held-out loss of the twins against their cache size."""
    points = quality.compare(session.measured())
    reference, mla = points[0], next(point for point in points if point.kind == "MLA")
    axes = {"bytes": t("figures.axis_bytes_per_token_log"), "loss": t("figures.axis_loss")}
    said = t(
        "figures.takeaway_kv_loss" if mla.told_apart else "figures.takeaway_kv_loss_untold",
        share=f"{mla.bytes_per_token / reference.bytes_per_token:.1%}",
        difference=f"{mla.difference:+z.3f}",
        low=f"{mla.low:+z.3f}",
        high=f"{mla.high:+z.3f}",
    )
    seeds = max(len(point.by_seed) for point in points)
    spread = {"least": f"{min(mla.by_seed):+z.3f}", "most": f"{max(mla.by_seed):+z.3f}"}
    return Drawn(
        content=quality_figures.scatter(points, axes),
        rows=[
            {t("figures.column_kind"): point.kind}
            | {t("figures.axis_bytes_per_token"): point.bytes_per_token}
            | {axes["loss"]: point.loss, t("figures.column_difference"): point.difference}
            | {t("figures.column_low"): point.low, t("figures.column_high"): point.high}
            | {
                t("figures.column_of_seed", number=number + 1, n=seeds): gap
                for number, gap in zip_longest(range(seeds), point.by_seed)
            }
            for point in points
        ],
        takeaway=f"{said} {t('figures.kv_loss_seeds', n=len(mla.by_seed), **spread)}",
        source=t(
            "figures.source_training",
            models=", ".join(models.twins()),
            date=_date(),
            paper=t("figures.paper_ablation"),
        ),
        state={"room": "attention_kinds"},
    )


def _date() -> str:
    """The first and the last date on which twins were evaluated."""
    measured = session.measured().values()
    return numbers.span(str(one["date"]) for seeds in measured for one in seeds.values())
