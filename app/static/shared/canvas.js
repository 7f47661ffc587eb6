// Canvases: their size, the theme's colours, and what was drawn on them, to draw it once more.

/**
 * What our pictures ask of a context: a canvas has it, and so has SVG (svg.js).
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
 * The theme's colours and font, as a component gets them in CSS variables.
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
let recording = null; // what is drawn on each canvas, while a picture is saved

/**
 * A stand-in for a context that keeps what it is asked, to be asked of any other context.
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
 * A context in CSS pixels on a canvas as sharp as the screen; clears it.
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
 * What each canvas of a part would show, as strokes to be made with any context.
 *
 * @param {Element} box
 * @param {() => void} draw draws them all
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
