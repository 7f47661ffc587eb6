// Draws a plotly chart as it was on the page, with the compressed plotly in the same file.

/** @param {string} id */
const bytes = (id) => {
  const text = atob(document.getElementById(id)?.textContent ?? "");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
};
const library = document.createElement("script");
const packed = new Blob([bytes("plotly")]).stream();
library.textContent = await new Response(
  packed.pipeThrough(new DecompressionStream("gzip")),
).text();
document.head.append(library);
const chart = JSON.parse(new TextDecoder().decode(bytes("data")));
/** @type {any} */ (globalThis).Plotly.newPlot("place", chart);

export {};
