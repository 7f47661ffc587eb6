"""All exported figures, by name: for the story, for embeds, for files.

    shown = figure("kv-bytes", "ko")
    shown.title, shown.takeaway, shown.source  # in Korean
    shown.content  # a plotly figure, a run for `trace_view`, or replies for `reasoning_view`

Numbers come from assets only; nothing here needs a session, a browser or the network. `FIGURES` has
what is known about a figure without drawing it, since a menu lists them all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.core import numbers
from app.core.assets import models
from app.core.assets.files import DamagedFileError
from app.core.texts import question_language, speaking, t
from app.export.exhibit import Drawn, Exhibit
from app.export.exhibits import cache, experts, pipeline, reasoning, talk
from app.pages.experts.balance.runs import RUNS as BALANCE
from model import ASSETS

PUBLISHED = "reference/published.json"
#: Minimum widths of embeds in px, for the wide, middle and narrow picture (see `standalone`).
FRAMES = (672, 480, 340)


@dataclass(frozen=True)
class FigureEntry:
    """A figure that is not drawn yet."""

    make: Callable[[], Drawn]
    page: str  # that it is taken from, and that its full view opens
    paper: str  # key of `app.export.cite`: the paper whose idea is shown
    heights: tuple[int, int, int]  # px of embeds of these minimum widths, in any language
    needs: Callable[[], Iterable[str]]  # files of assets that it is drawn from
    words: Mapping[str, int] = field(default_factory=dict)  # numbers in its title
    about: str = ""  # another page whose own figure it is as well

    def files(self) -> list[Path]:
        return [ASSETS / file for file in self.needs()]


def _files(*names: str) -> Callable[[], Iterable[str]]:
    return lambda: names


def _measured(*models: str) -> Callable[[], Iterable[str]]:
    """The files of models' evaluations, and of published figures."""
    return lambda: [*(f"runs/{name}/evaluation.json" for name in models), PUBLISHED]


def _results(names: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    return lambda: [f"runs/{name}/heldout.json" for name in names()]


def _replies() -> list[str]:
    return [f"samples/reasoning-{question_language()}.json"]


def _run() -> list[str]:
    asked_in = question_language()
    return ["samples/experts.json" if asked_in == "en" else f"samples/experts-{asked_in}.json"]


def _group() -> list[str]:
    return [f"samples/grpo-step-{question_language()}.json"]


_ZEROS = _files("runs/r1-zero/log.jsonl", "runs/r1-zero/evaluation.json", PUBLISHED)
_TWINS = _results(models.twins)
_R1, _NATURE = "deepseek-r1", "deepseek-r1-nature"
FIGURES: Mapping[str, FigureEntry] = {
    "compute": FigureEntry(reasoning.compute, "story", "o1", (730, 780, 850), _ZEROS),
    "routing": FigureEntry(experts.routing, "experts", "deepseek-v3", (1230, 1650, 1890), _run),
    "expert-load": FigureEntry(experts.load, "experts", "deepseek-v3", (630, 650, 670), _run),
    "balance": FigureEntry(
        experts.balance,
        "experts",
        "loss-free-balancing",
        (510, 530, 590),
        _results(lambda: BALANCE),
    ),
    "kv-bytes": FigureEntry(
        *(cache.twins, "story", "deepseek-v2", (570, 590, 680), _TWINS), about="cache"
    ),
    "kv-bytes-v3": FigureEntry(
        *(cache.v3, "cache", "deepseek-v2", (510, 550, 610), _files("reference/kv_configs.json")),
        words={"tokens": cache.CONTEXT},
    ),
    "kv-loss": FigureEntry(cache.loss, "cache", "deepseek-v2", (590, 610, 730), _TWINS),
    "r1-zero-accuracy": FigureEntry(reasoning.accuracy, "training", _R1, (560, 590, 690), _ZEROS),
    "r1-zero-length": FigureEntry(reasoning.length, "training", _R1, (570, 580, 670), _ZEROS),
    "grpo-group": FigureEntry(reasoning.group, "training", _R1, (480, 540, 580), _group),
    "replies": FigureEntry(reasoning.replies, "reasoning", _R1, (1380, 2240, 2510), _replies),
    "pipeline": FigureEntry(
        pipeline.pipeline, "story", _NATURE, (830, 870, 930), _files(PUBLISHED)
    ),
    "distillation": FigureEntry(
        pipeline.distillation, "story", _R1, (560, 620, 700), _measured("distilled")
    ),
    "published": FigureEntry(pipeline.results, "story", _R1, (690, 710, 730), _files(PUBLISHED)),
    "thinking": FigureEntry(
        talk.thinking, "reasoning", "o1", (550, 590, 650), _measured(*talk.THINKERS)
    ),
    "stages": FigureEntry(talk.stages, "training", _NATURE, (610, 630, 690), _files(PUBLISHED)),
    "taught": FigureEntry(talk.taught, "story", _R1, (530, 530, 620), _measured(*talk.TAUGHT)),
}
NAMES = tuple(FIGURES)


@functools.lru_cache(maxsize=64)
def figure(name: str, language: str) -> Exhibit:
    """One of the figures in `NAMES`, in one of the languages of `app.core.texts`.

    It is cached and shared by all viewers: do not modify it.

    Raises:
        KeyError: if there is no such figure.
        DamagedFileError: if a file that it is drawn from is missing, empty or damaged.
    """
    known = FIGURES[name]
    with speaking(language):
        for path in known.files():
            if not _there(path):
                raise DamagedFileError(path)
        drawn = known.make()
        said = vars(drawn) | {"rows": [_short(row) for row in drawn.rows]}
        return Exhibit(name=name, title=title(name), page=known.page, paper=known.paper, **said)


def _short(row: Mapping[str, object]) -> dict[str, object]:
    """A row with its floats rounded (see `numbers.short`)."""
    return {
        key: numbers.short(value) if isinstance(value, float) else value
        for key, value in row.items()
    }


def title(name: str) -> str:
    """The title of a figure, in the viewer's language."""
    return t(f"figures.title_{name.replace('-', '_')}", **FIGURES[name].words)


def offered() -> list[str]:
    """The names of the figures whose files are available."""
    return [name for name, known in FIGURES.items() if _ready(known)]


def _ready(known: FigureEntry) -> bool:
    try:
        return all(map(_there, known.files()))
    except DamagedFileError:  # a file that lists its files is damaged
        return False


def _there(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
