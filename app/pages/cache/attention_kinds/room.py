"""Latent cache: what each kind of attention caches per token, and what that costs in quality."""

from __future__ import annotations

import streamlit as st

from app.core import numbers
from app.core.assets import models, published
from app.core.errors import in_words
from app.core.texts import t
from app.pages.cache import figures
from app.pages.cache import state as session
from app.pages.cache.attention_kinds import figures as diagrams
from app.pages.cache.attention_kinds import quality, quality_figures
from app.pages.cache.kv_size import configs, words
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.plain import plain
from app.ui.table import folded_table
from model.analysis import kv_size
from model.analysis.kv_size import BYTES
from model.analysis.parameter_count import PUBLISHED


def room() -> None:
    """Draw loss against bytes, ours next to DeepSeek's, then what each kind caches, to scale."""
    kinds = quality.compare(session.measured())
    st.markdown(f"**{finding(kinds)}**")
    with st.container(key="c_quality_area"):
        left, right = st.columns(2, gap="large")
    with left:
        ours(kinds)
    with right:
        theirs()
    st.header(t("attention_kinds.cached_title"))
    st.fragment(in_words()(cached_by_kind))(kinds)
    one_token()


def finding(kinds: list[quality_figures.Quality]) -> str:
    """The result in words: which smaller caches cost quality, if any difference is significant, and
    whether their order would be another with another seed."""
    reference, *others = kinds
    worse = [one for one in others if one.told_apart and one.difference > 0]
    better = [one for one in others if one.told_apart and one.difference < 0]
    said = worse or better
    key = "worse" if worse else "better" if better else "untold"
    words = t(
        f"attention_kinds.quality_{key}",
        reference=reference.kind,
        kinds=", ".join(f"{one.kind} ({one.difference:+z.3f})" for one in said),
    )
    of_kinds = [one.difference for one in said]
    spread = max((max(one.by_seed) - min(one.by_seed) for one in said), default=0.0)
    if len(said) > 1 and spread > max(of_kinds) - min(of_kinds):
        words += " " + t("attention_kinds.quality_unranked", spread=f"{spread:.3f}")
    return words


def ours(kinds: list[quality_figures.Quality]) -> None:
    """Draw the twins' held-out loss against their cache bytes per token."""
    st.subheader(t("attention_kinds.ours_title"))
    reference, *others = kinds
    said = " ".join(
        t(
            "attention_kinds.loss_told" if one.told_apart else "attention_kinds.loss_untold",
            kind=one.kind,
            share=f"{100 * one.bytes_per_token / reference.bytes_per_token:.1f}",
            difference=f"{one.difference:+z.3f}",
            low=f"{one.low:+z.3f}",
            high=f"{one.high:+z.3f}",
        )
        for one in others
    )
    chart(
        drawn_once(
            quality_figures.scatter,
            kinds,
            {"bytes": t("attention_kinds.axis_per_token"), "loss": t("attention_kinds.axis_loss")},
        ),
        key="c_quality",
        alt=f"{t('attention_kinds.axis_loss')}: "
        + "; ".join(f"{one.kind} {one.bytes_per_token:,} B, {one.loss:.3f}" for one in kinds),
    )
    results = session.measured()
    every = [result for seeds in results.values() for result in seeds.values()]
    date = numbers.span(result["date"] for result in every)
    measured = t("attention_kinds.loss_measured", date=date)
    st.caption(f"{t('attention_kinds.loss_against', kind=reference.kind)} {said}")
    st.caption(f"{_bars(kinds)} {held_out()} {t('attention_kinds.loss_parameters')} {measured}")
    folded_table(
        lambda: [
            {
                t("cache.column_kind"): kind,
                t("cache.column_model"): result["name"],
                t("cache.column_per_token"): result["bytes_per_token"],
                t("attention_kinds.column_loss"): result["heldout"]["loss"],
                t("cache.column_low"): result["heldout"]["interval"][0],
                t("cache.column_high"): result["heldout"]["interval"][1],
                t("attention_kinds.column_measured"): result["date"],
                t("attention_kinds.column_trained"): result["tokens"],
                t("attention_kinds.column_minutes"): result["minutes"],
            }
            | {
                domain_words(domain): measured["loss"]
                for domain, measured in result["domains"].items()
            }
            for kind, seeds in results.items()
            for result in seeds.values()
        ],
        "cache-loss",
        t("attention_kinds.of_loss"),
    )
    with st.expander(t("attention_kinds.how_loss")):
        st.text(every[0]["heldout"]["method"])
        plain("\n".join(result["command"] for result in every), "c_commands")


