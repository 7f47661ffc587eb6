"""What is typed into a number field that is no number does not change it. The walk by Tab is in
`test_axe.py`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests.browser.chromium import visit

pytestmark = pytest.mark.browser
T = texts("en")


def test_a_number_field_keeps_its_number(page: Page) -> None:
    visit(page, "cache", lang="en", c_seed="7")
    field = page.get_by_role("spinbutton", name=T["common.seed"])
    for typed, leave, kept in (
        ("", "Enter", "7"),
        ("abc", "Tab", "7"),
        ("12", "Enter", "12"),
        ("-", "Enter", "12"),
    ):
        field.press("Control+a")
        field.press("Delete")
        page.keyboard.type(typed)
        field.press(leave)
        expect(field).to_have_value(kept)
        expect(page).to_have_url(re.compile(rf"c_seed={kept}\b"))
