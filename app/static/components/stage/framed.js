// A view of the app in a frame on the stage: only its picture is shown, as large as fits. `#2` at
// the end of a link selects the second picture of its room.

const LARGEST = 1.75; // zoom at which the page's 14 px text has the stage's 24 px
const SMALLEST = 1;
const LEAST = 60; // minimum px height of a picture; lower ones are invisible, or not drawn yet
const COMPONENT = "[data-testid=stBidiComponentIsolated]";
const PICTURES = `[data-testid=stMain] :is(.stPlotlyChart, .stHtml,
  .st-key-glossary_found, ${COMPONENT})`;
/** Only where there is no picture. */
const TABLES = "[data-testid=stMain] :is(.stDataFrame, .stMarkdown:has(table))";
const PLACE = ".stElementContainer, .st-key-glossary_found"; // elements that can be shown alone
const SHOWN = "data-shown";
const WHOLE = "data-whole"; // attribute of the root if the whole page is shown
const CSS = `
[data-testid=stExpandSidebarButton] { display: none; }
:root:not([${WHOLE}]):has([${SHOWN}]) body :not([${SHOWN}], [${SHOWN}] *) { visibility: hidden !important; }
:root:not([${WHOLE}]) [${SHOWN}] {
  visibility: visible; position: fixed; inset: 0; z-index: 1000; box-sizing: border-box;
  width: 100vw; height: fit-content; max-height: 100vh; margin: auto 0; padding: 4px 12px; overflow: auto;
}`;

/**
 * Show only the picture of the page in a frame, now and whenever the page is drawn again.
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
      scale = LARGEST; // a table may have stood in for the picture until it was drawn
    }
    if (!one || page.documentElement.hasAttribute(WHOLE)) return;
    // only ever shrink: a wider layout may be lower, which would ask for enlarging again
    const most = frame.getBoundingClientRect().height / one.scrollHeight / stageOf(frame);
    scale = Math.max(SMALLEST, Math.min(scale, most));
    frame.style.setProperty("--scale", String(scale));
  };
  const sizes = new ResizeObserver(fit);
  const seen = new WeakSet(); // observing an element again would call `fit` again
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
 * How many times larger than 1280 × 720 px the stage around a frame is.
 *
 * @param {HTMLIFrameElement} frame
 */
const stageOf = (frame) => Number(getComputedStyle(frame).getPropertyValue("--stage")) || 1;

/**
 * Toggle between the whole page in a frame, with its controls, and only its picture.
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
 * The element of the picture with a number, counted from 1; the first if there are not as many.
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
