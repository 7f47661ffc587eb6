// Canvases: their size, the theme's colours, and recording what is drawn on them to replay it.

/**
 * The subset of a drawing context that our pictures use; canvas and SVG (svg.js) implement it.
 *
 * @typedef {Pick<CanvasRenderingContext2D,
 *   "fillStyle" | "strokeStyle" | "lineWidth" | "globalAlpha" | "font" | "textAlign"
 *   | "textBaseline" | "imageSmoothingEnabled" | "save" | "translate" | "restore" | "setLineDash"
 *   | "fillRect" | "strokeRect" | "beginPath" | "moveTo" | "lineTo" | "closePath" | "fillText"
 *   | "createLinearGradient">} Common
 * @typedef {object} Own
 * @property {() => void} fill
 * @property {() => void} stroke
 * @property {(x: number, y: number, r: number, from: number, to: number) => void} arc
 * @property {(x: number, y: number, width: number, height: number, r: number) => void} roundRect
 * @property {(image: HTMLCanvasElement, x: number, y: number, width: number, height: number) => void} drawImage
 * @typedef {Common & Own} Context
 */

/** @typedef {(context: Context) => unknown} Stroke */

/**
 * The theme's colours and font, from the CSS variables of a component.
 *
 * @param {Element} root
 */
export function theme(root) {
  const style = getComputedStyle(root);
  /** @param {string} name */
  const read = (name) => style.getPropertyValue(name).trim();
  const font = read("--st-font") || "sans-serif";
  return {
    text: read("--st-text-color"),
    muted: read("--muted-ink") || read("--st-text-color"),
    border: read("--st-border-color"),
    empty: read("--st-secondary-background-color"),
    accent: read("--st-primary-color"),
    back: read("--st-background-color"),
    font,
    label: `${read("--label-size") || "11px"} ${font}`, // of numbers beside what is drawn
  };
}

/** @typedef {ReturnType<typeof theme>} Colours */

/** @type {Map<HTMLCanvasElement, Stroke[]> | null} */
let recording = null; // the strokes on each canvas while a picture is being saved

/**
 * A context that records all calls, to be replayed on any other context.
 *
 * @param {Stroke[]} strokes
 * @returns {Context}
 */
function recorder(strokes) {
  return /** @type {Context} */ (
    new Proxy(
      {},
      {
        get:
          (_, name) =>
          (/** @type {unknown[]} */ ...given) =>
            strokes.push((context) => /** @type {any} */ (context)[name](...given)),
        set: (_, name, value) =>
          strokes.push((context) => {
            /** @type {any} */ (context)[name] = value;
          }) > 0,
      },
    )
  );
}

/**
 * Clear a canvas and return its context in CSS pixels, at the screen's resolution.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width in CSS pixels
 * @param {number} height in CSS pixels
 * @returns {Context}
 */
export function prepare(canvas, width, height) {
  if (recording) {
    /** @type {Stroke[]} */
    const strokes = [];
    recording.set(canvas, strokes);
    return recorder(strokes);
  }
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = context2d(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** @param {HTMLCanvasElement} canvas */
export function context2d(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * The strokes that each canvas of a part would draw, to be replayed on any context.
 *
 * @param {Element} box
 * @param {() => void} draw draws all of them
 */
export function record(box, draw) {
  /** @type {Map<HTMLCanvasElement, Stroke[]>} */
  const drawn = new Map();
  recording = drawn;
  try {
    draw();
  } finally {
    recording = null;
  }
  return [...box.querySelectorAll("canvas")].map((canvas) => drawn.get(canvas) ?? []);
}
