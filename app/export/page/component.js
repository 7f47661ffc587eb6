// Takes Streamlit's place: gives a component its data. What the component sends is ignored.

/**
 * Draw a component with the data in the page.
 *
 * @param {(component: object) => unknown} view
 */
export function show(view) {
  const text = atob(document.getElementById("data")?.textContent ?? "");
  const data = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const parentElement = document.getElementById("place");
  view({ data, parentElement, setStateValue() {}, setTriggerValue() {} });
  // pictures on a canvas have the colours of when they were drawn
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
}
