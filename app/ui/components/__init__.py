"""What plotly cannot do: components of Streamlit's second kind, drawn by JavaScript.

    _view = component("trace_view")  # once, at import
    result = _view({"parts": ["strip"]}, key="run", on_pinned_change=lambda: None)

A component's other half is the folder `app/static/components/NAME`: `view.js`, whose default export
Streamlit calls with each rerun of the page, and `view.css`. Its words are the texts of the section
NAME. What components share lies in `app/static/shared`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app.core.texts import language, t, words
from app.ui.components import modules
from app.ui.components.packed import packed

FORMATS = ("png", "svg")

_STUB = """
const base = new URL("{root}/", document.baseURI); // every page of the app lies beside its modules
for (const path of {paths}) {{ // what this one needs, then what other pages need
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.href = new URL(path, base).href;
  document.head.append(link);
}}
const view = await import(new URL("components/{name}/view.js", base).href);
export default view.default;
"""


def component(name: str, *parts: str) -> Callable[..., Any]:
    """Register a component; what is returned draws it.

    `parts`: sections of texts that it says besides its own, those of shared modules.

    Call the result with the component's own data, as `packed` takes it; the browser gets the
    viewer's language, the component's words and how pictures are saved besides. `key` is that of
    every widget, and there is one `on_STATE_change` for each state that the component sends.
    """
    own = f"components/{name}/"
    paths = sorted(modules.PATHS, key=lambda path: not path.startswith((own, "shared/")))
    shown = st.components.v2.component(
        name,
        html=f'<div class="view {name.replace("_", "-")}">\n</div>',
        css=styles(name),
        js=_STUB.format(root=modules.ROOT, paths=paths, name=name),
    )

    def draw(data: dict[str, Any], *, key: str, **on_change: Any) -> Any:
        return shown(key=key, data=given(data, (*parts, name), picture_format()), **on_change)

    return draw


def given(data: dict[str, Any], parts: Sequence[str], file_format: str) -> bytes:
    """What a component's JavaScript gets: its data, and the words of these sections."""
    labels = {key: text for part in parts for key, text in words(part).items()}
    return packed({"locale": language(), "labels": labels, "saving": saving(file_format)} | data)


def styles(name: str) -> str:
    """The CSS of a component."""
    paths = ("shared/base.css", f"components/{name}/view.css")
    return "".join((modules.STATIC / path).read_text(encoding="utf-8") for path in paths)


def picture_format() -> str:
    """What a picture is saved as: the viewer's choice in the sidebar."""
    return st.session_state.get("picture_format", FORMATS[0])


def saving(file_format: str) -> dict[str, str]:
    """What a component has to know to save its picture; the title is filled in in the browser."""
    label = t("common.save_as", format=file_format.upper(), title="{title}")
    return {"format": file_format, "label": label}
