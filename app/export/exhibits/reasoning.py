"""Exhibits about reasoning: more compute, replies side by side, reinforcement learning."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from app.core.asking import contestants, judged_reply
from app.core.assets import evaluations, published
from app.core.running import lab_runs
from app.core.texts import question_language, t
from app.export.exhibit import Drawn, ShownReplies
from app.export.exhibits import figures
from app.pages.training import training_runs
from app.pages.training.curves import figures as curve_figures
from app.pages.training.grpo_step import figures as grpo_step_figures
from model.record.trace import Trace

ZERO = "r1-zero"
TASK = "chain"  # the kind of problem that takes thinking


def _source(name: str, paper: str) -> str:
    model, date = contestants.NAMES[name], evaluations.date(name)
    return t("figures.source_run", model=model, date=date, paper=paper)


def compute() -> Drawn:
    """o1's two curves compared with ours: compute in training, and in thinking."""
    curves = training_runs.needed(ZERO, TASK)
    smooth = training_runs.smooth(curves.accuracy)
    cuts = evaluations.by_budget(evaluations.needed(ZERO), TASK)
    thinking = figures.MeasuredLine(
        *([getattr(cut, part) for cut in cuts] for part in ("k", "value", "low", "high"))
    )
    keys = ("o1_train", "o1_test", "train", "test", "o1_x", "train_x", "test_x", "o1_y", "y")
    labels = {key: t(f"figures.compute_{key}") for key in keys}
    training = figures.MeasuredLine(curves.step, smooth)
    first, last = training_runs.ends(curves.accuracy)
    return Drawn(
        content=figures.compute(training, thinking, labels),
        rows=[
            {t("figures.column_compute"): labels[name], t("figures.column_amount"): x}
            | {t("figures.column_right"): value}
            for name, line in (("train_x", training), ("test_x", thinking))
            for x, value in zip(line.x, line.value, strict=True)
        ],
        takeaway=t(
            "figures.takeaway_compute",
            first=f"{first:.0%}",
            last=f"{last:.0%}",
            steps=curves.step[-1],
            low=f"{cuts[0].value:.0%}",
            high=f"{cuts[-1].value:.0%}",
            least=cuts[0].k,
            most=cuts[-1].k,
        ),
        source=_source(ZERO, published.o1().source),
        state={"room": "o1"},
    )


def accuracy() -> Drawn:
    """R1-Zero's accuracy over training steps, with the paper's curve on separate axes."""
    return _curve("accuracy", ("pass@1", "cons@16"), "{:.0%}".format)


def length() -> Drawn:
    """R1-Zero's reply length over training steps, with the paper's curve on separate axes."""
    return _curve("length", ("length",), round)


def _curve(measure: str, theirs: tuple[str, ...], said: Callable[[float], str | int]) -> Drawn:
    curves = training_runs.needed(ZERO, TASK)
    values, steps = getattr(curves, measure), curves.step
    smooth = training_runs.smooth(values)
    percent = measure == "accuracy"
    overlay = [
        curve_figures.Overlay(
            t(f"figures.paper_{key.replace('@', '_')}"),
            *published.curve(key),
            t("figures.axis_paper_steps"),
            t(f"figures.axis_paper_{measure}"),
            percent,
        )
        for key in theirs
    ]
    axis = t(f"figures.axis_{measure}")
    labels = {"ours": contestants.NAMES[ZERO], "x": t("figures.axis_rl_step"), "y": axis}
    first, last = training_runs.ends(values)
    return Drawn(
        content=curve_figures.curve(
            steps, values, smooth, labels, percent=percent, overlay=overlay
        ),
        rows=[
            {t("figures.column_curve"): name, labels["x"]: step}
            | {axis: value, t("figures.column_mean"): mean}
            for name, *points in (
                (contestants.NAMES[ZERO], steps, values, smooth),
                *((one.name, one.step, one.value, [None] * len(one.step)) for one in overlay),
            )
            for step, value, mean in zip(*points, strict=True)
        ],
        takeaway=t(
            f"figures.takeaway_r1_zero_{measure}",
            first=said(first),
            last=said(last),
            steps=steps[-1],
            early=training_runs.mostly_by(curves),
            paper_first=said(published.curve(theirs[0])[1][0]),
            paper_last=said(published.curve(theirs[0])[1][-1]),
        ),
        source=_source(ZERO, published.curves_source()),
        state={"room": "curves", "t_overlay": "true", "t_run": ZERO, "t_curve_task": TASK},
    )


