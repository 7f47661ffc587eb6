// Tokens coloured by how far their probability rose or fell; full colour at ten points or more.

const FULL = 0.1;
const LEAST = 0.0005; // below this a token counts as unmoved

function token(parent, text, change, title) {
  const span = element("span", "tok", parent, text);
  if (Math.abs(change) >= LEAST) {
    span.classList.add(change > 0 ? "up" : "down");
    span.style.setProperty("--amount", Math.min(1, 0.15 + Math.abs(change) / FULL).toFixed(3));
  }
  if (title) span.title = title;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".change-view");
  root.replaceChildren();
  const percent = new Intl.NumberFormat(data.locale, { style: "percent", maximumFractionDigits: 2 });
  const box = element("section", "", root);
  const legend = element("div", "legend", box);
  token(legend, data.labels.rises, FULL, "");
  token(legend, data.labels.falls, -FULL, "");
  saveButton({ root, data }, legend, box, data.labels.title, "changed-tokens");
  const cards = element("div", "cards", box);
  for (const reply of data.replies) {
    const card = element("div", "card", cards);
    const head = element("div", "head", card);
    element("span", "title", head, reply.title);
    element("span", "verdict", head, reply.verdict);
    const text = element("div", "text", card);
    reply.tokens.forEach((shown, i) => {
      const [before, after] = [reply.before[i], reply.after[i]];
      const title = `${percent.format(before)} → ${percent.format(after)}`;
      token(text, shown === "<eos>" ? ` ${data.labels.end}` : shown, after - before, title);
    });
  }
}
