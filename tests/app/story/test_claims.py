"""The claims about our runs and settings in the story's texts hold, with every seed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from app.core.assets import evaluations, published
from app.core.texts import LANGUAGES, texts
from app.pages.experts.balance import runs as balance_runs
from app.pages.training import training_runs
from model import ASSETS
from model.runtime.work import UNSEEN_SECONDS
from model.tasks import TASKS, chain, pick
from model.training import goals, grpo_step, pretrain

SEEDS = ("", "-seed1", "-seed2")


def right(name: str, task: str) -> float:
    """A model's pass@1 on held-out problems."""
    return evaluations.by_k(evaluations.needed(name), task, "pass@k")[0].value


def rising(values: Sequence[float]) -> bool:
    return list(values) == sorted(values)


def larger_budgets_help_where_it_searches() -> bool:
    found = evaluations.needed("r1-zero")
    cut = evaluations.by_budget(found, chain.NAME)[0].value
    return rising([one.value for one in evaluations.by_budget(found, pick.NAME)]) and cut < 0.05


def length_comes_early_here_and_grows_to_the_end_in_the_paper() -> bool:
    """In both tasks, with every seed; in the paper, the last quarter still adds a tenth."""
    runs = [training_runs.needed(f"r1-zero{seed}", task) for seed in SEEDS for task in TASKS]
    theirs = published.curve("length")[1]
    grown = theirs[-1] > 1.1 * theirs[len(theirs) * 3 // 4]
    return all(training_runs.mostly_by(run) <= run.step[-1] // 10 for run in runs) and grown


def auxiliary_loss_is_more_even_and_costs_nothing_yet() -> bool:
    bias, loss, none = (balance_runs.run(name) for name in balance_runs.RUNS)
    return loss.max_vio[-1] < bias.max_vio[-1] < none.max_vio[-1] and loss.loss <= none.loss


def a_teacher_is_ahead_in_arithmetic() -> bool:
    others = [f"{name}{seed}" for name in ("student-rl", "distilled-control") for seed in SEEDS]
    best = max(right(name, chain.NAME) for name in others)
    return min(right(f"distilled{seed}", chain.NAME) for seed in SEEDS) > best


def the_lead_over_the_corpus_is_gone_with_the_most_likely_token() -> bool:
    """With every seed."""

    def solved(name: str) -> float:
        return evaluations.greedy(evaluations.needed(name), chain.NAME).value

    return all(solved(f"distilled-control{seed}") >= solved(f"distilled{seed}") for seed in SEEDS)


def r1_teaches_little_more_at_picking_and_the_control_is_level_with_r1() -> bool:
    """Every run on R1's replies is ahead of every run on its own trials, by six points at most; of
    the controls, none is so far from R1, nor so close to a student."""
    own = [right(f"student-rl{seed}", pick.NAME) for seed in SEEDS]
    taught = [right(f"distilled{seed}", pick.NAME) for seed in SEEDS]
    control = [right(f"distilled-control{seed}", pick.NAME) for seed in SEEDS]
    little = min(taught) > max(own) and max(taught) - min(own) < 0.06
    level = max(abs(one - right("r1", pick.NAME)) for one in control) < 0.05
    return little and level and min(control) > max(*own, *taught) + 0.05


def base_gets_it_right_now_and_then() -> bool:
    return 0.1 < right("base", chain.NAME) < 0.3


def checks_in_arithmetic_notice_fewer() -> bool:
    many = [evaluations.needed(f"r1-zero{seed}")["many"] for seed in SEEDS]
    return all(
        one[chain.NAME]["errors_noticed"]["value"] < one[pick.NAME]["errors_noticed"]["value"]
        for one in many
    )


#: Text, the English words in it that say so, and what has to hold for them.
CLAIMS: list[tuple[str, str, Callable[[], bool]]] = [
    ("story.text_o1", "every larger budget helps", larger_budgets_help_where_it_searches),
    ("story.text_o1", "leaves only a guess", larger_budgets_help_where_it_searches),
    (
        "story.text_zero",
        "where the paper's replies grow to the end",
        length_comes_early_here_and_grows_to_the_end_in_the_paper,
    ),
    (
        "figures.takeaway_r1_zero_length",
        "and grow to the end",
        length_comes_early_here_and_grows_to_the_end_in_the_paper,
    ),
    (
        "story.text_balance",
        "the more even of the two and costs nothing yet",
        auxiliary_loss_is_more_even_and_costs_nothing_yet,
    ),
    (
        "story.idea_distil",
        "In arithmetic, a small model learns more from a strong teacher",
        a_teacher_is_ahead_in_arithmetic,
    ),
    (
        "story.text_distil",
        "most likely token instead of drawing one, R1's lead over the corpus is gone",
        the_lead_over_the_corpus_is_gone_with_the_most_likely_token,
    ),
    (
        "story.text_distil",
        "R1 teaches it little more than its own trials do, and the control is ahead of both and",
        r1_teaches_little_more_at_picking_and_the_control_is_level_with_r1,
    ),
    ("story.text_results", "already gets right now and then", base_gets_it_right_now_and_then),
    (
        "curves.reading_of_verdicts",
        "checks in arithmetic notice fewer",
        checks_in_arithmetic_notice_fewer,
    ),
]


@pytest.mark.parametrize(("key", "words", "holds"), CLAIMS, ids=[f"{k}-{w}" for k, w, _ in CLAIMS])
def test_what_is_said_without_a_number_holds(
    key: str, words: str, holds: Callable[[], bool]
) -> None:
    assert words in str(texts("en")[key])
    assert holds()


#: The goals that a page says were missed, and what it says of each, in the order of the text.
MISSED = {
    "chain, level 5: r1-zero": ("85%", "71.5%"),
    "chain, level 8: r1-zero": ("40%", "11.8%"),
    "chain, level 5: r1-zero notices wrong values": ("90%", "85.9%"),
    "replies at the cap, last third": ("10%", "12.7%"),
    "chain, level 5, format: r1 and r1-zero": ("99.0%", "99.1%"),
    "pick, level 5, format: r1 and r1-zero": ("73.7%", "73.0%"),
    "chain, level 5: student-base": ("2.5%",),
}


def test_the_goals_that_were_missed_are_told() -> None:
    found = {goal.what: goal for goal in goals.goals(goals.load(ASSETS / "runs"))}
    assert {what for what, goal in found.items() if not goal.reached} == set(MISSED)
    for what, said in MISSED.items():
        number = r"[\d.]+ %"
        of_goal = re.findall(number, f"{found[what].wanted} {found[what].found}")
        assert {one.replace("%", " %") for one in said} <= set(of_goal)
    for language in LANGUAGES:
        text = str(texts(language)["pipeline.missed"])
        pattern = ".*".join(re.escape(one) for said in MISSED.values() for one in said)
        assert re.search(pattern, text, re.DOTALL)
        assert str(len(found)) in text
        assert str(len(found) - len(MISSED)) in text


SPEED, ALPHA = pretrain.BALANCE["balance-bias"][0], pretrain.BALANCE["balance-loss"][1]
STEP = grpo_step.SETTINGS
#: Text → the numbers that stand in it, as the code has them: in English, then in Korean.
SETTINGS = [
    ("balance.run_bias", f"γ = {SPEED}", f"γ = {SPEED}"),
    ("balance.run_loss", f"α = {ALPHA}", f"α = {ALPHA}"),
    ("grpo_step.intro", *{8: ("eight times", "여덟 번")}[STEP.group]),
    ("grpo_step.samples", *{8: ("eight times", "여덟 번")}[STEP.group]),
    (
        "grpo_step.intro",
        f"{STEP.accuracy_weight:g} for a right answer, {STEP.format_weight} for the format",
        f"정답이면 {STEP.accuracy_weight:g}, 형식을 지키면 {STEP.format_weight}",
    ),
    ("short_run.intro", *{10.0: ("for ten seconds", "10초 동안")}[UNSEEN_SECONDS]),
]


@pytest.mark.parametrize(("key", "english", "korean"), SETTINGS)
def test_settings_that_stand_in_a_text_are_those_of_the_code(
    key: str, english: str, korean: str
) -> None:
    for language, said in zip(LANGUAGES, (english, korean), strict=True):
        assert said in str(texts(language)[key])
