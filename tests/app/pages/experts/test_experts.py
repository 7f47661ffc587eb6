"""Experts: the page from opening to a run, and its numbers against counting by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.core.asking import examples, prompts
from app.core.assets import models, recorded_runs
from app.core.running import generation
from app.core.running.prompt_runs import PromptRun
from app.core.texts import LANGUAGES, texts
from app.pages.experts import figures
from app.ui.csv_rows import to_csv
from app.ui.drawn_once import drawn_once
from model.analysis import expert_load
from model.nn.workspace import Run
from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from model.runtime.batch import Request
from model.runtime.scheduler import Ticket
from tests.app.looking import unfolded
from tests.app.runs import Busy, ended, traces, under_way
from tests.app.words import shape
from tests.steps import TokenStep, collect

MAIN = Path(__file__).parents[4] / "app" / "navigation.py"
EXPERTS, GROUPS, CHOSEN = 8, 4, 3
LAYERS = (1, 2)
CARD = ModelCard(name="m", moe_layers=LAYERS, n_routed_experts=EXPERTS, num_experts_per_tok=CHOSEN)


@st.composite
def runs(draw: st.DrawFn) -> Trace:
    """A run of random tokens and choices, with or without the last token that is not fed."""
    info = RunInfo("p", 0.0, 0, 9, "2026-01-01")
    n = draw(st.integers(1, 12))
    ended = draw(st.booleans())
    chosen = st.permutations(range(EXPERTS)).map(lambda order: order[:CHOSEN])
    weights = st.lists(st.floats(0, 2, width=16), min_size=CHOSEN, max_size=CHOSEN)
    steps = []
    for i in range(n):
        last = ended and i == n - 1
        ids = [draw(chosen) for _ in LAYERS]
        values = [sorted(draw(weights), reverse=True) for _ in LAYERS]
        steps.append(
            TokenStep(
                token_id=i,
                text=draw(st.text(max_size=3)),
                logprob=None if i == 0 else -draw(st.floats(0, 20)),
                entropy=None if i == 0 else draw(st.floats(0, 6)),
                in_prompt=i == 0,
                expert_ids=None if last else np.array(ids),
                expert_weights=None if last else np.array(values, dtype=np.float16),
                cache_bytes=i,
                seconds=0.1 * i,
            )
        )
    return collect(CARD, info, steps, "length")


def unguarded(text: str) -> str:
    """A text without the apostrophes that prevent formulas."""
    return re.sub(r"(^|[;\t\r\n])'", r"\1", text)


@given(runs())
def test_csv_has_every_choice_once_and_counts_up_to_the_load(trace: Trace) -> None:
    choices = expert_load.choices(trace, GROUPS)
    raw = to_csv([dict(zip(expert_load.COLUMNS, row, strict=True)) for row in choices])
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert len(rows) == trace.fed * len(LAYERS) * CHOSEN
    counted = np.zeros((len(LAYERS), EXPERTS), dtype=int)
    for row in rows:
        token, layer, rank = int(row["token"]), LAYERS.index(int(row["layer"])), int(row["rank"])
        expert = int(row["expert"])
        assert unguarded(row["text"]) == unguarded(trace.texts[token])
        assert row["in_prompt"] == str(token < trace.n_prompt)
        assert expert == trace.expert_ids[token, layer, rank - 1]
        assert int(row["group"]) == expert // (EXPERTS // GROUPS)
        assert float(row["weight"]) == pytest.approx(
            float(trace.expert_weights[token, layer, rank - 1]), abs=1e-4
        )
        assert (row["logprob"] == "") == (token == 0)
        counted[layer, expert] += 1
    if trace.fed:
        assert (counted == trace.load()).all()


@pytest.mark.slow
@given(runs(), st.data())
def test_rows_of_one_token_are_those_of_the_whole_table(trace: Trace, data: st.DataObject) -> None:
    if trace.fed:
        token = data.draw(st.integers(0, trace.fed - 1))
        whole = [row for row in expert_load.choices(trace, GROUPS) if row[0] == token]
        assert list(expert_load.choices(trace, GROUPS, token)) == whole


@pytest.mark.slow
@given(runs())
def test_bars_are_shares_counted_by_hand(trace: Trace) -> None:
    titles, labels = ["a", "b"], {"expert": "", "share": "", "hover": ""}
    figure = figures.load(trace.load(), trace.fed, CHOSEN, GROUPS, titles, labels)
    panels = drawn_once(figures.load_panels, EXPERTS, CHOSEN / EXPERTS, GROUPS, titles, labels)
    on_page = panels.filled(*figures.load_bars(trace.load(), trace.fed, CHOSEN / EXPERTS))
    assert go.Figure(on_page.to_dict()) == figure
    assert len(figure.data) == len(LAYERS)
    for at, bars in enumerate(figure.data):
        for expert, share in zip(bars.x, bars.y, strict=True):
            took = sum(expert in token[at].tolist() for token in trace.expert_ids)
            assert share == pytest.approx(took / max(trace.fed, 1))
    dashed = [shape for shape in figure.layout.shapes if shape.line.dash == "dash"]
    assert [shape.y0 for shape in dashed] == [CHOSEN / EXPERTS] * len(LAYERS)


@given(runs())
def test_max_vio_and_the_busiest_expert_by_hand(trace: Trace) -> None:
    if not trace.fed:
        assert expert_load.busiest(trace, 0) is None
        return
    for at, vio in enumerate(expert_load.violation(trace.load())):
        took = [sum(e in token[at].tolist() for token in trace.expert_ids) for e in range(EXPERTS)]
        mean = trace.fed * CHOSEN / EXPERTS
        assert vio == pytest.approx(max(took) / mean - 1)
        assert -1e-9 <= vio <= EXPERTS / CHOSEN - 1 + 1e-9
        busy = expert_load.busiest(trace, at)
        assert busy is not None
        assert (busy.tokens, busy.idle) == (max(took), took.count(0))
        assert took[busy.expert] == busy.tokens


@pytest.mark.parametrize(("tokens", "experts", "chosen"), [(1, 16, 4), (60, 16, 4), (500, 8, 2)])
def test_chance_is_what_random_tokens_do(tokens: int, experts: int, chosen: int) -> None:
    rng = np.random.default_rng(1)
    load = np.array(
        [
            np.bincount(
                np.concatenate([rng.permutation(experts)[:chosen] for _ in range(tokens)]),
                minlength=experts,
            )
            for _ in range(200)
        ]
    )
    floor = expert_load.chance(tokens, experts, chosen)
    mean = tokens * chosen / experts
    assert load.std() / mean == pytest.approx(floor.spread, rel=0.1)
    assert (load.max(axis=1) / mean - 1).mean() == pytest.approx(floor.violation, rel=0.1)
    assert floor.violation <= floor.high <= experts / chosen - 1


@pytest.mark.parametrize(("tokens", "experts", "chosen"), [(0, 16, 4), (5, 4, 5), (5, 4, 0)])
def test_chance_refuses_what_cannot_be(tokens: int, experts: int, chosen: int) -> None:
    with pytest.raises(ValueError, match="no chance"):
        expert_load.chance(tokens, experts, chosen)


def test_training_is_read_at_its_end_or_at_a_step() -> None:
    recorded = {"step": [0, 100, 200], "per_layer": [[3, 3], [2, 1], [0.5, 0.25]]}
    last, early = (
        expert_load.trained_violation(recorded),
        expert_load.trained_violation(recorded, 90),
    )
    assert last is not None
    assert early is not None
    assert (last.tolist(), early.tolist()) == ([0.5, 0.25], [2, 1])
    assert expert_load.trained_violation({"step": [], "per_layer": []}) is None


def test_curves_name_the_model_and_stress_the_chosen_one() -> None:
    curves = [
        figures.BalanceCurve("base", "MLA", [0, 9], [2.0, 0.1]),
        figures.BalanceCurve("base-mha", "MHA", [0, 9], [2.0, 0.2]),
        figures.BalanceCurve("base-mla32", "MLA-32", [0, 9], [2.0, 0.3]),
    ]
    figure = figures.balance(curves, "base", {"step": "", "max_vio": "", "hover": ""})
    lines = {line.name: line for line in figure.data if line.mode == "lines"}
    assert lines["base · MLA"].line.width > lines["base-mha · MHA"].line.width
    assert lines["base · MLA"].line.color != lines["base-mha · MHA"].line.color
    assert lines["base · MLA"].line.dash != lines["base-mla32 · MLA-32"].line.dash


def test_domain_colours_have_fixed_limits() -> None:
    share = np.array([[0.9, 0.1], [0.2, 0.3]])
    labels = {"expert": "", "share": "", "hover": ""}
    heat = figures.domains(share, 0.25, ["a", "b"], labels).data[0]
    assert (heat.zmin, heat.zmax) == (0, 0.75)
    assert (np.array(heat.z) == share).all()


def test_every_example_fits_the_model_and_has_a_name_in_both_languages() -> None:
    for name, prompt in examples.prompts().items():
        assert prompts.fitting(prompt, "base") == prompt
        for language in LANGUAGES:
            assert texts(language)[f"examples.{name}"]


# --- The page --------------------------------------------------------------------------------


def opened(language: str = "en", **query: str) -> AppTest:
    """The page opened by a link with these parameters."""
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    at.query_params.update({"lang": language, **query})
    at.switch_page("pages/experts/experts.py").run()
    assert not at.exception
    return at


def on_screen(at: AppTest) -> Trace | None:
    """The viewer's run, once it has ended."""
    found = traces(ended(at, "experts"), "experts")
    assert not at.exception
    return found[0] if found else None


