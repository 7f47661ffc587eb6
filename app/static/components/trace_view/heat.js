// Tokens x experts: one selected layer large (heatmap), or all layers small (multiples).

/** @import { Spot } from "../../shared/tip.js" */
/** @import { Run } from "./run.js" */
/** @import { Part } from "./parts.js" */
/** @import { View } from "./view.js" */

import { prepare, theme } from "../../shared/canvas.js";
import { cividis } from "../../shared/colours.js";
import { element } from "../../shared/element.js";
import { tokenStep } from "./axis.js";
import { layerButtons, layerMenu } from "./layers.js";
import { legend } from "./legend.js";
import { makeLoads } from "./loads.js";
import { makeOverview } from "./overview.js";
import { describe } from "./teller.js";

const MOST_ZOOM = 8;
const LABEL = 28; // px, room for the expert labels
const AXIS = 18; // px, room for the token labels
const DIGIT = 3.4; // px, half the width of a digit on the axis

/**
 * @param {Run} run
 * @param {number} width
 * @param {number} rowHeight
 * @param {number} least minimum px per token; the picture scrolls if it does not fit
 * @param {number} zoom
 */
function heatGeometry(run, width, rowHeight, least, zoom) {
  const cell = zoom * Math.min(18, Math.max(least, (width - LABEL) / run.span));
  const perGroup = run.n_experts / run.n_group;
  const gap = rowHeight >= 8 ? 3 : 1;
  /** @param {number} e */
  const y = (e) => e * rowHeight + Math.floor(e / perGroup) * gap;
  return {
    cell,
    y,
    rowHeight,
    x: (/** @type {number} */ i) => LABEL + (i - run.first) * cell,
    width: Math.max(width, LABEL + cell * run.span),
    height: y(run.n_experts - 1) + rowHeight,
  };
}

/** @typedef {ReturnType<typeof heatGeometry>} Geometry */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {number} l
 * @param {Geometry} g
 * @param {number} shown
 * @param {number} current
 */
function drawHeat(canvas, view, l, g, shown, current) {
  const { run } = view;
  const colours = theme(view.root);
  const context = prepare(canvas, g.width, g.height + AXIS);
  context.fillStyle = colours.empty;
  for (let e = 0; e < run.n_experts; e++)
    context.fillRect(LABEL, g.y(e), g.cell * run.span, g.rowHeight - (g.rowHeight > 4 ? 1 : 0));
  for (let i = run.first; i < Math.min(shown, run.fed); i++) {
    const [left, right] = [Math.round(g.x(i)), Math.round(g.x(i + 1))];
    for (const { expert, share } of run.chosen(i, l)) {
      context.fillStyle = cividis(share / run.fullShare);
      context.fillRect(
        left,
        g.y(expert),
        Math.max(1, right - left - (g.cell > 6 ? 1 : 0)),
        g.rowHeight - (g.rowHeight > 4 ? 1 : 0),
      );
    }
  }
  /** @type {(i: number, colour: string, width: number, dash: number[]) => void} */
  const rule = (i, colour, width, dash) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(g.x(i), 0);
    context.lineTo(g.x(i), g.height);
    context.stroke();
    context.setLineDash([]);
  };
  const end = run.first + run.span;
  if (run.first <= run.n_prompt && run.n_prompt < end) rule(run.n_prompt, colours.text, 1, [3, 3]);
  if (shown) {
    context.strokeStyle = view.pinned === null ? colours.text : colours.accent;
    context.lineWidth = view.pinned === null ? 1 : 2.5;
    context.strokeRect(g.x(current) - 1, 1, g.cell + 2, g.height - 2);
  }
  context.font = colours.label;
  context.fillStyle = colours.muted;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const step = tokenStep(g.cell);
  for (let i = Math.ceil(run.first / step) * step; i < end; i += step) {
    const half = String(i).length * DIGIT;
    context.fillText(String(i), Math.min(g.x(i) + g.cell / 2, g.width - half), g.height + 10);
  }
}

