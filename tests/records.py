"""Made-up records for tests: any shape, any part left out, and any damage to their JSON."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from hypothesis import strategies as st

from model.record.card import ModelCard
from model.record.trace import FINISH_REASONS, RunInfo, Trace

INFO = RunInfo("q", 0.0, 0, 9, "2026-01-01")
MEASURED = ("expert_weights", "logprobs", "entropies", "cache_bytes", "seconds")


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """Model cards with or without experts, more or less complete."""
    groups = draw(st.sampled_from([1, 2, 4]))
    experts = draw(st.sampled_from([0, groups, 2 * groups, 4 * groups, 300 * groups]))
    layers = draw(st.sets(st.integers(0, 9), max_size=4)) if experts else ()
    known: dict[str, Any] = {
        "attention": draw(st.sampled_from(["MLA", "MHA", "GQA", "MQA", "GQA + windows"])),
        "cache_dtype": draw(st.sampled_from(["float32", "bfloat16", "int4", "odd"])),
        "max_position_embeddings": draw(st.integers(1, 10**6)),
        "num_hidden_layers": draw(st.integers(10, 70)),
        "n_shared_experts": draw(st.integers(0, 2)),
        "n_group": groups,
        "topk_group": draw(st.integers(1, groups)),
        "routed_scaling_factor": draw(st.floats(0.1, 10)),
        "norm_topk_prob": draw(st.booleans()),
        "num_attention_heads": 8,
        "num_key_value_heads": draw(st.sampled_from([1, 2, 8])),
        "head_dim": draw(st.integers(1, 256)),
        "v_head_dim": draw(st.integers(1, 256)),
        "kv_lora_rank": draw(st.none() | st.integers(1, 512)),
        "qk_rope_head_dim": draw(st.none() | st.integers(1, 64)),
    }
    said = draw(st.sets(st.sampled_from(sorted(known))) | st.just(set(known)))
    if "n_group" not in said:
        said -= {"topk_group"}
    return ModelCard(
        name=draw(st.sampled_from(["base", "r1", "nobody-has-this"])),
        moe_layers=tuple(sorted(layers)),
        n_routed_experts=experts,
        num_experts_per_tok=draw(st.integers(1, min(4, experts))) if experts else 0,
        **{name: known[name] for name in said},
    )


@st.composite
def traces(draw: st.DrawFn, whole: bool = False) -> Trace:
    """Runs of up to six tokens; parts may be absent unless `whole`."""
    card = draw(cards())
    n = draw(st.integers(1, 6))
    fed = n - draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    L, E, k = len(card.moe_layers), card.n_routed_experts, card.num_experts_per_tok
    routed = L > 0 and (whole or draw(st.booleans()))
    shape = (fed, L, k) if routed else (fed, 0, 0)
    ids = np.array([rng.permutation(E)[:k] for _ in range(fed * L)]) if routed else np.zeros(0)
    measured = {
        "expert_weights": rng.random(shape) ** 4 * 2.5,
        "logprobs": np.array([np.nan, *-9 * rng.random(n - 1)]),
        "entropies": np.array([np.nan, *6 * rng.random(n - 1)]),
        "cache_bytes": 192 * np.minimum(np.arange(1, n + 1), fed),
        "seconds": np.cumsum(rng.random(n)),
    }
    kept = MEASURED if whole else draw(st.sets(st.sampled_from(MEASURED)))
    return Trace(
        card=card,
        info=RunInfo(draw(st.sampled_from(["q", "", "1+2"])), 0.7, 1, 9, "2026-01-01"),
        n_prompt=draw(st.integers(0, n)),
        texts=tuple(draw(st.lists(st.text(max_size=3), min_size=n, max_size=n))),
        token_ids=rng.integers(1000, size=n),
        expert_ids=ids.reshape(shape).astype(np.int16),
        finish_reason=draw(st.sampled_from(FINISH_REASONS)),
        **{name: measured[name] for name in kept},
    )


def in_schema_2(trace: Trace) -> dict[str, Any]:
    """A whole run in schema 2: without a card, and with every part."""
    raw, card = trace.to_json(), trace.card
    info = raw["info"] | {"model": card.name, "moe_layers": list(card.moe_layers)}
    for name in ("attention", "n_routed_experts", "cache_dtype"):
        info[name] = getattr(card, name)
    del raw["card"], raw["n_fed"]
    return raw | {
        "schema": 2,
        "info": info,
        "expert_ids": raw["expert_ids"] or [[] for _ in range(trace.fed)],
        "expert_weights": raw["expert_weights"] or [[] for _ in range(trace.fed)],
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.integers(-3, 3)
    | st.floats()
    | st.text(max_size=5)
    | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def paths(raw: Any, here: tuple = ()) -> list[tuple]:
    """The paths of all values in a JSON document, for long lists the first two."""
    if isinstance(raw, dict):
        inner = [p for k, v in raw.items() for p in paths(v, (*here, k))]
    elif isinstance(raw, list):
        inner = [p for i, v in enumerate(raw[:2]) for p in paths(v, (*here, i))]
    else:
        inner = []
    return [here, *inner]


@st.composite
def damaged(draw: st.DrawFn, made: st.SearchStrategy[Any]) -> Any:
    """A JSON document with up to three values changed, removed, or duplicated."""
    raw = copy.deepcopy(draw(made))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths(raw)))
        if not path:
            return draw(JSON)
        place = raw
        for key in path[:-1]:
            place = place[key]
        what = draw(st.sampled_from(["other", "gone", "twice"]))
        if what == "gone":
            del place[path[-1]]
        elif what == "twice" and isinstance(place, list):
            place.append(copy.deepcopy(place[path[-1]]))
        else:
            place[path[-1]] = draw(JSON)
    return raw
