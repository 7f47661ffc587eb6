"""Training: opening rooms, a GRPO step, the time machine, and a run that is watched and stopped."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from app.pages.training import training_runs
from tests.app.rooms import ROOMS
from tests.browser import saved
from tests.browser.chromium import visit

pytestmark = pytest.mark.browser

T = texts("en")


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key}").get_by_role("button").click()


def test_every_room_opens_and_the_link_leads_back_to_it(page: Page) -> None:
    visit(page, "training")
    for room in ROOMS["training"][1:]:
        page.get_by_role("radio", name=T[f"training.room_{room}"], exact=True).click()
        title = page.get_by_role("heading", name=T[f"{room}.title"])
        expect(title).to_be_visible()
        expect(page).to_have_url(re.compile(f"room={room}"))
    page.reload()
    expect(page.get_by_role("heading", name=T["published.title"])).to_be_visible()


def test_published_tables_name_their_source_and_versions(page: Page) -> None:
    visit(page, "training", room="published")
    expect(page.get_by_role("cell", name="DeepSeek-R1-Zero").first).to_be_visible()
    expect(page.get_by_text("Nature 645")).to_be_visible()
    expect(page.get_by_text("71.0 (after about 8,400 steps)")).to_be_visible()


def test_the_pipeline_names_every_model(page: Page) -> None:
    visit(page, "training", room="pipeline")
    for name in ("R1-Zero", "R1 Dev1", "R1", "Distilled", "SFT only"):
        expect(page.locator(".stage .name").get_by_text(name, exact=True).first).to_be_visible()


def test_one_step_shows_which_tokens_moved(page: Page) -> None:
    visit(page, "training", room="grpo_step", t_level="2")
    expect(page.get_by_text(re.compile("^Recorded on .* a step from base"))).to_be_visible()
    press(page, "t_start_grpo_step")
    live = page.get_by_text(re.compile("^Computed live from base"))
    expect(live).to_be_visible(timeout=180_000)
    expect(page.locator(".update-view .card")).to_have_count(8)
    token = page.locator(".update-view .card .tok").first
    expect(token).to_have_attribute("title", re.compile(r"%.*→.*%"))
    expect(page.locator(".st-key-t_group").get_by_role("figure")).to_be_visible()
    button = page.locator(".update-view button.save")
    saved.png_size(saved.picture(page, button, "changed-tokens", "PNG"))
    said = saved.svg_words(saved.picture(page, button, "changed-tokens", "SVG"))
    assert T["update_view.title"] in said
    assert T["grpo_step.reply"].format(number=8) in said


def test_checkpoints_answer_the_same_question(page: Page) -> None:
    visit(page, "training", room="time_machine", t_level="2")
    expect(page.get_by_text(re.compile("^Recorded replies"))).to_be_visible()
    press(page, "t_start_time_machine")
    expect(page.get_by_text(re.compile("^Live replies"))).to_be_visible(timeout=180_000)
    expect(page.get_by_text(T["time_machine.reading"])).to_be_visible()
    names = page.locator(".reasoning-view .column-name")
    expect(names).to_have_text(["Base", "R1-Zero"])
    page.get_by_role("slider").press("ArrowRight")
    first = training_runs.checkpoints()[1].step
    expect(names).to_have_text([f"R1-Zero, step {first}", "R1-Zero"])


@pytest.mark.sweep  # test_whoever_comes_second_... tries the same without a browser
def test_a_run_is_watched_by_another_and_stopped(page: Page) -> None:
    visit(page, "training", room="short_run", t_level="2")
    press(page, "t_start_short_run")
    step = page.get_by_text(re.compile(r"^Step [1-9]\d* of at most"))
    expect(step).to_be_visible(timeout=180_000)
    expect(page.locator(".st-key-t_short_run_curve").get_by_role("figure")).to_be_visible()
    other = page.context.new_page()
    visit(other, "training", room="short_run")
    expect(other.get_by_text(T["short_run.other"])).to_be_visible()
    expect(other.locator(".st-key-t_watched_curve").get_by_role("figure")).to_be_visible()
    expect(other.locator(".st-key-t_short_run_stop")).to_have_count(0)
    other.close()
    press(page, "t_short_run_stop")
    expect(page.locator(".st-key-t_short_run_stop")).to_have_count(0, timeout=180_000)
    expect(page.get_by_text(re.compile(r"^After: \d+ of 16"))).to_be_visible()
    expect(page.locator(".st-key-t_start_short_run")).to_be_visible()
