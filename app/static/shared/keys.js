// Whether a key may be used to turn a page.

const OWN = "input, textarea, select, [contenteditable=true], [role=slider], [role=radiogroup]";

/**
 * The focused element; works for events of a frame, too, whose elements have other classes.
 *
 * @param {KeyboardEvent} event
 */
export function focusedOf(event) {
  const [focused] = event.composedPath();
  return "closest" in focused ? /** @type {Element} */ (focused) : null;
}

/**
 * Whether the focused element handles this key itself.
 *
 * @param {KeyboardEvent} event
 */
export function isTaken(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  return focusedOf(event)?.closest(OWN) != null;
}
