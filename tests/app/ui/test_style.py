"""What all figures share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
import app.ui.style
assert sys.modules["pandas"].Series
"""


def test_pandas_is_whole_before_a_figure_is_made() -> None:
    """Else a figure fails while another viewer's table has pandas imported: seen under load."""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
