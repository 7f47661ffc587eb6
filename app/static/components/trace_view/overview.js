// A pooled overview of a run too large to draw whole, with a frame around the tokens drawn.

/** @import { Colours, Context } from "../../shared/canvas.js" */
/** @import { Pooled, Run } from "./run.js" */
/** @import { View } from "./view.js" */

import { prepare, theme } from "../../shared/canvas.js";
import { element } from "../../shared/element.js";
import { tokenStep } from "./axis.js";
import { colourBar } from "./legend.js";
import { expertsOfRow, outline, pixels, stretch } from "./pooled.js";

/**
 * The routing of a layer as a picture, and how often each cell was chosen.
 *
 * @param {Run} run
 * @param {Pooled} pooled
 * @param {number} most share at the end of the colour scale
 */
function choicesOf(run, pooled, most) {
  const { tokens, experts, fed } = pooled;
  const columns = Math.ceil(fed / tokens);
  const rows = Math.ceil(run.n_experts / experts);
  const counts = pooled.choices;
  const image = pixels(rows, columns, (r, c) => {
    const pairs =
      Math.min(tokens, fed - c * tokens) * Math.min(experts, run.n_experts - r * experts);
    return counts[r * columns + c] / pairs / most;
  });
  return { pooled, counts, image };
}

/**
 * All tokens x experts of the layer, pooled, with a frame around the tokens drawn individually.
 *
 * @param {View} view
 * @param {Element} parent
 * @param {Pooled} pooled
 */
export function makeOverview(view, parent, pooled) {
  const { words } = view;
  const box = element("div", "overview", parent);
  const canvas = element("canvas", "", box);
  canvas.setAttribute("role", "slider");
  canvas.setAttribute("aria-label", words.say("pool_move"));
  canvas.tabIndex = 0;
  const note = element("div", "axis-title", box);
  const most = Math.min(1, (16 * view.run.k) / view.run.n_experts);
  const even = view.run.k / view.run.n_experts;
  colourBar(
    box,
    view,
    words.share.format(most),
    words.say("pool_even", { share: words.fine.format(even) }),
  );
  const label = 28;
  let made = choicesOf(view.run, pooled, most); // the picture of the latest data
  let g = measure();

  function measure() {
    const { image } = made;
    const width = box.clientWidth;
    const row = Math.max(1, Math.floor(256 / image.height));
    const perToken = (width - label) / (image.width * made.pooled.tokens);
    /** @param {number} i */
    const x = (i) => label + i * perToken;
    return { width, row, perToken, height: row * image.height, x };
  }

  /**
   * @param {Context} context
   * @param {Run} run
   * @param {Colours} colours
   */
  function drawAxes(context, run, colours) {
    context.font = colours.label;
    context.fillStyle = colours.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const perGroup = run.n_experts / run.n_group;
    const perExpert = g.height / run.n_experts;
    const every = perGroup * Math.ceil(14 / (perGroup * perExpert));
    for (let e = 0; e < run.n_experts; e += every)
      context.fillText(String(e), label - 6, Math.max(6, (e + 0.5) * perExpert));
    context.textAlign = "center";
    const step =
      [1, 2, 5].map((n) => n * tokenStep(g.perToken)).find((n) => n * g.perToken >= 48) || 10_000;
    for (let i = 0; g.x(i) < g.width - 16; i += step)
      context.fillText(words.whole.format(i), Math.max(g.x(i), label + 4), g.height + 10);
  }

  /**
   * @param {Context} context
   * @param {Run} run
   * @param {Colours} colours
   */
  function drawFrame(context, run, colours) {
    const [left, right] = [g.x(view.wanted), g.x(view.wanted + run.span)];
    outline(context, [left, 1, right - left, g.height - 2], colours.accent, colours.back);
  }

  /** @param {MouseEvent} event */
  const tokenAt = (event) => (event.offsetX - label) / g.perToken;
  /** @param {MouseEvent} event */
  const moveTo = (event) => view.look(tokenAt(event) - view.run.span / 2);
  canvas.onclick = moveTo;
  canvas.onpointermove = (event) => {
    if (event.buttons === 1 && event.pointerType !== "touch") return moveTo(event); // a drag
    const { pooled: drawn, counts, image } = made;
    const c = Math.floor(tokenAt(event) / drawn.tokens);
    const r = Math.floor(event.offsetY / g.row);
    if (c < 0 || c >= image.width || r >= image.height) return view.tip.hide();
    const spot = {
      left: event.clientX,
      right: event.clientX,
      top: event.clientY,
      bottom: event.clientY,
      beside: box.clientWidth > 600,
    };
    const said = words.say("pool_cell", {
      layer: drawn.layer,
      experts: expertsOfRow(view.run, drawn, r),
      first: words.whole.format(c * drawn.tokens),
      last: words.whole.format(Math.min(drawn.fed, (c + 1) * drawn.tokens) - 1),
      times: counts[r * image.width + c],
    });
    view.tip.say([said], spot);
  };
  canvas.onpointerleave = () => view.tip.hide();
  canvas.onkeydown = (event) => {
    const { span, total } = view.run;
    const first = {
      ArrowLeft: view.wanted - span / 4,
      ArrowRight: view.wanted + span / 4,
      PageUp: view.wanted - span,
      PageDown: view.wanted + span,
      Home: 0,
      End: total,
    }[event.key];
    if (first === undefined) return;
    view.look(first);
    event.preventDefault();
    event.stopPropagation(); // here arrows move the frame instead of the token
  };

  return {
    draw() {
      const { run } = view;
      box.hidden = run.span >= run.total;
      if (box.hidden) return;
      if (run.pooled && run.pooled !== made.pooled) made = choicesOf(run, run.pooled, most);
      const { pooled: drawn, image } = made;
      g = measure();
      const colours = theme(view.root);
      const context = prepare(canvas, g.width, g.height + 18);
      context.fillStyle = colours.empty;
      context.fillRect(label, 0, g.width - label, g.height);
      stretch(context, image, label, 0, g.width - label, g.height);
      drawAxes(context, run, colours);
      drawFrame(context, run, colours);
      const [first, last] = [view.wanted, view.wanted + run.span - 1].map((i) =>
        words.whole.format(i),
      );
      const said = words.say("pool_window", { first, last });
      canvas.setAttribute("aria-valuemin", "0");
      canvas.setAttribute("aria-valuemax", String(run.total - run.span));
      canvas.setAttribute("aria-valuenow", String(view.wanted));
      canvas.setAttribute("aria-valuetext", said);
      const cell = {
        n: run.total,
        layer: drawn.layer,
        tokens: drawn.tokens,
        experts: drawn.experts,
      };
      note.textContent = `${words.say("pool_note", cell)} ${said}`;
    },
  };
}
