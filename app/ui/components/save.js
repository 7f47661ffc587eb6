// A part of a component as a file: what it shows is painted once more, on a canvas or into SVG.
// Its words, boxes and colour bars are read from the page, so they look as they do there.

const SHARPER = 2; // than the page, as charts are saved
const MARGIN = 12; // px around it
const COLOUR = /rgba?\([^)]*\)|color\([^)]*\)/g;
const DASHES = { dotted: [1.5, 2], dashed: [4, 3] };
const SIDES = ["Top", "Right", "Bottom", "Left"];

const isClear = (colour) => colour === "rgba(0, 0, 0, 0)";

function paintRing(context, spot, radius, out, width, colour, kind) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(DASHES[kind] ?? []);
  context.beginPath();
  context.roundRect(spot.x - out, spot.y - out, spot.width + 2 * out, spot.height + 2 * out,
    Math.max(0, radius + out));
  context.stroke();
  context.setLineDash([]);
}

function paintLine(context, colour, width, kind, ...points) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(DASHES[kind] ?? []);
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  context.setLineDash([]);
}

function paintBorder(context, style, spot, radius) {
  const [top, right, bottom, left] = SIDES.map((side) => ({
    width: parseFloat(style[`border${side}Width`]),
    colour: style[`border${side}Color`],
    kind: style[`border${side}Style`],
  }));
  const sides = [top, right, bottom, left];
  if (sides.every((side) => JSON.stringify(side) === JSON.stringify(top))) {
    if (top.width) paintRing(context, spot, radius, -top.width / 2, top.width, top.colour, top.kind);
    return;
  }
  const [x1, y1] = [spot.x + left.width / 2, spot.y + top.width / 2];
  const [x2, y2] = [spot.x + spot.width - right.width / 2, spot.y + spot.height - bottom.width / 2];
  const corners = [[x1, y1], [x2, y1], [x2, y2], [x1, y2]];
  sides.forEach(({ width, colour, kind }, i) => {
    if (width && !isClear(colour))
      paintLine(context, colour, width, kind, corners[i], corners[(i + 1) % 4]);
  });
}

function paintBackground(context, style, spot, radius) {
  const fills = [style.backgroundColor];
  if (style.backgroundImage.startsWith("linear-gradient(to right")) {
    const stops = style.backgroundImage.match(COLOUR);
    const colours = context.createLinearGradient(spot.x, 0, spot.x + spot.width, 0);
    stops.forEach((stop, i) => colours.addColorStop(i / (stops.length - 1), stop));
    fills.push(colours);
  }
  for (const fill of fills.filter((fill) => !isClear(fill))) {
    context.fillStyle = fill;
    context.beginPath();
    context.roundRect(spot.x, spot.y, spot.width, spot.height, radius);
    context.fill();
  }
}

// Stripes from corner to corner, as high as the box.
function paintStripes(context, style, spot) {
  if (!style.backgroundImage.startsWith("repeating-linear-gradient(45deg")) return;
  const [colour] = style.backgroundImage.match(COLOUR);
  const { x, y, width, height } = spot;
  for (let left = x; left + height <= x + width; left += 6)
    paintLine(context, colour, 2, "solid", [left, y], [left + height, y + height]);
}

function paintBox(context, style, spot) {
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, spot.width / 2, spot.height / 2);
  paintBackground(context, style, spot, radius);
  paintStripes(context, style, spot);
  paintBorder(context, style, spot, radius);
  const halo = /^(\w+\([^)]*\)) 0px 0px 0px ([\d.]+)px$/.exec(style.boxShadow);
  if (halo) paintRing(context, spot, radius, halo[2] / 2, Number(halo[2]), halo[1]);
  const width = parseFloat(style.outlineWidth);
  if (style.outlineStyle !== "none" && width)
    paintRing(context, spot, radius, width / 2, width, style.outlineColor);
}

function paintUnderline(context, style, spot) {
  if (style.textDecorationLine !== "underline") return;
  const y = spot.y + spot.height - 1;
  const wave = style.textDecorationStyle === "wavy" ? 2 : 0;
  const steps = Math.max(1, Math.round(spot.width / 3));
  const points = Array.from({ length: steps + 1 }, (_, i) =>
    [spot.x + (spot.width * i) / steps, y - wave * (i % 2)]);
  paintLine(context, style.textDecorationColor, 1.25, style.textDecorationStyle, ...points);
}

