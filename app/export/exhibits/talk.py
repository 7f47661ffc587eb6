"""Exhibits with one message each, for a talk: thinking, stages, two ways to train."""

from __future__ import annotations

from app.core.asking import contestants
from app.core.assets import evaluations, published
from app.core.texts import t
from app.export.exhibit import Drawn
from app.export.exhibits import figures
from app.export.exhibits.pipeline import TASK, result
from app.pages.reasoning import figures as reasoning

THINKERS = ("base", "r1-zero")
STAGES = ("r1-zero", "r1-dev1", "r1-dev2", "r1-dev3", "r1")
TAUGHT = ("base", "sft-only", "r1-zero")
CHECKING = "#56B4E9"


def thinking() -> Drawn:
    """Accuracy against the budget of thinking tokens, before and after reinforcement learning."""
    cuts = {name: evaluations.by_budget(evaluations.needed(name), TASK) for name in THINKERS}
    lines = [
        reasoning.ContestantCurve(
            name,
            contestants.NAMES[name],
            *([getattr(cut, part) for cut in found] for part in ("k", "value", "low", "high")),
        )
        for name, found in cuts.items()
    ]
    labels = {
        "x": t("figures.compute_test_x"),
        "y": t("figures.axis_right", level=evaluations.level(evaluations.needed("base"), TASK)),
        "hover": "%{x}: %{y:.1%}",
    }
    ticks = sorted({cut.k for found in cuts.values() for cut in found})
    ends = {name.replace("-", "_"): f"{found[-1].value:.0%}" for name, found in cuts.items()}
    return Drawn(
        content=reasoning.curves(lines, ticks, labels, doubling=False),
        rows=[
            {t("figures.column_model"): contestants.NAMES[name], labels["x"]: cut.k}
            | {labels["y"]: cut.value}
            | {t("figures.column_low"): cut.low, t("figures.column_high"): cut.high}
            for name, found in cuts.items()
            for cut in found
        ],
        takeaway=t("figures.takeaway_thinking", most=ticks[-1], **ends),
        source=t(
            "figures.source_training",
            models=", ".join(contestants.NAMES[name] for name in cuts),
            date=evaluations.date(*cuts),
            paper=published.o1().source,
        ),
        state={"room": "thinking", "r_models": ",".join(THINKERS)},
    )


def stages() -> Drawn:
    """The results of each stage, here and in the paper."""
    names = [contestants.NAMES[name] for name in STAGES]
    ours = [one.value if (one := result(name)) else None for name in STAGES]
    theirs = [
        round(aime / 100, 4) if (aime := published.stage(name).get("aime")) else None
        for name in STAGES
    ]
    groups = [
        figures.BarGroup(t("figures.stages_ours"), ours, figures.OURS),
        figures.BarGroup(t("figures.stages_paper"), theirs, figures.PAPERS, "/"),
    ]
    said = {name.removeprefix("r1-"): aime for name, aime in zip(STAGES, theirs, strict=True)}
    return Drawn(
        content=figures.grouped(names, groups, {"x": t("figures.column_right")}, 420),
        rows=figures.group_rows(t("figures.column_model"), names, groups),
        takeaway=t(
            "figures.takeaway_stages",
            **{key: f"{said[key]:.1%}" for key in ("zero", "dev1", "r1")},
        ),
        source=t(
            "figures.source_training",
            models=", ".join(names),
            date=evaluations.date(*STAGES),
            paper=t("figures.paper_aime"),
        ),
        state={"room": "pipeline"},
    )


def taught() -> Drawn:
    """One base model, fine-tuned on bare answers or trained with rule-based rewards."""
    names = [contestants.NAMES[name] for name in TAUGHT]
    many = [evaluations.needed(name)["many"][TASK] for name in TAUGHT]
    right = [one["pass@k"]["1"]["value"] for one in many]
    checks = [one["checks"]["value"] for one in many]
    groups = [
        figures.BarGroup(t("figures.taught_right"), right, figures.OURS),
        figures.BarGroup(t("figures.taught_checks"), checks, CHECKING, "/"),
    ]
    shares = [f"{value:.1%}" for value in right]
    return Drawn(
        content=figures.grouped(names, groups, {"x": t("figures.taught_axis")}, 340),
        rows=figures.group_rows(t("figures.column_model"), names, groups),
        takeaway=t("figures.takeaway_taught", base=shares[0], answers=shares[1], zero=shares[2]),
        source=t(
            "figures.source_training",
            models=", ".join(names),
            date=evaluations.date(*TAUGHT),
            paper=t("figures.of_section", paper=published.source("v1"), number="2.2.2"),
        ),
        state={"room": "rlhf"},
    )
