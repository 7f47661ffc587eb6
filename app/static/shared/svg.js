// A canvas context that writes SVG, with the part of the interface that our pictures use.

/** @import { Context } from "./canvas.js" */

import { context2d } from "./canvas.js";

/**
 * The state that `save` stores and `restore` restores.
 *
 * @typedef {Pick<Context, "fillStyle" | "strokeStyle" | "lineWidth" | "globalAlpha" | "font"
 *   | "textAlign" | "textBaseline" | "imageSmoothingEnabled"> & { dash: number[] }} State
 */

/** @type {State} */
const STATE = {
  fillStyle: "#000000",
  strokeStyle: "#000000",
  lineWidth: 1,
  globalAlpha: 1,
  dash: [],
  font: "10px sans-serif",
  textAlign: "left",
  textBaseline: "alphabetic",
  imageSmoothingEnabled: true,
};
/** @type {Record<string, string>} */
const ANCHOR = { left: "start", center: "middle", right: "end" };

/** @typedef {Record<string, string | number>} Attributes */

/** @param {number} x */
const short = (x) => Number(x.toFixed(2));

/**
 * Escape text for XML, which does not allow control characters.
 *
 * @param {string} text
 */
export const escaped = (text) =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * A colour in the syntax of SVG 1.1, and its opacity.
 *
 * @param {string} read as serialised by a browser: "#rrggbb", "rgba(…)" or "color(srgb …)"
 * @returns {[string, number]}
 */
