"""What plotly cannot do: components of Streamlit's second kind, a folder each."""

from pathlib import Path

_BASE = Path(__file__).parent / "base.css"


def styles(folder: Path) -> str:
    """The stylesheet of the component in a folder, on top of the one that all share."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (_BASE, folder / "view.css"))
