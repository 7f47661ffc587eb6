"""Exhibits of R1's pipeline, of distillation, and of what the papers report."""

from __future__ import annotations

from app.core import contestants, evaluations, published
from app.core.texts import t
from app.export import drawn
from app.export.exhibit import Drawn
from app.pages.training import training_runs

TASK = "chain"
AIME = "AIME 2024: Nature 645, 633–638, table 2; arXiv 2501.12948 v1, table 6"
#: Column and row of each stage, what it is trained on from, and who teaches it.
PLACES: dict[str, tuple[float, int, tuple[str, ...], str]] = {
    "base": (0, 0, (), ""),
    "r1-zero": (1, 0, ("base",), ""),
    "r1-dev1": (0, 1, ("base",), ""),
    "r1-dev2": (1, 1, ("r1-dev1",), ""),
    "r1-dev3": (1, 2, ("r1-dev2",), ""),
    "r1": (0, 2, ("r1-dev3",), ""),
    "distilled": (0, 3, (), "r1"),
}
STUDENTS = ("student-base", "student-rl", "distilled-control", "distilled", "r1")
BENCHMARKS = ("AIME 2024", "MATH-500", "GPQA-Diamond", "LiveCodeBench", "SWE Verified", "MMLU")
MODELS = {
    "DeepSeek-R1": (drawn.PAPERS, ""),
    "o1-1217": (drawn.OTHERS, "/"),
    "DeepSeek-V3": ("#56B4E9", "x"),
}


def result(name: str) -> training_runs.Result | None:
    """What a model reaches on held-out problems of `TASK`; None if it was not measured."""
    made = training_runs.trained(name)
    return next((one for one in made.results if one.task == TASK), None) if made else None


def pipeline() -> Drawn:
    """How R1-Zero and R1 are made, with what each stage reached here and in the paper."""
    stages, rows = [], []
    for name, (column, row, after, teacher) in PLACES.items():
        key = name.replace("-", "_")
        ours, aime = result(name), published.stage(name).get("aime")
        stages.append(
            drawn.Stage(
                name=contestants.NAMES[name],
                column=column,
                row=row,
                does=t(f"figures.does_{key}"),
                ours=t("figures.stage_ours", value=f"{ours.value:.1%}") if ours else "",
                paper=t("figures.stage_paper", value=f"{aime:.1f}%") if aime else "",
                after=tuple(contestants.NAMES[one] for one in after),
                taught_by=contestants.NAMES[teacher] if teacher else "",
            )
        )
        rows.append(
            {t("figures.column_model"): contestants.NAMES[name]}
            | {t("figures.column_does"): t(f"figures.does_{key}")}
            | {t("figures.column_ours"): ours.value if ours else None}
            | {t("figures.column_aime"): aime}
        )
    dev1, zero = published.stage("r1-dev1")["aime"], published.stage("r1-zero")["aime"]
    return Drawn(
        content=drawn.pipeline(stages),
        rows=rows,
        takeaway=t(
            "figures.takeaway_pipeline",
            zero=f"{zero:.1f}%",
            dev1=f"{dev1:.1f}%",
            r1=f"{published.stage('r1')['aime']:.1f}%",
        ),
        source=t(
            "figures.source_training",
            models=", ".join(contestants.NAMES[name] for name in PLACES),
            date=_measured("r1"),
            paper=AIME,
        ),
        state={"room": "pipeline"},
    )


def _measured(name: str) -> str:
    found = evaluations.of(name)
    return "" if found is None else str(found["date"])


def distillation() -> Drawn:
    """A small student by reinforcement, and by its teacher's traces."""
    found = {name: one for name in STUDENTS if (one := result(name)) is not None}
    names = [contestants.NAMES[name] for name in found]
    group = drawn.Group(
        t("figures.stage_here"),
        [one.value for one in found.values()],
        drawn.OURS,
        low=[one.low for one in found.values()],
        high=[one.high for one in found.values()],
    )
    theirs = {row[0]: row[1] for row in published.table("against").rows}
    axis = t("figures.axis_right")
    shares = {name: f"{one.value:.1%}" for name, one in found.items()}
    return Drawn(
        content=drawn.grouped(names, [group], {"x": axis}, 340),
        rows=[
            {t("figures.column_model"): contestants.NAMES[name], axis: one.value}
            | {t("figures.column_low"): one.low, t("figures.column_high"): one.high}
            for name, one in found.items()
        ],
        takeaway=t(
            "figures.takeaway_distillation",
            rl=shares.get("student-rl", "–"),
            distilled=shares.get("distilled", "–"),
            control=shares.get("distilled-control", "–"),
            paper_rl=f"{theirs['R1-Zero-Qwen-32B']:.1f}%",
            paper_distilled=f"{theirs['R1-Distill-Qwen-32B']:.1f}%",
        ),
        source=t(
            "figures.source_training",
            models=", ".join(names),
            date=_measured("distilled"),
            paper=f"{published.source('v1')}, table 6",
        ),
        state={"room": "pipeline"},
    )


def results() -> Drawn:
    """What the paper reports of R1 beside o1 and V3; none of it ours."""
    table = published.table("others")
    records = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    groups = [
        drawn.Group(
            model,
            [_share(records[name][model]) for name in BENCHMARKS],
            colour,
            pattern,
        )
        for model, (colour, pattern) in MODELS.items()
    ]
    aime = records["AIME 2024"]
    return Drawn(
        content=drawn.grouped(BENCHMARKS, groups, {"x": t("figures.axis_published")}, 520),
        rows=[
            {t("figures.column_benchmark"): name} | {one: records[name][one] for one in MODELS}
            for name in BENCHMARKS
        ],
        takeaway=t(
            "figures.takeaway_published",
            r1=f"{aime['DeepSeek-R1']}%",
            o1=f"{aime['o1-1217']}%",
            v3=f"{aime['DeepSeek-V3']}%",
        ),
        source=t("figures.source_published", paper=f"{table.sources[0]}, table 4"),
        state={"room": "tables"},
    )


def _share(percent: object) -> float | None:
    return percent / 100 if isinstance(percent, float) else None
