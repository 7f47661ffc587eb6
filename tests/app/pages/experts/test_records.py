"""The rooms of Experts open with any record, and show what it contains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.core.assets import recorded_runs
from app.core.texts import texts
from app.pages.experts import state as session
from model.record.trace import Trace
from tests.app.pages.experts.pages import opened
from tests.fuzz.links import nothing_computed

BARE = ("expert_weights", "logprobs", "entropies", "cache_bytes", "seconds")


def records() -> dict[str, Trace]:
    """Records that lack routing, measurements, experts, or an available model."""
    whole = recorded_runs.trace("experts")
    ids = replace(whole, expert_ids=np.zeros((whole.fed, 0, 0), np.uint8), **dict.fromkeys(BARE))
    without = {"moe_layers": (), "n_routed_experts": 0, "num_experts_per_tok": 0}
    without |= {"n_group": None, "topk_group": None}
    return {
        "ids": ids,
        "foreign": replace(whole, card=replace(whole.card, name="nobody-has-this")),
        "foreign ids": replace(ids, card=replace(whole.card, name="nobody-has-this")),
        "dense": replace(ids, card=replace(whole.card, **without)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("room", ["run", "interventions", "balance"])
@pytest.mark.parametrize("record", ["ids", "foreign", "foreign ids", "dense"])
def test_a_room_shows_what_a_record_has(
    record: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = records()[record]
    monkeypatch.setattr(session, "on_screen", lambda: (trace, "live"))
    with nothing_computed():
        at = opened(room, pin="1", e_layer="2")
    said = " ".join(one.value for one in (*at.info, *at.markdown, *at.text))
    if room == "interventions":
        reason = {"ids": None, "dense": "absent.experts"}.get(record, "interventions.elsewhere")
        infos = [one.value for one in at.info]
        assert infos == ([str(texts("en")[reason])] if reason else [])
    if room == "run":
        assert (texts("en")["experts.balance_title"] in [one.value for one in at.header]) == (
            record == "foreign"
        )
        assert trace.texts[1].strip() in said
