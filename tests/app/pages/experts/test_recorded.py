"""What the page and its rooms open on is recorded; what is not, is computed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from app.core.assets import models, recorded_runs, run_files
from app.core.assets.files import DamagedFileError
from app.core.running import generation, need_slot
from app.core.running.need_slot import NeedSlot
from app.core.running.prompt_runs import PromptRun
from app.core.texts import LANGUAGES, texts
from app.pages.experts import held_out
from app.pages.experts.held_out import ReadingModel
from model import ASSETS
from model.analysis import routing_after_rl
from model.analysis.interventions import Intervened, Intervention
from model.nn.workspace import Keep, Run
from model.runtime.batch import Request
from tests.app.pages.experts.pages import opened
from tests.app.runs import Busy
from tests.fuzz.files import forget

ROWS = 2 * len(held_out.DOMAINS)
SHARED_OFF = Intervened("base", Intervention(shared=False))
FIRST_OFF = Intervened("base", Intervention(off=frozenset({(1, 0)})))
#: A room, and the files that it opens on.
ROOMS = {
    "interventions": ("interventions", "held-out-base"),
    "routing_statistics": ("held-out-base",),
    "after_rl": ("after-rl",),
    "one_expert": ("held-out-base",),
    "balance": ("balance-scores",),
}
RUN_FILES = ("interventions", "after-rl", "balance-scores")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing read or computed by another test is known, nor is this test's afterwards."""
    forget()
    yield
    forget()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Busy:
    """A server that has computed nothing yet; what is asked of it waits for ever."""
    monkeypatch.setattr(need_slot, "RUNS", need_slot.Runs())
    busy = Busy()
    monkeypatch.setattr(generation, "scheduler", lambda: busy)
    return busy


