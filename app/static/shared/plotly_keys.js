// Keys for plotly's legends, and for the buttons and slider of its animations: they answer the mouse
// only.

import { bound } from "./plotly.js";

const PLAYERS = ".js-plotly-plot .updatemenu-button:not([tabindex])";
const SERIES = ".js-plotly-plot .legend .traces:has(.legendtoggle)";
const SLIDERS = ".js-plotly-plot .slider-group:not([tabindex])";
const RAIL = ".slider-rail-touch-rect";
const INSET = 10; // px from the rail's end to the first and the last step
/** How far a key moves a slider, in steps. */
const MOVES = new Map([
  ...Object.entries({ ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }),
  ...Object.entries({ PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity }),
]);

/** @typedef {{ trace: { visible: boolean | "legendonly" } }[]} Item a legend's */
/** @typedef {{ active: number, steps: { label: string }[], currentvalue: { prefix: string } }} Slides */

/** @param {Element} group */
const slides = (group) => /** @type {Slides | undefined} */ (bound(group));

/** @param {Element} group */
function describe(group) {
  const state = slides(group);
  if (!state) return;
  group.setAttribute("aria-label", state.currentvalue.prefix.trim());
  group.setAttribute("aria-valuemax", String(state.steps.length - 1));
  group.setAttribute("aria-valuenow", String(state.active));
  group.setAttribute("aria-valuetext", state.steps[state.active]?.label ?? "");
}

/**
 * Press the rail of a slider where a step is, as the mouse would.
 *
 * @param {Element} group
 * @param {number} step
 */
function slideTo(group, step) {
  const rail = group.querySelector(RAIL);
  const state = slides(group);
  if (!rail || !state) return;
  const last = state.steps.length - 1;
  const share = Math.min(Math.max(step, 0), last) / Math.max(last, 1);
  const { left, top, width, height } = rail.getBoundingClientRect();
  const place = {
    bubbles: true,
    cancelable: true,
    clientX: left + INSET + share * (width - 2 * INSET),
    clientY: top + height / 2,
  };
  rail.dispatchEvent(new MouseEvent("mousedown", place));
  group.closest(".js-plotly-plot")?.dispatchEvent(new MouseEvent("mouseup", place));
  describe(group);
}

/**
 * Press a mouse button on an element: as plotly tells a click from a drag, it listens for both ends.
 *
 * @param {Element | null} element
 */
function press(element) {
  for (const part of ["mousedown", "mouseup", "click"])
    element?.dispatchEvent(new MouseEvent(part, { bubbles: true, cancelable: true }));
}

/** Give legends, buttons and sliders a place in the Tab order and a role. To be called after changes. */
export function reachCharts() {
  for (const button of document.querySelectorAll(PLAYERS)) {
    button.setAttribute("tabindex", "0");
    button.setAttribute("role", "button");
  }
  for (const series of document.querySelectorAll(SERIES)) {
    const item = /** @type {Item | undefined} */ (bound(series));
    series.setAttribute("tabindex", "0");
    series.setAttribute("role", "button");
    series.setAttribute("aria-pressed", String(item?.[0]?.trace.visible === true));
  }
  for (const group of document.querySelectorAll(SLIDERS)) {
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "slider");
    group.setAttribute("aria-valuemin", "0");
    describe(group);
    group.addEventListener("focus", () => describe(group));
  }
}

/** @param {KeyboardEvent} event */
function answer(event) {
  const at = event.target;
  if (!(at instanceof SVGElement) || !at.closest(".js-plotly-plot")) return;
  if ((event.key === "Enter" || event.key === " ") && at.matches("[role=button]")) {
    event.preventDefault();
    press(at.querySelector(".legendtoggle") ?? at);
  }
  const move = MOVES.get(event.key);
  if (move === undefined || !at.matches(".slider-group")) return;
  event.preventDefault();
  slideTo(at, (slides(at)?.active ?? 0) + move);
}

document.addEventListener("keydown", answer);
