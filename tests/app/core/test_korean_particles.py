"""Korean particles fit the word before them."""

from __future__ import annotations

import re

import pytest

from app.core import korean_particles
from app.core.texts import texts, translated
from tests.app.words import forms

SAID = {  # a word → as it is said with (은/는, 으로/로)
    "모델": ("은", "로"),
    "구조": ("는", "로"),
    "선택": ("은", "으로"),
    "12": ("는", "로"),
    "0.18": ("은", "로"),
    "1,000": ("은", "으로"),
    "47*6": ("은", "으로"),
    "2+2=4": ("는", "로"),
    "Qwen": ("은", "으로"),
    "R1": ("은", "로"),
    "MLA": ("는", "로"),
    "layer": ("는", "로"),
    "R": ("은", "로"),
    "model": ("은", "로"),
    "`layer_types`": ("는", "로"),
    "MLA(Qwen)": ("는", "로"),
    "20%": ("는", "로"),
    "…": ("는", "로"),
    "": ("는", "로"),
}


@pytest.mark.parametrize("word", SAID)
def test_a_particle_fits_its_word(word: str) -> None:
    said = tuple(korean_particles.joined(word, written) for written in ("은(는)", "(으)로"))
    assert said == SAID[word]


def test_brackets_and_quotes_of_the_text_stand_between() -> None:
    assert korean_particles.joined("MLA(Qwen", ")이(가) 큽니다") == ")가 큽니다"
    assert korean_particles.joined("“선택", "”을(를) 고릅니다") == "”을 고릅니다"


def test_what_is_filled_in_stays_as_it_is() -> None:
    said = translated("ko", "training.missing", name="은(는)")
    assert said.startswith("은(는)은 ")


def test_every_text_that_has_two_forms_has_them_where_one_is_chosen() -> None:
    """Both forms occur only right after a placeholder, or its closing brackets and quotes; never in
    texts for JavaScript, which does not support particles."""
    both = "|".join(map(re.escape, korean_particles.FORMS))
    found = {
        key: form
        for key, text in texts("ko").items()
        for form in forms(text)
        if re.search(both, form)
    }
    assert found
    for key, form in found.items():
        assert not re.search(rf"[^)}}”’`*]\s*(?:{both})", form), key
        assert not key.startswith(("share_view.", "trace_view.", "reasoning_view.")), key
