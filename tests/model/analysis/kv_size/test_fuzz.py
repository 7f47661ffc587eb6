"""Some of the configs that `python -m tests.fuzz configs` makes, and new names by hypothesis."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.analysis.kv_size import ConfigError, cache_spec
from model.analysis.kv_size.harmless import HARMLESS
from model.analysis.kv_size.names import by_words, words
from tests.configs import GQA
from tests.fuzz import configs


@pytest.mark.parametrize("seed", range(0, 400, 100))
def test_random_configs(seed: int) -> None:
    for number in range(seed, seed + 100):
        configs.case(random.Random(number))


parts = st.lists(
    st.sampled_from(configs.SUBJECTS + configs.OTHERS), min_size=1, max_size=4, unique=True
)
values = st.integers(2, 64) | st.lists(st.integers(0, 3), min_size=4, max_size=4) | st.just(True)


@settings(deadline=None)
@given(parts, values, st.sampled_from(["llama", "novel", None]))
def test_what_speaks_of_the_cache_is_never_passed_over(
    name_parts: list[str], value: object, family: str | None
) -> None:
    name = "_".join(name_parts)
    if (
        name in HARMLESS
        or name in configs.KNOWN
        or by_words(name)
        or not set(words(name)) & set(configs.SUBJECTS)
    ):
        return
    plain = GQA if family is None else {**GQA, "model_type": family}
    try:
        spec = cache_spec({**plain, name: value})
    except ConfigError as error:
        assert name in str(error)
        return
    assert name in "\n".join(map(str, spec.notes))
