// Tokens of a run, coloured by how much likelier a change made them, and both answers in words.

const LIMIT = 3; // nats, where colours end: 20 times as likely, or as unlikely
const LESS = [213, 94, 0]; // orange
const SAME = [136, 142, 152]; // grey
const MORE = [0, 114, 178]; // blue

function diverging(nats) {
  const x = Math.max(-1, Math.min(1, nats / LIMIT));
  const end = x < 0 ? LESS : MORE;
  const strength = Math.abs(x);
  const mix = SAME.map((c, j) => Math.round(c + (end[j] - c) * strength));
  return `rgb(${mix.join(" ")} / ${Math.round(15 + 70 * strength)}%)`;
}

class CompareView {
  constructor(root) {
    this.root = root;
    this.root.addEventListener("keydown", (event) => this.pressed(event));
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    this.words = new Words(data.labels, data.locale);
    const key = JSON.stringify([data.id, data.locale, data.saving, Boolean(data.before)]);
    if (key !== this.key) this.build();
    this.key = key;
    this.pin(data.pinned, false);
    this.write();
  }

  build() {
    this.root.replaceChildren();
    this.chips = [];
    this.current = null;
    const whole = element("section", "", this.root);
    if (this.data.before) this.strip(whole);
    const pair = element("div", "pair", whole);
    const block = (key) => {
      const box = element("section", "", pair);
      element("div", "part-title", box, this.words.say(key));
      return element("div", "answer", box);
    };
    this.untouched = block("untouched");
    this.changed = block("changed");
    this.tip = element("div", "tip", this.root);
    this.tip.hidden = true;
  }

  strip(whole) {
    const box = element("section", "", whole);
    const title = this.words.say("strip");
    element("div", "part-title", box, title);
    saveButton(this, this.legend(box), whole, title, "change");
    const list = element("div", "tokens", box);
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", this.words.say("strip"));
    list.tabIndex = 0;
    list.onpointerleave = () => this.hideTip();
    this.list = list;
    const groups = groupBytes(this.data.texts);
    groups.forEach((group, i) => {
      if (i !== group.last) return;
      const chip = element("span", "token", list, visible(this.data.texts[i]));
      chip.setAttribute("role", "option");
      chip.id = `compared-${i}`;
      chip.dataset.token = i;
      if (i < this.data.n_prompt) chip.classList.add("given");
      const sum = (values) => values.slice(group.first, i + 1).reduce((a, b) => a + b, 0);
      const known = this.data.before[group.first] !== null;
      const [before, after] = known ? [sum(this.data.before), sum(this.data.after)] : [0, 0];
      if (known) chip.style.background = diverging(after - before);
      chip.style.setProperty("--moved", `${Math.round(100 * (1 - this.data.kept[i]))}%`);
      const lines = [
        known
          ? this.words.say("tip", {
              before: this.words.probability(Math.exp(before)),
              after: this.words.probability(Math.exp(after)),
            })
          : this.words.say("tip_first"),
        this.words.say("tip_route", { share: this.words.share.format(this.data.kept[i]) }),
      ];
      chip.setAttribute("aria-label", [visible(this.data.texts[i]), ...lines].join(", "));
      chip.onpointerover = () => this.showTip(lines, chip);
      chip.onclick = () => this.pin(this.pinned === i ? null : i, true);
      chip.lines = lines;
      this.chips.push(chip);
      if (this.data.texts[i].endsWith("\n")) element("br", "", list);
    });
  }

  legend(box) {
    const line = element("div", "legend", box);
    element("span", "", line, this.words.say("legend_less"));
    const bar = element("span", "legend-bar", line);
    const stops = Array.from({ length: 9 }, (_, i) => diverging(((i - 4) / 4) * LIMIT));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    element("span", "", line, this.words.say("legend_more"));
    element("span", "moved-sign", line);
    element("span", "", line, this.words.say("legend_moved"));
    return line;
  }

  // Both answers; what comes after they part is marked.
  write() {
    const { answer, written, parting } = this.data;
    const put = (box, texts) => {
      const end = parting === null ? texts.length : Math.min(parting, texts.length);
      box.replaceChildren();
      element("span", "", box, texts.slice(0, end).join(""));
      element("span", "apart", box, texts.slice(end).join(""));
    };
    put(this.untouched, answer);
    put(this.changed, written);
    if (!written.length) this.changed.textContent = this.words.say("not_yet");
  }

  pin(token, tell) {
    this.pinned = token;
    for (const chip of this.chips) {
      const here = Number(chip.dataset.token) === token;
      chip.classList.toggle("pinned", here);
      chip.setAttribute("aria-selected", String(here));
    }
    if (tell) this.send("pinned", { id: this.data.id, token });
  }

  pressed(event) {
    if (event.target !== this.list || !this.chips.length) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const last = this.chips.length - 1;
      this.current = Math.max(0, Math.min(last, (this.current ?? -step) + step));
      for (const chip of this.chips) chip.classList.remove("current");
      const chip = this.chips[this.current];
      chip.classList.add("current");
      this.list.setAttribute("aria-activedescendant", chip.id);
      this.showTip(chip.lines, chip);
    } else if (event.key === "Enter" && this.current !== null) {
      this.chips[this.current].click();
    } else if (event.key === "Escape") {
      this.hideTip();
      if (this.pinned !== null) this.pin(null, true);
    } else return;
    event.preventDefault();
  }

  showTip(lines, target) {
    this.tip.replaceChildren();
    for (const line of lines) element("div", "", this.tip, line);
    const spot = target.getBoundingClientRect();
    const frame = this.root.getBoundingClientRect();
    this.tip.hidden = false;
    const left = Math.max(0, Math.min(spot.left - frame.left, frame.width - this.tip.offsetWidth));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${spot.bottom + 6 - frame.top}px`;
  }

  hideTip() {
    this.tip.hidden = true;
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".compare-view");
  if (!views.has(root)) views.set(root, new CompareView(root));
  views.get(root).update(data, setStateValue);
  return () => views.delete(root);
}
