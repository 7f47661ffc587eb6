"""The curves of a GRPO run: accuracy, length, outcomes, self-checks; and samples of its replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.core.asking import contestants
from app.core.assets import published
from app.core.errors import in_words
from app.core.texts import question_language, t
from app.pages.training import training_runs
from app.pages.training.checkpoint_names import missing
from app.pages.training.curves import figures
from app.pages.training.figures import shares_by_step
from app.pages.training.question import TASK_NAMES
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from app.ui.url_choice import url_choice
from model.tasks.check import judge
from model.tasks.scope import problem_of

CURVE_TASKS = (*TASK_NAMES, "all")  # whose curves can be shown
DOTS = 25  # steps whose samples the first curve shows: those of all would weigh 100 KB


def samples_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """A step's logged replies to questions in the viewer's language; all if there are none."""
    samples: list[dict[str, Any]] = entry.get("samples", [])
    return [one for one in samples if in_viewers_language(one["question"])] or samples


def in_viewers_language(text: str) -> bool:
    hangul = any("\uac00" <= character <= "\ud7a3" for character in text)
    return hangul == (question_language() == "ko")


def sample_text(entry: dict[str, Any], task: str) -> str:
    """A step's samples for a hover box; long replies are cut: they are shown in full below."""
    shown = [
        f"{figures.plain_text(s['question'])}<br>{'✓' if s['right'] else '✗'} "
        f"{figures.plain_text(s['reply'])}"
        for s in shown_of(entry, task) or samples_of(entry)
    ]
    return "<br>".join(shown)


def task_name(task: str) -> str:
    return t("curves.all" if task == "all" else f"question.kind_{task}")


