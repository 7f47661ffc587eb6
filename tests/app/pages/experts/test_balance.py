"""Experts, Balance: what is shown of the three runs, and the bias rule against numpy."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.core.assets import models
from app.core.running import generation
from app.core.texts import LANGUAGES, texts, translated
from app.pages.experts import held_out
from app.pages.experts.balance import by_hand, figures
from app.pages.experts.balance import runs as balance_runs
from model.analysis import expert_load
from model.analysis.estimators import bootstrap_ratio
from model.nn.workspace import Keep
from model.runtime.batch import Request
from model.training import pretrain
from tests.app.looking import unfolded
from tests.app.reference import engine as engine_of
from tests.app.runs import ended
from tests.app.words import shape
from tests.model.reference.teacher_forcing import teacher_force

ROOT = Path(__file__).parents[4]
MAIN = ROOT / "app" / "navigation.py"


def chosen(choice_NE: np.ndarray, config: dict[str, int]) -> np.ndarray:
    """Group-limited top-k in plain numpy: whether each token chose each expert, [N, E]."""
    n, experts = choice_NE.shape
    grouped = choice_NE.reshape(n, config["n_group"], -1)
    worth = np.sort(grouped, axis=2)[:, :, -2:].sum(axis=2)
    took = np.zeros((n, experts))
    for i in range(n):
        kept = np.argsort(-worth[i], kind="stable")[: config["topk_group"]]
        open_ = [e for e in range(experts) if e // grouped.shape[2] in kept]
        best = sorted(open_, key=lambda e: -choice_NE[i, e])[: config["num_experts_per_tok"]]
        took[i, best] = 1
    return took


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    """The gates' scores for a few held-out rows: [N, L, E]."""
    keep = Keep(scores=True)
    rows = held_out.rows(balance_runs.BY_HAND)[:3]
    requests = [Request(balance_runs.BY_HAND, row.ids, keep=keep) for row in rows]
    return np.concatenate([run.scores for run in generation.scheduler().run(requests)])


@pytest.mark.slow
def test_scores_are_the_gates_own(scores: np.ndarray) -> None:
    model = engine_of(balance_runs.BY_HAND).model
    expected = teacher_force(model, held_out.rows(balance_runs.BY_HAND)[0].ids).scores
    assert scores[: len(expected)] == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [1, 4])
def test_the_rule_by_hand(layer: int, scores: np.ndarray) -> None:
    config = models.config(balance_runs.BY_HAND)
    own = scores[:, models.card(balance_runs.BY_HAND).moe_layers.index(layer)]
    bias = np.zeros(own.shape[1], np.float32)
    for steps in range(4):
        hand = balance_runs.by_hand(own, [(0.02, 1)] * steps)
        counts = chosen(own + bias, config).sum(axis=0)
        assert hand.load == pytest.approx(counts / counts.mean())
        assert hand.max_vio[-1] == pytest.approx(counts.max() / counts.mean() - 1)
        assert hand.bias == pytest.approx(bias, abs=1e-6)
        assert hand.steps == steps
        bias = bias + np.float32(0.02) * np.sign(counts.mean() - counts).astype(np.float32)
    hand = balance_runs.by_hand(own, [(0.02, 4), (0.005, 100)])
    assert hand.steps == 104 and hand.max_vio[-1] < hand.max_vio[0] / 2


@torch.inference_mode()
def test_the_rule_is_the_trainers() -> None:
    gate = copy.deepcopy(engine_of(balance_runs.BY_HAND).model.gates()[2])
    load = np.random.default_rng(0).random(len(gate.weight))
    load[3] = load.mean()
    before = gate.e_score_correction_bias.numpy().copy()
    pretrain.update_bias(gate, torch.from_numpy(load), 0.02)
    after = gate.e_score_correction_bias.numpy()
    assert expert_load.next_bias(before, load, 0.02) == pytest.approx(after, abs=1e-7)


