"""The files of app/deploy are consistent with each other and with the app."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.conftest import TEMPLATE, filled
from tests.load.server import ROOT

DEPLOY = ROOT / "app" / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()


def test_compose_sets_every_name_in_the_template() -> None:
    names = set(re.findall(r"\$\{(\w+)\}", TEMPLATE.read_text()))
    assert {name for name in names if f"      {name}: " not in COMPOSE} == set()


def test_one_service_builds_the_image_that_both_replicas_run() -> None:
    """Compose builds services in parallel, and the second export of one name fails."""
    assert COMPOSE.count("    build:\n") == 1
    assert COMPOSE.count("image: inside-r1\n") == 1 and COMPOSE.count("<<: *app\n") == 2


def test_a_template_keeps_what_is_nginxs_own() -> None:
    assert filled("$scheme ${PORT} ${other}", {"PORT": "80"}) == "$scheme 80 ${other}"


def test_the_image_holds_what_the_app_needs_to_run() -> None:
    """The build leaves out what is below this line of the requirements."""
    marker = re.search(r"sed '/\^(.+?)/,\$d'", (DEPLOY / "Dockerfile").read_text())
    assert marker
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    below = next(number for number, line in enumerate(lines) if line.startswith(marker[1]))
    kept = {re.split("==", line)[0] for line in lines[:below] if "==" in line}
    assert kept >= {"streamlit", "torch", "numba", "plotly", "numpy", "safetensors", "tokenizers"}
    assert "pytest" not in kept


@pytest.mark.parametrize("name", [".streamlit", "model", "app", "assets", "requirements.txt"])
def test_what_the_image_copies_is_there_and_let_through(name: str) -> None:
    assert (ROOT / name).exists()
    assert re.search(rf"^COPY {re.escape(name)}\b", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert f"!{name}" in (ROOT / ".dockerignore").read_text().splitlines()


@pytest.mark.parametrize("setting", re.findall(r"\$\{(\w+):[-?]", COMPOSE))
def test_every_setting_is_explained(setting: str) -> None:
    assert f"`{setting}`" in Path(DEPLOY / "README.md").read_text()
