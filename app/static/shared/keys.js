// Whether a key is free to turn a page.

const OWN = "input, textarea, select, [contenteditable=true], [role=slider], [role=radiogroup]";

/**
 * What has the focus; of a frame's event too, whose elements are of other classes than ours.
 *
 * @param {KeyboardEvent} event
 */
export function focusedOf(event) {
  const [focused] = event.composedPath();
  return "closest" in focused ? /** @type {Element} */ (focused) : null;
}

/**
 * Does what has the focus answer this key itself?
 *
 * @param {KeyboardEvent} event
 */
export function isTaken(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  return focusedOf(event)?.closest(OWN) != null;
}