def group() -> Drawn:
    """A recorded group of replies to one question: their rewards and GRPO advantages."""
    outcome, date = lab_runs.recorded(f"grpo-step-{question_language()}")
    drawn_replies = outcome.last("update")["replies"]
    rewards = [reply["reward"] for reply in drawn_replies]
    mean = statistics.fmean(rewards)
    labels = {"x": t("figures.axis_group"), "y": t("figures.axis_reward")}
    labels |= {"mean": t("figures.group_mean", mean=f"{mean:.2f}")}
    labels |= {"hover": t("figures.hover_group"), "advantage": t("figures.group_advantage")}
    content = grpo_step_figures.group(
        rewards, mean, [one["advantage"] for one in drawn_replies], labels
    )
    content.update_traces(
        customdata=[curve_figures.plain_text(one["text"]) for one in drawn_replies]
    )
    return Drawn(
        content=content,
        rows=[
            {labels["x"]: number, t("figures.column_text"): one["text"]}
            | {labels["y"]: one["reward"], t("figures.column_advantage"): one["advantage"]}
            for number, one in enumerate(drawn_replies, 1)
        ],
        takeaway=t(
            "figures.takeaway_grpo_group",
            question=outcome.problem.question,
            n=len(rewards),
            right=sum(one["correct"] for one in drawn_replies),
            mean=f"{mean:.2f}",
        ),
        source=t(
            "figures.source_run",
            model=contestants.NAMES[outcome.request["model"]],
            date=date,
            paper=t("figures.paper_grpo"),
        ),
        state={"room": "grpo_step"},
    )


def replies() -> Drawn:
    """The recorded replies of four models to one question, with every step checked."""
    traces = judged_reply.recorded(question_language())
    judged_replies = [judged_reply.read(trace) for trace in traces]
    steps = sum(len(judged.steps) for judged in judged_replies)
    right = sum(bool(step.right) for judged in judged_replies for step in judged.steps)
    solved = sum(bool(judged.correct) for judged in judged_replies)
    return Drawn(
        content=ShownReplies(traces, _strips(traces, judged_replies)),
        rows=judged_reply.rows(traces),
        takeaway=t(
            "figures.takeaway_replies",
            question=judged_replies[0].asked.text,
            solved=solved,
            models=len(traces),
            right=right,
            n=steps,
        ),
        source=t(
            "figures.source_replies",
            models=", ".join(contestants.NAMES[trace.card.name] for trace in traces),
            date=traces[0].info.date,
            seed=traces[0].info.seed,
        ),
    )


def _strips(
    traces: Sequence[Trace], judged_replies: Sequence[judged_reply.JudgedReply]
) -> go.Figure:
    rows = [
        figures.ReplyRow(
            contestants.NAMES[trace.card.name],
            len(trace) - judged.start,
            [
                figures.MarkedStep(
                    step.first, step.last - step.first + 1, bool(step.right), _said(step)
                )
                for step in judged.steps
            ],
            _verdict(judged),
        )
        for trace, judged in zip(traces, judged_replies, strict=True)
    ]
    labels = {"x": t("figures.axis_reply"), "right": t("figures.step_right")}
    return figures.strips(rows, labels | {"wrong": t("figures.step_wrong")})


def _said(step: judged_reply.Mark) -> str:
    if step.right:
        return f"✓ {step.text}"
    return t("figures.step_wrong_value", step=step.text, value=step.value)


def _verdict(judged: judged_reply.JudgedReply) -> str:
    if judged.answer is None:
        return t("figures.answer_none")
    return t(f"figures.answer_{'right' if judged.correct else 'wrong'}", answer=judged.answer)