@pytest.mark.parametrize("name", balance_runs.RUNS)
def test_what_is_shown_is_the_runs_own_log(name: str) -> None:
    folder = ROOT / "assets" / "runs" / name
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    run = balance_runs.run(name)
    settings = json.loads((folder / "run.json").read_text())["run"]
    assert settings == json.loads(json.dumps(vars(pretrain.full(name))))
    assert run.steps[-1] == len(log) == settings["steps"]
    starts = [0, *run.steps[:-1]]
    for window in (0, len(run.steps) // 2, -1):
        part = log[starts[window] : run.steps[window]]
        counts = np.sum([entry["load"] for entry in part], axis=0)
        even = counts.sum(axis=1, keepdims=True) / counts.shape[1]
        assert run.load[window] == pytest.approx(counts / even, abs=1e-3)
        assert run.bias[window].tolist() == part[-1]["bias"]
        assert run.max_vio[window] == pytest.approx(
            np.mean([entry["max_vio"] for entry in part]), abs=1e-3
        )
    assert run.idle() == (run.load[-1] < balance_runs.IDLE).sum()
    assert bool(np.abs(run.bias).max()) == (name == "balance-bias")


def test_differences_are_paired() -> None:
    rows = {
        name: models.heldout_results(name)["heldout"] for name in ("balance-bias", "balance-none")
    }
    gap = np.subtract(*(rows[name]["row_nats"] for name in ("balance-bias", "balance-none")))
    tokens = rows["balance-bias"]["row_tokens"]
    value, interval = balance_runs.difference("balance-bias", "balance-none")
    assert value == pytest.approx(gap.sum() / sum(tokens))
    assert interval == bootstrap_ratio(gap, tokens)
    assert tokens == rows["balance-none"]["row_tokens"]


def test_the_animation_has_its_ends_and_the_runs_own_numbers() -> None:
    steps = list(range(2, 302, 2))
    assert figures.frames_of(steps)[0] == 0 and figures.frames_of(steps)[-1] == 149
    assert len(figures.frames_of(steps)) == figures.FRAMES
    assert figures.frames_of([5]) == [0]
    rng = np.random.default_rng(0)
    load_RWE = rng.random((2, 150, 8))
    names = {"balance-bias": "A", "balance-none": "B"}
    words = dict.fromkeys(("expert", "load", "hover", "play", "pause", "step"), "x")
    figure = figures.loads(load_RWE, steps, names, 4.0, words)
    assert [list(bar.y) for bar in figure.data] == load_RWE[:, -1].tolist()
    for frame, window in zip(figure.frames, figures.frames_of(steps), strict=True):
        assert frame.name == str(steps[window]) and list(frame.traces) == [0, 1]
        assert [list(bar.y) for bar in frame.data] == load_RWE[:, window].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_room(lang: str) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.switch_page("pages/experts/experts.py")
    app.query_params.update({"lang": lang, "room": "balance", "e_balance_layer": "2"})
    app = ended(app.run(), "balance_scores")
    assert not app.exception and not app.error
    words = texts(lang)
    shown = [m.value for m in (*app.markdown, *app.subheader)]
    assert any(words["balance.loads_title"] in text for text in shown)
    said = shape("balance.hand_sentence", lang)

    def after_steps(n: int) -> list[str]:
        steps = translated(lang, "count.training_steps", n=n)
        return [m.value for m in app.markdown if said.match(m.value) and f"**{steps}**" in m.value]

    before = after_steps(0)
    assert before
    assert app.button(key="e_hand_one").label == translated(lang, "balance.hand_steps", n=1)
    app.button(key="e_hand_one").click().run()
    assert after_steps(1)
    app.button(key="e_hand_many").click().run()
    assert after_steps(51)
    assert app.query_params["e_hand"] == f"2_{1 + by_hand.LEAP}x0.01"
    heads = [list(table.value.columns) for table in unfolded(app).dataframe]
    assert [words["balance.balanced_by"], words["experts.step"], words["experts.max_vio"]] in heads
    published = words["balance.perplexity"], words["balance.vio_all"]
    head = " | ".join([words["experts.model"], words["balance.balanced_by"], *published])
    assert any(text.startswith(f"| {head} |") for text in shown)
    steps = next(
        table.value for table in app.dataframe if words["balance.hand_x"] in table.value.columns
    )
    assert steps[words["balance.hand_x"]].tolist() == list(range(52))
    app.query_params.clear()  # as a browser does on the way to another page
    app.switch_page("pages/start/start.py").run()
    app.switch_page("pages/experts/experts.py").run()
    app.segmented_control(key="e_room").set_value("balance").run()
    assert after_steps(51)
    app.button(key="e_hand_again").click().run()
    assert before == after_steps(0)
    app.run()
    assert "e_hand" not in app.query_params
    assert not app.exception
