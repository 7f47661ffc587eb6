"""The house keeps its order: who may import whom, what lies where, how large it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(p for folder in ("app", "model") for p in (ROOT / folder).rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in CODE
}
# Inside model/, arrows run upwards only: from a row to itself and to the rows above it.
ROWS = (
    {"config", "record", "statistics", "decision", "routing_statistics", "kv_math", "param_math"}
    | {"decode_math", "published_widths"}
    | {"tasks", "rewards", "tokenizer"},
    {"cache", "attention", "network"},
    {"checkpoints", "engine", "interventions", "reading", "adapters"}
    | {"latent", "attention_weights", "decode_time"},
    {"training"},
    {"__main__"},
)
WITHOUT_TORCH = ("model.config", "model.record", "model.kv_math", "model.param_math")
PICTURES = ("app.plots", "app.export")
ASSETS_BYTES = 150_000_000
LINES = 450


def within(module: str, *parents: str) -> bool:
    """Whether a module is one of `parents` or lies inside one."""
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


def imports(module: str) -> set[str]:
    """Full names of what a module imports anywhere in its source, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in MODULES else str(node.module))
    return found


def reached(module: str) -> set[str]:
    """What a module imports, directly or through other modules of ours."""
    seen: set[str] = set()
    ahead = {module}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        if name in MODULES:
            ahead |= imports(name) - seen
    return seen


def row(module: str) -> int:
    part = module.split(".")[1]
    places = [place for place, names in enumerate(ROWS) if part in names]
    assert places, f"{module} has no row in ROWS: say where it belongs"
    return places[0]


def of(*parents: str) -> list[str]:
    return [module for module in MODULES if within(module, *parents)]


@pytest.mark.parametrize("module", of("model"))
def test_model_imports_upwards_only_and_nothing_of_the_app(module: str) -> None:
    for name in imports(module):
        assert not within(name, "app", "streamlit", "plotly"), name
        if within(name, "model") and name != "model" and module != "model":
            assert row(name) <= row(module), f"{module} imports {name}"


@pytest.mark.parametrize("module", of(*WITHOUT_TORCH))
def test_records_and_arithmetic_need_no_torch(module: str) -> None:
    for name in reached(module):
        assert not within(name, "torch", "transformers"), name


@pytest.mark.parametrize("module", of(*PICTURES))
def test_pictures_are_pure(module: str) -> None:
    for name in reached(module):
        assert not within(name, "streamlit", "torch", "app.services", "app.views"), name
        if within(name, "model") and name != "model":
            assert within(name, *WITHOUT_TORCH), name


@pytest.mark.parametrize("module", of("app.services", "app.plots", "app.components"))
def test_views_stay_on_top(module: str) -> None:
    for name in imports(module):
        assert not within(name, "app.views", "app.main"), name


def test_every_module_imports() -> None:
    """In one fresh process; pages are run, not imported, and `test_every_page` opens them."""
    names = [m for m in MODULES if m != "app.main" and not m.startswith("app.views.")]
    program = f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_top_level_holds_only_what_belongs_there() -> None:
    allowed = {"requirements.txt", "README.md", "LICENSE", "app", "model", "assets", "tests"}
    assert {p.name for p in ROOT.iterdir() if not p.name.startswith(".")} == allowed


def test_files_stay_small() -> None:
    assets = sum(path.stat().st_size for path in (ROOT / "assets").rglob("*") if path.is_file())
    assert assets < ASSETS_BYTES
    for folder in ("app", "model"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".js", ".css"):
                lines = path.read_text(encoding="utf-8").count("\n")
                assert lines <= LINES, f"{path.relative_to(ROOT)} has {lines} lines"


def test_requirements_pin_exactly() -> None:
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        assert re.fullmatch(r"(#.*|[a-z0-9-]+==[0-9][0-9.]*)?", line), line


@pytest.mark.parametrize("section", ["Run", "Test"])
def test_readme_gives_one_command(section: str) -> None:
    """One fenced block of one command, `\\` and `&&` allowed: .ci/run and visitors copy it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    blocks = re.findall(r"^```\w*\n(.*?)^```$", found[0], re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    assert blocks[0].strip().replace("\\\n", "").count("\n") == 0
