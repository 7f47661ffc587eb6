// Canvas helpers: size, theme, colours. Amounts are cividis, as in the app's other pictures.

const CIVIDIS = [
  [0, 32, 76], [0, 42, 102], [0, 52, 110], [39, 63, 108], [60, 74, 107], [76, 85, 107],
  [91, 95, 109], [104, 106, 112], [117, 117, 117], [131, 129, 120], [146, 140, 120],
  [161, 152, 118], [176, 165, 114], [192, 177, 109], [209, 191, 102], [225, 204, 92],
  [243, 219, 79], [255, 233, 69],
];

function cividisParts(value) {
  const x = Math.min(1, Math.max(0, value)) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(x), CIVIDIS.length - 2);
  return CIVIDIS[low].map((c, j) => Math.round(c + (CIVIDIS[low + 1][j] - c) * (x - low)));
}

const cividis = (value) => `rgb(${cividisParts(value).join(" ")})`;

// Legible on the colour of that value.
const inkOn = (value) => (value < 0.5 ? "#ffffff" : "#10151c");

function theme(root) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--st-text-color"),
    muted: read("--muted-ink") || read("--st-text-color"),
    border: read("--st-border-color"),
    empty: read("--st-secondary-background-color"),
    accent: read("--st-primary-color"),
    back: read("--st-background-color"),
    font: read("--st-font") || "sans-serif",
  };
}

let recording = null; // canvas → what is drawn on it, while a picture is saved

// A stand-in for a context that keeps what it is asked, to be asked of any other context.
function recorder(canvas) {
  const strokes = [];
  recording.set(canvas, strokes);
  return new Proxy({}, {
    get: (_, name) => (...given) => strokes.push((context) => context[name](...given)),
    set: (_, name, value) => strokes.push((context) => (context[name] = value)) > 0,
  });
}

// A context in CSS pixels on a canvas as sharp as the screen; clears it.
function prepare(canvas, width, height) {
  if (recording) return recorder(canvas);
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

// Colour bar from 0 to where colours end, and what the colour says.
function colourBar(parent, view, most, said) {
  const box = element("div", "legend", parent);
  element("span", "", box, view.words.say("legend_low"));
  const bar = element("span", "legend-bar", box);
  const stops = Array.from({ length: 9 }, (_, i) => cividis(i / 8));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  element("span", "", box, view.words.say("legend_high", { share: most }));
  element("span", "", box, said);
  return box;
}

function legend(parent, view) {
  const { share, fine } = view.words;
  const said = view.words.say("legend_even", { share: fine.format(1 / view.run.k) });
  return colourBar(parent, view, share.format(view.run.fullShare), said);
}
