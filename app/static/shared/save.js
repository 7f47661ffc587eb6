// Saves a part of a component as a file: it is painted again, on a canvas or as SVG. Texts, boxes
// and colour bars are read from the page, so that they look the same.

/** @import { Context, Stroke } from "./canvas.js" */
/** @import { Common } from "./mount.js" */

import { context2d, record } from "./canvas.js";
import { element } from "./element.js";
import { SvgContext } from "./svg.js";

/**
 * @typedef {{ x: number, y: number, width: number, height: number }} Box
 * @typedef {{ left: number, top: number }} Corner
 * @typedef {{ root: HTMLElement, data: Common }} Saved the view whose parts are saved
 */

const SHARPER = 2; // resolution relative to the page, as for charts
const MARGIN = 12; // px around the part
const COLOUR = /rgba?\([^)]*\)|color\([^)]*\)/g;
/** @type {Record<string, number[]>} */
const DASHES = { dotted: [1.5, 2], dashed: [4, 3] };
/** @typedef {"Top" | "Right" | "Bottom" | "Left"} Side */
/** @type {Side[]} */
const SIDES = ["Top", "Right", "Bottom", "Left"];

/** @param {string} colour */
const isClear = (colour) => colour === "rgba(0, 0, 0, 0)";

/**
 * @param {Context} context
 * @param {Box} spot
 * @param {number} radius of its corners
 * @param {number} out distance outside of the box
 * @param {number} width
 * @param {string} colour
 * @param {string} [kind] CSS line style
 */
