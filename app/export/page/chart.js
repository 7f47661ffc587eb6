// A chart's tooltips on hover and by arrow keys; its legend switches series on and off.
/** @type {NodeListOf<SVGElement>} */
const charts = document.querySelectorAll(".chart");
for (const chart of charts) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  const marks = [...chart.querySelectorAll(".series title")].map((title) => {
    const mark = /** @type {SVGElement} */ (title.parentNode);
    mark.dataset.says = title.textContent;
    title.remove();
    return mark;
  });
  let at = -1;
  /** @param {SVGElement | null} mark */
  const tell = (mark) => {
    for (const told of chart.querySelectorAll(".told")) told.classList.remove("told");
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("told");
    tip.textContent = mark.dataset.says ?? "";
    const spot = mark.getBoundingClientRect();
    const left = Math.min(spot.left + spot.width / 2 + 10, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, spot.top - tip.offsetHeight - 6)}px`;
  };
  chart.addEventListener("pointerover", (event) => {
    const over = /** @type {Element} */ (event.target);
    const mark = /** @type {SVGElement | null} */ (over.closest("[data-says]"));
    tell(mark);
    if (mark) at = marks.indexOf(mark);
  });
  chart.addEventListener("pointerleave", () => tell(null));
  chart.addEventListener("blur", () => tell(null));
  chart.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (event.key === "Escape") tell(null);
    if (!step || !marks.length || event.target !== chart) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), marks.length - 1);
    tell(marks[at]);
  });
  /** @type {NodeListOf<SVGElement>} */
  const keys = chart.querySelectorAll(".key");
  for (const key of keys) {
    const series = chart.querySelector(`.series[data-series="${key.dataset.series}"]`);
    key.setAttribute("role", "button");
    key.setAttribute("tabindex", "0");
    key.setAttribute("aria-pressed", "true");
    const toggle = () => {
      const off = series?.classList.toggle("off");
      key.setAttribute("aria-pressed", String(!off));
    };
    key.addEventListener("click", toggle);
    key.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle();
    });
  }
}

export {};
