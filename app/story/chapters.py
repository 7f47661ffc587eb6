"""The chapters of the story: their figures, what to try next, and the numbers in their texts.

All measurements of our own runs are read from assets; the texts contain none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from app.core.assets import evaluations, models
from app.core.pass_and_cons import Point
from app.core.texts import t
from app.pages.experts.balance import runs as balance_runs
from app.pages.training import training_runs
from model.analysis import parameter_count
from model.nn.config import AttentionKind
from model.tasks import chain

UNKNOWN = "–"  # for runs that were not evaluated
SEPARATOR = "|"  # between the screens of a talk, in its link


@dataclass(frozen=True)
class Chapter:
    """A chapter: its texts `story.title_NAME` etc., an exported figure, and a view to try.

    `page` and `query` are that view; `values` fills the placeholders of the text.
    """

    name: str
    figure: str  # one of `app.export.figures.NAMES`
    page: str
    values: Callable[[], Mapping[str, object]]
    query: Mapping[str, str] = field(default_factory=dict)
    then: tuple[str, ...] = ()  # figures below the first

    @property
    def title(self) -> str:
        return t(f"story.title_{self.name}")

    @property
    def short(self) -> str:
        """The short title, for a button."""
        return t(f"story.short_{self.name}")

    @property
    def idea(self) -> str:
        """The chapter in one sentence."""
        return t(f"story.idea_{self.name}")

    @property
    def to_try(self) -> str:
        return t(f"story.try_{self.name}")

    @property
    def sources(self) -> str:
        """Paper and section, in Markdown."""
        return t(f"story.sources_{self.name}")

    def text(self) -> str:
        """The chapter's paragraph, with the numbers of our runs filled in.

        Raises:
            DamagedFileError: if a run that it quotes is missing.
        """
        return t(f"story.text_{self.name}", **self.values())


def percent(share: float | None) -> str:
    """A share in percent, with the tenths that the figure beside it shows; a dash for None."""
    return UNKNOWN if share is None else f"{share:.1%}"


def solved(name: str, level: int | None = None) -> float | None:
    """A model's pass@1 on held-out chains; None if it was not evaluated.

    By default at the level that was evaluated with many replies.
    """
    if level is not None:
        typical = evaluations.typical(name, chain.NAME, level)
        return None if typical is None else typical.right
    found = evaluations.of_model(name)
    return None if found is None else evaluations.by_k(found, chain.NAME, "pass@k")[0].value


def _likeliest(name: str) -> float | None:
    """As `solved`, with the most likely token each time."""
    found = evaluations.of_model(name)
    return None if found is None else evaluations.greedy(found, chain.NAME).value


def _trained(name: str) -> training_runs.Curves:
    """The training curves of chains for a model trained with reinforcement learning."""
    return training_runs.needed(name, chain.NAME)


def _budgets(name: str) -> list[Point]:
    """Shares of chains solved under increasing budgets of thinking tokens."""
    return evaluations.by_budget(evaluations.needed(name), chain.NAME)


def _votes(name: str) -> list[Point]:
    """cons@k of chains."""
    return evaluations.by_k(evaluations.needed(name), chain.NAME, "cons@k")


def _in_language(name: str) -> float | None:
    """The share of words in a model's thinking that are in the question's language."""
    found = evaluations.of_model(name)
    return None if found is None else found["many"][chain.NAME]["language"]["value"]


def _o1() -> Mapping[str, object]:
    first, last = training_runs.ends(_trained("r1-zero").accuracy)
    cuts = _budgets("r1-zero")
    votes = _votes("base")
    return {
        "first": percent(first),
        "last": percent(last),
        "least": cuts[0].k,
        "low": percent(cuts[0].value),
        "most": cuts[-1].k,
        "high": percent(cuts[-1].value),
        "votes": votes[-1].k,
        "base_one": percent(votes[0].value),
        "base_many": percent(votes[-1].value),
    }


def _moe() -> Mapping[str, object]:
    config = models.config("base")
    counted = parameter_count.count(config)
    return {
        "experts": config["n_routed_experts"],
        "k": config["num_experts_per_tok"],
        "active": counted.active_head_only,
        "total": counted.total,
    }


def _balance() -> Mapping[str, object]:
    runs = {name.split("-")[1]: balance_runs.run(name) for name in balance_runs.RUNS}
    steps = next(iter(runs.values())).steps[-1]
    return {"steps": steps} | {balanced: f"{run.max_vio[-1]:.2f}" for balanced, run in runs.items()}


def _cache() -> Mapping[str, object]:
    per_token = {
        kind: models.heldout_results(n)["bytes_per_token"] for n, kind in models.twins().items()
    }
    return {
        kind.lower(): f"{per_token[kind]:,}"
        for kind in get_args(AttentionKind)
        if kind in per_token
    }


def _zero() -> Mapping[str, object]:
    curves = _trained("r1-zero")
    first, last = training_runs.ends(curves.accuracy)
    short, long = training_runs.ends(curves.length)
    return {
        "steps": curves.step[-1],
        "first": percent(first),
        "last": percent(last),
        "short": round(short),
        "long": round(long),
        "early": training_runs.mostly_by(curves),
    }


def _pipeline() -> Mapping[str, object]:
    stages = ("zero", "dev1", "dev2", "dev3")
    return {stage: percent(solved(f"r1-{stage}")) for stage in stages} | {
        "r1": percent(solved("r1")),
        "zero_language": percent(_in_language("r1-zero")),
        "r1_language": percent(_in_language("r1")),
    }


def _rlhf() -> Mapping[str, object]:
    names = {"base": "base", "sft": "sft-only", "zero": "r1-zero"}
    return {key: percent(solved(name)) for key, name in names.items()}


def _distil() -> Mapping[str, object]:
    names = {"student": "student-base", "rl": "student-rl"}
    names |= {"distilled": "distilled", "control": "distilled-control"}
    return {key: percent(solved(name)) for key, name in names.items()} | {
        f"likeliest_{key}": percent(_likeliest(names[key])) for key in ("distilled", "control")
    }


def _results() -> Mapping[str, object]:
    practised = training_runs.practised("r1-zero", chain.NAME)
    low, high = min(practised), max(practised)
    return {
        "low": low,
        "high": high,
        "near": percent(solved("r1-zero", low)),
        "far": percent(solved("r1-zero", high)),
    }


CHAPTERS = (
    Chapter("o1", "compute", "reasoning", _o1, {"room": "samples"}),
    Chapter("moe", "routing", "experts", _moe),
    Chapter("balance", "balance", "experts", _balance, {"room": "balance"}),
    Chapter("cache", "kv-bytes", "cache", _cache),
    Chapter("zero", "grpo-group", "training", _zero, {"room": "grpo_step"}, ("r1-zero-accuracy",)),
    Chapter("pipeline", "pipeline", "training", _pipeline, {"room": "pipeline"}),
    Chapter("rlhf", "taught", "reasoning", _rlhf, {"r_models": "base,sft-only,r1-zero"}),
    Chapter(
        "distil", "distillation", "reasoning", _distil, {"r_models": "r1,student-rl,distilled"}
    ),
    Chapter("results", "published", "reasoning", _results, {"r_expr": "64+12*7-35+18*3"}),
)
BY_NAME = {chapter.name: chapter for chapter in CHAPTERS}
