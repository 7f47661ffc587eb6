// The cache meter: the current size of the KV cache, and its growth with the tokens.

/** @import { Part } from "./parts.js" */
/** @import { View } from "./view.js" */

import { prepare, theme } from "../../shared/canvas.js";
import { element } from "../../shared/element.js";

/**
 * @param {View} view
 * @param {Element} parent
 * @returns {Part}
 */
export function makeCache(view, parent) {
  const box = element("section", "part cache", parent);
  element("div", "part-title", box, view.words.say("cache_title"));
  const numbers = element("div", "numbers", box);
  const held = element("span", "held", numbers);
  const sum = element("span", "sum", numbers);
  const canvas = element("canvas", "", box);
  canvas.setAttribute("role", "img");

  return {
    reset() {},
    draw(shown, current) {
      const { run, words } = view;
      const taken = run.cache_bytes ?? []; // Python does not request this part without them
      const colours = theme(view.root);
      const marked = view.pinned === null && view.hovered === null ? shown - 1 : current;
      const fed = Math.min(marked + 1, run.fed);
      const bytes = fed > 0 ? (taken[fed - 1] ?? 0) : 0;
      held.textContent = words.say("cache_held", { kb: words.kilobytes(bytes) });
      sum.textContent = words.say("cache_sum", {
        tokens: fed,
        each: words.whole.format(run.bytesPerToken),
      });
      canvas.setAttribute("aria-label", `${held.textContent} ${sum.textContent}`);
      const [width, height] = [box.clientWidth, 56];
      const context = prepare(canvas, width, height);
      const [base, top] = [height - 14, 4];
      const most = run.bytesPerToken * run.total;
      /** @param {number} n */
      const x = (n) => (n / run.total) * (width - 2) + 1;
      /** @param {number} b */
      const y = (b) => base - (most ? b / most : 0) * (base - top);
      context.fillStyle = colours.empty;
      context.fillRect(0, top, width, base - top);
      const until = Math.min(shown, run.fed);
      context.beginPath();
      context.moveTo(x(0), base);
      for (let i = run.first; i < until; i++) context.lineTo(x(i + 1), y(taken[i]));
      context.lineTo(x(until), base);
      context.closePath();
      context.fillStyle = colours.accent;
      context.globalAlpha = 0.3;
      context.fill();
      context.globalAlpha = 1;
      context.beginPath();
      context.moveTo(x(0), base);
      for (let i = run.first; i < until; i++) context.lineTo(x(i + 1), y(taken[i]));
      context.strokeStyle = colours.accent;
      context.lineWidth = 2;
      context.stroke();
      if (fed > 0) {
        context.fillStyle = colours.text;
        context.beginPath();
        context.arc(Math.min(x(fed), width - 4), Math.max(y(bytes), top + 3), 3.5, 0, 2 * Math.PI);
        context.fill();
      }
      context.font = colours.label;
      context.fillStyle = colours.muted;
      context.textBaseline = "alphabetic";
      context.textAlign = "left";
      context.fillText("0", 0, height - 2);
      context.textAlign = "right";
      const end = words.say("cache_end", { tokens: run.total });
      context.fillText(end, width, height - 2);
    },
  };
}
