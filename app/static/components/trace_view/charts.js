// Links the view to charts on the page whose x axis is this run's tokens: hover and click there
// select tokens here, and a line there marks the token hovered here.

/** @import { Answers, Chart } from "../../shared/plotly.js" */
/** @import { View } from "./view.js" */

import { theme } from "../../shared/canvas.js";
import { element, target } from "../../shared/element.js";
import { placesOf } from "../../shared/plotly.js";

export class LinkedCharts {
  /**
   * @param {View} view
   * @param {string[]} keys of the charts
   */
  constructor(view, keys) {
    this.view = view;
    this.inside = keys.map((key) => `.st-key-${key} .js-plotly-plot`).join(", ");
    /** @type {Set<Chart>} */
    this.known = new Set();
    /** @type {Answers} */
    this.answers = {
      plotly_hover: ({ points }) => view.hover(points[0].x),
      plotly_unhover: () => view.hover(null),
      plotly_click: ({ points }) => view.toggle(points[0].x),
    };
    /** @param {Event} event */
    this.meet = (event) => this.listen(target(event).closest(this.inside));
    if (keys.length) document.addEventListener("pointerover", this.meet);
  }

  /**
   * Connect to a chart when the pointer first enters it, as charts come and go with the page.
   *
   * @param {Element | null} found
   */
  listen(found) {
    const chart = /** @type {Chart | null} */ (found);
    if (!chart || this.known.has(chart)) return;
    this.known.add(chart);
    for (const [name, answer] of Object.entries(this.answers)) chart.on(name, answer);
  }

  draw() {
    if (!this.inside) return;
    for (const found of document.querySelectorAll(this.inside)) {
      const chart = /** @type {Chart} */ (found);
      for (const line of chart.querySelectorAll(".linked-token")) line.remove();
      if (this.view.hovered !== null) this.mark(chart, this.view.hovered);
    }
  }

  /**
   * @param {Chart} chart
   * @param {number} token
   */
  mark(chart, token) {
    const frame = chart.querySelector(".svg-container");
    for (const { left, top, height } of placesOf(chart, token)) {
      const line = element("div", "linked-token", frame);
      Object.assign(line.style, {
        position: "absolute",
        left: `${left - 1}px`,
        top: `${top}px`,
        height: `${height}px`,
        borderLeft: `2px solid ${theme(this.view.root).text}`,
        pointerEvents: "none",
      });
    }
  }

  end() {
    document.removeEventListener("pointerover", this.meet);
    for (const chart of this.known)
      for (const [name, answer] of Object.entries(this.answers)) chart.removeListener(name, answer);
  }
}
