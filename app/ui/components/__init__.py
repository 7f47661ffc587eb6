"""What plotly cannot do: components of Streamlit's second kind, a folder each."""

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from app.core.texts import t

FORMATS = ("png", "svg")
_FOLDER = Path(__file__).parent
_SHARED = ("trace_view/run.js", "trace_view/paint.js", "svg.js", "save.js")


def _joined(paths: Iterable[Path]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def styles(own: Path) -> str:
    """A component's stylesheet, on top of the one that all share."""
    return _joined((_FOLDER / "base.css", own))


def scripts(*own: Path) -> str:
    """The component's scripts in order of use, after those that all share, as one module."""
    return _joined([*(_FOLDER / name for name in _SHARED), *own])


def picture_format() -> str:
    """What a picture is saved as: the viewer's choice in the sidebar."""
    return st.session_state.get("picture_format", FORMATS[0])


def saving() -> dict[str, str]:
    """What a component has to know to save its picture; the title is filled in in the browser."""
    chosen = picture_format()
    return {"format": chosen, "label": t("common.save_as", format=chosen.upper(), title="{title}")}
