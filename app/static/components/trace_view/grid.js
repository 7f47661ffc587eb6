// The grid: layers x experts for one token, with a faint trail of the preceding tokens.

/** @import { Colours, Context } from "../../shared/canvas.js" */
/** @import { Run } from "./run.js" */
/** @import { Part } from "./parts.js" */
/** @import { View } from "./view.js" */

import { prepare, theme } from "../../shared/canvas.js";
import { cividis, inkOn } from "../../shared/colours.js";
import { element } from "../../shared/element.js";
import { legend } from "./legend.js";
import { describe, describeExperts } from "./teller.js";

const TRAIL = 8; // number of tokens in the trail

/**
 * @param {Run} run
 * @param {number} width
 */
function measure(run, width) {
  const groupGap = Math.min(6, Math.max(2, width / 120));
  const labelWidth = 34;
  const sharedWidth = run.n_shared ? Math.min(64, Math.max(44, width * 0.1)) : 0;
  const room = width - labelWidth - sharedWidth - groupGap * run.n_group;
  const cell = Math.min(34, Math.max(2, Math.floor(room / run.n_experts)));
  const row = run.layers.length < 9 ? 32 : Math.max(8, cell);
  const perGroup = run.n_experts / run.n_group;
  /** @param {number} e */
  const x = (e) => labelWidth + e * cell + Math.floor(e / perGroup) * groupGap;
  /** @param {number} l */
  const y = (l) => 20 + l * row;
  return {
    width,
    cell,
    row,
    x,
    y,
    sharedWidth,
    sharedX: x(run.n_experts - 1) + cell + groupGap * 2,
    height: 20 + row * run.layers.length + 4,
  };
}

/** @typedef {ReturnType<typeof measure>} Geometry */

/**
 * @param {View} view
 * @param {Element} parent
 * @returns {Part}
 */
export function makeGrid(view, parent) {
  const box = element("section", "part grid", parent);
  element("div", "part-title", box, view.words.say("grid_title"));
  const readout = element("div", "readout", box);
  const canvas = element("canvas", "", box);
  canvas.setAttribute("role", "img");
  canvas.tabIndex = 0;
  const notes = legend(box, view);
  element("span", "", notes, view.words.say("trail_note", { n: TRAIL }));
  if (view.run.n_shared) element("span", "", notes, view.words.say("shared_note"));
  /** @type {Geometry | null} */
  let cells = null; // the geometry of the last drawing, for hovering

  /**
   * @param {Context} context
   * @param {Geometry} g
   * @param {number} l
   * @param {number} expert
   * @param {number} share
   * @param {Colours} colours
   */
  function drawCell(context, g, l, expert, share, colours) {
    const value = share / view.run.fullShare;
    const inset = g.cell > 8 ? 1.5 : 0.5;
    const [x, y] = [g.x(expert) + inset, g.y(l) + inset];
    const [w, h] = [g.cell - 2 * inset, g.row - 2 * inset];
    context.fillStyle = cividis(value);
    context.fillRect(x, y, w, h);
    context.strokeStyle = colours.text;
    context.lineWidth = g.cell > 8 ? 1.5 : 1;
    context.strokeRect(x, y, w, h);
    if (g.cell >= 20) {
      context.fillStyle = inkOn(value);
      context.font = `600 ${Math.min(11, g.cell / 2.4)}px ${colours.font}`;
      context.fillText(String(Math.round(share * 100)), x + w / 2, y + h / 2 + 0.5);
    }
  }

  /**
   * @param {Context} context
   * @param {Geometry} g
   * @param {Run} run
   * @param {Colours} colours
   */
  function drawFrame(context, g, run, colours) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = colours.label;
    context.fillStyle = colours.muted;
    const every = g.cell >= 16 ? 1 : Math.ceil(20 / g.cell);
    for (let e = 0; e < run.n_experts; e += every)
      context.fillText(String(e), g.x(e) + g.cell / 2, 9);
    run.layers.forEach((layer, l) => {
      context.fillText(view.words.say("layer_short", { layer }), 15, g.y(l) + g.row / 2);
      context.fillStyle = colours.empty;
      for (let e = 0; e < run.n_experts; e++)
        context.fillRect(g.x(e) + 1, g.y(l) + 1, g.cell - 2, g.row - 2);
      context.fillStyle = colours.muted;
    });
    if (run.n_shared) {
      context.fillText(view.words.say("shared_short"), g.sharedX + g.sharedWidth / 2 - 6, 9);
      run.layers.forEach((_, l) => {
        context.fillStyle = colours.accent;
        context.globalAlpha = 0.35;
        context.fillRect(g.sharedX, g.y(l) + 1.5, g.sharedWidth - 12, g.row - 3);
        context.globalAlpha = 1;
        context.strokeStyle = colours.accent;
        context.strokeRect(g.sharedX, g.y(l) + 1.5, g.sharedWidth - 12, g.row - 3);
      });
    }
  }

  /**
   * @param {Context} context
   * @param {Geometry} g
   * @param {number} current
   * @param {Colours} colours
   */
  function drawTrail(context, g, current, colours) {
    context.fillStyle = colours.accent;
    for (let back = Math.min(TRAIL, current); back >= 1; back--) {
      context.globalAlpha = 0.02 + 0.07 * (1 - back / TRAIL);
      view.run.layers.forEach((_, l) => {
        for (const { expert } of view.run.chosen(current - back, l))
          context.fillRect(g.x(expert) + 1, g.y(l) + 1, g.cell - 2, g.row - 2);
      });
    }
    context.globalAlpha = 1;
  }

  canvas.onpointermove = (event) => {
    const g = cells;
    if (!g || !view.shown) return;
    const [px, py] = [event.offsetX, event.offsetY];
    const l = view.run.layers.findIndex((_, i) => py >= g.y(i) && py < g.y(i) + g.row);
    const e = Array.from({ length: view.run.n_experts }, (_, i) => i).find(
      (i) => px >= g.x(i) && px < g.x(i) + g.cell,
    );
    if (l < 0) return view.tip.hide();
    const spot = canvas.getBoundingClientRect();
    const at = {
      left: spot.left + px,
      right: spot.left + px,
      top: spot.top + g.y(l),
      bottom: spot.top + g.y(l) + g.row,
    };
    if (e !== undefined) view.tip.expert(l, e, at);
    else if (px >= g.sharedX) view.tip.say([view.words.say("shared_note")], at);
    else view.tip.hide();
  };
  canvas.onpointerleave = () => view.tip.hide();

  return {
    reset() {},
    draw(shown, current) {
      const { run } = view;
      const colours = theme(view.root);
      const g = measure(run, box.clientWidth);
      cells = g;
      const context = prepare(canvas, g.width, g.height);
      drawFrame(context, g, run, colours);
      if (!shown) return;
      drawTrail(context, g, Math.min(current, run.fed), colours);
      run.layers.forEach((_, l) => {
        for (const { expert, share } of run.chosen(current, l))
          drawCell(context, g, l, expert, share, colours);
      });
      readout.textContent = describe(view, current);
      canvas.setAttribute("aria-label", describeExperts(view, current));
    },
  };
}
