// The functions that Streamlit calls at each rerun of the page, and to clean up at the end.

/** @import { Labels } from "./words.js" */

import { unpacked } from "./packed.js";

/**
 * What every component gets from Python besides its own data (app/ui/components).
 *
 * @typedef {object} Common
 * @property {Labels} labels
 * @property {string} locale
 * @property {{ format: "png" | "svg", label: string }} saving how pictures are saved
 */

/**
 * @typedef {(name: string, value: unknown) => void} Send tell Python the value of a state
 */

/**
 * @typedef {object} Given what Streamlit passes
 * @property {Uint8Array<ArrayBuffer>} data as in packed.js
 * @property {Element | ShadowRoot} parentElement
 * @property {Send} setStateValue a value that persists
 * @property {Send} setTriggerValue a value for one rerun of the page
 */

/**
 * @template Data
 * @typedef {object} View a place where a component is shown
 * @property {(data: Data & Common, given: Given) => void} update
 * @property {() => void} destroy
 */

/**
 * The views on the page with their latest data, which Share saves as files.
 *
 * @type {Map<HTMLElement, Uint8Array<ArrayBuffer>>}
 */
export const shown = new Map();

/**
 * The function that Streamlit calls, for a component with a class of views.
 *
 * While the module is loading, several calls for one place may queue up. Then each is made, and the
 * cleanup functions of all but the last are called at once: only the last one may end the view.
 *
 * @template Data
 * @param {new (root: HTMLElement) => View<Data>} Kind
 */
export function mount(Kind) {
  /** @type {WeakMap<Element, { view: View<Data>, calls: number }>} */
  const places = new WeakMap();
  return (/** @type {Given} */ given) => {
    const root = /** @type {HTMLElement} */ (given.parentElement.querySelector(".view"));
    const place = places.get(root) ?? { view: new Kind(root), calls: 0 };
    places.set(root, place);
    place.calls += 1;
    const call = place.calls;
    const data = /** @type {Data & Common} */ (unpacked(given.data));
    document.documentElement.lang = data.locale; // Streamlit's page always says "en"
    place.view.update(data, given);
    shown.set(root, given.data);
    return () => {
      if (call !== place.calls) return;
      place.view.destroy();
      places.delete(root);
      shown.delete(root);
    };
  };
}
