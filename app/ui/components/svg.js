// A canvas context that writes SVG: as much of the interface as our pictures use.

const STATE = {
  fillStyle: "#000000", strokeStyle: "#000000", lineWidth: 1, globalAlpha: 1, dash: [],
  font: "10px sans-serif", textAlign: "left", textBaseline: "alphabetic",
  imageSmoothingEnabled: true,
};
const ANCHOR = { left: "start", center: "middle", right: "end" };

const short = (x) => Number(x.toFixed(2));

// XML has no way to write a control character.
const escaped = (text) =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

class SvgContext {
  constructor() {
    Object.assign(this, STATE);
    this.drawn = [];
    this.gradients = [];
    this.path = "";
    this.real = document.createElement("canvas").getContext("2d"); // knows colours and fonts
  }

  document(width, height, title, locale) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${short(width)}" height="${short(height)}" ` +
      `viewBox="0 0 ${short(width)} ${short(height)}" lang="${locale}"><title>${escaped(title)}</title>` +
      `<defs>${this.gradients.map(String).join("")}</defs>${this.drawn.join("\n")}</svg>`;
  }

  put(name, attributes, inside = "") {
    const said = Object.entries(attributes).map(([key, value]) =>
      ` ${key}="${typeof value === "number" ? short(value) : escaped(String(value))}"`);
    this.drawn.push(`<${name}${said.join("")}>${inside}</${name}>`);
  }

  // Any CSS colour as viewers know it from SVG 1.1.
  ink(kind, style) {
    if (typeof style !== "string") return { [kind]: `url(#${style.id})` };
    this.real.fillStyle = style;
    const read = this.real.fillStyle;
    const hex = /^#(..)(..)(..)$/.exec(read);
    const [r, g, b, alpha = 1] = hex
      ? hex.slice(1).map((pair) => parseInt(pair, 16))
      : read.match(/-?[\d.]+(e-?\d+)?/g).map(Number);
    const unit = read.startsWith("color(") ? 255 : 1; // color(srgb 0.2 0.4 1)
    const seen = alpha * this.globalAlpha;
    const colour = `rgb(${[r, g, b].map((c) => Math.round(c * unit)).join(",")})`;
    return seen < 1 ? { [kind]: colour, [`${kind}-opacity`]: seen } : { [kind]: colour };
  }

  line() {
    const dash = this.dash.length ? { "stroke-dasharray": this.dash.join(" ") } : {};
    return { fill: "none", ...this.ink("stroke", this.strokeStyle), "stroke-width": this.lineWidth, ...dash };
  }

  createLinearGradient(x1, y1, x2, y2) {
    const stops = [];
    const made = {
      id: `colours-${this.gradients.length}`,
      addColorStop: (offset, style) => {
        const ink = Object.entries(this.ink("stop", style));
        const said = ink.map(([key, value]) => ` ${key.replace(/^stop$/, "stop-color")}="${value}"`);
        stops.push(`<stop offset="${offset}"${said.join("")}/>`);
      },
      toString: () => `<linearGradient id="${made.id}" gradientUnits="userSpaceOnUse" ` +
        `x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}">${stops.join("")}</linearGradient>`,
    };
    this.gradients.push(made);
    return made;
  }

  // One `translate` between the two, as pictures in a picture need it.
  save() {
    this.kept = Object.fromEntries(Object.keys(STATE).map((name) => [name, this[name]]));
  }

  translate(x, y) {
    this.drawn.push(`<g transform="translate(${short(x)} ${short(y)})">`);
  }

  restore() {
    this.drawn.push("</g>");
    Object.assign(this, this.kept);
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  fillRect(x, y, width, height) {
    this.put("rect", { x, y, width, height, ...this.ink("fill", this.fillStyle) });
  }

  strokeRect(x, y, width, height) {
    this.put("rect", { x, y, width, height, ...this.line() });
  }

  beginPath() {
    this.path = "";
  }

  moveTo(x, y) {
    this.path += `M${short(x)} ${short(y)}`;
  }

  lineTo(x, y) {
    this.path += `L${short(x)} ${short(y)}`;
  }

  closePath() {
    this.path += "Z";
  }

  // Whole circles only.
  arc(x, y, r) {
    this.path += `M${short(x - r)} ${short(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }

  roundRect(x, y, width, height, r) {
    const corner = (dx, dy) => `a${short(r)} ${short(r)} 0 0 1 ${short(dx)} ${short(dy)}`;
    this.path += `M${short(x + r)} ${short(y)}h${short(width - 2 * r)}${corner(r, r)}` +
      `v${short(height - 2 * r)}${corner(-r, r)}h${short(2 * r - width)}${corner(-r, -r)}` +
      `v${short(2 * r - height)}${corner(r, -r)}Z`;
  }

  fill() {
    this.put("path", { d: this.path, ...this.ink("fill", this.fillStyle) });
  }

  stroke() {
    this.put("path", { d: this.path, ...this.line() });
  }

  // As wide as here, whatever font the viewer has.
  fillText(text, x, y) {
    this.real.font = this.font;
    const [, kind, size, family] = /^(.*?)([\d.]+)px (.*)$/.exec(this.real.font);
    this.real.textBaseline = this.textBaseline;
    const { fontBoundingBoxAscent: above } = this.real.measureText(text);
    this.real.textBaseline = "alphabetic";
    const { fontBoundingBoxAscent: ascent, width } = this.real.measureText(text);
    const weight = /bold|\d+/.exec(kind);
    this.put("text", {
      x, y: y + ascent - above, ...this.ink("fill", this.fillStyle),
      "font-family": family, "font-size": Number(size),
      ...(weight ? { "font-weight": weight[0] } : {}),
      ...(kind.includes("italic") ? { "font-style": "italic" } : {}),
      ...(this.textAlign === "left" ? {} : { "text-anchor": ANCHOR[this.textAlign] }),
      ...(width ? { textLength: width, lengthAdjust: "spacingAndGlyphs" } : {}),
    }, escaped(text));
  }

  drawImage(image, x, y, width, height) {
    const sharp = this.imageSmoothingEnabled ? {} : { style: "image-rendering:pixelated" };
    this.put("image", { x, y, width, height, preserveAspectRatio: "none", ...sharp, href: image.toDataURL() });
  }
}
