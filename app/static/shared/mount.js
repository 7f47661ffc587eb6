// What Streamlit calls: again with each rerun of the page, and to clean up once the place is gone.

/** @import { Labels } from "./words.js" */

/**
 * What every component gets from Python beside its own data (app/ui/components).
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
 * @template Data
 * @typedef {object} Given what Streamlit gives
 * @property {Data & Common} data
 * @property {Element | ShadowRoot} parentElement
 * @property {Send} setStateValue a value that stays
 * @property {Send} setTriggerValue a value for one rerun of the page
 */

/**
 * @template Data
 * @typedef {object} View one place where a component is shown
 * @property {(data: Data & Common, given: Given<Data>) => void} update
 * @property {() => void} destroy
 */

/**
 * The function that Streamlit calls, for a component whose places are views.
 *
 * @template Data
 * @param {new (root: HTMLElement) => View<Data>} Kind
 */
export function mount(Kind) {
  /** @type {WeakMap<Element, View<Data>>} */
  const views = new WeakMap();
  return (/** @type {Given<Data>} */ given) => {
    const root = /** @type {HTMLElement} */ (given.parentElement.querySelector(".view"));
    const view = views.get(root) ?? new Kind(root);
    views.set(root, view);
    view.update(given.data, given);
    return () => {
      view.destroy();
      views.delete(root);
    };
  };
}
