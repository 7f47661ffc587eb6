// A part as a picture to keep: its canvases, words and colour bars where they stand, as a PNG.

const SHARPER = 2; // as charts are saved
const MARGIN = 12; // px around it

// Words one by one, so that lines break where they do on the page.
function paintWords(context, from, node) {
  const style = getComputedStyle(node.parentElement);
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = "middle";
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const spot = range.getBoundingClientRect();
    context.fillText(word, spot.left - from.left, spot.top - from.top + spot.height / 2);
  }
}

function paintBar(context, from, bar) {
  const spot = bar.getBoundingClientRect();
  const [x, y] = [spot.left - from.left, spot.top - from.top];
  const colours = context.createLinearGradient(x, 0, x + spot.width, 0);
  for (let i = 0; i <= 8; i++) colours.addColorStop(i / 8, cividis(i / 8));
  context.fillStyle = colours;
  context.fillRect(x, y, spot.width, spot.height);
}

// Is it said in the picture? Not what chooses another picture.
const isCaption = (node) => {
  const button = node.parentElement.closest("button, select");
  return !button || button.ariaChecked === "true" || Boolean(button.closest(".panel"));
};

// All of a canvas, even of one that scrolls, unless another panel stands beside it.
function extent(canvas) {
  const spot = canvas.parentElement.getBoundingClientRect();
  const width = canvas.closest(".panel") ? spot.width : canvas.offsetWidth;
  return { left: spot.left, top: canvas.getBoundingClientRect().top, width };
}

function pictureOf(view, box) {
  const spot = box.getBoundingClientRect();
  const from = { left: spot.left - MARGIN, top: spot.top - MARGIN };
  const canvases = [...box.querySelectorAll("canvas")];
  const edge = Math.max(spot.right, ...canvases.map((c) => extent(c).left + extent(c).width));
  const [wide, high] = [edge + MARGIN - from.left, spot.height + 2 * MARGIN];
  const picture = document.createElement("canvas");
  const context = prepare(picture, wide, high);
  context.fillStyle = theme(view.root).back;
  context.fillRect(0, 0, wide, high);
  for (const canvas of canvases) {
    const { left, top, width } = extent(canvas);
    const share = width / canvas.offsetWidth;
    context.drawImage(canvas, 0, 0, canvas.width * share, canvas.height,
      left - from.left, top - from.top, width, canvas.offsetHeight);
  }
  for (const bar of box.querySelectorAll(".legend-bar")) paintBar(context, from, bar);
  const words = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (words.nextNode())
    if (isCaption(words.currentNode)) paintWords(context, from, words.currentNode);
  return picture;
}

function saveButton(view, box, part, name) {
  const button = element("button", "layer save", box.querySelector(":scope > .legend") || box, "PNG");
  button.type = "button";
  const title = box.querySelector(".part-title").textContent;
  button.setAttribute("aria-label", view.words.say("save", { title }));
  button.onclick = () => {
    sharper = SHARPER;
    part.draw(view.shown, view.current());
    const picture = pictureOf(view, box);
    sharper = 1;
    view.redraw();
    picture.toBlob((file) => {
      const link = element("a");
      link.download = `inside-r1-${name}.png`;
      link.href = URL.createObjectURL(file);
      link.click();
      URL.revokeObjectURL(link.href);
    });
  };
}
