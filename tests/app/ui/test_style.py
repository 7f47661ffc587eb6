"""The style that all figures share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.ui import style

PROGRAM = """
import sys
import app.ui.style
assert sys.modules["pandas"].Series
"""


def test_pandas_is_whole_before_a_figure_is_made() -> None:
    """Otherwise a figure fails while another viewer's table imports pandas, as seen under load."""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_title_along_an_axis_is_broken_where_the_axis_ends() -> None:
    title = "Loss on held-out text, nats per token"
    assert style.upright(title, 600) == title
    lines = style.upright(title, 150).split("<br>")
    assert " ".join(lines) == title
    assert len(lines) > 1
    assert max(map(len, lines)) * style.NARROW <= 150
    assert style.upright("손실 값", 40) == "손실<br>값"
