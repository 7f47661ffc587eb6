// A view of the app in a frame on the stage: of all that is there its picture alone, as large as it
// fits. `#2` at the end of a link is the second picture of its room.

const LARGEST = 1.75; // at which the 14 px of a page's type are the 24 px of a stage
const SMALLEST = 1;
const LEAST = 60; // px of height of a picture; what is lower only listens, or is yet to come
const COMPONENT = "[data-testid=stBidiComponentIsolated]";
const PICTURES = `[data-testid=stMain] :is(.stPlotlyChart, .stHtml,
  .st-key-glossary_found, ${COMPONENT})`;
const TABLES = "[data-testid=stMain] .stDataFrame"; // where there is nothing else to look at
const PLACE = ".stElementContainer, .st-key-glossary_found"; // what may be taken out of the page
const SHOWN = "data-shown";
const WHOLE = "data-whole"; // of the root: the whole page is shown
const CSS = `
[data-testid=stExpandSidebarButton] { display: none; }
:root:not([${WHOLE}]):has([${SHOWN}]) body :not([${SHOWN}], [${SHOWN}] *) { visibility: hidden !important; }
:root:not([${WHOLE}]) [${SHOWN}] {
  visibility: visible; position: fixed; inset: 0; z-index: 1000; box-sizing: border-box;
  width: 100vw; height: fit-content; max-height: 100vh; margin: auto 0; padding: 4px 12px; overflow: auto;
}`;

/**
 * Show the picture of what is loaded in a frame, now and whenever the page is drawn again.
 *
 * @param {HTMLIFrameElement} frame
 */
export function fill(frame) {
  const page = frame.contentDocument;
  if (!page) return;
  page.head.append(Object.assign(page.createElement("style"), { textContent: CSS }));
  const number = Number(frame.src.split("#")[1] || 1);
  let scale = LARGEST;
  /** @type {Element | null} */
  let shown = null;
  const fit = () => {
    if (dress(page)) scale = LARGEST; // what is dressed is smaller
    const one = choose(page, number);
    if (one !== shown) {
      shown?.removeAttribute(SHOWN);
      one?.setAttribute(SHOWN, "");
      shown = one;
    }
    if (!one || page.documentElement.hasAttribute(WHOLE)) return;
    // only ever smaller: what is wider may be lower, and would ask to be larger again
    const most = frame.getBoundingClientRect().height / one.scrollHeight / stageOf(frame);
    scale = Math.max(SMALLEST, Math.min(scale, most));
    frame.style.setProperty("--scale", String(scale));
  };
  const sizes = new ResizeObserver(fit);
  const seen = new WeakSet(); // to observe once more what is observed would call `fit` once more
  const look = () => {
    for (const one of page.querySelectorAll(`${PICTURES}, ${TABLES}`)) {
      if (!seen.has(one)) sizes.observe(one);
      seen.add(one);
    }
    fit();
  };
  new MutationObserver(look).observe(page.body, { childList: true, subtree: true });
  look();
}

/**
 * How many times larger than for 1280 × 720 px the stage is around a frame.
 *
 * @param {HTMLIFrameElement} frame
 */
const stageOf = (frame) => Number(getComputedStyle(frame).getPropertyValue("--stage")) || 1;

/**
 * The whole page in a frame, with what steers it, or its picture again.
 *
 * @param {HTMLIFrameElement | undefined} frame
 */
export function steer(frame) {
  const page = frame?.contentDocument;
  if (!page) return;
  page.documentElement.toggleAttribute(WHOLE);
  dress(page);
}

/**
 * Have our own components show what a hall looks at, and nothing that steers them, unless the whole
 * page is shown. Is any dressed another way now than before?
 *
 * @param {Document} page
 */
function dress(page) {
  const alone = !page.documentElement.hasAttribute(WHOLE);
  const views = [...page.querySelectorAll(COMPONENT)]
    .map((place) => place.shadowRoot?.querySelector(".view"))
    .filter((view) => view && view.classList.contains("on-stage") !== alone);
  for (const view of views) view?.classList.toggle("on-stage", alone);
  return views.length > 0;
}

/**
 * The place of the picture of this number, counted from 1; the first's if there are not as many.
 *
 * @param {Document} page
 * @param {number} number
 */
function choose(page, number) {
  const [pictures, tables] = [PICTURES, TABLES].map((kind) =>
    [...page.querySelectorAll(kind)].filter((one) => one.getBoundingClientRect().height >= LEAST),
  );
  return (pictures[number - 1] ?? pictures[0] ?? tables[0])?.closest(PLACE) ?? null;
}
