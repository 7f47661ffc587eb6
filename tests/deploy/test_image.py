"""The image, without Docker: the steps of its Dockerfile run in a temporary folder."""

from __future__ import annotations

import ast
import asyncio
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from model.nn import machine_code
from tests.fuzz.links import PAGES
from tests.load import server
from tests.load.server import ROOT
from tests.load.tab import Tab

DOCKERFILE = (ROOT / "app" / "deploy" / "Dockerfile").read_text()
COPIED = re.findall(r"^COPY (\S+) (\S+)$", DOCKERFILE, re.MULTILINE)
#: The build installs what stands above this line of the requirements.
MARKER = "# To test"
#: Not in the image: what `python -m model benchmark` compares with.
OTHERS = {"transformers", *sys.stdlib_module_names}


def wanted() -> Iterator[str]:
    """The names of the packages that the image installs directly."""
    above = (ROOT / "requirements.txt").read_text().partition(f"\n{MARKER}")[0]
    yield from re.findall(r"^([\w.-]+)==", above, re.MULTILINE)


def installed() -> set[str]:
    """These packages and all their dependencies, as pip resolves them."""
    found, new = set[str](), [one.lower() for one in wanted()]
    while new:
        name = new.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of another system or Python
            continue
        new += [
            re.match(r"[\w.-]+", one)[0].lower().replace("_", "-")  # type: ignore[index]
            for one in needs
            if "extra ==" not in one
        ]
    return found


def imported(folder: Path) -> set[str]:
    """The top-level names of all modules imported in a folder."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.slow
def test_the_image_installs_every_package_that_is_imported() -> None:
    there, of = installed(), metadata.packages_distributions()
    for folder in ("app", "model"):
        for name in imported(ROOT / folder) - {"app", "model"} - OTHERS:
            packages = {one.lower().replace("_", "-") for one in of.get(name, [])}
            assert packages & there, f"{name}, imported in {folder}"


@pytest.mark.slow
def test_every_page_opens_from_what_the_image_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source, target in COPIED:
        if (ROOT / source).is_dir():
            shutil.copytree(
                ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy2(ROOT / source, tmp_path / target)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(machine_code.FOLDER.parent))  # compiled already
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    async def read(url: str) -> None:
        tab = Tab(url)
        await tab.open()
        for page in PAGES:
            if page != "start":
                await tab.visit(page)
            assert (tab.faults, tab.errors()) == ([], []), page
        await tab.close()

    with server.anywhere(tmp_path / "log", tmp_path) as (url, process):
        asyncio.run(read(url))
        running = Path(f"/proc/{process.pid}/cwd").readlink()
    assert running == tmp_path
    assert not list(tmp_path.rglob("*.pyc"))
