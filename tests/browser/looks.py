"""Every page and room, looked at for all readers: `python -m tests.browser.looks axe` or `zoom`.

`axe`: axe-core, WCAG 2.1 A and AA, in light and dark, English and Korean, 1440 and 390 px wide, and
a walk by Tab, which reaches everything that a click does and is seen wherever it is.
`zoom`: a browser of 1440 px at 200 %, which is 720 px of twice the size: nothing is cut off and the
page does not scroll sideways.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from playwright.sync_api import Browser, Page, sync_playwright

from app.story.chapters import CHAPTERS
from tests.app.rooms import ROOMS
from tests.browser import chromium
from tests.browser.server import ROOT, serve

AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
#: A page by its path → its rooms.
PATHS = {
    **{"" if page == "start" else page: rooms for page, rooms in ROOMS.items()},
    "story": tuple(chapter.name for chapter in CHAPTERS),
    "glossary": ("",),
}
VIEWS = [(page, room) for page, rooms in PATHS.items() for room in rooms]
Scheme: TypeAlias = Literal["light", "dark"]
Variant: TypeAlias = tuple[Scheme, str, int]  # colours, language, width in px
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
VARIANTS: list[Variant] = [*itertools.product(SCHEMES, ("en", "ko"), (1440, 390))]
ZOOMED: list[Variant] = [("light", "en", 720), ("light", "ko", 720)]
GRAVE = ("serious", "critical")
RUN_AXE = """async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
    const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
    return found.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.map((node) =>
        `${node.target.flat(9).join(" ")} ${node.html.slice(0, 120)} ${node.failureSummary}`)}));
}"""
#: Words that reach beyond the page, or beyond a box that hides what does not fit into it. What can
#: be scrolled to within its own box is not lost; nor is what is there for screen readers alone.
RUN_CUT = """() => {
    const found = [];
    const main = document.querySelector("[data-testid=stMain]");
    for (const box of [document.documentElement, main])
        if (box.scrollWidth > box.clientWidth + 1)
            found.push(`${box.tagName} scrolls sideways: ${box.scrollWidth} > ${box.clientWidth}`);
    const parentOf = (node) => node.parentElement ?? node.getRootNode().host ?? null;
    const look = (root) => {
        for (const node of root.querySelectorAll("*")) {
            if (node.shadowRoot) look(node.shadowRoot);
            const words = [...node.childNodes].some((inner) =>
                inner.nodeType === Node.TEXT_NODE && inner.data.trim());
            if (!words || !node.checkVisibility({opacityProperty: true, visibilityProperty: true}))
                continue;
            const range = document.createRange();
            range.selectNodeContents(node);
            const {left, right, width} = range.getBoundingClientRect();
            if (width < 2) continue;
            let [low, high] = [0, innerWidth];
            for (let box = node; box; box = parentOf(box)) {
                const style = getComputedStyle(box);
                if (style.clipPath !== "none" || style.clip !== "auto") [low, high] = [-1e9, 1e9];
                const flow = style.overflowX;
                if (flow === "visible" || box instanceof SVGElement) continue;
                if (flow !== "hidden" && flow !== "clip") {
                    if (box !== main) [low, high] = [-1e9, 1e9];
                    break;
                }
                const edge = box.getBoundingClientRect();
                if (edge.width <= 2) [low, high] = [-1e9, 1e9];
                else [low, high] = [Math.max(low, edge.left), Math.min(high, edge.right)];
            }
            if (left < low - 2 || right > high + 2)
                found.push(`${node.tagName}.${String(node.className.baseVal ?? node.className)} ` +
                    `"${node.textContent.trim().slice(0, 60)}" ${Math.round(left)}-` +
                    `${Math.round(right)} of ${Math.round(low)}-${Math.round(high)}`);
        }
    };
    look(document.body);
    return found;
}"""
#: The focused element and whether anything shows that it is; null beyond the page's last one.
#: Streamlit's grids are drawn on a canvas, with the ring of a cell.
RUN_FOCUSED = """() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    if (!node || node === document.body) return null;
    (window.walked ??= new WeakSet()).add(node);
    const own = getComputedStyle(node);
    const outlined = own.outlineStyle !== "none" && parseFloat(own.outlineWidth) >= 1;
    const ringed = own.boxShadow !== "none" || node.tagName === "CANVAS";
    const field = node.matches("textarea, input:not([type=range], [type=radio])");
    const box = field && node.closest("[data-testid=stElementContainer]");
    const bordered = box && [box, ...box.querySelectorAll("*")].some((part) =>
        ["rgb(0, 96, 168)", "rgb(88, 176, 240)"].includes(getComputedStyle(part).borderTopColor));
    const said = `${node.tagName} ${node.ariaLabel ?? node.textContent.slice(0, 40)}`;
    return [said, outlined || ringed || Boolean(bordered)];
}"""
#: What a click answers and no Tab has come to. Within a group, the arrow keys go from part to part.
RUN_UNREACHED = """() => {
    const [found, walked] = [[], window.walked ?? new WeakSet()];
    const groups = "[role=radiogroup], [role=listbox], [role=group], " +
        "[data-testid=stNumberInput], [data-testid=stSelectbox], [data-testid=stMultiSelect]";
    const inside = (node) => walked.has(node) || [...node.querySelectorAll("*")].some(inside);
    const look = (root) => {
        for (const node of root.querySelectorAll("*")) {
            if (node.shadowRoot) look(node.shadowRoot);
            if (!node.matches("button, a[href], input, select, textarea, summary, [role=button], " +
                ".legendtoggle, .updatemenu-button, .slider-group") || node.disabled) continue;
            if (!node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
            if (node.closest("[aria-hidden=true]") || inside(node)) continue;
            if (walked.has(node.closest("[tabindex='0']"))) continue;
            const group = node.closest(groups);
            if (group && inside(group)) continue;
            found.push(`${node.tagName} ${node.ariaLabel ?? node.textContent.slice(0, 40)}`);
        }
    };
    look(document.body);
    return found;
}"""
MOST_TABS = 400
WALKS = 3  # through a page, at most
FADED = 400  # ms: a field's border changes its colour slowly


def visit(tab: Page, view: tuple[str, str], variant: Variant) -> None:
    """Open a room of a page in one variant."""
    page, room = view
    scheme, language, width = variant
    # what fades in has no contrast until it is there
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.set_viewport_size({"width": width, "height": 900})
    chromium.visit(tab, page, lang=language, **({"room": room} if room else {}))


def violations(tab: Page) -> dict[str, list[str]]:
    """axe's violations that are serious or worse, with Share's panel open: nodes by rule."""
    tab.locator(".share-view .open").click()
    chromium.settle(tab)  # what a rerun is about to replace is faint
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate(RUN_AXE)
    return {one["id"]: one["nodes"] for one in found if one["impact"] in GRAVE}


def cut_off(tab: Page) -> dict[str, list[str]]:
    """Texts that are cut off, and boxes of the page that scroll sideways."""
    found = tab.evaluate(RUN_CUT)
    return {"cut off": found} if found else {}


def walked(tab: Page) -> dict[str, list[str]]:
    """What is wrong for those who walk by Tab: a focus that nothing shows, a part that cannot be
    reached, or no way out.

    A rerun may draw parts of the page again, and take the focus: then the walk goes on.
    """
    unseen: list[str] = []
    unreached: list[str] = []
    for _ in range(WALKS):
        steps = _to_the_end(tab, unseen)
        unreached = tab.evaluate(RUN_UNREACHED)
        if not unreached or steps == MOST_TABS:
            break
        chromium.settle(tab)
    found = {"focus not seen": unseen, "not reached": unreached}
    if steps == MOST_TABS:
        found["trap"] = [f"{steps} steps"]
    return {rule: nodes for rule, nodes in found.items() if nodes}


def _to_the_end(tab: Page, unseen: list[str]) -> int:
    """Press Tab until nothing has the focus, and count; adds what has it without showing it."""
    for steps in range(MOST_TABS):
        tab.keyboard.press("Tab")
        if (focused := tab.evaluate(RUN_FOCUSED)) is None:
            return steps
        if not focused[1]:
            tab.wait_for_timeout(FADED)
            again = tab.evaluate(RUN_FOCUSED)
            unseen += [] if again is None or again[1] else [focused[0]]
    return MOST_TABS


def everything(browser: Browser, url: str, what: str) -> Iterator[tuple[str, list[str]]]:
    """The names of all views in all variants, with the problems found there."""
    zoom = what == "zoom"
    context = browser.new_context(base_url=url, device_scale_factor=2 if zoom else 1)
    context.set_default_timeout(120_000)
    tab = context.new_page()
    for view, variant in itertools.product(VIEWS, ZOOMED if zoom else VARIANTS):
        visit(tab, view, variant)
        found = cut_off(tab) if zoom else walked(tab) | violations(tab)
        named = [f"{rule}: {node}" for rule, nodes in found.items() for node in nodes]
        yield " ".join(map(str, (*view, *variant))), named
    context.close()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.looks", description=__doc__)
    parser.add_argument("what", choices=("axe", "zoom"))
    what = parser.parse_args(arguments).what
    seen = faulty = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = chromium.launch(playwright)
        for name, found in everything(browser, server.url, what):
            seen += 1
            faulty += bool(found)
            print("\n    ".join([name, *found]), flush=True)
        browser.close()
    print(f"{seen} views, {faulty} with something found")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
