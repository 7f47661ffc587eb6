"""The room of more thinking: its slot `BUDGET`."""

from __future__ import annotations

from app.core.asking.questions import MAX_TOKENS
from app.core.errors import InputError
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import many_replies
from app.pages.reasoning import state as session

BUDGET = replies.ReplySlot("r_budget")
BUDGETS = (32, 64, 128, 256, 512)
BUDGET_SAMPLES = 4  # per problem and budget


def start() -> None:
    """Sample answers under budgets of thinking tokens, to several held-out problems."""
    try:
        problem, temperature, seed = many_replies.judgeable()
        able = [one for one in session.chosen() if one.opening != "direct"]
        if not able:
            raise InputError(t("thinking.nobody_thinks"))
        asks = [
            replies.fresh(one, each, BUDGET_SAMPLES, temperature, seed, MAX_TOKENS, budget)
            for each in many_replies.held_out(problem)
            for budget in BUDGETS
            for one in able
        ]
    except InputError as error:
        BUDGET.refuse(error)
        return
    BUDGET.draw(asks)
