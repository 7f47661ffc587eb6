"""Three thumbnails of the run on screen, each a link to the page that shows it in full.

The links carry the question, seed and temperature: Experts shows the same run, Latent cache runs
its own models on the same question.
"""

from __future__ import annotations

import streamlit as st

from app.core.asking import contestants, judged_reply
from app.core.asking.judged_reply import JudgedReply
from app.core.assets import models
from app.core.texts import t
from app.pages.start import thumbnails
from app.ui.components.reasoning_view import name_of
from model.analysis import expert_load, kv_size
from model.record.trace import Trace
from model.tasks import chain, pick


def cards(traces: tuple[Trace, ...]) -> None:
    """Draw experts and cache of the last run (R1-Zero's), and the thinking of every model."""
    shown, columns = traces[-1], st.columns(3)
    with columns[0]:
        experts(shown)
    with columns[1]:
        cache(shown)
    with columns[2]:
        thinking(traces)


def _card(page: str, svg: str, alt: str, caption: str, query: dict[str, str]) -> None:
    """Draw a picture under a link that covers the whole card (app/ui/page.css)."""
    with st.container(border=True, key=f"s_card_{page}", height="stretch"):
        st.page_link(
            f"pages/{page}/{page}.py",
            label=f"**{t(f'start.card_{page}')}**",
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=query,
        )
        st.image(svg, alt=alt, width="stretch")
        st.caption(caption)


def experts(trace: Trace) -> None:
    """Which expert worked on which token, in the first layer that has experts."""
    if not trace.moe_layers or (busy := expert_load.busiest(trace, 0)) is None:
        return
    card, layer = trace.card, trace.moe_layers[0]
    values = {
        "layer": layer,
        "k": card.num_experts_per_tok,
        "experts": card.n_routed_experts,
        "expert": busy.expert,
        "tokens": busy.tokens,
        "fed": trace.fed,
    }
    info = trace.info
    query = {
        "e_prompt": info.prompt,
        "e_model": card.name,
        "e_tokens": str(info.max_new_tokens),
        "e_temperature": f"{info.temperature:g}",
        "e_seed": str(info.seed),
    }
    _card(
        "experts",
        thumbnails.experts(trace),
        t("start.alt_experts", **values),
        t("start.say_experts", **values),
        query,
    )


def cache(trace: Trace) -> None:
    """How many bytes of each token stay in the cache, compared with multi-head attention."""
    card = trace.card
    each = kv_size.bytes_per_token(card, kv_size.held(card))
    mha = kv_size.bytes_per_token(card, kv_size.held_by_mha(card))
    if each is None or mha is None or trace.cache_bytes is None:
        return
    held = [float(size) for size in trace.cache_bytes[: trace.fed]]
    values = {
        "tokens": trace.fed,
        "kb": f"{each * trace.fed / 1000:,.0f}",
        "mha": f"{mha * trace.fed / 1000:,.0f}",
        "times": f"{mha / each:.1f}",
    }
    info = trace.info
    query = {
        "c_prompt": info.prompt,
        "c_tokens": str(min(info.max_new_tokens, models.twins_context())),
        "c_temperature": f"{info.temperature:g}",
        "c_seed": str(info.seed),
    }
    _card(
        "cache",
        thumbnails.cache(held, [mha * (place + 1) for place in range(trace.fed)]),
        t("start.alt_cache", **values),
        t("start.say_cache", **values),
        query,
    )


def thinking(traces: tuple[Trace, ...]) -> None:
    """How long each model thought, which of its steps were right, and how it ended."""
    replies = [judged_reply.read(trace) for trace in traces]
    svg = thumbnails.thinking(
        [thought(trace, one) for trace, one in zip(traces, replies, strict=True)]
    )
    said = ". ".join(
        t(
            "start.say_thinking" if reply.steps else "start.say_no_steps",
            name=name_of(contestants.contestant_of(trace, reply.asked.begin)),
            tokens=len(trace) - reply.start,
            steps=len(reply.steps),
            right=sum(bool(step.right) for step in reply.steps),
        )
        for trace, reply in zip(traces, replies, strict=True)
    )
    _card(
        "reasoning",
        svg,
        t("start.alt_thinking", said=said),
        f"{said}. {t('start.key_thinking')}",
        reasoning_query(traces[0], replies[0]),
    )


def thought(trace: Trace, reply: JudgedReply) -> thumbnails.ReplyThought:
    """What the thinking thumbnail needs to know about a reply."""
    steps = [(step.first, step.last, bool(step.right)) for step in reply.steps]
    return thumbnails.ReplyThought(len(trace) - reply.start, steps, reply.correct)


def reasoning_query(trace: Trace, reply: JudgedReply) -> dict[str, str]:
    """The same question as URL parameters of the Reasoning page."""
    info, problem = trace.info, reply.problem
    query = {"r_t": f"{info.temperature:g}", "r_seed": str(info.seed), "r_lang": problem.language}
    if problem.level and problem.task == chain.NAME:
        return query | {"r_expr": problem.key}
    if problem.level and problem.task == pick.NAME:
        numbers, count, target = pick.read_question(problem)
        listed = ",".join(map(str, numbers))
        return query | {
            "r_kind": pick.NAME,
            "r_numbers": listed,
            "r_count": str(count),
            "r_target": str(target),
        }
    return query | {"r_kind": "free", "r_text": reply.asked.text}
