"""What one sees in a run, in its own numbers."""

from __future__ import annotations

from app.core import questions
from app.core.texts import t
from model.analysis import expert_load, kv_size
from model.record.trace import Trace


def seen(trace: Trace) -> list[str]:
    """A sentence each about experts, their load and the cache, of what was recorded."""
    return [*_experts(trace), *_cache(trace)]


def verdict(trace: Trace) -> str | None:
    """Whether the answer is right; None while nobody can tell."""
    judged = questions.verdict(questions.taken_apart(trace.info.prompt), trace.answer)
    if judged is None or trace.finish_reason == "stopped":
        return None
    right, given, correct = judged
    key = "none" if given is None else "right" if correct else "wrong"
    return t(f"start.answer_{key}", right=right, given=given)


def _experts(trace: Trace) -> list[str]:
    card, k = trace.card, trace.expert_ids.shape[2]
    found = [
        (load, layer)
        for at, layer in enumerate(trace.moe_layers)
        if (load := expert_load.busiest(trace, at)) is not None
    ]
    if not found:
        return []
    top, layer = max(found, key=lambda pair: pair[0].tokens)
    choice = t(
        "start.say_experts",
        k=k,
        experts=card.n_routed_experts,
        layers=len(trace.moe_layers),
        rest=f"{1 - k / card.n_routed_experts:.0%}",
    )
    if card.n_shared_experts:
        choice += " " + t("start.say_shared", n=card.n_shared_experts)
    busiest = t(
        "start.say_busiest",
        expert=top.expert,
        layer=layer,
        tokens=top.tokens,
        fed=trace.fed,
        even=f"{top.even * trace.fed:,.0f}",
    )
    return [choice, busiest]


def _cache(trace: Trace) -> list[str]:
    card = trace.card
    mine = kv_size.bytes_per_token(card, kv_size.held(card))
    mha = kv_size.bytes_per_token(card, kv_size.held_by_mha(card))
    if mine is None or trace.held is None:
        return []
    said = t("start.say_cache", bytes=f"{mine:,}", kb=f"{trace.held / 1000:,.1f}")
    if mha is not None and mha > mine:
        said += " " + t("start.say_mha", mha=f"{mha:,}", times=f"{mha / mine:.1f}")
    return [said]
