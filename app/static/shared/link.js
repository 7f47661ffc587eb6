// Links views of one run, of any component, so that they hover and pin the same token. All of them
// send a pin to Python, but one after another: if components in two fragments send at once,
// Streamlit runs one fragment only.

const LINK = "token-of-a-run";
export const PAUSE = 200; // ms before a pin is sent, so that only the last of repeated keys counts

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
 * Listen to other views, until the returned function is called.
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
 * Milliseconds until a view that was told of a pin sends it, each later than the one before.
 *
 * @param {Told} told
 */
export function nextTurn(told) {
  told.told += 1;
  return PAUSE * (1 + told.told);
}
