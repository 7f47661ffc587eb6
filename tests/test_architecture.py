"""The architecture: which modules may import which, what belongs where, and size limits."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.pages import PAGES

ROOT = Path(__file__).parents[1]
CODE = sorted(p for folder in ("app", "model") for p in (ROOT / folder).rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in CODE
}
#: Packages of model/, from the ground up: each may use those before it.
PACKAGES = (
    *("errors", "record", "nn", "tasks", "data", "runtime", "analysis", "training"),
    *("commands", "__main__"),
)
#: Folders of app/core, in the same way. What lies beside them all of them may use.
CORE = ("server", "assets", "asking", "running")
SHARED = ("errors", "korean_particles", "links", "numbers", "pages", "pass_and_cons", "texts")
#: What needs torch. The rest of model/ does without, so that pages need not wait for it.
WITH_TORCH = (
    *("model.nn.attention", "model.nn.cache", "model.nn.checkpoints", "model.nn.network"),
    *("model.runtime.engine", "model.runtime.reference", "model.runtime.benchmark"),
    *("model.analysis.decoding_time", "model.analysis.reference_interventions"),
    *("model.training.state", "model.training.loop"),
    *("model.training.optim", "model.training.pretrain", "model.training.heldout"),
    *("model.training.grpo", "model.training.grpo_step", "model.training.sft"),
    *("model.training.pipeline", "model.training.distill", "model.training.results"),
    *("model.training.stages", "model.training.lab", "model.training.goals"),
    *("model.training.gate",),
    *("model.training.recorded_training", "model.training.recorded_cache"),
    *("model.commands.train", "model.commands.benchmark"),
)
ASSETS_BYTES = 150_000_000
LINES = 450


def within(module: str, *parents: str) -> bool:
    """Whether a module is one of `parents` or inside one."""
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


@functools.cache
def imports(module: str) -> frozenset[str]:
    """The full names of everything a module imports, including inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in MODULES else str(node.module))
    return frozenset(found)


def reached(module: str) -> set[str]:
    """Everything a module imports, directly or through other modules of ours."""
    seen: set[str] = set()
    ahead = {module}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        if name in MODULES:
            ahead |= imports(name) - seen
    return seen


def of(*parents: str) -> list[str]:
    return [module for module in MODULES if within(module, *parents)]


WITHOUT_TORCH = [module for module in of("model") if not within(module, *WITH_TORCH)]
FIGURES = [m for m in MODULES if within(m, "app.pages") and m.endswith("figures")]


@pytest.mark.parametrize("module", of(*(f"model.{name}" for name in PACKAGES)))
def test_arrows_in_model_go_down_only(module: str) -> None:
    allowed = PACKAGES[: PACKAGES.index(module.split(".")[1]) + 1]
    for name in imports(module):
        assert not within(name, "app", "streamlit", "plotly"), name
        if within(name, "model") and name != "model":
            assert name.split(".")[1] in allowed, f"{module} imports {name}"


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_records_and_arithmetic_need_no_torch(module: str) -> None:
    for name in reached(module):
        assert not within(name, "torch", "transformers"), name


@pytest.mark.parametrize("module", FIGURES)
def test_figures_are_pure(module: str) -> None:
    """Figures map plain arrays and records to pictures: no server, no network, no other page."""
    for name in reached(module):
        assert not within(name, "streamlit", "torch", "app.core"), name
        assert not within(name, "model") or name == "model" or within(name, "model.record"), name


@pytest.mark.parametrize("module", of("app"))
def test_arrows_in_the_app_go_down_only(module: str) -> None:
    """No page imports another; export, story and stage may import all of them."""
    own = module.split(".")[2] if within(module, "app.pages") and module != "app.pages" else None
    for name in imports(module):
        assert not within(name, "app.main", "app.navigation"), name
        if within(name, "app.pages") and not within(module, "app.export", "app.story"):
            assert own is not None, f"{module} imports {name}"
            assert within(name, f"app.pages.{own}"), f"{module} imports {name}"
        if within(module, "app.core"):
            assert not within(name, "app.ui"), name
        if within(module, "app.core", "app.ui"):
            assert not within(name, "app.export"), name
        if within(name, "app.story"):
            assert within(module, "app.story", "app.stage"), f"{module} imports {name}"
        if within(name, "app.stage"):
            assert within(module, "app.stage", "app.navigation"), f"{module} imports {name}"


@pytest.mark.parametrize("module", of(*(f"app.core.{name}" for name in CORE)))
def test_arrows_in_core_go_down_only(module: str) -> None:
    allowed = CORE[: CORE.index(module.split(".")[2]) + 1]
    for name in imports(module):
        if name.startswith("app.core.") and name.split(".")[2] not in SHARED:
            assert name.split(".")[2] in allowed, f"{module} imports {name}"


def test_a_type_has_a_name_of_its_own() -> None:
    """One name stands for one thing, wherever it is read: classes, type aliases and variables."""
    homes: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                assigned = [target.id for target in targets if isinstance(target, ast.Name)]
                names += [name for name in assigned if name[0].isupper() and not name.isupper()]
        for name in names:
            homes.setdefault(name, []).append(module)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_every_folder_of_the_house_has_a_place() -> None:
    """The lists above name exactly what exists."""
    assert set(PACKAGES) == {m.split(".")[1] for m in MODULES if within(m, "model") and "." in m}
    assert {m.split(".")[1] for m in MODULES if within(m, "app") and "." in m} == {
        *("core", "ui", "pages", "export", "story", "stage", "main", "navigation", "__main__")
    }
    folders = {m.split(".")[2] for m in MODULES if m.startswith("app.core.")}
    assert folders == {*CORE, *SHARED}
    for name in WITH_TORCH:
        assert of(name), f"{name} does not exist"


def test_the_map_of_the_models_is_complete() -> None:
    """model/README.md names every file, and none that does not exist."""
    text = (ROOT / "model" / "README.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "model").rglob("*.py")} - {"__init__.py"}
    one_entry = {path.name for path in (ROOT / "model" / "analysis" / "kv_size").glob("*.py")}
    named = set(re.findall(r"(\w+\.py)`", text.split("## Every file")[1]))
    assert there - one_entry - {"__main__.py"} <= named
    assert named <= there


@pytest.mark.slow
def test_every_module_of_the_app_imports() -> None:
    """All modules import in a fresh process; pages are run instead, by `test_every_page`."""
    scripts = {
        f"app.{page.script.removesuffix('.py').replace('/', '.')}" for page in PAGES.values()
    } | {"app.navigation"}
    import_afresh([name for name in of("app") if name not in scripts])


def test_every_folder_of_pages_is_a_page() -> None:
    """The navigation lists each of them."""
    listed = {page.script for page in PAGES.values() if page.script.startswith("pages/")}
    folders = (ROOT / "app" / "pages").glob("*/__init__.py")
    assert listed == {f"pages/{path.parent.name}/{path.parent.name}.py" for path in folders}


def test_model_runs_without_the_app() -> None:
    """Every module of model/ imports where Streamlit and plotly are not installed."""
    import_afresh(of("model"), missing=("streamlit", "plotly", "app"))


def test_records_and_arithmetic_load_no_torch() -> None:
    """They import without torch installed, so no library loads it for them either."""
    import_afresh(WITHOUT_TORCH, missing=("torch", "transformers"))


def import_afresh(names: list[str], missing: tuple[str, ...] = ()) -> None:
    """Import modules in a process of its own, in which some packages cannot be imported."""
    program = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({missing!r}))\n"  # None: whoever imports it fails
        f"for name in {names!r}:\n    importlib.import_module(name)"
    )
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