@pytest.mark.parametrize("language", LANGUAGES)
def test_opens_with_the_recorded_run(language: str) -> None:
    at = opened(language)
    words = texts(language)
    assert at.title[0].value == words["experts.title"]
    assert under_way(at, "experts") is None
    trace = recorded_runs.trace({"en": "experts", "ko": "experts-ko"}[language])
    assert at.text_area(key="e_prompt").value == trace.info.prompt
    told = words["common.run_recorded"].format(model=trace.card.name, date=trace.info.date)
    assert any(told in caption.value for caption in at.caption)


def test_every_chart_of_the_run_has_its_numbers_as_a_table() -> None:
    tables = {tuple(table.value.columns): table.value for table in unfolded(opened()).dataframe}
    words, run = texts("en"), recorded_runs.trace("experts")
    experts = [words["experts.expert_n"].format(expert=e) for e in range(run.card.n_routed_experts)]
    load = tables[(words["experts.layer"], *experts)]
    assert np.allclose(load[experts], run.load() / run.fed, atol=5e-5)
    curves = tables[tuple(words[f"experts.{name}"] for name in ("model", "step", "max_vio"))]
    assert set(curves[words["experts.model"]]) == {run.card.name}


def test_runs_live_to_the_end() -> None:
    at = opened()
    at.text_area(key="e_prompt").set_value("And the LORD said")
    at.number_input(key="e_tokens").set_value(6)
    at.button(key="e_run").click().run()
    trace = on_screen(at)
    assert trace is not None
    assert trace.info.prompt == "And the LORD said"
    assert 1 <= len(trace) - trace.n_prompt <= 6
    assert not at.error


