// Creating elements. Text is inserted as text, never as HTML.

/**
 * Create an element, appended to `parent` if given.
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
 * The target element of an event, to search its ancestors.
 *
 * @param {Event} event
 * @returns {HTMLElement}
 */
export function target(event) {
  return /** @type {HTMLElement} */ (event.target);
}
