"""Links with invalid values: the nearest view is shown, and the viewer is told once."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.core import links
from app.core.texts import LANGUAGES, translated
from tests.fuzz.links import nothing_computed, opened

ROOMY = ("experts", "cache", "reasoning", "training", "story")  # pages with rooms


def told(at: AppTest) -> list[str]:
    return [toast.value for toast in at.toast]


def word(names: str, language: str = "en") -> str:
    return translated(language, "common.link_mended", names=names)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("start", {"seed": "inf"}),
        ("start", {"seed": "1e400"}),
        ("start", {"seed": "9" * 30}),
        ("start", {"t": "nan"}),
        ("start", {"q": "In the beginning", "free": "true"}),
        ("start", {"q": "What is 12+30?", "begin": "<think>"}),
        ("experts", {"room": "interventions", "e_no_shared": "perhaps"}),
        *((page, {"room": "cellar"}) for page in ROOMY),
        ("experts", {"e_model": "gpt-5"}),
        ("experts", {"e_layer": "first"}),
        ("cache", {"c_seed": ""}),
        ("reasoning", {"r_kind": "riddle"}),
        ("reasoning", {"r_models": "base,nobody"}),
        ("training", {"room": "time", "t_number": "inf"}),
    ],
)
def test_what_a_page_does_not_have_is_told(page: str, query: dict[str, str]) -> None:
    with nothing_computed():
        at = opened(page, {key: [value] for key, value in query.items()})
        assert not at.exception
        key = [*query][-1]
        assert told(at) == [word(f"`{key}`")]
        assert not told(at.run())  # once


@pytest.mark.slow
@pytest.mark.parametrize(("key", "former"), links.FORMER_VALUES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_former_value_the_nearest_is_shown_and_told(
    key: str, former: str, language: str
) -> None:
    with nothing_computed():
        at = opened("cache" if key == "c_kind" else "experts", {key: [former]}, language)
        assert not at.exception
        assert at.session_state[key] == links.FORMER_VALUES[key, former]
        assert at.query_params[key] == links.FORMER_VALUES[key, former]
        assert told(at) == [word(f"`{key}`", language)]
        assert not told(at.run())


def test_no_value_of_a_field_may_be_infinite() -> None:
    with nothing_computed():
        assert not opened("cache", {"c_seed": ["word", "-1", "Infinity"]}).exception


@pytest.mark.slow
@pytest.mark.parametrize("key", ["c_dtype", "c_gpu", "c_weights", "c_layer", "c_kind"])
@pytest.mark.parametrize("value", ["", "inf", "nonsense"])
def test_a_control_that_a_link_leaves_empty_has_its_first_value(key: str, value: str) -> None:
    with nothing_computed():
        rooms = {"c_layer": "latent", "c_kind": "attention_kinds"}
        at = opened("cache", {key: [value], "room": [rooms.get(key, "kv_size")]})
        assert not at.exception


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_the_viewers_language(language: str) -> None:
    at = opened("start", {"seed": ["inf"]}, language)
    assert told(at) == [word("`seed`", language)]
    assert at.number_input(key="seed").value is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("start", {}),
        ("start", {"seed": "5", "t": "0.5", "q": "What is 12+30?"}),
        ("start", {"q": "What is 12+30?", "free": "false", "begin": ""}),
        ("start", {"utm_source": "post"}),
        ("start", {"kiosk": "1"}),
        ("start", {"": "1"}),
        ("start", {"$$ID-x": "1", "$$ID-x-None": "nan"}),
        ("reasoning", {"": "1", "$$ID-0-r_kind": ""}),
        ("experts", {"room": "balance"}),
        ("experts", {"e_temperature": "0.5", "e_seed": "07"}),
        ("reasoning", {"r_kind": "pick", "r_models": "base"}),
        ("training", {"t_part": "time", "t_number": "3"}),
    ],
)
def test_nothing_is_told_of_a_link_that_is_right(page: str, query: dict[str, str]) -> None:
    with nothing_computed():
        at = opened(page, {key: [value] for key, value in query.items()})
        assert not at.exception and told(at) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "query", "now"),
    [
        (
            "experts",
            {"room": "expert", "e_card_layer": "3", "e_card_expert": "7"},
            {"room": "one_expert", "e_one_layer": 3, "e_one_expert": 7},
        ),
        (
            "experts",
            {"room": "one_expert", "e_one_layer": "3", "e_card_layer": "2"},
            {"e_one_layer": 3},
        ),
        ("cache", {"room": "decoding", "c_ways_model": "base-mla"}, {"c_paths_model": "base-mla"}),
        ("training", {"t_part": "tables"}, {"room": "published"}),
    ],
)
def test_keys_of_older_links_are_followed(
    page: str, query: dict[str, str], now: dict[str, str | int]
) -> None:
    with nothing_computed():
        at = opened(page, {key: [value] for key, value in query.items()})
        assert not at.exception and told(at) == []
        for key, value in now.items():
            held = at.query_params[key] if key == "room" else at.session_state[key]
            assert held in (value, [value])
        assert not {*links.FORMER_KEYS} & {*at.query_params}


@pytest.mark.slow
def test_a_former_key_with_a_wrong_value_is_told_by_its_name_of_today() -> None:
    with nothing_computed():
        at = opened("experts", {"room": ["one_expert"], "e_card_expert": ["inf"]})
        assert told(at) == [word("`e_one_expert`")]