def test_an_example_runs_at_once() -> None:
    at = opened()
    at.number_input(key="e_tokens").set_value(3).run()
    at.menu_button(key="e_example").click("code").run()
    trace = on_screen(at)
    assert trace is not None
    assert trace.info.prompt == examples.prompts()["code"] == at.text_area(key="e_prompt").value


def test_a_link_with_inputs_runs_them() -> None:
    at = opened(e_prompt="def read", e_tokens="4", e_seed="7", e_temperature="1.0", pin="2")
    trace = on_screen(at)
    assert trace is not None
    info = trace.info
    assert (info.prompt, info.seed, info.temperature) == ("def read", 7, 1.0)
    assert info.max_new_tokens == 4
    assert at.query_params["pin"] == "2"


class Halfway(Busy):
    """A scheduler whose run, with `reply` so far, goes on until it is stopped."""

    def __init__(self, reply: Run) -> None:
        super().__init__(place=0)
        self.reply = reply

    def submit(self, visitor: Hashable, requests: Sequence[Request]) -> Ticket:
        ticket = super().submit(visitor, requests)
        ticket.state = "running"
        ticket.stop = lambda: self.stopped(ticket)  # type: ignore[method-assign]
        return ticket

    def stopped(self, ticket: Ticket) -> None:
        ticket.results[0] = replace(self.reply, finish_reason="stopped")
        ticket.close("stopped")