function paintRing(context, spot, radius, out, width, colour, kind = "solid") {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(DASHES[kind] ?? []);
  context.beginPath();
  context.roundRect(
    spot.x - out,
    spot.y - out,
    spot.width + 2 * out,
    spot.height + 2 * out,
    Math.max(0, radius + out),
  );
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {Context} context
 * @param {string} colour
 * @param {number} width
 * @param {string} kind CSS line style
 * @param {[number, number][]} points
 */
function paintLine(context, colour, width, kind, ...points) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(DASHES[kind] ?? []);
  context.beginPath();
  points.forEach(([x, y], i) => {
    if (i) context.lineTo(x, y);
    else context.moveTo(x, y);
  });
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {Context} context
 * @param {CSSStyleDeclaration} style
 * @param {Box} spot
 * @param {number} radius
 */
function paintBorder(context, style, spot, radius) {
  const [top, right, bottom, left] = SIDES.map((side) => ({
    width: Number.parseFloat(style[`border${side}Width`]),
    colour: style[`border${side}Color`],
    kind: style[`border${side}Style`],
  }));
  const sides = [top, right, bottom, left];
  if (sides.every((side) => JSON.stringify(side) === JSON.stringify(top))) {
    if (top.width)
      paintRing(context, spot, radius, -top.width / 2, top.width, top.colour, top.kind);
    return;
  }
  const [x1, y1] = [spot.x + left.width / 2, spot.y + top.width / 2];
  const [x2, y2] = [spot.x + spot.width - right.width / 2, spot.y + spot.height - bottom.width / 2];
  /** @type {[number, number][]} */
  const corners = [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
  sides.forEach(({ width, colour, kind }, i) => {
    if (width && !isClear(colour))
      paintLine(context, colour, width, kind, corners[i], corners[(i + 1) % 4]);
  });
}

/**
 * @param {Context} context
 * @param {CSSStyleDeclaration} style
 * @param {Box} spot
 * @param {number} radius
 */
function paintBackground(context, style, spot, radius) {
  /** @type {Context["fillStyle"][]} */
  const fills = isClear(style.backgroundColor) ? [] : [style.backgroundColor];
  if (style.backgroundImage.startsWith("linear-gradient(to right")) {
    const stops = style.backgroundImage.match(COLOUR) ?? [];
    const colours = context.createLinearGradient(spot.x, 0, spot.x + spot.width, 0);
    for (const [i, stop] of stops.entries()) colours.addColorStop(i / (stops.length - 1), stop);
    fills.push(colours);
  }
  for (const fill of fills) {
    context.fillStyle = fill;
    context.beginPath();
    context.roundRect(spot.x, spot.y, spot.width, spot.height, radius);
    context.fill();
  }
}

/**
 * Paint diagonal stripes as high as the box.
 *
 * @param {Context} context
 * @param {CSSStyleDeclaration} style
 * @param {Box} spot
 */
function paintStripes(context, style, spot) {
  if (!style.backgroundImage.startsWith("repeating-linear-gradient(45deg")) return;
  const [colour] = style.backgroundImage.match(COLOUR) ?? [];
  if (colour === undefined) return;
  const { x, y, width, height } = spot;
  for (let left = x; left + height <= x + width; left += 6)
    paintLine(context, colour, 2, "solid", [left, y], [left + height, y + height]);
}

/**
 * @param {Context} context
 * @param {CSSStyleDeclaration} style
 * @param {Box} spot
 */
function paintBox(context, style, spot) {
  const round = Number.parseFloat(style.borderTopLeftRadius) || 0;
  const radius = Math.min(round, spot.width / 2, spot.height / 2);
  paintBackground(context, style, spot, radius);
  paintStripes(context, style, spot);
  paintBorder(context, style, spot, radius);
  const halo = /^(\w+\([^)]*\)) 0px 0px 0px ([\d.]+)px$/.exec(style.boxShadow);
  if (halo) paintRing(context, spot, radius, Number(halo[2]) / 2, Number(halo[2]), halo[1]);
  const width = Number.parseFloat(style.outlineWidth);
  if (style.outlineStyle !== "none" && width)
    paintRing(context, spot, radius, width / 2, width, style.outlineColor);
}

/**
 * @param {Context} context
 * @param {CSSStyleDeclaration} style
 * @param {Box} spot
 */
function paintUnderline(context, style, spot) {
  if (style.textDecorationLine !== "underline") return;
  const y = spot.y + spot.height - 1;
  const wave = style.textDecorationStyle === "wavy" ? 2 : 0;
  const steps = Math.max(1, Math.round(spot.width / 3));
  /** @type {[number, number][]} */
  const points = Array.from({ length: steps + 1 }, (_, i) => [
    spot.x + (spot.width * i) / steps,
    y - wave * (i % 2),
  ]);
  paintLine(context, style.textDecorationColor, 1.25, style.textDecorationStyle, ...points);
}

/**
 * Paint a text word by word, and broken words piece by piece, so that lines break as on the page.
 *
 * @param {Context} context
 * @param {Text} node
 * @param {Corner} from
 */
function paintWords(context, node, from) {
  const style = getComputedStyle(/** @type {Element} */ (node.parentElement));
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  const ruler = context2d(document.createElement("canvas"));
  ruler.font = context.font;
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = ruler.measureText("x");
  const range = document.createRange();
  /** @type {(start: number, end: number) => void} */
  const piece = (start, end) => {
    range.setStart(node, start);
    range.setEnd(node, end);
    const [spot, more] = range.getClientRects();
    const middle = start + Math.max(1, (end - start) >> 1);
    if (more && middle < end) {
      const inPair = /[\udc00-\udfff]/.test(node.data[middle]) ? 1 : 0;
      piece(start, middle + inPair);
      if (middle + inPair < end) piece(middle + inPair, end);
    } else if (spot)
      context.fillText(
        node.data.slice(start, end),
        spot.left - from.left,
        spot.top - from.top + (spot.height * above) / (above + below),
      );
  };
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) piece(index, index + word.length);
}

/**
 * @param {Context} context
 * @param {Element} node
 * @param {Corner} from
 * @param {Map<Element, Stroke[]>} tapes the strokes of canvases
 * @param {number} [alpha] opacity of its ancestors
 */
