// Charts of the page whose x axis counts this run's tokens: what is pointed at or clicked there is
// so here, and a line there stands at the token that is pointed at here.

class LinkedCharts {
  constructor(view, keys) {
    this.view = view;
    this.inside = keys.map((key) => `.st-key-${key} .js-plotly-plot`).join(", ");
    this.known = new Set();
    this.answers = {
      plotly_hover: ({ points }) => view.hover(points[0].x),
      plotly_unhover: () => view.hover(null),
      plotly_click: ({ points }) => view.toggle(points[0].x),
    };
    this.meet = (event) => this.listen(event.target.closest(this.inside));
    if (keys.length) document.addEventListener("pointerover", this.meet);
  }

  // Charts come and go with their part of the page, so one is met where the pointer first enters it.
  listen(chart) {
    if (!chart || this.known.has(chart)) return;
    this.known.add(chart);
    for (const [name, answer] of Object.entries(this.answers)) chart.on(name, answer);
  }

  draw() {
    if (!this.inside) return;
    for (const chart of document.querySelectorAll(this.inside)) {
      const frame = chart.querySelector(".svg-container");
      for (const line of frame.querySelectorAll(".linked-token")) line.remove();
      if (this.view.hovered !== null) this.mark(chart._fullLayout, frame);
    }
  }

  mark(layout, frame) {
    for (const name of Object.keys(layout).filter((key) => /^xaxis\d*$/.test(key))) {
      const axis = layout[name];
      const x = axis.l2p(this.view.hovered);
      if (x > axis._length) continue; // a token that is not in this chart
      const line = element("div", "linked-token", frame);
      Object.assign(line.style, {
        position: "absolute",
        left: `${axis._offset + x - 1}px`,
        top: `${layout._size.t}px`,
        height: `${layout._size.h}px`,
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
