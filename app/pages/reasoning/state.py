"""The Reasoning page's question and runs: requested, running or on screen.

Session: the slot `RUN`; "r_page_lang", the language of the page when it was last drawn.
URL: the inputs (`RUN_KEYS`); a link that has one is run as soon as it is opened.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import streamlit as st

from app.core import links
from app.core.asking import contestants, judged_reply, prompts
from app.core.asking.questions import MAX_TOKENS, ParsedPrompt, worded
from app.core.errors import Faults, InputError
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.core.texts import question_language, t
from app.ui import sampling
from model.record.trace import Trace
from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import TEMPLATE, Language, Problem
from model.tasks.scope import expression_of

RUN = PromptSlot("reasoning")
KINDS = (chain.NAME, pick.NAME, "free")
LANGUAGES: tuple[Language, ...] = ("en", "ko")
RUN_KEYS = (
    *("r_kind", "r_expr", "r_numbers", "r_count", "r_target", "r_text"),
    *("r_lang", "r_models", "r_t", "r_seed"),
)
DEFAULT_LEVEL = 3
MAX_VALUE = 999_999_999  # the largest that the checker parses


def open_page() -> None:
    """Set a new session's defaults, and read fields that are not bound to the URL from it.

    Their options are in the viewer's language, which a bound widget would put into the URL.
    """
    state, url = st.session_state, st.query_params
    links.note_inputs("reasoning", RUN_KEYS)
    if state.get("r_kind") not in KINDS:
        state.r_kind = url["r_kind"] if url.get("r_kind") in KINDS else KINDS[0]
    here = question_language()
    if state.get("r_lang") not in LANGUAGES:
        state.r_lang = url["r_lang"] if url.get("r_lang") in LANGUAGES else here
    elif state.r_lang == state.get("r_page_lang") != here:
        state.r_lang = here  # the viewer changed the page's language: the question's changes too
    state.r_page_lang = here
    if "r_level" not in state:
        state.r_level = DEFAULT_LEVEL
    if "r_models_first" not in state:
        # once: an interrupted run drops the widget's state, and the URL may have changed by then
        asked = url.get("r_models", "").split(",")
        found = [name for name in dict.fromkeys(asked) if name in contestants.contestants()]
        state.r_models_first = found[: contestants.MOST] or contestants.at_first()
    if "r_models" not in state:
        state.r_models = list(state.r_models_first)
    state.r_models = state.r_models[: contestants.MOST]  # the field's limit is the browser's


def to_url() -> None:
    """Write the unbound fields to the URL where they differ from the defaults.

    A link with a question has its language, too: whoever opens it may use another.
    """
    state = st.session_state
    asked = any(key in st.query_params for key in RUN_KEYS if key != "r_lang")
    values = {
        "r_kind": (state.r_kind, KINDS[0]),
        "r_lang": (chosen_language(), None if asked else question_language()),
        "r_models": (",".join(state.r_models), ",".join(contestants.at_first())),
    }
    for key, (value, default) in values.items():
        if value != default:
            st.query_params[key] = value
        elif key in st.query_params:
            del st.query_params[key]


# --- The question ------------------------------------------------------------------------------


def chosen_language() -> Language:
    """The question's language; the page's where there is no field for it, as for free text."""
    found: Language = st.session_state.get("r_lang") or question_language()
    return found


def default_chain() -> str:
    """The expression of the recorded answers."""
    return judged_reply.read(recorded()[0]).problem.key


def recorded() -> tuple[Trace, ...]:
    """The recorded answers that the page opens with, to a question in its language."""
    return judged_reply.recorded(question_language())


@functools.cache
def default_pick() -> tuple[str, int, int]:
    """The numbers, count to pick and target of the first held-out problem of seed 0."""
    problem = next(problems(pick.NAME, DEFAULT_LEVEL, 0, "heldout", "en"))
    numbers, count, target = pick.read_question(problem)
    return ",".join(map(str, numbers)), count, target


def typed() -> None:
    """Draw a seed for a question that the viewer typed, unless they chose the seed as well."""
    if st.session_state.r_seed in (0, st.session_state.get("r_seed_drawn")):
        _draw_seed()


def _draw_seed() -> None:
    st.session_state.r_seed = st.session_state.r_seed_drawn = sampling.drawn_seed()


def another_kind() -> None:
    """Draw a question of the kind just chosen; why one of another kind was refused is history."""
    RUN.forgive()
    another()


def another() -> None:
    """Draw a seed, which determines problem and answers, and put seed and problem into the fields.

    The problem is the seed's first held-out one for the chosen task and level.
    """
    state = st.session_state
    if state.r_kind not in TASKS:
        return
    _draw_seed()
    levels = TASKS[state.r_kind].LEVELS
    level = state.r_level if state.get("r_level") in levels else DEFAULT_LEVEL
    problem = next(problems(state.r_kind, level, state.r_seed, "heldout", chosen_language()))
    if problem.task == chain.NAME:
        state.r_expr = problem.key
    else:
        numbers, count, target = pick.read_question(problem)
        state.r_numbers = ",".join(map(str, numbers))
        state.r_count, state.r_target = count, target


def question() -> Problem:
    """The question in the fields; of level 0 if it cannot be checked.

    Raises:
        InputError: if the fields make no question. A field that the browser has not sent yet,
            as when its kind was chosen a moment ago, counts as empty.
    """
    state = st.session_state
    if (state.r_kind or KINDS[0]) == chain.NAME:
        return own_chain(state.get("r_expr") or "", chosen_language())
    if state.r_kind == pick.NAME:
        return own_pick(
            state.get("r_numbers") or "",
            state.get("r_count"),
            state.get("r_target"),
            chosen_language(),
        )
    text = worded(prompts.checked(state.get("r_text") or ""), question_language())
    return judged_reply.question_of(ParsedPrompt(text, "", free=False))


def own_chain(typed: str, language: Language) -> Problem:
    """The problem of evaluating a typed expression.

    Raises:
        InputError: if it is not a flat expression of +, - and *, or a value is out of range.
    """
    expression = expression_of(typed)
    if expression is None:
        raise InputError(t("reasoning.bad_expression", example=default_chain()))
    for step in chain.solve(expression):
        if abs(step.value) > MAX_VALUE:
            raise InputError(t("reasoning.out_of_range", step=step.write(), limit=f"{MAX_VALUE:,}"))
    return chain.pose(expression, language)


def own_pick(typed: str, count: int | None, target: int | None, language: Language) -> Problem:
    """The problem of picking `count` of the typed numbers that sum to `target`.

    Raises:
        InputError: if a number is repeated, no level has this shape, or there is no solution.
    """
    parts = [part for part in re.split(r"[,\s]+", typed.strip()) if part]
    if count is None or target is None:
        raise InputError(t("reasoning.number_missing"))
    if not parts or not all(re.fullmatch(r"[0-9]{1,3}", part) for part in parts):
        raise InputError(t("reasoning.bad_numbers"))
    numbers = [int(part) for part in parts]
    if len(set(numbers)) < len(numbers):
        raise InputError(t("reasoning.same_numbers"))
    if (count, len(numbers)) not in pick.SHAPES.values():
        shapes = ", ".join(f"{k}/{n}" for k, n in pick.SHAPES.values())
        raise InputError(t("reasoning.bad_shape", shapes=shapes))
    try:
        return pick.pose(numbers, target, count, language)
    except ValueError:
        raise InputError(t("reasoning.no_solution", k=count, target=target)) from None


# --- The run -----------------------------------------------------------------------------------


def chosen() -> list[contestants.Contestant]:
    """The chosen contestants.

    Raises:
        InputError: if there are none.
    """
    known = contestants.contestants()
    found = [known[name] for name in st.session_state.r_models if name in known]
    if not found:
        raise InputError(t("reasoning.nobody"))
    return found[: contestants.MOST]


def prompt_for(one: contestants.Contestant, problem: Problem) -> str:
    """A contestant's exact prompt.

    Raises:
        InputError: if it does not fit the model's context.
    """
    prompt = TEMPLATE.format(question=problem.question) + one.begin(problem)
    return prompts.fitting(prompt, one.model)


def start() -> None:
    """Run the current inputs; the last result is shown until there is a new one."""
    faults = Faults()
    with faults:
        problem = question()
    with faults:
        temperature, seed = sampling.chosen(("r_t", "r_seed"))
    with faults:
        asked = chosen()
    try:
        faults.tell()
        wanted = [
            PromptRun(one.model, prompt_for(one, problem), MAX_TOKENS, temperature, seed)
            for one in asked
        ]
    except InputError as error:
        RUN.refuse(error)
        return
    RUN.run(wanted)


def ask() -> None:
    """Run the inputs, and clear the step chosen in the answers on screen."""
    st.query_params.pop("r_step", None)
    start()


def ask_another() -> None:
    """Draw a seed and run the problem that it determines."""
    another()
    ask()


def show_recorded() -> None:
    """Discard the viewer's own answers."""
    st.query_params.pop("r_step", None)
    RUN.forget()