function paintElement(context, node, from, tapes, alpha = 1) {
  const style = getComputedStyle(node);
  const seen = alpha * Number(style.opacity);
  context.globalAlpha = seen;
  const spots = [...node.getClientRects()].map(({ left, top, width, height }) => ({
    x: left - from.left,
    y: top - from.top,
    width,
    height,
  }));
  for (const spot of spots) paintBox(context, style, spot);
  const strokes = tapes.get(node);
  if (strokes) {
    const spot = node.getBoundingClientRect();
    context.save();
    context.translate(spot.left - from.left, spot.top - from.top);
    for (const stroke of strokes) stroke(context);
    context.restore();
  }
  for (const child of node.childNodes) {
    context.globalAlpha = seen;
    if (child instanceof Text) paintWords(context, child, from);
    else if (child instanceof Element) paintElement(context, child, from, tapes, seen);
  }
  for (const spot of spots) paintUnderline(context, style, spot); // above the content, as there
}

/**
 * A hidden copy of the part in full: without scrolling or controls.
 *
 * @param {Saved} view
 * @param {HTMLElement} box
 * @param {string} title
 */
function copyOf(view, box, title) {
  const copy = /** @type {HTMLElement} */ (box.cloneNode(true));
  const choices = [...box.querySelectorAll("select")];
  copy.querySelectorAll("select").forEach((select, i) => {
    const [chosen] = choices[i].selectedOptions;
    select.replaceWith(element("span", "", null, chosen.text));
  });
  for (const hint of copy.querySelectorAll(".hint, .player")) hint.remove();
  for (const button of copy.querySelectorAll("button"))
    if (button.ariaChecked !== "true" && !button.closest(".panel")) button.remove();
  const titles = [...copy.querySelectorAll(".part-title")].map((line) => line.textContent);
  if (!titles.includes(title)) copy.prepend(element("div", "part-title", null, title));
  copy.classList.add("picture");
  copy.style.width = `${box.clientWidth}px`;
  view.root.append(copy);
  return copy;
}

/**
 * The file for a part.
 *
 * @param {Saved} view
 * @param {HTMLElement} box
 * @param {string} title
 * @param {() => void} draw
 * @returns {Promise<Blob>}
 */
async function pictureOf(view, box, title, draw) {
  const tapes = record(box, draw);
  const copy = copyOf(view, box, title);
  const spot = copy.getBoundingClientRect();
  const inside = [...copy.querySelectorAll("*")].map((node) => node.getBoundingClientRect());
  const from = { left: spot.left - MARGIN, top: spot.top - MARGIN };
  const width = Math.max(spot.right, ...inside.map(({ right }) => right)) + MARGIN - from.left;
  const height = spot.height + 2 * MARGIN;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * SHARPER, height * SHARPER];
  const svg = view.data.saving.format === "svg" ? new SvgContext() : null;
  const bitmap = context2d(canvas);
  bitmap.scale(SHARPER, SHARPER);
  /** @type {Context} */
  const context = svg ?? bitmap;
  context.fillStyle = getComputedStyle(view.root).getPropertyValue("--st-background-color").trim();
  context.fillRect(0, 0, width, height);
  /** @type {Map<Element, Stroke[]>} */
  const canvases = new Map();
  copy.querySelectorAll("canvas").forEach((node, i) => {
    canvases.set(node, tapes[i]);
  });
  paintElement(context, copy, from, canvases);
  copy.remove();
  if (svg) {
    const type = "image/svg+xml";
    return new Blob([svg.document(width, height, title, view.data.locale)], { type });
  }
  return new Promise((done, fail) => {
    canvas.toBlob((file) => (file ? done(file) : fail(new Error("the picture is too large"))));
  });
}

/**
 * Add a button that saves `box`, a child of the view's root.
 *
 * @param {Saved} view
 * @param {HTMLElement} parent of the button
 * @param {HTMLElement} box
 * @param {string} title
 * @param {string} name of the file, after "inside-r1-"
 * @param {() => void} [draw] draws its canvases, if it has any
 */
export function saveButton(view, parent, box, title, name, draw = () => {}) {
  const { format, label } = view.data.saving;
  const button = element("button", "save", parent, format.toUpperCase());
  button.type = "button";
  button.setAttribute(
    "aria-label",
    label.replace("{title}", () => title),
  );
  button.onclick = async () => {
    const file = await pictureOf(view, box, title, draw);
    const link = element("a");
    link.download = `inside-r1-${name}.${format}`;
    link.href = URL.createObjectURL(file);
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return button;
}
