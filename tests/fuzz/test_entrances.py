"""A short form of every fuzz run; `python -m tests.fuzz` has the long one."""

from __future__ import annotations

import importlib
import random
from unittest import mock

import pytest

from tests.fuzz import links
from tests.fuzz.__main__ import ENTRANCES

#: Cases of each entrance: some in every run, and some more where all is run.
FEW = {"links": 4, "widgets": 10, "checkpoints": 0}
MORE = {"links": 40, "widgets": 100, "checkpoints": 150}


def run(entrance: str, first: int, count: int) -> None:
    case = importlib.import_module(f"tests.fuzz.{entrance}").case
    for seed in range(first, first + count):
        case(random.Random(seed))


@pytest.mark.slow
@pytest.mark.parametrize("entrance", [one for one in ENTRANCES if FEW.get(one, 1)])
def test_nothing_gets_through_that_should_not(entrance: str) -> None:
    run(entrance, 10**6, FEW.get(entrance, 60))


@pytest.mark.sweep
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_nothing_gets_through_in_many_cases(entrance: str) -> None:
    run(entrance, 2 * 10**6, MORE.get(entrance, 600))


VALUES = ("inf", "", *(pytest.param(one, marks=pytest.mark.slow) for one in links.WRONG[2::4]))


@pytest.mark.slow
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("page", links.PAGES)
def test_every_key_of_a_page_may_have_any_value(page: str, value: str) -> None:
    """All of them at once."""
    with links.nothing_computed():
        at = links.opened(page, {key: [value] for key in links.url_keys()})
    assert not at.exception and at.title


@pytest.mark.parametrize("page", links.PAGES)
def test_a_page_opens_under_every_odd_key(page: str) -> None:
    """All keys at once, none of which belongs to a field."""
    with links.nothing_computed():
        at = links.opened(page, {key: ["1"] for key in links.ODD_KEYS})
    assert not at.exception and at.title


def test_the_keys_of_links_are_found() -> None:
    """They include the keys of the links that broke in November, for every kind of field."""
    assert {
        *("seed", "t", "q", "e_seed", "e_tokens", "c_seed", "c_batch", "c_gpus"),
        *("c_context", "r_seed", "r_target", "t_number", "t_seed", "c_dtype", "c_gpu", "c_kind"),
        *("c_weights", "c_layer", "e_balance_layer", "room", "pin", "lang", "t_part", "r_models"),
    } <= set(links.url_keys())


def test_a_fault_is_told_with_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.fuzz import __main__ as command

    module = mock.Mock(case=mock.Mock(side_effect=[None, ValueError("broken"), None]))
    with (
        mock.patch("sys.argv", ["fuzz", "prompts", "--count", "3", "--seed", "5"]),
        mock.patch("importlib.import_module", return_value=module),
    ):
        assert command.main() == 1
    out, err = capsys.readouterr()
    assert "seed 6" in err and "broken" in err and "prompts: 3 cases, 1 fault, " in out