/**
 * Draw the expert labels, which stay at the left while the picture scrolls.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {Geometry} g
 */
function drawNumbers(canvas, view, g) {
  const colours = theme(view.root);
  const context = prepare(canvas, LABEL, g.height);
  context.fillStyle = colours.back;
  context.fillRect(0, 0, LABEL, g.height);
  context.font = colours.label;
  context.fillStyle = colours.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const every = 2 ** Math.max(0, Math.ceil(Math.log2(12 / g.rowHeight)));
  for (let e = 0; e < view.run.n_experts; e += every)
    context.fillText(String(e), LABEL - 6, Math.max(6, g.y(e) + g.rowHeight / 2));
}

/**
 * @param {MouseEvent} event
 * @param {View} view
 * @param {Geometry} g
 */
function tokenUnder(event, view, g) {
  const i = view.run.first + Math.floor((event.offsetX - LABEL) / g.cell);
  return i >= view.run.first && i < view.shown ? i : null;
}

/**
 * A canvas that shows a layer.
 *
 * @param {View} view
 * @param {Element} parent
 * @param {() => number} layerIndex
 */
function heatCanvas(view, parent, layerIndex) {
  const whole = element("div", "scrolled", parent);
  const frame = element("div", "scroll", whole);
  const canvas = element("canvas", "", frame);
  const numbers = element("canvas", "rows", whole);
  canvas.setAttribute("role", "img");
  canvas.tabIndex = 0;
  /** @type {Geometry | null} */
  let geometry = null;
  /** @type {{ token: number, x: number } | null} */
  let stays = null; // the token that stays in place while zooming
  let before = 0;
  let marked = 0; // the token in the frame
  /** @type {(event: MouseEvent) => Spot} */
  const at = ({ clientX: x, clientY: y }) => ({
    left: x,
    right: x,
    top: y,
    bottom: y,
    beside: frame.clientWidth > 600,
  });
  canvas.onpointermove = (event) => {
    if (geometry) view.hover(tokenUnder(event, view, geometry), at(event), layerIndex());
  };
  canvas.onpointerleave = () => view.hover(null);
  canvas.onclick = (event) => {
    if (geometry) view.toggle(tokenUnder(event, view, geometry), event, at(event), layerIndex());
  };

  /**
   * @param {number} l
   * @param {number} rowHeight
   * @param {number} least
   * @param {number} shown
   * @param {number} current
   */
  function draw(l, rowHeight, least, shown, current, zoom = 1) {
    const g = heatGeometry(view.run, frame.clientWidth, rowHeight, least, zoom);
    geometry = g;
    marked = current;
    drawHeat(canvas, view, l, g, shown, current);
    drawNumbers(numbers, view, g);
    if (stays) frame.scrollLeft = g.x(stays.token) - stays.x;
    stays = null;
    if (before !== shown && g.width > frame.clientWidth && view.pinned === null && view.grows)
      frame.scrollLeft = g.x(shown) - frame.clientWidth * 0.8; // follow the newest token
    before = shown;
  }

  /**
   * Make tokens wider or narrower; returns whether the zoom has changed.
   *
   * @param {number} factor
   * @param {number} x position at which a token stays
   * @param {number} [token] that token; default: the one at x
   */
  function zoom(factor, x, token) {
    const wanted = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
    if (wanted === view.zoom || !geometry) return false;
    const { cell } = geometry;
    stays = { x, token: token ?? view.run.first + (frame.scrollLeft + x - LABEL) / cell };
    view.zoom = wanted;
    view.redraw();
    return true;
  }

  /** The position of the marked token, so that it stays visible while zooming by keys. */
  function mark() {
    if (!geometry) return frame.clientWidth / 2;
    const { x, cell } = geometry;
    const last = frame.clientWidth - cell * 1.5;
    return Math.max(LABEL, Math.min(x(marked) - frame.scrollLeft, last));
  }

  /** @param {number} factor */
  const zoomAtMark = (factor) => zoom(factor, mark(), marked);

  return { canvas, frame, draw, zoom, zoomAtMark };
}

