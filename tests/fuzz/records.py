"""Records with damage of every kind: refused in words, or read, drawn and written again."""

from __future__ import annotations

import copy
import functools
import json
import random
from typing import Any

from model import ASSETS
from model.record.trace import RecordError, Trace
from tests.app.ui.test_any_record import draw_all
from tests.records import in_schema_2, paths

TOKENS = 12  # of a sample that is damaged: pictures of more would take longer and show no more
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 255, 256, 2**31, 2**63, -(10**30), 1e400, -1e400, 0.5),
    *(float("nan"), "", "0", "a", "\ud800", "\x00", "한", [], {}, [[]], [None], ["a"], [1, 2]),
    *({"a": 1}, [[[0]]], [[[0, 0]]], 1e-320, 1e308, "9" * 400, "2026-02-30", "stop", "MLA", 3.0),
)


@functools.cache
def samples() -> tuple[dict[str, Any], ...]:
    """The first tokens of recorded runs, one of each kind of model and of an older schema."""
    found = []
    for name in ("cache-base-gqa", "experts"):
        raw = json.loads((ASSETS / "samples" / f"{name}.json").read_text(encoding="utf-8"))
        for key in ("texts", "token_ids", "logprobs", "entropies", "cache_bytes", "seconds"):
            raw[key] = raw[key] and raw[key][:TOKENS]
        for key in ("expert_ids", "expert_weights"):
            raw[key] = raw[key] and raw[key][: TOKENS - 1]
        raw |= {"n_prompt": 4, "n_fed": TOKENS - 1}
        found.append(raw)
    return (*found, in_schema_2(Trace.from_json(found[0])))


def case(rng: random.Random) -> None:
    raw = damaged(rng, rng.choice(samples()))
    try:
        trace = Trace.from_json(raw)
    except RecordError as error:
        assert str(error)
        return
    text = json.dumps(trace.to_json(), ensure_ascii=False, allow_nan=False)
    assert Trace.from_json(json.loads(text.encode())).id == trace.id
    draw_all(trace)


def damaged(rng: random.Random, raw: Any) -> Any:
    """A copy of a JSON document with one to three values changed, removed, or duplicated."""
    raw = copy.deepcopy(raw)
    for _ in range(rng.choice((1, 1, 2, 3))):
        path = rng.choice(paths(raw))
        if not path:
            continue
        place = raw
        for key in path[:-1]:
            place = place[key]
        what = rng.random()
        if what < 0.15:
            del place[path[-1]]
        elif what < 0.3 and isinstance(place, list):
            place.append(copy.deepcopy(place[path[-1]]))
        elif what < 0.4 and isinstance(place, list):
            rng.shuffle(place)
        else:
            place[path[-1]] = copy.deepcopy(rng.choice(_VALUES))
    return raw