def domain_words(domain: str) -> str:
    """The title of a domain's loss column; the domain's own name if there is no text for it."""
    known = ("chain", "pick", "lookup", "prose", "code", "korean", "tables")
    return (
        t(f"attention_kinds.domain_{domain}")
        if domain in known
        else t("attention_kinds.domain_other", name=domain)
    )


def _bars(kinds: list[quality_figures.Quality]) -> str:
    """Explain the error bars and say how many seeds each kind was trained with."""
    seeds = max(len(one.by_seed) for one in kinds)
    return t(
        "attention_kinds.loss_one_seed" if seeds == 1 else "attention_kinds.loss_seeds", seeds=seeds
    )


def held_out() -> str:
    """Describe the held-out set that the twins' losses were measured on."""
    first = next(iter(session.measured().values()))
    measured = next(iter(first.values()))["heldout"]
    return t("attention_kinds.loss_set", rows=measured["rows"], tokens=measured["tokens"])


def theirs() -> None:
    """Draw DeepSeek-V2's own ablation, as differences from the same model with MHA."""
    st.subheader(t("attention_kinds.theirs_title"))
    rows = beside_mha()
    said = " ".join(
        t(
            "attention_kinds.theirs_row",
            kind=row.attention,
            model=row.model,
            better=sum(gap > 0 for gap in row.differences.values()),
            tests=len(row.differences),
        )
        for row in rows
    )
    chart(
        drawn_once(quality_figures.ablation, rows, {"score": t("attention_kinds.axis_score")}),
        key="c_ablation",
        alt=said,
    )
    st.caption(f"{said} {t('attention_kinds.theirs_cached', cached=cached_shares())}")
    source = t("cache.source", source=published.ablation_source())
    st.caption(f"{t('attention_kinds.theirs_reading')} {source}.")
    folded_table(
        lambda: [
            {
                t("attention_kinds.column_table"): run.table,
                t("cache.column_model"): run.model,
                t("cache.column_kind"): run.attention,
                t("attention_kinds.column_elements_per_token"): run.elements,
            }
            | run.scores
            for run in published.ablation()
        ],
        "deepseek-v2-ablation",
        t("attention_kinds.of_theirs"),
    )


def beside_mha() -> list[quality_figures.ScoreDifferences]:
    """Each published model's scores minus those of its MHA variant."""
    runs = published.ablation()
    mha = {run.model: run.scores for run in runs if run.attention == "MHA"}
    return [
        quality_figures.ScoreDifferences(
            run.model,
            run.attention,
            {test: score - mha[run.model][test] for test, score in run.scores.items()},
        )
        for run in runs
        if run.attention != "MHA"
    ]


def cached_shares() -> str:
    """MLA's cache as a share of MHA's, for the published models that report it."""
    runs = published.ablation()
    mha = {run.model: run.elements for run in runs if run.attention == "MHA"}
    return ", ".join(
        f"{run.elements / whole:.0%} ({run.model})"
        for run in runs
        if run.attention == "MLA" and run.elements and (whole := mha[run.model])
    )


