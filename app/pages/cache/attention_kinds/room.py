"""Latent cache: what each kind of attention keeps of a token, and what that costs in loss."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.core import models, store
from app.core.texts import t
from app.pages.cache import figures
from app.pages.cache import state as session
from app.pages.cache.attention_kinds import figures as diagrams
from app.pages.cache.kv_size import configs, words
from app.ui import units
from app.ui.chart import chart
from app.ui.table import numbers
from model.analysis import kv_size
from model.analysis.estimators import paired_difference
from model.analysis.kv_size import BYTES
from model.analysis.parameter_count import PUBLISHED


def kept() -> None:
    """The diagram of attention with the shapes of the run on screen, kind by kind."""
    st.header(t("latent.kept_title"))
    st.markdown(t("latent.kept_lead"))
    st.fragment(_diagram)()


def _diagram() -> None:
    kinds = {models.attention(name): name for name in models.TWINS}
    kind = st.segmented_control(
        t("cache.column_kind"),
        list(kinds),
        default=list(kinds)[-1],
        required=True,
        key="c_kind",
        bind="query-params",
    )
    runs, _ = session.shown()
    run = next(run for run in runs if run.card.attention == kind)
    spec, dtype = kv_size.held(run.card), run.card.cache_dtype
    point = next(p for p in differences(_results()) if p.kind == kind)
    loss = models.run_results(kinds[kind])["heldout"]["loss"]
    columns = st.columns(3)
    if spec is not None and dtype in BYTES:
        columns[0].metric(t("cache.column_per_token"), f"{spec.bytes_per_token(dtype):,} B")
        columns[1].metric(
            t("latent.kept_now", tokens=run.fed), units.size(spec.bytes(run.fed, dtype))
        )
    columns[2].metric(
        t("latent.kept_loss"),
        f"{loss:.3f}",
        None
        if kind == _first_kind()
        else f"{point.difference:+.3f} {t('latent.kept_reference', kind=_first_kind())}",
        delta_color="off",
    )
    drawn = diagrams.boxes(run.card, run.fed)
    words = {box.name: t(f"latent.box_{box.name}") for box in drawn}
    roles = {role: t(f"latent.role_{role}") for role in ("kept", "again", "new")}
    chart(
        diagrams.diagram(kind, drawn, words | roles),
        key="c_diagram",
        alt=t("latent.kept_alt", kind=kind),
    )
    st.caption(t(f"latent.kept_reading_{'mla' if kind == 'MLA' else 'heads'}"))
    numbers(
        [
            {
                t("latent.column_tensor"): box.name,
                t("latent.column_shape"): " × ".join(map(str, box.shape)),
                t("latent.column_role"): roles[box.role],
                t("latent.column_what"): words[box.name],
            }
            for box in drawn
        ],
        "cache-kept",
    )


def _results() -> list[dict[str, Any]]:
    return [models.run_results(name) for name in models.TWINS]


def _first_kind() -> str:
    return models.attention(models.TWINS[0])


def in_heads() -> str:
    """How many key-value heads' worth MLA keeps, ours and DeepSeek-V2's, and how MQA compares."""
    ours, v2 = models.config(models.TWINS[-1]), PUBLISHED["DeepSeek-V2"]
    width = models.config(models.TWINS[0])["head_dim"]
    latent = ours["kv_lora_rank"] + ours["qk_rope_head_dim"]
    v2_latent = v2["kv_lora_rank"] + v2["qk_rope_head_dim"]
    compared = "less" if latent > 2 * width else "more" if latent < 2 * width else "same"
    return t(
        f"latent.heads_{compared}",
        latent=latent,
        width=width,
        groups=f"{latent / (2 * width):.2f}",
        one=2 * width,
        v2_latent=v2_latent,
        v2_width=v2["qk_nope_head_dim"],
        v2_groups=f"{v2_latent / (2 * v2['qk_nope_head_dim']):.2f}",
    )


def one_token() -> None:
    """What one layer keeps of one token, drawn to scale."""
    st.header(t("cache.token_title"))
    st.markdown(t("cache.token_lead"))
    dtype = store.sample("cache-base").card.cache_dtype
    stored = [
        figures.Stored(
            session.spec(name).attention, session.spec(name).layers[0], int(BYTES[dtype])
        )
        for name in models.TWINS
    ]
    chart(
        figures.blocks(stored, {"elements": t("cache.axis_elements", dtype=dtype)}),
        key="c_blocks",
        alt=t("cache.token_alt") + " " + "; ".join(f"{row.kind} {row.words}" for row in stored),
    )
    st.markdown(in_heads())
    v3 = configs.published()["DeepSeek-V3 / R1 (671B)"]
    st.markdown(t("cache.token_v3"))
    st.code(words.formula(v3.spec, "bf16"), language=None, wrap_lines=True)
    numbers(
        [
            {
                t("cache.column_kind"): row.kind,
                t("cache.column_block"): name,
                t("cache.column_elements"): size,
                t("cache.column_bytes"): size * row.element_bytes,
            }
            for row in stored
            for name, size in row.blocks
        ],
        "cache-one-token",
    )


def loss_against_size() -> None:
    """Held-out loss of the twins, row by row against MHA's, beside the bytes that they keep."""
    st.header(t("cache.loss_title"))
    results = _results()
    points = differences(results)
    finding = quality_sentence(points)
    st.markdown(finding)
    chart(
        figures.quality(points, {"bytes": t("cache.axis_per_token"), "loss": t("cache.axis_loss")}),
        key="c_quality",
        alt=finding,
    )
    st.caption(t("cache.loss_limits"))
    domains = list(results[0]["domains"])
    numbers(
        [
            {
                t("cache.column_kind"): result["attention"],
                t("cache.column_model"): result["name"],
                t("cache.column_per_token"): result["bytes_per_token"],
                t("cache.column_loss"): result["heldout"]["loss"],
                t("cache.column_low"): result["heldout"]["interval"][0],
                t("cache.column_high"): result["heldout"]["interval"][1],
                t("cache.column_trained"): result["tokens"],
                t("cache.column_minutes"): result["minutes"],
            }
            | {t(f"cache.domain_{name}"): result["domains"][name]["loss"] for name in domains}
            for result in results
        ],
        "cache-loss",
    )
    with st.expander(t("common.how_computed")):
        st.text(results[0]["heldout"]["method"])
        st.code("\n".join(result["command"] for result in results), language="bash")


def differences(results: list[dict[str, Any]]) -> list[figures.Quality]:
    """Each model's held-out loss less the first one's on the same rows, with paired intervals."""
    reference = results[0]["heldout"]
    points = []
    for result in results:
        rows = result["heldout"]
        mean, (low, high) = paired_difference(
            rows["row_nats"], reference["row_nats"], reference["row_tokens"]
        )
        point = figures.Quality(result["attention"], result["bytes_per_token"], mean, low, high)
        points.append(point)
    return points


def quality_sentence(points: list[figures.Quality]) -> str:
    """What each smaller cache costs against the first model's, or that it cannot be told."""
    reference, *others = points
    words = [t("cache.loss_reference", kind=reference.kind)]
    for point in others:
        words.append(
            t(
                "cache.loss_told" if point.told_apart else "cache.loss_untold",
                kind=point.kind,
                share=f"{100 * point.bytes_per_token / reference.bytes_per_token:.1f}",
                difference=f"{point.difference:+.3f}",
                low=f"{point.low:+.3f}",
                high=f"{point.high:+.3f}",
            )
        )
    return " ".join(words)
