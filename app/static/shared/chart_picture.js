// Saves plotly charts as files. plotly's own button ignores the page's style and adds no title:
// texts would have the grey that the style replaces. So the button is handled here.

/** @import { Chart } from "./plotly.js" */

import { pngOf, save } from "./copy.js";
import { wantedOf } from "./plotly.js";
import { escaped } from "./svg.js";

const MARGIN = 16; // px
const LINE = 1.35; // em
const MOST = 120; // maximum characters of a URL below a picture
const BUTTON = '.modebar-btn[data-attr="toImage"], .modebar-btn:not([data-attr])';
const DATED = /\b20\d\d-\d\d-\d\d\b/;
const HEADINGS = "h1, h2, h3, h4, p:has(> strong:only-child)";
/** Properties that are copied from the page's style, because a file has none. */
const INHERITED = ["fill", "stroke", "font-family", "font-size", "font-weight", "opacity"];

/**
 * The title of a chart: the last heading, or line of bold text, before it.
 *
 * @param {Element} chart
 */
export function titleOf(chart) {
  const before = [...document.querySelectorAll(HEADINGS)].filter(
    (line) =>
      line.compareDocumentPosition(chart) & Node.DOCUMENT_POSITION_FOLLOWING &&
      line.checkVisibility() &&
      (line.tagName !== "P" || line.textContent === line.firstElementChild?.textContent),
  );
  return before.at(-1)?.textContent?.trim() ?? document.title;
}

/**
 * What the page says on when the numbers of a chart were measured; "" if it says nothing.
 *
 * That is the caption with a date in the smallest part of the page that has both, the last one
 * before the chart if there are several.
 *
 * @param {Element} chart
 */
export function measuredOf(chart) {
  for (let part = chart.parentElement; part; part = part.parentElement) {
    const dated = [...part.querySelectorAll("[data-testid=stCaptionContainer]")].filter(
      (line) => DATED.test(line.textContent ?? "") && line.checkVisibility(),
    );
    const before = dated.filter(
      (line) => line.compareDocumentPosition(chart) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    const nearest = before.at(-1) ?? dated.at(0);
    if (nearest) return nearest.textContent?.trim() ?? "";
  }
  return "";
}

/**
 * Wrap a text to a width.
 *
 * @param {string} text
 * @param {string} font
 * @param {number} room
 */
function wrapped(text, font, room) {
  const ruler = /** @type {CanvasRenderingContext2D} */ (
    document.createElement("canvas").getContext("2d")
  );
  ruler.font = font;
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (lines[lines.length - 1] && ruler.measureText(longer).width > room) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/**
 * A copy of a drawing that looks the same without the page's style. A file does not have the page's
 * fonts, so texts get fixed lengths: otherwise a wider font would be cut off at a legend's end.
 *
 * @param {SVGSVGElement} drawn
 */
function copied(drawn) {
  const copy = /** @type {SVGSVGElement} */ (drawn.cloneNode(true));
  const [here, there] = [drawn, copy].map((svg) => [...svg.querySelectorAll("*")]);
  here.forEach((node, i) => {
    const style = getComputedStyle(node);
    const words = node instanceof SVGTextContentElement;
    const kept = words ? INHERITED : INHERITED.slice(0, 2);
    const length = words && !node.childElementCount ? node.getComputedTextLength() : 0;
    if (length) {
      there[i].setAttribute("textLength", length.toFixed(1));
      there[i].setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
    for (const name of kept) {
      const value = style.getPropertyValue(name);
      if (value) /** @type {SVGElement} */ (there[i]).style.setProperty(name, value);
    }
  });
  for (const hidden of copy.querySelectorAll(".hoverlayer, .drag, .dragcover")) hidden.remove();
  return copy;
}

/**
 * A chart as an SVG file, with its title above and its source below.
 *
 * @param {Chart} chart
 * @param {string} title
 * @param {string} source
 */
export function drawingOf(chart, title, source) {
  const style = getComputedStyle(chart);
  const family = style.fontFamily.replaceAll('"', "'");
  const { width, height } = chart.getBoundingClientRect();
  const back = getComputedStyle(document.querySelector(".stApp") ?? document.body).backgroundColor;
  /** @type {string[]} */
  const parts = [];
  let y = MARGIN;
  /** @type {(text: string, size: number, weight: number, faint: number) => void} */
  const write = (text, size, weight, faint) => {
    for (const line of wrapped(text, `${weight} ${size}px ${family}`, width)) {
      y += size * LINE;
      parts.push(
        `<text x="${MARGIN}" y="${y - size * 0.3}" font-size="${size}" font-weight="${weight}" ` +
          `fill="${style.color}" fill-opacity="${faint}">${escaped(line)}</text>`,
      );
    }
  };
  write(title, 18, 600, 1);
  y += 8;
  const layers = [...chart.querySelectorAll("svg.main-svg")].map((drawn) => {
    const copy = copied(/** @type {SVGSVGElement} */ (drawn));
    copy.setAttribute("x", String(MARGIN));
    copy.setAttribute("y", String(y));
    copy.style.background = "none";
    return new XMLSerializer().serializeToString(copy);
  });
  parts.push(...layers);
  y += height + 4;
  write(source, 12, 400, 0.8);
  const [w, h] = [width + 2 * MARGIN, y + MARGIN].map(Math.ceil);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" ` +
    `font-family="${escaped(family)}"><title>${escaped(title)}</title>` +
    `<rect width="100%" height="100%" fill="${back}"/>${parts.join("")}</svg>`
  );
}

/**
 * The footer of a file: the app, the date, and the URL of the view, after what is known besides.
 *
 * @param {string} address
 * @param {string[]} known sentences; "" is left out
 */
export function sourceOf(address, ...known) {
  const day = new Date().toISOString().slice(0, 10);
  return [...known.filter(Boolean), "Inside R1", day, address].join(" · ");
}

/** The URL of the view, or of its page if that is too long for a picture. */
function shortAddress() {
  const { href, origin, pathname } = location;
  return href.length > MOST ? `${origin}${pathname}` : href;
}

/**
 * Handle the button of every chart on the page, until the returned function is called.
 *
 * @param {(file: string) => void} saved called with the name of a saved file
 */
export function watchCharts(saved) {
  /** @param {Event} event */
  const answer = async (event) => {
    const button = /** @type {Element} */ (event.target).closest?.(BUTTON);
    const chart = /** @type {Chart | null | undefined} */ (button?.closest(".js-plotly-plot"));
    const wanted = chart && wantedOf(chart);
    if (!chart || !wanted) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const drawing = drawingOf(chart, titleOf(chart), sourceOf(shortAddress(), measuredOf(chart)));
    const name = `${wanted.filename}.${wanted.format}`;
    const file =
      wanted.format === "svg"
        ? new Blob([drawing], { type: "image/svg+xml" })
        : await pngOf(drawing);
    save(file, name);
    saved(name);
  };
  document.addEventListener("click", answer, true);
  return () => document.removeEventListener("click", answer, true);
}
