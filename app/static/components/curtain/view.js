// Reveals a chart with a column per token as if a model were writing: in slow motion, faster with
// >, slower with <, and again with P. With reduced motion, all of it is shown at once.

/** @import { Common } from "../../shared/mount.js" */
/** @import { Chart } from "../../shared/plotly.js" */
/** @import { Speed } from "../../shared/player.js" */

import { theme } from "../../shared/canvas.js";
import { element } from "../../shared/element.js";
import { Frames } from "../../shared/frames.js";
import { isTaken } from "../../shared/keys.js";
import { mount } from "../../shared/mount.js";
import { Player } from "../../shared/player.js";
import { isDrawn, placesOf } from "../../shared/plotly.js";

/**
 * @typedef {object} Data
 * @property {string} chart its key
 * @property {string} run its id
 * @property {number} tokens
 * @property {number} labels px below the columns that are covered, too, for their labels
 */

/** @type {Record<string, Speed>} */
const PACES = { "<": "slow", ">": "reading" };

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.run = "";
    this.labels = 0;
    this.inside = ""; // where the chart is
    this.frames = new Frames((now) => this.draw(now));
    this.cover = element("div", "curtain");
    this.player = new Player([], 0, PACES["<"]);
    this.hear = (/** @type {KeyboardEvent} */ event) => this.key(event);
    window.addEventListener("keydown", this.hear);
  }

  /** @param {Data & Common} data */
  update({ chart, run, tokens, labels }) {
    this.labels = labels;
    this.inside = `.st-key-${chart} .js-plotly-plot`;
    if (run === this.run) return;
    this.run = run;
    const times = Array.from({ length: tokens }, (_, i) => i + 1);
    this.player = new Player(times, 0, PACES["<"]);
    if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  play() {
    this.player.play();
    this.frames.ask();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (isTaken(event)) return;
    if (event.key.toLowerCase() === "p") this.play();
    else if (PACES[event.key]) this.player.choose(PACES[event.key]);
  }

  /** @param {number} now */
  draw(now) {
    const chart = /** @type {Chart | null} */ (document.querySelector(this.inside));
    if (chart && isDrawn(chart)) {
      this.player.tick(now);
      this.lay(chart);
    }
    if (this.player.playing) this.frames.ask();
    else this.cover.remove();
  }

  /**
   * Cover the columns of tokens that are yet to come.
   *
   * @param {Chart} chart
   */
  lay(chart) {
    const { shown, length } = this.player;
    const [start] = placesOf(chart, shown - 0.5);
    const [end] = placesOf(chart, length - 0.5);
    const frame = chart.querySelector(".svg-container");
    if (this.cover.parentElement !== frame) frame?.append(this.cover);
    Object.assign(this.cover.style, {
      position: "absolute",
      left: `${start.left}px`,
      width: `${end.left - start.left}px`,
      top: `${start.top}px`,
      height: `${start.height + this.labels}px`,
      background: theme(this.root).back,
    });
  }

  destroy() {
    this.frames.cancel();
    window.removeEventListener("keydown", this.hear);
    this.cover.remove();
  }
}

export default mount(View);
