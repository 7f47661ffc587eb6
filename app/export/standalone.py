"""A figure or run as a single interactive HTML file, without a server or requests.

Figures of the registry are our own SVG, with tooltips on hover and by arrow keys. Runs and replies
are drawn by the app's own components, whose modules are in the file as `data:` URLs, named by an
import map. Any other chart of a page includes plotly, compressed: that is 2 MB, while our own SVG
takes a tenth of one.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import pkgutil
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core.asking import judged_reply
from app.core.texts import speaking, t
from app.export.exhibit import Exhibit, ShownReplies, ShownRun
from app.export.svg import drawing
from app.export.svg.pen import FONT, escaped
from app.export.themes import Theme
from app.ui import components
from app.ui.components import modules, reasoning_view, trace_view

WIDE = 720
#: Widths in px that charts are drawn for; a page shows the one that fits.
WIDTHS = {"wide": WIDE, "middle": 540, "narrow": 360}
#: Components that can be saved as a file, and plotly charts.
CHART = "plotly_chart"
SHELLS = ("trace_view", "reasoning_view", "intervention_view", "update_view", CHART)
MOST_ROWS = 400  # maximum rows of the table below a figure
_IMPORT = re.compile(r'(\bfrom\s+|\bimport\s+)"(\.[^"]+)"')
_HERE = Path(__file__).parent
#: Our files may not make any requests.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)


def figure_page(
    exhibit: Exhibit, themes: Sequence[Theme], language: str, full_view: str | None
) -> str:
    """The page of a figure with title, takeaway and source; `full_view` is the link's target.

    With several themes, a page shows the one that its reader prefers.
    """
    with speaking(language):
        return _page(
            exhibit.title,
            exhibit.takeaway,
            _body(exhibit, themes),
            exhibit.source,
            themes,
            language,
            full_view,
            _table(exhibit.rows) if full_view is None else "",
        )


def _body(exhibit: Exhibit, themes: Sequence[Theme]) -> str:
    content = exhibit.content
    if isinstance(content, ShownRun):
        data = trace_view.drawn(content.trace, content.parts, playing=True, layer=content.layer)
        return _component("trace_view", ("player", "trace_view"), data)
    if isinstance(content, ShownReplies):
        judged_replies = [judged_reply.read(trace) for trace in content.traces]
        data = reasoning_view.drawn(content.traces, judged_replies)
        return _component("reasoning_view", ("player", "reasoning_view"), data)
    charts = "".join(
        f'<div class="for-{theme.name}">{_widths(exhibit, theme)}</div>' for theme in themes
    )
    return f'{charts}<script type="module">{_script("chart.js")}</script>'


def _widths(exhibit: Exhibit, theme: Theme) -> str:
    return "".join(
        f'<div class="{name}">{_svg(exhibit, theme, width)}</div>' for name, width in WIDTHS.items()
    )


def _svg(exhibit: Exhibit, theme: Theme, width: int) -> str:
    drawn = drawing.draw(exhibit.still, width, theme)
    # ids of hatches and scales must be unique in the page, which has several pictures
    body = re.sub(r"(id=\"|url\(#)(hatch|scale)-", rf"\g<1>{theme.name}{width}-\g<2>-", drawn.body)
    return (
        f'<svg class="chart" role="img" tabindex="0" aria-label="{escaped(exhibit.takeaway)}" '
        f'width="{drawn.width:g}" height="{drawn.height:g}" '
        f'viewBox="0 0 {drawn.width:g} {drawn.height:g}">{body}</svg>'
    )


def list_page(
    title: str,
    says: str,
    links: Mapping[str, tuple[str, str]],
    themes: Sequence[Theme],
    language: str,
) -> str:
    """A page with a list of links: name → (title, URL)."""
    items = "".join(
        f'<li><a href="{escaped(address)}">{escaped(name)}</a> <code>{escaped(key)}</code></li>'
        for key, (name, address) in links.items()
    )
    return _page(title, says, f"<ul>{items}</ul>", "", themes, language, None, "")


# --- Components --------------------------------------------------------------------------------


def shell(name: str, theme: Theme, language: str) -> str:
    """The page template of a component without its run, or of a chart without its data.

    `static/components/share_view` fills in %%title%%, %%says%%, %%source%% and %%data%%, with the
    data of the component on the page, or of plotly's chart.
    """
    body = _plot() if name == CHART else _inside(name, "%%data%%")
    return _page("%%title%%", "%%says%%", body, "%%source%%", (theme,), language, None, "")


def _component(name: str, sections: Sequence[str], data: dict[str, object]) -> str:
    """The HTML of a component with its data."""
    return _inside(name, base64.b64encode(components.given(data, sections, "svg")).decode())


def _inside(name: str, given: str) -> str:
    """The HTML of a component with its styles and modules; `given` is its data in base64."""
    start = f"components/{name}/view.js"
    css = components.styles(name)
    return (
        f"<style>{css}</style>"
        f"{_import_map(start)}"
        f'<div id="place"><div class="view {name.replace("_", "-")}"></div></div>'
        f'<script type="application/octet-stream" id="data">{given}</script>'
        f'<script type="module">import view from "r1/{start}";'
        f"{_script('component.js')}show(view);</script>"
    )


@functools.cache
def _plot() -> str:
    """The HTML for a chart, with plotly and the script that draws it."""
    library = pkgutil.get_data("plotly", "package_data/plotly.min.js")
    assert library is not None, "plotly brings its own JavaScript"
    packed = base64.b64encode(gzip.compress(library, mtime=0)).decode()
    return (
        '<div id="place" class="plot"></div>'
        f'<script type="application/octet-stream" id="plotly">{packed}</script>'
        '<script type="application/octet-stream" id="data">%%data%%</script>'
        f"{_import_map('shared/plotly_keys.js')}"
        '<script type="module">import {reachCharts} from "r1/shared/plotly_keys.js";'
        f"{_script('plot.js')}new MutationObserver(reachCharts)"
        ".observe(document.body,{childList:true,subtree:true})</script>"
    )


def _import_map(start: str) -> str:
    """The HTML that lets the page import a module by its name, `r1/…`."""
    imports = json.dumps({"imports": _inlined(start)}, separators=(",", ":"))
    return f'<script type="importmap">{imports}</script>'


@functools.cache
def _inlined(start: str) -> dict[str, str]:
    """A module and all its imports, as an import map from names to `data:` URLs."""
    found: dict[str, str] = {}
    ahead = [start]
    while ahead:
        path = ahead.pop()
        if f"r1/{path}" in found:
            continue
        beside = posixpath.dirname(path)

        def named(statement: re.Match[str], beside: str = beside) -> str:
            target = posixpath.normpath(posixpath.join(beside, statement[2]))
            ahead.append(target)
            return f'{statement[1]}"r1/{target}"'

        source = _IMPORT.sub(named, (modules.STATIC / path).read_text(encoding="utf-8"))
        code = base64.b64encode(source.encode()).decode()
        found[f"r1/{path}"] = f"data:text/javascript;base64,{code}"
    return found


@functools.cache
def _script(name: str) -> str:
    return (_HERE / "page" / name).read_text(encoding="utf-8")


# --- The page ----------------------------------------------------------------------------------


def _page(
    title: str,
    says: str,
    body: str,
    source: str,
    themes: Sequence[Theme],
    language: str,
    full_view: str | None,
    table: str,
) -> str:
    link = ""
    if full_view is not None:
        link = (
            f'<a href="{escaped(full_view)}" target="_blank" rel="noopener">'
            f"{escaped(t('export.full_view'))} ↗</a>"
        )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escaped(title)} · Inside R1</title>"
        f"<style>{_colours(themes)}{_script('page.css')}</style></head><body>"
        f"<h1>{escaped(title)}</h1><p>{escaped(says)}</p><main>{body}</main>{table}"
        f"<footer><span>{escaped(source)}</span> {link}</footer></body></html>"
    )


def _colours(themes: Sequence[Theme]) -> str:
    """The CSS of the themes' colours; of several, a reader's own."""
    first, *others = themes
    css = f":root{{{_variables(first)}}}"
    for other in others:
        css += (
            f".for-{other.name}{{display:none}}@media(prefers-color-scheme:{other.name})"
            f"{{:root{{{_variables(other)}}}"
            f".for-{first.name}{{display:none}}.for-{other.name}{{display:block}}}}"
        )
    return css


def _variables(theme: Theme) -> str:
    """The theme as CSS variables, as Streamlit passes it to components."""
    values = {
        "primary-color": theme.primary,
        "background-color": theme.back,
        "secondary-background-color": theme.second,
        "text-color": theme.text,
        "border-color": theme.border,
        "widget-border-color": theme.border,
        "button-radius": "0.5rem",
        "base-radius": "0.5rem",
        "font": FONT,
        "code-font": "ui-monospace,monospace",
    }
    return f"color-scheme:{theme.name};" + "".join(f"--st-{k}:{v};" for k, v in values.items())


def _table(rows: Sequence[object]) -> str:
    """The figure's numbers as a folded table."""
    listed = [row for row in rows if isinstance(row, dict)][:MOST_ROWS]
    head = "".join(f"<th>{escaped(str(name))}</th>" for name in listed[0])
    lines = "".join(
        "<tr>" + "".join(f"<td>{escaped(_cell(value))}</td>" for value in row.values()) + "</tr>"
        for row in listed
    )
    more = "" if len(rows) <= MOST_ROWS else f"<p>{escaped(t('export.more_rows', n=len(rows)))}</p>"
    return (
        f"<details><summary>{escaped(t('common.as_table'))}</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}</details>"
    )


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