def sentences(task: str, curves: training_runs.Curves, entries: list[dict[str, Any]]) -> None:
    """Say what changed from the first steps to the last, in this run's own numbers.

    The share in the format is logged for both tasks together only.
    """
    values: dict[str, object] = {"task": task_name(task)}
    for key in ("accuracy", "length", "checks"):
        first, last = training_runs.ends(getattr(curves, key))
        form = "{:.0f}" if key == "length" else "{:.1%}"
        values |= {f"{key}_first": form.format(first), f"{key}_last": form.format(last)}
    first, last = training_runs.ends([entry["format"] for entry in entries])
    values |= {"format_first": f"{first:.1%}", "format_last": f"{last:.1%}"}
    n = min(training_runs.ENDS, max(1, len(entries) // 2))
    st.markdown(t("curves.say" if task == "all" else "curves.say_task", n=n, **values))


def overlay(measure: str) -> list[figures.Overlay]:
    """The paper's curves of a measure, if the viewer wants them."""
    if not st.session_state.get("t_overlay"):
        return []
    x_title = t("curves.paper_steps")
    if measure == "length":
        names = {"length": t("curves.paper_length")}
    else:
        names = {"pass@1": t("curves.paper_pass"), "cons@16": t("curves.paper_cons")}
    return [
        figures.Overlay(
            name, *published.curve(key), x_title, t(f"curves.paper_{measure}_y"), key != "length"
        )
        for key, name in names.items()
    ]


def charts(
    name: str, curves: training_runs.Curves, entries: list[dict[str, Any]], task: str
) -> None:
    """Four charts, two by two where there is room; without the shares, the last has its own row.

    The shares are logged for both tasks together only. The first chart shows real replies on hover.
    """
    shares = task == "all"
    places = range(0, len(entries), max(1, len(entries) // DOTS))
    samples = {place: sample_text(entries[place], task) for place in places}
    left, right = st.columns(2)
    below = right if shares else st.container()
    for column, measure in ((left, "accuracy"), (right, "length"), (below, "checks")):
        values = getattr(curves, measure)
        first, last = training_runs.ends(values)
        percent = measure != "length"
        form = "{:.1%}" if percent else "{:.0f}"
        with column:
            st.markdown(f"**{t(f'curves.curve_{measure}')}**")
            chart(
                drawn_once(
                    figures.curve,
                    curves.step,
                    values,
                    training_runs.smooth(values),
                    {
                        "ours": contestants.NAMES[name],
                        "x": t("training.step_axis"),
                        "y": t(f"curves.axis_{measure}"),
                    },
                    percent=percent,
                    samples=samples if measure == "accuracy" else {},
                    overlay=overlay(measure) if measure != "checks" else (),
                ),
                key=f"t_{measure}",
                alt=t(
                    "training.curve_alt",
                    title=t(f"curves.curve_{measure}"),
                    first=form.format(first),
                    last=form.format(last),
                ),
            )
    if not shares:
        return
    with left:
        st.markdown(f"**{t('curves.curve_shares')}**")
        parts = {
            "right": training_runs.smooth(curves.accuracy),
            "format": training_runs.smooth(curves.only_format),
            "wrong": training_runs.smooth(curves.wrong),
        }
        words = {key: t(f"curves.share_{key}") for key in parts}
        axes = {"x": t("training.step_axis"), "y": t("training.axis_shares")}
        chart(
            drawn_once(figures.shares, curves.step, parts, words | axes),
            key="t_shares",
            alt=t("curves.shares_alt", **{k: f"{v[-1]:.0%}" for k, v in parts.items()}),
        )


def habits(entries: list[dict[str, Any]]) -> None:
    """How reliable checks are, and keeping to one language; logged for both tasks together only."""
    found: dict[str, Mapping[str, Sequence[float | None]]] = {
        "verdicts": training_runs.knowing(entries) or {},
        "language": training_runs.languages(entries),
    }
    drawn = {key: lines for key, lines in found.items() if lines}
    steps = [entry["step"] for entry in entries]
    for column, (key, lines) in zip(st.columns(2), drawn.items(), strict=False):
        with column:
            title = t(f"curves.curve_{key}")
            st.markdown(f"**{title}**")
            words = {line: t(f"curves.line_{line}") for line in lines}
            axes = {"x": t("training.step_axis"), "y": t(f"curves.axis_{key}")}
            told = [share for share in next(iter(lines.values())) if share is not None] or [0.0]
            alt = {"title": title, "first": f"{told[0]:.0%}", "last": f"{told[-1]:.0%}"}
            chart(
                drawn_once(shares_by_step, steps, lines, steps[-1], words | axes),
                key=f"t_{key}_curve",
                alt=t("training.curve_alt", **alt),
            )
            st.caption(t(f"curves.reading_of_{key}"))


def shown_of(entry: dict[str, Any], task: str) -> list[dict[str, Any]]:
    """A step's samples for questions of one task in the viewer's language."""
    return [
        one
        for one in entry.get("samples", [])
        if in_viewers_language(one["question"]) and task in ("all", one["task"])
    ]


def checks_itself(sample: dict[str, Any]) -> bool:
    """Whether a reply says ok or no about a value of its own."""
    problem = problem_of(sample["question"])
    return problem is not None and bool(judge(problem, sample["reply"]).verdicts)


def telling_step(entries: list[dict[str, Any]], task: str) -> int:
    """The last step with a reply that is right and checks itself; failing that, right or any."""

    def tells(entry: dict[str, Any]) -> tuple[bool, bool, bool]:
        found = shown_of(entry, task)
        right = [one for one in found if one["right"]]
        return any(map(checks_itself, right)), bool(right), bool(found)

    best = max(entries, key=lambda entry: (*tells(entry), entry["step"]))
    return int(best["step"])


def samples_of_a_step(name: str, task: str) -> None:
    """Draw a real reply from the beginning of the run beside those of a later step, in full."""
    entries = {entry["step"]: entry for entry in training_runs.log(name)}
    steps = list(entries)
    early = next((step for step in steps if shown_of(entries[step], task)), steps[0])
    at = url_choice(
        t("curves.samples_step"),
        steps,
        f"t_step_{name}_{task}",
        str,
        default=telling_step([*entries.values()], task),
        url="t_reply_step",
        drawn="slider",
    )
    for column, step in zip(st.columns(2), (early, at), strict=True):
        with column:
            st.markdown(f"**{t('curves.samples_of', step=step)}**")
            samples = shown_of(entries[step], task) or samples_of(entries[step])
            for sample in samples:
                with st.container(border=True):
                    st.text(f"{sample['question']}  →  {sample['answer']}")
                    st.text(sample["reply"])
                    verdict = "right" if sample["right"] else "wrong"
                    st.caption(t(f"curves.sample_{verdict}", reward=f"{sample['reward']:g}"))
    if not shown_of(entries[at], task):
        st.caption(t("curves.samples_other"))


def room() -> None:
    """Draw the room."""
    st.header(t("curves.title"))
    found = training_runs.reinforced()
    if "r1-zero" not in found:
        missing("r1-zero")
    if not found:
        st.markdown(t("curves.will_be"))
        return
    first, first_task = training_runs.telling({one: training_runs.log(one) for one in found})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = url_choice(
            t("curves.run"), found, "t_run", lambda one: contestants.NAMES[one], default=first
        )
        task = url_choice(
            t("curves.task"), CURVE_TASKS, "t_curve_task", task_name, default=first_task
        )
        st.toggle(
            t("curves.overlay"),
            key="t_overlay",
            bind="query-params",
            help=t("curves.overlay_help", source=t("curves.digitised")),
        )
    entries = training_runs.log(name)
    curves = training_runs.curves(
        entries if task == "all" else training_runs.of_task(entries, task)
    )
    sentences(task, curves, entries)
    charts(name, curves, entries, task)
    habits(entries)
    st.markdown(f"{t('curves.intro')} {t('curves.task_help')}")
    status(name, entries)
    st.caption(t("curves.reading", n=training_runs.window_of(len(entries))))
    if st.session_state.get("t_overlay"):
        st.caption(t("curves.overlay_reading", source=t("curves.digitised")))
    st.subheader(t("curves.samples_title"))
    st.fragment(in_words()(samples_of_a_step))(name, task)
    plain = ("by_task", "samples", "verdicts")
    folded_table(
        lambda: [{k: v for k, v in entry.items() if k not in plain} for entry in entries],
        "curves",
        of=t("training.table_steps"),
        models=name,
    )


def status(name: str, entries: list[dict[str, Any]]) -> None:
    """Say how large the run was, or that it is still in progress."""
    ended = training_runs.summary(name)
    if ended is None:
        st.badge(t("curves.going_on", n=entries[-1]["step"]))
        return
    settings = ended["run"]
    replies = settings["questions"] * settings["group"]
    st.caption(
        t(
            "curves.run_of",
            start=contestants.NAMES.get(ended["from"], ended["from"]),
            steps=entries[-1]["step"],
            questions=settings["questions"],
            group=settings["group"],
            replies=replies,
            minutes=f"{ended['minutes']:.0f}",
            seed=settings["seed"],
            date=training_runs.finished(name),
        )
    )