def test_stop_keeps_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = PromptRun("base", recorded_runs.trace("experts").info.prompt, 5)
    (reply,) = generation.scheduler().run([prompt.request()])
    halfway = Halfway(reply)
    monkeypatch.setattr(generation, "scheduler", lambda: halfway)
    at = opened()
    at.button(key="e_run").click().run()
    assert on_page(at, texts("en")["experts.badge_recorded"])
    at.button(key="experts_stop").click().run()
    trace = on_screen(at)
    assert trace is not None
    assert trace.finish_reason == "stopped"
    assert len(trace) == len(reply.token_ids)
    assert on_page(at, texts("en")["experts.ended_stopped"])


def on_page(at: AppTest, word: str) -> bool:
    return any(word in each.value for each in (*at.caption, *at.markdown))


@pytest.mark.slow
def test_a_full_server_says_the_place_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    others = Busy(place=3)
    monkeypatch.setattr(generation, "scheduler", lambda: others)
    at = opened()
    at.button(key="e_run").click().run()
    assert not at.exception
    assert on_page(at, texts("en")["common.waiting"].format(position=3))
    at.button(key="experts_stop").click().run()
    assert others.tickets[0].stopped


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "common.empty_prompt"),
        (" \n\t", "common.empty_prompt"),
        ("a\x07b", "common.control_characters"),
        ("x" * 10_000, "common.too_long"),
        ("7" * 3_000, "common.too_many_tokens"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_text_is_told_and_the_picture_stays(language: str, text: str, key: str) -> None:
    at = opened(language)
    at.text_area(key="e_prompt").set_value(text)
    at.button(key="e_run").click().run()
    told = shape(key, language)
    assert [bool(told.search(error.value)) for error in at.error] == [True]
    assert on_screen(at) is None  # still the recorded run
    at.text_area(key="e_prompt").set_value("9+")
    at.button(key="e_run").click().run()
    assert on_screen(at) is not None
    assert not at.error


def test_a_model_that_does_not_exist_falls_back() -> None:
    at = opened(e_model="../../etc/passwd", e_tokens="2")
    trace = on_screen(at)
    assert trace is not None
    assert trace.card.name in models.shipped()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pin_in_the_link_shows_that_token(language: str) -> None:
    at = unfolded(opened(language, pin="5"))
    sample = recorded_runs.trace("experts")
    table = at.dataframe[0].value
    assert len(table) == len(sample.moe_layers)
    cell = texts(language)["experts.cell"].format(
        expert=sample.expert_ids[5, 0, 0], group="", weight=""
    )
    assert table.iloc[0, 1].startswith(cell.split(" · ")[0])


@pytest.mark.parametrize("pin", ["-1", "99999", "x", "²", "1e3", "9" * 40])
def test_a_pin_that_means_nothing_is_passed_over(pin: str) -> None:
    assert not opened(pin=pin).error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("once", "room"),
    [
        ("what_if", "interventions"),
        ("statistics", "routing_statistics"),
        ("expert", "one_expert"),
        ("balance", "balance"),
        ("attic", "run"),
    ],
)
def test_rooms_open_by_the_names_that_they_once_had(once: str, room: str) -> None:
    at = opened(room=once)
    assert at.session_state.e_room == room
    assert at.query_params["room"] == room