// Word by word, and a word that breaks piece by piece, so that lines break where they do there.
function paintWords(context, node, from) {
  const style = getComputedStyle(node.parentElement);
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = context.font;
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = ruler.measureText("x");
  const range = document.createRange();
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
      context.fillText(node.data.slice(start, end), spot.left - from.left,
        spot.top - from.top + (spot.height * above) / (above + below));
  };
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) piece(index, index + word.length);
}

function paintElement(context, node, from, tapes, alpha = 1) {
  const style = getComputedStyle(node);
  const seen = alpha * style.opacity;
  context.globalAlpha = seen;
  const spots = [...node.getClientRects()].map(({ left, top, width, height }) =>
    ({ x: left - from.left, y: top - from.top, width, height }));
  for (const spot of spots) paintBox(context, style, spot);
  if (tapes.has(node)) {
    const spot = node.getBoundingClientRect();
    context.save();
    context.translate(spot.left - from.left, spot.top - from.top);
    for (const stroke of tapes.get(node)) stroke(context);
    context.restore();
  }
  for (const child of node.childNodes) {
    context.globalAlpha = seen;
    if (child.nodeType === Node.TEXT_NODE) paintWords(context, child, from);
    else paintElement(context, child, from, tapes, seen);
  }
  for (const spot of spots) paintUnderline(context, style, spot); // on what is inside, as on the page
}

// The part once more, out of sight and whole: nothing in it scrolls or chooses another picture.
function copyOf(view, box, title) {
  const copy = box.cloneNode(true);
  const choices = [...box.querySelectorAll("select")];
  copy.querySelectorAll("select").forEach((select, i) => {
    select.replaceWith(element("span", "", null, choices[i].selectedOptions[0].textContent));
  });
  for (const hint of copy.querySelectorAll(".hint")) hint.remove();
  for (const button of copy.querySelectorAll("button"))
    if (button.ariaChecked !== "true" && !button.closest(".panel")) button.remove();
  const titles = [...copy.querySelectorAll(".part-title")].map((line) => line.textContent);
  if (!titles.includes(title)) copy.prepend(element("div", "part-title", null, title));
  copy.classList.add("picture");
  copy.style.width = `${box.clientWidth}px`;
  view.root.append(copy);
  return copy;
}

// What each canvas of the part would show, as strokes to be made with any context.
function record(box, draw) {
  recording = new Map();
  draw();
  const tapes = [...box.querySelectorAll("canvas")].map((canvas) => recording.get(canvas) ?? []);
  recording = null;
  return tapes;
}

function pictureOf(view, box, title, draw, format) {
  const tapes = record(box, draw);
  const copy = copyOf(view, box, title);
  const spot = copy.getBoundingClientRect();
  const inside = [...copy.querySelectorAll("*")].map((node) => node.getBoundingClientRect());
  const from = { left: spot.left - MARGIN, top: spot.top - MARGIN };
  const width = Math.max(spot.right, ...inside.map(({ right }) => right)) + MARGIN - from.left;
  const height = spot.height + 2 * MARGIN;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * SHARPER, height * SHARPER];
  const context = format === "svg" ? new SvgContext() : canvas.getContext("2d");
  if (format === "png") context.scale(SHARPER, SHARPER);
  context.fillStyle = getComputedStyle(view.root).getPropertyValue("--st-background-color").trim();
  context.fillRect(0, 0, width, height);
  const canvases = [...copy.querySelectorAll("canvas")].map((node, i) => [node, tapes[i]]);
  paintElement(context, copy, from, new Map(canvases));
  copy.remove();
  if (format === "png") return new Promise((done) => canvas.toBlob(done));
  const type = "image/svg+xml";
  return new Blob([context.document(width, height, title, view.data.locale)], { type });
}

// A button that saves `box`, a child of the view's root; `draw` draws its canvases, if it has any.
function saveButton(view, parent, box, title, name, draw = () => {}) {
  const { format, label } = view.data.saving;
  const button = element("button", "save", parent, format.toUpperCase());
  button.type = "button";
  button.setAttribute("aria-label", label.replace("{title}", () => title));
  button.onclick = async () => {
    const file = await pictureOf(view, box, title, draw, format);
    const link = element("a");
    link.download = `inside-r1-${name}.${format}`;
    link.href = URL.createObjectURL(file);
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return button;
}
