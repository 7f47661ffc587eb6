// The expert loads of a run too large to draw whole, in all layers.

/** @import { Colours, Context } from "../../shared/canvas.js" */
/** @import { Pooled, Run } from "./run.js" */
/** @import { Part } from "./parts.js" */
/** @import { View } from "./view.js" */

import { prepare, theme } from "../../shared/canvas.js";
import { element } from "../../shared/element.js";
import { colourBar } from "./legend.js";
import { expertsOfRow, outline, pixels, stretch } from "./pooled.js";

/**
 * The expert load of all layers as a picture. It has a row for every layer of the model; those
 * without routed experts are empty.
 *
 * @param {Run} run
 * @param {Pooled} pooled
 * @param {number} most share at the end of the colour scale
 */
function loadsOf(run, pooled, most) {
  const { load, fed, experts } = pooled;
  const rows = Array.from({ length: Math.max(...run.layers) + 1 }, (_, n) => run.layers.indexOf(n));
  const image = pixels(rows.length, load[0].length, (n, r) => {
    if (rows[n] < 0) return 0;
    return load[rows[n]][r] / (fed * Math.min(experts, run.n_experts - r * experts)) / most;
  });
  const row = Math.min(16, Math.max(5, Math.floor(488 / rows.length)));
  return { pooled, rows, image, row };
}

/**
 * All layers x experts: the load of the whole run, and the current token's experts.
 *
 * @param {View} view
 * @param {Element} parent
 * @param {Pooled} pooled
 * @returns {Part}
 */
export function makeLoads(view, parent, pooled) {
  const { words } = view;
  const box = element("section", "part loads", parent);
  element("div", "part-title", box, words.say("loads_title"));
  const canvas = element("canvas", "", box);
  canvas.setAttribute("role", "img");
  element("div", "axis-title", box, words.say("loads_axes"));
  const even = view.run.k / view.run.n_experts;
  const most = Math.min(1, 4 * even);
  colourBar(
    box,
    view,
    words.fine.format(most),
    words.say("loads_even", { share: words.fine.format(even) }),
  );
  const [label, top] = [28, 18];
  let made = loadsOf(view.run, pooled, most); // the picture of the latest data
  let [width, cell] = [0, 0];

  /**
   * @param {Context} context
   * @param {Colours} colours
   */
  function drawAxes(context, colours) {
    context.font = colours.label;
    context.fillStyle = colours.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const every = Math.ceil(13 / made.row);
    for (let n = 0; n < made.rows.length; n += every)
      context.fillText(String(n), label - 6, top + (n + 0.5) * made.row);
    context.textAlign = "center";
    const { n_experts, n_group } = view.run;
    const perGroup = n_experts / n_group;
    const perExpert = (width - label) / n_experts;
    for (let e = 0; e < n_experts; e += perGroup * Math.ceil(28 / (perGroup * perExpert)))
      context.fillText(String(e), label + Math.max(4, (e + 0.5) * perExpert), 8);
  }

  /**
   * @param {Context} context
   * @param {Colours} colours
   */
  function drawLayers(context, colours) {
    const { rows, row } = made;
    rows.forEach((l, n) => {
      if (l >= 0) return;
      context.fillStyle = colours.border;
      context.fillRect(label, top + n * row, width - label, row - 1);
    });
    const y = top + rows.indexOf(view.layer) * row;
    outline(context, [label, y, width - label - 1, row], colours.accent, colours.back);
  }

  /**
   * @param {Context} context
   * @param {number} current
   */
  function drawToken(context, current) {
    const { rows, row } = made;
    rows.forEach((l, n) => {
      if (l < 0) return;
      for (const { expert } of view.run.chosen(current, l)) {
        const x = label + Math.floor(expert / made.pooled.experts) * cell;
        outline(context, [x, top + n * row, cell, row - 1], "#ffffff", "#10151c");
      }
    });
  }

  /**
   * The layer and the row of experts under the pointer.
   *
   * @param {MouseEvent} event
   */
  const under = (event) => {
    const l = made.rows[Math.floor((event.offsetY - top) / made.row)] ?? -1;
    const r = Math.floor((event.offsetX - label) / cell);
    return l >= 0 && r >= 0 && r < made.image.width ? { l, r } : null;
  };
  canvas.onpointermove = (event) => {
    const found = under(event);
    if (!found) return view.tip.hide();
    const { l, r } = found;
    const { pooled: drawn } = made;
    const spot = {
      left: event.clientX,
      right: event.clientX,
      top: event.clientY,
      bottom: event.clientY,
      beside: box.clientWidth > 600,
    };
    const said = words.say("loads_cell", {
      layer: view.run.layers[l],
      experts: expertsOfRow(view.run, drawn, r),
      times: drawn.load[l][r],
      tokens: drawn.fed,
    });
    view.tip.say([said], spot);
  };
  canvas.onpointerleave = () => view.tip.hide();
  canvas.onclick = (event) => {
    const found = under(event);
    if (found) view.chooseLayer(found.l);
  };

  return {
    reset() {},
    draw(_, current) {
      const { run } = view;
      if (run.pooled && run.pooled !== made.pooled) made = loadsOf(run, run.pooled, most);
      width = box.clientWidth;
      cell = (width - label) / made.image.width;
      const height = made.row * made.rows.length;
      const colours = theme(view.root);
      const context = prepare(canvas, width, top + height + 2);
      context.fillStyle = colours.empty;
      context.fillRect(label, top, width - label, height);
      stretch(context, made.image, label, top, width - label, height);
      drawAxes(context, colours);
      drawLayers(context, colours);
      if (view.pinned !== null || view.hovered !== null) drawToken(context, current);
      canvas.setAttribute(
        "aria-label",
        words.say("loads_alt", {
          layers: run.layers.length,
          experts: run.n_experts,
          tokens: made.pooled.fed,
        }),
      );
    },
  };
}
