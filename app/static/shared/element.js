// Elements of a page. Text goes in as text, never as HTML.

/**
 * A new element, at the end of `parent` if there is one.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} [className]
 * @param {Element | null} [parent]
 * @param {string | number} [text]
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = String(text);
  if (parent) parent.append(made);
  return made;
}

/**
 * The element that an event is about, to look for what it lies in.
 *
 * @param {Event} event
 * @returns {HTMLElement}
 */
export function target(event) {
  return /** @type {HTMLElement} */ (event.target);
}
