// Draws a plotly chart as it was on the page, with the compressed plotly in the same file.
const bytes = (id) => {
  const text = atob(document.getElementById(id).textContent);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
};
const library = document.createElement("script");
const unpacking = new DecompressionStream("gzip");
library.textContent = await new Response(new Blob([bytes("plotly")]).stream().pipeThrough(unpacking)).text();
document.head.append(library);
const chart = JSON.parse(new TextDecoder().decode(bytes("data")));
Plotly.newPlot("place", chart);