export function plainColour(read) {
  const hex = /^#(..)(..)(..)$/.exec(read);
  const parts = hex
    ? hex.slice(1).map((pair) => Number.parseInt(pair, 16))
    : (read.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
  const [r, g, b, alpha = 1] = parts;
  const unit = read.startsWith("color(") ? 255 : 1; // color(srgb 0.2 0.4 1)
  return [`rgb(${[r, g, b].map((c) => Math.round(c * unit)).join(",")})`, alpha];
}

class Gradient {
  /**
   * @param {SvgContext} context
   * @param {number[]} line x and y of its start and end
   */
  constructor(context, line) {
    this.context = context;
    this.line = line;
    this.id = `colours-${context.gradients.length}`;
    /** @type {string[]} */
    this.stops = [];
  }

  /**
   * @param {number} offset
   * @param {string} style
   */
  addColorStop(offset, style) {
    const ink = Object.entries(this.context.ink("stop", style));
    const said = ink.map(([key, value]) => ` ${key.replace(/^stop$/, "stop-color")}="${value}"`);
    this.stops.push(`<stop offset="${offset}"${said.join("")}/>`);
  }

  written() {
    const [x1, y1, x2, y2] = this.line.map(short);
    return (
      `<linearGradient id="${this.id}" gradientUnits="userSpaceOnUse" ` +
      `x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${this.stops.join("")}</linearGradient>`
    );
  }
}

/** @implements {Context} */
export class SvgContext {
  fillStyle = STATE.fillStyle;
  strokeStyle = STATE.strokeStyle;
  lineWidth = STATE.lineWidth;
  globalAlpha = STATE.globalAlpha;
  dash = STATE.dash;
  font = STATE.font;
  textAlign = STATE.textAlign;
  textBaseline = STATE.textBaseline;
  imageSmoothingEnabled = STATE.imageSmoothingEnabled;

  constructor() {
    /** @type {string[]} */
    this.drawn = [];
    /** @type {Gradient[]} */
    this.gradients = [];
    this.path = "";
    this.kept = STATE;
    this.real = context2d(document.createElement("canvas")); // parses colours and measures text
  }

  /**
   * Everything drawn, as an SVG file.
   *
   * @param {number} width
   * @param {number} height
   * @param {string} title
   * @param {string} locale
   */
  document(width, height, title, locale) {
    const [w, h] = [short(width), short(height)];
    const gradients = this.gradients.map((gradient) => gradient.written()).join("");
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" ` +
      `viewBox="0 0 ${w} ${h}" lang="${locale}"><title>${escaped(title)}</title>` +
      `<defs>${gradients}</defs>${this.drawn.join("\n")}</svg>`
    );
  }

  /**
   * @param {string} name
   * @param {Attributes} attributes
   * @param {string} [inside] escaped
   */
  put(name, attributes, inside = "") {
    const said = Object.entries(attributes).map(
      ([key, value]) => ` ${key}="${typeof value === "number" ? short(value) : escaped(value)}"`,
    );
    this.drawn.push(`<${name}${said.join("")}>${inside}</${name}>`);
  }

  /**
   * The attributes for a CSS colour or a gradient of this context.
   *
   * @param {string} kind "fill", "stroke" or "stop"
   * @param {Context["fillStyle"]} style
   * @returns {Attributes}
   */
  ink(kind, style) {
    if (style instanceof Gradient) return { [kind]: `url(#${style.id})` };
    this.real.fillStyle = style;
    const [colour, alpha] = plainColour(String(this.real.fillStyle));
    const seen = alpha * this.globalAlpha;
    return seen < 1 ? { [kind]: colour, [`${kind}-opacity`]: seen } : { [kind]: colour };
  }

  /** @returns {Attributes} */
  line() {
    /** @type {Attributes} */
    const dash = this.dash.length ? { "stroke-dasharray": this.dash.join(" ") } : {};
    const ink = this.ink("stroke", this.strokeStyle);
    return { fill: "none", ...ink, "stroke-width": this.lineWidth, ...dash };
  }

  /**
   * @param {number} x1
   * @param {number} y1
   * @param {number} x2
   * @param {number} y2
   */
  createLinearGradient(x1, y1, x2, y2) {
    const made = new Gradient(this, [x1, y1, x2, y2]);
    this.gradients.push(made);
    return made;
  }

  // Only one `translate` between the two is supported, for pictures in a picture.
  save() {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, dash } = this;
    const { font, textAlign, textBaseline, imageSmoothingEnabled } = this;
    this.kept = {
      fillStyle,
      strokeStyle,
      lineWidth,
      globalAlpha,
      dash,
      font,
      textAlign,
      textBaseline,
      imageSmoothingEnabled,
    };
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  translate(x, y) {
    this.drawn.push(`<g transform="translate(${short(x)} ${short(y)})">`);
  }

  restore() {
    this.drawn.push("</g>");
    Object.assign(this, this.kept);
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  fillRect(x, y, width, height) {
    this.put("rect", { x, y, width, height, ...this.ink("fill", this.fillStyle) });
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  strokeRect(x, y, width, height) {
    this.put("rect", { x, y, width, height, ...this.line() });
  }

  beginPath() {
    this.path = "";
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  moveTo(x, y) {
    this.path += `M${short(x)} ${short(y)}`;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  lineTo(x, y) {
    this.path += `L${short(x)} ${short(y)}`;
  }

  closePath() {
    this.path += "Z";
  }

  /**
   * Whole circles only.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} r
   */
  arc(x, y, r) {
    this.path +=
      `M${short(x - r)} ${short(y)}` + `a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {number} r
   */
  roundRect(x, y, width, height, r) {
    /** @type {(dx: number, dy: number) => string} */
    const corner = (dx, dy) => `a${short(r)} ${short(r)} 0 0 1 ${short(dx)} ${short(dy)}`;
    this.path +=
      `M${short(x + r)} ${short(y)}h${short(width - 2 * r)}${corner(r, r)}` +
      `v${short(height - 2 * r)}${corner(-r, r)}h${short(2 * r - width)}${corner(-r, -r)}` +
      `v${short(2 * r - height)}${corner(r, -r)}Z`;
  }

  fill() {
    this.put("path", { d: this.path, ...this.ink("fill", this.fillStyle) });
  }

  stroke() {
    this.put("path", { d: this.path, ...this.line() });
  }

  /**
   * Write a text with its width fixed, whatever font the viewer has.
   *
   * @param {string} text
   * @param {number} x
   * @param {number} y
   */
  fillText(text, x, y) {
    this.real.font = this.font;
    const [, kind, size, family] = /** @type {RegExpExecArray} */ (
      /^(.*?)([\d.]+)px (.*)$/.exec(this.real.font)
    );
    this.real.textBaseline = this.textBaseline;
    const { fontBoundingBoxAscent: above } = this.real.measureText(text);
    this.real.textBaseline = "alphabetic";
    const { fontBoundingBoxAscent: ascent, width } = this.real.measureText(text);
    const weight = /bold|\d+/.exec(kind);
    this.put(
      "text",
      {
        x,
        y: y + ascent - above,
        ...this.ink("fill", this.fillStyle),
        "font-family": family,
        "font-size": Number(size),
        ...(weight ? { "font-weight": weight[0] } : {}),
        ...(kind.includes("italic") ? { "font-style": "italic" } : {}),
        ...(this.textAlign === "left" ? {} : { "text-anchor": ANCHOR[this.textAlign] }),
        ...(width ? { textLength: width, lengthAdjust: "spacingAndGlyphs" } : {}),
      },
      escaped(text),
    );
  }

  /**
   * @param {HTMLCanvasElement} image
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  drawImage(image, x, y, width, height) {
    /** @type {Attributes} */
    const sharp = this.imageSmoothingEnabled ? {} : { style: "image-rendering:pixelated" };
    const place = { x, y, width, height, preserveAspectRatio: "none" };
    this.put("image", { ...place, ...sharp, href: image.toDataURL() });
  }
}