def picked_of_url(shown: Sequence[Trace]) -> tuple[int, int] | None:
    """The step chosen in the URL, as the index of its answer and of its mark there."""
    found = re.fullmatch(r"([1-9])\.(\d{1,4})", st.query_params.get("r_step", ""))
    if found is None or int(found[1]) > len(shown):
        return None
    column, number = int(found[1]) - 1, int(found[2])
    judged = judged_reply.read(shown[column])
    if not 1 <= number <= len(judged.steps):
        return None
    return column, judged.marks.index(judged.steps[number - 1])


def choose_step(shown: Sequence[Trace], chosen: tuple[int, int] | None) -> None:
    """Choose a step in the session and in the URL (?r_step=2.5)."""
    state = st.session_state
    if chosen is None:
        if RUN.running is None:  # else it may be a step of the coming answers
            st.query_params.pop("r_step", None)
        state.r_pick = None
        return
    column, mark = chosen
    judged = judged_reply.read(shown[column])
    state.r_pick = (shown[column].id, mark)
    said = f"{column + 1}.{judged.steps.index(judged.marks[mark]) + 1}"
    if st.query_params.get("r_step") != said:
        st.query_params["r_step"] = said


def on_screen() -> tuple[list[Trace], str]:
    """The traces to draw, and whether they are "recorded" or "live"."""
    live = RUN.traces()
    return (list(live), "live") if live else (list(recorded()), "recorded")
