"""Exhibits about R1's pipeline, distillation, and the results in the papers."""

from __future__ import annotations

from app.core.asking import contestants
from app.core.assets import evaluations, published
from app.core.texts import t
from app.export.exhibit import Drawn
from app.export.exhibits import figures
from app.pages.training import training_runs

TASK = "chain"
AGAIN = "base-again"  # base again, as the start of a second fine-tuning
#: Column and row of each stage, its initial checkpoint, and its teacher.
PLACES: dict[str, tuple[int, int, str, str]] = {
    "base": (0, 0, "", ""),
    "r1-zero": (1, 0, "base", ""),
    "r1-dev1": (0, 1, "base", ""),
    "r1-dev2": (1, 1, "r1-dev1", ""),
    AGAIN: (0, 2, "", ""),
    "r1-dev3": (1, 2, AGAIN, "r1-dev2"),
    "r1": (1, 3, "r1-dev3", ""),
    "student-base": (0, 4, "", ""),
    "distilled": (1, 4, "student-base", "r1"),
}
STAGES = [name for name in PLACES if name != AGAIN]
OTHERS = "others"  # the published table that compares R1 with other models
STUDENTS = ("student-base", "student-rl", "distilled-control", "distilled", "r1")
BENCHMARKS = ("AIME 2024", "MATH-500", "GPQA-Diamond", "LiveCodeBench", "SWE Verified", "MMLU")
MODELS = {
    "DeepSeek-R1": (figures.PAPERS, ""),
    "o1-1217": (figures.OTHERS, "/"),
    "DeepSeek-V3": ("#56B4E9", "x"),
}


def result(name: str) -> training_runs.SolvedShare | None:
    """A model's result on held-out problems of `TASK`; None if it was not evaluated."""
    made = training_runs.trained(name)
    return next((one for one in made.results if one.task == TASK), None) if made else None


def named(name: str) -> str:
    """The label of a card."""
    return t("figures.base_again") if name == AGAIN else contestants.NAMES[name]


def pipeline() -> Drawn:
    """The training of R1-Zero and R1, with the results of each stage here and in the paper."""
    stages, rows = [], []
    for name, (column, row, after, teacher) in PLACES.items():
        does = t(f"figures.does_{name.replace('-', '_')}")
        ours, aime = (
            (None, None) if name == AGAIN else (result(name), published.stage(name).get("aime"))
        )
        stages.append(
            figures.PipelineStage(
                name=named(name),
                column=column,
                row=row,
                does=does,
                ours=t("figures.stage_ours", value=f"{ours.value:.1%}") if ours else "",
                paper=t("figures.stage_paper", value=f"{aime:.1f}%") if aime else "",
                after=named(after) if after else "",
                taught_by=named(teacher) if teacher else "",
            )
        )
        if name != AGAIN:
            rows.append(
                {t("figures.column_model"): contestants.NAMES[name]}
                | {t("figures.column_does"): does}
                | {t("figures.column_ours"): ours.value if ours else None}
                | {t("figures.column_aime"): aime}
            )
    dev1, zero = published.stage("r1-dev1")["aime"], published.stage("r1-zero")["aime"]
    return Drawn(
        content=figures.pipeline(stages),
        rows=rows,
        takeaway=t(
            "figures.takeaway_pipeline",
            zero=f"{zero:.1f}%",
            dev1=f"{dev1:.1f}%",
            r1=f"{published.stage('r1')['aime']:.1f}%",
        ),
        source=t(
            "figures.source_training",
            models=", ".join(contestants.NAMES[name] for name in STAGES),
            date=evaluations.date(*STAGES),
            paper=t("figures.paper_aime"),
        ),
        state={"room": "pipeline"},
    )


def distillation() -> Drawn:
    """A small student trained with reinforcement learning, and on its teacher's traces."""
    found = {name: one for name in STUDENTS if (one := result(name)) is not None}
    names = [contestants.NAMES[name] for name in found]
    level = evaluations.level(evaluations.needed("distilled"), TASK)
    group = figures.BarGroup(
        t("figures.stage_here", level=level),
        [one.value for one in found.values()],
        figures.OURS,
        low=[one.low for one in found.values()],
        high=[one.high for one in found.values()],
    )
    theirs = {row[0]: row[1] for row in published.table("against").rows}
    axis = t("figures.axis_right", level=level)
    shares = {name: f"{one.value:.1%}" for name, one in found.items()}
    return Drawn(
        content=figures.grouped(names, [group], {"x": axis}, 340),
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
            date=evaluations.date(*found),
            paper=t("figures.of_table", paper=published.source("v1"), number=6),
        ),
        state={"room": "distil"},
    )


def results() -> Drawn:
    """The paper's results for R1, o1 and V3; none are our own."""
    table = published.table(OTHERS)
    records = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    groups = [
        figures.BarGroup(
            model,
            [_share(records[name][model]) for name in BENCHMARKS],
            colour,
            pattern,
        )
        for model, (colour, pattern) in MODELS.items()
    ]
    aime = records["AIME 2024"]
    return Drawn(
        content=figures.grouped(BENCHMARKS, groups, {"x": t("figures.axis_published")}, 520),
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
        source=t(
            "figures.source_published",
            paper=t("figures.of_table", paper=table.sources[0], number=4),
        ),
        state={"room": "results"},
    )


def _share(percent: object) -> float | None:
    return percent / 100 if isinstance(percent, float) else None
