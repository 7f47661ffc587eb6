"""Links with any value under any key of any page: never an error page, always the nearest view.

The keys are read from the source, so that a new field is tried by itself; some are no page's.
"""

from __future__ import annotations

import functools
import random
import re
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

from streamlit.testing.v1 import AppTest

from app.core import pages
from app.core.running import generation
from tests.app.runs import Failing

APP = Path(__file__).parents[2] / "app"
SCRIPTS = {name: APP / page.script for name, page in pages.PAGES.items()}
PAGES = tuple(SCRIPTS)
#: Keys that are put together, or are read from the URL without a field.
OTHERS = (
    *("room", "pin", "lang", "e_layer", "e_rl_pin", "e_balance_layer", "c_layer", "c_token"),
    *("present", "screen", "screens", "kiosk", "free", "begin"),
)
#: Keys that no page has: none at all, Streamlit's own, the session's, what is hardly text.
ODD_KEYS = (
    *("", " ", "$$ID-x", "$$ID-x-None", "$$ID-0-seed", "$$WIDGET_ID-x", "$$STREAMLIT_INTERNAL_KEY"),
    *("embed", "embed_options", "link_asked", "link_refused", "__proto__", "seed[]", "SEED"),
    *("\x00", "\u202e", "한국어", "a" * 3000, "=", "&", "<b>x</b>", "../../etc", "None", "0", "-1"),
)
WRONG = (
    *("inf", "-inf", "Infinity", "1e400", "nan", "NaN", "", "-1", "0", "-0.0", "1e308", "1e-320"),
    *("9" * 30, "9" * 5000, "0x10", "1_000", "٣", "１２", "1,5", " 7 ", "None", "true", "false"),
    *("[]", "[1,2]", "{}", "null", "\x00", "\u202e", "\ud7ff", "🙂" * 40, "한국어", "<b>x</b>"),
    *("../../etc", "=1+1", "'", '"', "%s%n", "a" * 3000, "2024-01-01", "12:00", "\n", "\\"),
    *("a,b,,c", "base", "1"),
)  # fmt: skip


@functools.cache
def url_keys() -> tuple[str, ...]:
    """Every key that a link may have, as found in the source."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(APP.rglob("*.py")))
    bound = re.findall(r'key="(\w+)",(?:[^()]|\([^()]*\))*?bind="query-params"', source)
    named = re.findall(r'"((?:e|c|r|t)_[a-z_]+|seed|q|t)"', source)
    return tuple(sorted({*bound, *named, *OTHERS}))


def value(rng: random.Random) -> str:
    if rng.random() < 0.8:
        return rng.choice(WRONG)
    return "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(12)))


def odd_key(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(ODD_KEYS)
    return rng.choice(("", "$$", "$$ID-")) + value(rng)


def opened(page: str, query: dict[str, list[str]], language: str = "en") -> AppTest:
    """Open a page by a link."""
    at = AppTest.from_file(str(APP / "navigation.py"), default_timeout=120)
    at.query_params["lang"] = language
    for key, values in query.items():
        at.query_params[key] = values
    if page != "start":
        at.switch_page(SCRIPTS[page].relative_to(APP).as_posix())
    return at.run()


def nothing_computed() -> AbstractContextManager[object]:
    """Make all requested work fail at once, since this tests pages, not models."""
    return mock.patch.object(generation, "scheduler", lambda: Failing(ValueError("not now")))


def case(rng: random.Random) -> None:
    page = rng.choice(PAGES)
    chosen = rng.sample(url_keys(), rng.choice((1, 1, 2, 4, 12)))
    if rng.random() < 0.3:
        chosen += {odd_key(rng) for _ in range(rng.choice((1, 2, 4)))}
    query = {key: [value(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))] for key in chosen}
    with nothing_computed():
        at = opened(page, query)
    assert not at.exception, (page, query, [one.message for one in at.exception])
    assert at.title, (page, query)
