"""A link also restores what was computed on a click: the same question, seed and steps."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.pages.training.question import TrainingQuestion, of_link
from tests.app import runs
from tests.app.test_links_restore import opened, url

#: A room of Training, its button, and the slot that shows the result.
CLICKED = [
    pytest.param("grpo_step", "t_start_grpo_step", "t_grpo_step", marks=pytest.mark.slow),
    ("verdicts", "t_start_verdicts", "t_verdicts"),
    ("time_machine", "t_start_time_machine", "t_time_machine"),
    ("time_machine", "t_start_counts", "t_counts"),
]


def shown(app: AppTest, slot: str) -> Any:
    return app.session_state[f"slot-{slot}"].result


@pytest.mark.slow
@pytest.mark.parametrize(("room", "button", "slot"), CLICKED)
def test_what_was_run_is_run_again(room: str, button: str, slot: str) -> None:
    app = opened("training", {"room": [room], "t_level": ["3"], "t_number": ["7"]})
    app.number_input(key="t_seed").set_value(5)
    app.button(key=button).click().run()
    runs.ended(app, slot)
    app.number_input(key="t_number").set_value(8).run()  # the fields may go on
    link = url(app)
    assert link[f"{slot}_asked"][0].split(".")[1:4] == ["3", "7", "5"]
    again = opened("training", link)
    runs.ended(again, slot)
    assert shown(again, slot) == shown(app, slot) is not None


@pytest.mark.slow
def test_steps_by_hand_are_taken_again() -> None:
    app = opened("experts", {"room": ["balance"]})
    runs.ended(app, "balance_scores")
    app.button(key="e_hand_many").click().run()
    app.select_slider(key="e_speed").set_value(0.05).run()
    app.button(key="e_hand_one").click().run()
    said = [one.value for one in app.markdown]
    again = opened("experts", url(app))
    runs.ended(again, "balance_scores")
    assert any("51" in text for text in said)
    assert [one.value for one in again.markdown] == said


@pytest.mark.parametrize("asked", ["x", "2_9999x0.01", "2_1x0.03", "2_0x", "_1x0.01", "2_1x0.01_"])
def test_steps_that_nobody_can_take_are_refused(asked: str) -> None:
    app = opened("experts", {"room": ["balance"], "e_hand": [asked]})
    runs.ended(app, "balance_scores")
    assert "e_hand" not in app.query_params
    assert not app.exception


def test_a_question_in_a_link() -> None:
    for asked in (
        TrainingQuestion("chain", 3, 200, 2**31 - 1),
        TrainingQuestion("pick", 2, 1, 0, "r1-zero-step50"),
    ):
        assert of_link(str(asked)) == asked
    for text in ("", "chain", "chain.99.1.0", "chain.3.0.0", "chain.3.201.0", "chain.03.1.0"):
        assert of_link(text) is None
    assert of_link("chain.3.1.9999999999") is None
    assert of_link("other.3.1.0") is None
