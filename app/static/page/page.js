// Runs on every page of the app before Streamlit's own script (app/core/server/own_script.py).

import { reachCharts } from "../shared/plotly_keys.js";

// --- History ------------------------------------------------------------------------------------
// Back returns to pages, rooms and screens. Streamlit would add an entry for everything that the
// server writes into the URL, including controls and corrections of a link.

const PLACE = ["room", "present", "screen"]; // URL keys of a place on a page
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"];

let touched = false; // until the first input, the link is still being opened
for (const sign of SIGNS)
  window.addEventListener(sign, () => (touched = true), { capture: true, passive: true });

/** @param {string | URL} address */
function placeOf(address) {
  const { pathname, searchParams } = new URL(address, location.href);
  return JSON.stringify([pathname, ...PLACE.map((key) => searchParams.get(key))]);
}

const push = history.pushState.bind(history);
const replace = history.replaceState.bind(history);
history.pushState = (state, unused, address) => {
  const there = address ?? location.href;
  const isNew = touched && placeOf(there) !== placeOf(location.href);
  (isNew ? push : replace)(state, unused, there);
};

// --- Sidebar ------------------------------------------------------------------------------------
// If the sidebar covers the page, choosing a page in it should close it. Streamlit does so only for
// browsers that claim to be on a phone, not for narrow windows and tablets.

const LINK = "[data-testid=stSidebarNavLink]";
const SIDEBAR = "[data-testid=stSidebar]";
const OVER = window.matchMedia("(max-width: 768px)");

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element && event.target.closest(LINK)) || !OVER.matches) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // for another tab
  setTimeout(() => {
    const open = document.querySelector(`${SIDEBAR}[data-collapsed=false]`); // not closed already
    const close = open?.querySelector("[data-testid=stSidebarCollapseButton] button");
    if (close instanceof HTMLElement) close.click();
  });
});

// --- Number fields ------------------------------------------------------------------------------
// A field that is left empty, or with letters in it, would go back to its default, whatever it was
// before. So it keeps its last number.

const NUMBER = "[data-testid=stNumberInputField]";
let last = ""; // what the field with the focus held before

/** @param {Event} event */
const numberField = (event) =>
  event.target instanceof HTMLInputElement && event.target.matches(NUMBER) ? event.target : null;

/** @param {Event} event */
function keepNumber(event) {
  const field = numberField(event);
  if (!field || (event instanceof KeyboardEvent && event.key !== "Enter")) return;
  if (field.value) last = field.value;
  else if (last) {
    // React overrides the setter of the element itself, to notice changes
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, last);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

window.addEventListener("focusin", (event) => (last = numberField(event)?.value ?? ""), true);
for (const leaving of ["focusout", "keydown"]) window.addEventListener(leaving, keepNumber, true);

// --- Tables -------------------------------------------------------------------------------------
// A table that is wider than its place scrolls, and a keyboard can reach only what takes the focus.

const TABLES = "[data-testid=stMarkdownContainer]:has(> table)";
const WAIT = 50; // ms after a change

function reachTables() {
  for (const place of document.querySelectorAll(TABLES))
    if (place.scrollWidth > place.clientWidth) place.setAttribute("tabindex", "0");
    else place.removeAttribute("tabindex");
}

// --- Changes ------------------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout> | undefined} */
let due;

function reach() {
  due = undefined;
  reachTables();
  reachCharts();
}

const reachSoon = () => {
  if (due === undefined) due = setTimeout(reach, WAIT);
};

new MutationObserver(reachSoon).observe(document, { childList: true, subtree: true });
window.addEventListener("resize", reachSoon);
