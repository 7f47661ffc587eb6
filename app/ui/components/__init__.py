"""Components for what plotly cannot do: Streamlit components (v2), drawn by JavaScript.

    _view = component("trace_view")  # once, at import
    result = _view({"parts": ["strip"]}, key="run", on_pinned_change=lambda: None)

The browser's half of a component is the folder `app/static/components/NAME`: `view.js`, whose
default export Streamlit calls at each rerun of the page, and `view.css`. Its texts are the section
NAME. Code that components share is in `app/static/shared`.
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
    """Register a component; returns the function that draws it.

    `parts` are additional sections of texts, those of shared modules.
    Call the function with the component's own data, as accepted by `packed`; the viewer's language,
    the component's texts and the format of saved pictures are added. `key` is the widget's, and
    each state that the component sends has a callback `on_STATE_change`.
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
    """The data for a component's JavaScript, with the texts of these sections."""
    labels = {key: text for part in parts for key, text in words(part).items()}
    return packed({"locale": language(), "labels": labels, "saving": saving(file_format)} | data)


def styles(name: str) -> str:
    """The CSS of a component."""
    paths = ("shared/base.css", f"components/{name}/view.css")
    return "".join((modules.STATIC / path).read_text(encoding="utf-8") for path in paths)


def picture_format() -> str:
    """The format of saved pictures: the viewer's choice in the sidebar."""
    return st.session_state.get("picture_format", FORMATS[0])


def saving(file_format: str) -> dict[str, str]:
    """What a component needs to save its picture; the browser fills in the title."""
    label = t("common.save_as", format=file_format.upper(), title="{title}")
    return {"format": file_format, "label": label}