/**
 * Zoom with the wheel and with + and −; the hovered token stays in place, with keys the marked one.
 * The wheel zooms only with Ctrl or while the picture has the focus; otherwise it scrolls the page.
 *
 * @param {ReturnType<typeof heatCanvas>} heat
 */
function zoomable({ canvas, frame, zoom, zoomAtMark }) {
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !canvas.matches(":focus")) return;
      const turned = zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX - frame.scrollLeft);
      if (turned || event.ctrlKey) event.preventDefault();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const factor = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
    if (!factor || event.ctrlKey || event.metaKey) return;
    zoomAtMark(factor);
    event.preventDefault();
  });
}

/**
 * @param {View} view
 * @param {Element} parent
 * @returns {Part}
 */
export function makeHeatmap(view, parent) {
  const box = element("section", "part heatmap", parent);
  const top = element("div", "heat-top", box);
  element("div", "part-title", top, view.words.say("heat_title"));
  const showLayer = (view.run.pooled ? layerMenu : layerButtons)(view, top);
  const whole = view.run.pooled ? makeOverview(view, box, view.run.pooled) : null;
  const readout = element("div", "readout", box);
  const heat = heatCanvas(view, box, () => view.layer);
  zoomable(heat);
  element("div", "axis-title", box, view.words.say("heat_axes"));
  element("div", "axis-title hint", box, view.words.say("heat_zoom"));
  legend(box, view);
  return {
    reset() {},
    draw(shown, current) {
      const { run } = view;
      showLayer();
      whole?.draw();
      const row = run.n_experts <= 32 ? 15 : Math.max(2, Math.floor(512 / run.n_experts));
      heat.draw(view.layer, row, 3, shown, current, view.zoom);
      const layer = run.layers[view.layer];
      heat.canvas.setAttribute(
        "aria-label",
        view.words.say("heat_alt", {
          layer,
          tokens: Math.min(shown, run.fed) - run.first,
          experts: run.n_experts,
          k: run.k,
        }),
      );
      readout.textContent = shown ? describe(view, current) : "";
    },
  };
}

/**
 * @param {View} view
 * @param {Element} parent
 * @returns {Part}
 */
export function makeMultiples(view, parent) {
  if (view.run.pooled) return makeLoads(view, parent, view.run.pooled);
  const box = element("section", "part multiples", parent);
  element("div", "part-title", box, view.words.say("multiples_title"));
  const panels = element("div", "panels", box);
  const heats = view.run.layers.map((layer, l) => {
    const panel = element("div", "panel", panels);
    const title = element("button", "layer", panel, view.words.say("layer", { layer }));
    title.type = "button";
    title.onclick = () => view.chooseLayer(l);
    return Object.assign(
      heatCanvas(view, panel, () => l),
      { title, l, layer },
    );
  });
  for (const { frame } of heats)
    frame.onscroll = () => {
      for (const other of heats) other.frame.scrollLeft = frame.scrollLeft; // keep tokens aligned
    };
  element("div", "axis-title", box, view.words.say("heat_axes"));
  legend(box, view);
  return {
    reset() {},
    draw(shown, current) {
      for (const heat of heats) {
        const row =
          view.run.n_experts <= 32 ? 5 : Math.max(1, Math.floor(160 / view.run.n_experts));
        heat.draw(heat.l, row, 1, shown, current);
        heat.title.setAttribute("aria-pressed", String(heat.l === view.layer));
        heat.canvas.setAttribute(
          "aria-label",
          view.words.say("heat_alt", {
            layer: heat.layer,
            tokens: Math.min(shown, view.run.fed),
            experts: view.run.n_experts,
            k: view.run.k,
          }),
        );
      }
    },
  };
}
