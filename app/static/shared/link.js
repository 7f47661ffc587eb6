// Views of one run, of whatever component, point at and pin the same token: each tells the others.
// Python is to know a pin of them all, but one after another: of what components in two fragments
// send at once, Streamlit runs one fragment only.

const LINK = "token-of-a-run";
export const PAUSE = 200; // ms before a pin is sent: arrow keys repeat, so it is sent where they stop

/**
 * @typedef {{ hovered: number | null, pinned: number | null }} Pointing tokens of a run
 * @typedef {Pointing & { from: object, run: string, told: number }} Told
 */

/**
 * @param {Pointing} view
 * @param {string} run its name
 */
export function tellOthers(view, run) {
  const { hovered, pinned } = view;
  const detail = { from: view, run, hovered, pinned, told: 0 };
  window.dispatchEvent(new CustomEvent(LINK, { detail }));
}

/**
 * Hear what other views tell, until the function that this returns is called.
 *
 * @param {object} view
 * @param {(told: Told) => void} follow
 */
export function hearOthers(view, follow) {
  /** @param {Event} event */
  const hear = (event) => {
    const { detail } = /** @type {CustomEvent<Told>} */ (event);
    if (detail.from !== view) follow(detail);
  };
  window.addEventListener(LINK, hear);
  return () => window.removeEventListener(LINK, hear);
}

/**
 * Milliseconds after which a view that was told of a pin sends it: each later than the one before.
 *
 * @param {Told} told
 */
export function nextTurn(told) {
  told.told += 1;
  return PAUSE * (1 + told.told);
}