def cached_by_kind(kinds: list[quality_figures.Quality]) -> None:
    """The diagram of attention for one new token, with a full context in the cache."""
    st.markdown(t("attention_kinds.cached_lead"))
    choices = [one.kind for one in kinds]
    kind = st.segmented_control(
        t("cache.column_kind"),
        choices,
        default="MLA",
        required=True,
        key="c_kind",
        bind="query-params",
    )
    one = next(one for one in kinds if one.kind == kind)
    card, tokens = models.card(session.named(kind)), models.twins_context()
    spec, dtype = kv_size.held(card), card.cache_dtype
    assert spec is not None and dtype is not None
    columns = st.columns(3)
    columns[0].metric(t("cache.column_per_token"), f"{spec.bytes_per_token(dtype):,} B")
    columns[1].metric(
        t("attention_kinds.cached_full", tokens=tokens), units.size(spec.bytes(tokens, dtype))
    )
    columns[2].metric(
        t("attention_kinds.cached_loss"),
        f"{one.loss:.3f}",
        None
        if one is kinds[0]
        else f"{one.difference:+z.3f} {t('attention_kinds.cached_reference', kind=kinds[0].kind)}",
        delta_color="off",
    )
    drawn = diagrams.boxes(card, tokens)
    names = {box.name: t(f"attention_kinds.box_{box.name}") for box in drawn}
    roles = {role: t(f"attention_kinds.role_{role}") for role in ("cached", "again", "new")}
    stored = ", ".join(f"{box.name} {_shape(box)}" for box in drawn if box.role == "cached")
    chart(
        drawn_once(diagrams.diagram, kind, drawn, names | roles),
        key="c_diagram",
        alt=t("attention_kinds.cached_alt", kind=kind, cached=stored),
    )
    st.caption(t(f"attention_kinds.cached_reading_{'mla' if card.kv_lora_rank else 'heads'}"))
    folded_table(
        lambda: [
            {
                t("attention_kinds.column_tensor"): box.name,
                t("attention_kinds.column_shape"): _shape(box),
                t("attention_kinds.column_role"): roles[box.role],
                t("attention_kinds.column_what"): names[box.name],
            }
            for box in drawn
        ],
        "cache-cached",
        t("attention_kinds.of_kept"),
        card.name,
    )


def _shape(box: diagrams.Box) -> str:
    return " × ".join(map(str, box.shape))


def in_heads() -> str:
    """MLA's cache in key-value heads, ours and DeepSeek-V2's, and how it compares with MQA."""
    ours, v2 = models.config(session.named("MLA")), PUBLISHED["DeepSeek-V2"]
    width = models.config(session.named("MHA"))["head_dim"]
    latent = ours["kv_lora_rank"] + ours["qk_rope_head_dim"]
    v2_latent = v2["kv_lora_rank"] + v2["qk_rope_head_dim"]
    compared = "less" if latent > 2 * width else "more" if latent < 2 * width else "same"
    return t(
        f"attention_kinds.heads_{compared}",
        latent=latent,
        width=width,
        groups=f"{latent / (2 * width):.2f}",
        one=2 * width,
        v2_latent=v2_latent,
        v2_width=v2["qk_nope_head_dim"],
        v2_groups=f"{v2_latent / (2 * v2['qk_nope_head_dim']):.2f}",
    )


def one_token() -> None:
    """Draw what one layer caches per token, to scale."""
    st.header(t("attention_kinds.token_title"))
    st.markdown(t("attention_kinds.token_lead"))
    dtype = models.card(session.named("MLA")).cache_dtype
    stored = [
        figures.TokenCache(kind, layer.parts, layer.kv_heads, int(BYTES[dtype]))
        for name, kind in models.twins().items()
        for layer in session.spec(name).layers[:1]
    ]
    chart(
        drawn_once(
            figures.blocks, stored, {"elements": t("attention_kinds.axis_elements", dtype=dtype)}
        ),
        key="c_blocks",
        alt=t("attention_kinds.token_alt")
        + " "
        + "; ".join(f"{row.kind} {row.words}" for row in stored),
    )
    st.markdown(in_heads())
    v3 = configs.published()["DeepSeek-V3 / R1 (671B)"]
    st.markdown(t("attention_kinds.token_v3"))
    plain(words.formula(v3.spec, "bf16"), "c_formula_v3")
    folded_table(
        lambda: [
            {
                t("cache.column_kind"): row.kind,
                t("cache.column_model"): session.named(row.kind),
                t("attention_kinds.column_block"): name,
                t("attention_kinds.column_elements"): size,
                t("cache.column_bytes"): size * row.element_bytes,
            }
            for row in stored
            for name, size in row.blocks
        ],
        "cache-one-token",
        t("attention_kinds.of_token"),
    )
