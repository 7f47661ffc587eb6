// A chart's tooltips on hover and by arrow keys; its legend switches series on and off.
for (const chart of document.querySelectorAll(".chart")) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  const marks = [...chart.querySelectorAll(".series title")].map((title) => {
    const mark = title.parentElement;
    mark.dataset.says = title.textContent;
    title.remove();
    return mark;
  });
  let at = -1;
  const tell = (mark) => {
    for (const told of chart.querySelectorAll(".told")) told.classList.remove("told");
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("told");
    tip.textContent = mark.dataset.says;
    const spot = mark.getBoundingClientRect();
    const left = Math.min(spot.left + spot.width / 2 + 10, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, spot.top - tip.offsetHeight - 6)}px`;
  };
  chart.addEventListener("pointerover", (event) => {
    const mark = event.target.closest("[data-says]");
    tell(mark);
    if (mark) at = marks.indexOf(mark);
  });
  chart.addEventListener("pointerleave", () => tell(null));
  chart.addEventListener("blur", () => tell(null));
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") tell(null);
    if (!step || !marks.length || event.target !== chart) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), marks.length - 1);
    tell(marks[at]);
  });
  for (const key of chart.querySelectorAll(".key")) {
    const series = chart.querySelector(`.series[data-series="${key.dataset.series}"]`);
    key.setAttribute("role", "button");
    key.setAttribute("tabindex", "0");
    key.setAttribute("aria-pressed", "true");
    const toggle = () => {
      const off = series.classList.toggle("off");
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