def content(file: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((ASSETS / "samples" / f"{file}.json").read_text())
    return found


# --- Held-out text ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["base", SHARED_OFF, FIRST_OFF], ids=str)
def test_what_is_recorded_is_what_is_read(reader: ReadingModel) -> None:
    requests = held_out.requests([reader], ROWS)
    (live,) = held_out.read_so_far([reader], generation.scheduler().run(requests))
    found = held_out.recorded(reader)
    assert found is not None
    assert len(found) == held_out.EACH * len(held_out.DOMAINS)
    first = found.first(ROWS)
    assert first.learnt == live.learnt
    assert first.nats == pytest.approx(live.nats, rel=1e-5)
    if reader != "base":
        assert not first.ids
        return
    same = [(a == b).mean() for a, b in zip(first.ids, live.ids, strict=True)]
    assert min(same) > 0.999  # the last bits of a score may differ from machine to machine


class Noting(NeedSlot):
    """A slot that notes which requests it gets, and has read so many of them."""

    def __init__(self, read: int) -> None:
        super().__init__("noting")
        self.asked: list[Request] = []
        self.n = read

    def have(self, key: object, requests: object, **how: object) -> list[Run | None]:
        assert isinstance(requests, list)
        self.asked += requests
        runs = generation.scheduler().run(requests[: self.n])
        return [*runs, *[None] * (len(requests) - self.n)]


@pytest.mark.slow
def test_only_what_is_not_recorded_is_read() -> None:
    other = Intervened("base", Intervention(bias=False))
    slot = Noting(2)
    found = held_out.read(slot, [other, "base", other, SHARED_OFF], 3)
    assert slot.asked == held_out.requests([other], 3)
    assert [each.model for each in found] == ["base"] * 4
    assert [len(each) for each in found] == [2, 2, 2, 2]
    base, shared_off = held_out.recorded("base"), held_out.recorded(SHARED_OFF)
    assert base is not None and shared_off is not None
    assert (found[1].nats, found[3].nats) == (base.nats[:2], shared_off.nats[:2])
    assert found[0].nats == found[2].nats != found[1].nats
    assert [each.date is None for each in found] == [True, False, True, False]
    words = texts("en")
    assert held_out.when(found[0]) == ""
    assert held_out.when(found[1]) == words["experts.recorded"].format(date=base.date)
    assert held_out.when(*found) == words["experts.partly_recorded"].format(date=base.date)


@pytest.mark.slow
def test_more_rows_than_are_recorded_are_read() -> None:
    slot = Noting(0)
    n = held_out.EACH * len(held_out.DOMAINS)
    held_out.read(slot, ["base"], n)
    assert not slot.asked
    slot = Noting(0)
    held_out.read(slot, ["base-mha"], 1)
    assert slot.asked == held_out.requests(["base-mha"], 1)


@pytest.mark.parametrize("experts", ["abcd", "!", "eJwDAAAAAAE="])
def test_a_record_that_cannot_be_unpacked_is_damage(
    experts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = content("held-out-base")
    monkeypatch.setattr(held_out, "read_json", lambda *_: whole | {"experts": experts})
    with pytest.raises(DamagedFileError, match="held-out-base"):
        held_out.recorded("base")


# --- Runs by their requests -------------------------------------------------------------------


KINDS = ("reply", "read after RL", "read", "read, changed", "written, changed", "scores")


@cache
def some_requests() -> dict[str, tuple[str, Request]]:
    """A request of each kind that is recorded, with the file that has its run."""
    trace = recorded_runs.trace("experts")
    ids = tuple(trace.token_ids.tolist())
    limits = (trace.info.max_new_tokens, trace.info.temperature, trace.info.seed)
    rows = held_out.rows("balance-none")
    question = routing_after_rl.problem(0, "en").prompt
    reply = PromptRun(routing_after_rl.WRITER, question, routing_after_rl.MAX_TOKENS).request()
    written = run_files.recorded("after-rl", reply)
    assert written is not None
    return dict(
        zip(
            KINDS,
            [
                ("after-rl", reply),
                ("after-rl", Request("r1", tuple(written.token_ids.tolist()))),
                ("interventions", Request("base", ids, read=True)),
                ("interventions", Request(SHARED_OFF, ids, read=True)),
                ("interventions", Request(SHARED_OFF, ids[: trace.n_prompt], *limits, read=True)),
                ("balance-scores", Request("balance-none", rows[0].ids, keep=Keep(scores=True))),
            ],
            strict=True,
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_run_is_the_one_that_is_computed(kind: str) -> None:
    """What was written is read: on another processor, one rounding may change what is drawn."""
    file, request = some_requests()[kind]
    found = run_files.recorded(file, request)
    assert found is not None
    assert found.date == content(file)["date"]
    assert found.n_given == len(request.ids)
    ids = tuple(found.token_ids.tolist())
    assert ids[: found.n_given] == request.ids
    (live,) = generation.scheduler().run(
        [Request(request.engine, ids, read=True, keep=request.keep)]
    )
    assert live.date is None
    for part in ("logprobs", "entropies", "expert_weights", "scores"):
        own = getattr(found, part)
        if len(own):
            same = getattr(live, part)[: len(own)]  # the last token that was written is not fed
            assert own[: len(same)] == pytest.approx(same, abs=2e-3, nan_ok=True), part
    if fed := len(found.expert_ids):
        assert (np.sort(found.expert_ids) == np.sort(live.expert_ids[:fed])).mean() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_another_request_has_no_recorded_run(kind: str) -> None:
    file, request_ = some_requests()[kind]
    assert run_files.recorded(file, request_) is not None
    for other in (
        replace(request_, ids=request_.ids[:-1]),
        replace(request_, seed=99),
        replace(request_, engine="r1-dev1"),
        replace(request_, keep=Keep(scores=True, attention=True)),
    ):
        assert run_files.recorded(file, other) is None


@pytest.mark.slow
def test_records_of_other_weights_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    own, asked = models.digest, some_requests()
    forget()
    monkeypatch.setattr(
        models, "digest", lambda model, file: "x" if "safetensors" in file else own(model, file)
    )
    assert held_out.recorded("base") is None
    for file, request in asked.values():
        assert run_files.recorded(file, request) is None


@pytest.mark.slow
def test_what_is_recorded_is_not_computed_and_the_rest_is(fresh: Busy) -> None:
    file, known = some_requests()["scores"]
    new = replace(known, ids=known.ids[:9])
    slot = NeedSlot("some", recorded=file)
    run, missing = slot.have("key", [known, new])
    assert run is not None and run.date and missing is None
    assert [ticket.requests for ticket in fresh.tickets] == [(new,)]
    assert NeedSlot("others").have("key", [known]) == [None]


@pytest.mark.parametrize("file", RUN_FILES)
def test_any_change_to_a_file_of_runs_is_damage(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("base", (1, 2))
    whole = content(file)
    runs = whole["runs"]
    assert isinstance(runs, dict)
    own = next(iter(runs))
    part = next(part for part in runs[own] if part != "finish_reason")
    for change in (
        {"date": "2020-01-01"},
        {"of": {}},
        {"sha256": "0"},
        {"runs": {}},
        {"runs": runs | {own: runs[own] | {part: "eJwDAAAAAAE="}}},
        {"runs": runs | {own: {"finish_reason": "stop"}}},
    ):
        forget()
        monkeypatch.setattr(run_files, "read_json", lambda *_, put=change: whole | put)
        with pytest.raises(DamagedFileError, match=file):
            run_files.recorded(file, request)


# --- The page ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_rooms_open_on_what_is_recorded(room: str, language: str, fresh: Busy) -> None:
    at = opened(room, language)
    assert not at.error
    assert not fresh.tickets
    for file in ROOMS[room]:
        date = str(content(file)["date"])
        assert any(date in caption.value for caption in at.caption), file
    for key in ("interventions", "after_rl_one", "after_rl_many", "balance_scores", "one_expert"):
        assert f"{key}_ask" not in {button.key for button in at.button}


def test_the_recorded_run_and_its_prompt_are_in_the_language_of_the_page() -> None:
    at = opened("run")
    english = at.text_area(key="e_prompt").value
    at.session_state["lang"] = "ko"
    korean = at.run().text_area(key="e_prompt").value
    assert korean == recorded_runs.trace("experts-ko").info.prompt != english
    at.text_area(key="e_prompt").set_value("And the LORD said").run()
    at.session_state["lang"] = "en"
    assert at.run().text_area(key="e_prompt").value == "And the LORD said"
