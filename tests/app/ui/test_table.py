"""Tables of numbers are folded away, and made only when unfolded."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.ui.table import file_name, verbatim, whose
from tests.app.looking import unfolded

APP = Path(__file__).parents[3] / "app"


def page() -> None:
    import streamlit as st

    from app.ui.table import folded_table

    def rows() -> list[dict[str, int]]:
        st.session_state.computed = st.session_state.get("computed", 0) + 1
        return [{"tokens": 1}, {"tokens": 1024}]

    folded_table(rows, "computed")
    folded_table([{"bytes": 7}], "given")


def test_only_what_is_folded_is_a_grid() -> None:
    """Grids are drawn on a canvas: what everyone reads is a table of the page itself."""
    drawn = [path for path in APP.rglob("*.py") if "st.dataframe(" in path.read_text("utf-8")]
    assert {*drawn} == {APP / "ui" / "table.py", APP / "pages" / "experts" / "run" / "room.py"}


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('"a*b*"', '` "a*b*" `'),
        ('"a|b"', r'` "a\|b" `'),
        ('"`"', '`` "`" ``'),
        ('"``` `"', '```` "``` `" ````'),
    ],
)
def test_a_models_text_in_a_cell_is_code(text: str, cell: str) -> None:
    assert verbatim(text) == cell


def test_a_table_is_made_when_it_is_unfolded() -> None:
    at = AppTest.from_function(page, default_timeout=60).run()
    assert len(at.expander) == 2
    assert not at.dataframe and "computed" not in at.session_state
    unfolded(at)
    assert [one.value.to_dict("list") for one in at.dataframe] == [
        {"tokens": [1, 1024]},
        {"bytes": [7]},
    ]
    assert at.session_state.computed == 1
    assert not at.exception


def test_a_file_says_what_is_in_it_and_whose_numbers_these_are() -> None:
    assert file_name("experts-load", "r1-zero", "csv") == "inside-r1-experts-load-r1-zero.csv"
    of = whose("base-mla", None, "layer", 0)
    assert file_name("cache-kept", of, "csv") == "inside-r1-cache-kept-base-mla-layer-0.csv"
    assert file_name("time-machine", "", "json") == "inside-r1-time-machine.json"
