"""No page's script waits for more than a second, however busy the server is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.core.running import generation, need_slot
from model.runtime.batch import Request
from model.runtime.scheduler import Ticket
from tests.fuzz.links import opened

#: Of every page a link that has it compute at once, and rooms that do so by themselves.
LINKS = (
    ("start", {"q": "What is 12+30*2?"}),
    ("experts", {"e_prompt": "And the LORD said"}),
    ("experts", {"room": "interventions", "e_no_bias": "true"}),
    ("experts", {"room": "routing_statistics", "e_model": "base-mha"}),
    ("experts", {"room": "after_rl", "e_rl_text": "What is 12+30*2?"}),
    ("experts", {"room": "one_expert", "e_model": "base-mha"}),
    ("cache", {"c_prompt": "And the LORD said"}),
    ("cache", {"room": "latent"}),
    ("reasoning", {"r_seed": "1"}),
    ("training", {"t_part": "time"}),
)


class Endless:
    """A scheduler whose work never ends, and which measures how long each script run waits."""

    def __init__(self) -> None:
        self.waited: list[tuple[object, float]] = []  # what is another object in every run; seconds

    def most(self) -> float:
        runs = [run for run, _ in self.waited]
        return max((sum(s for one, s in self.waited if one is run) for run in runs), default=0.0)

    def submit(self, visitor: Hashable, requests: Sequence[Request]) -> Ticket:
        scheduler = self

        class Endlessly(Ticket):
            def wait(self, seconds: float) -> bool:
                scheduler.waited.append((get_script_run_ctx().cursors, seconds))
                return super().wait(seconds)

        return Endlessly(visitor, requests)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "query"), LINKS, ids=str)
def test_a_page_waits_for_a_second_at_most(
    page: str, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    monkeypatch.setattr(generation, "scheduler", lambda: endless)
    monkeypatch.setattr(need_slot, "RUNS", need_slot.Runs())
    at = opened(page, {key: [value] for key, value in query.items()})
    at.run()
    assert not at.exception and endless.most() <= 1.0
