// Whether a key is free to turn a page.

const OWN = "input, textarea, select, [contenteditable=true], [role=slider], [role=radiogroup]";

/**
 * Does what has the focus answer this key itself?
 *
 * @param {KeyboardEvent} event
 */
export function isTaken(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  const [focused] = event.composedPath();
  return focused instanceof Element && focused.closest(OWN) !== null;
}
