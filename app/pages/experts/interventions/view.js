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
    this.hovered = this.pinned = null;
    this.root.onkeydown = (event) => this.pressed(event);
    this.onLink = (event) => this.follow(event.detail);
    window.addEventListener(LINK, this.onLink);
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    this.words = new Words(data.labels, data.locale);
    const key = JSON.stringify([data.id, data.locale, data.saving, Boolean(data.before)]);
    if (key !== this.key) this.build();
    this.key = key;
    if (data.run !== this.run) this.touched = false;
    this.run = data.run;
    if (!this.touched) this.pinned = data.pinned;
    this.write();
    this.mark();
  }

  build() {
    this.root.replaceChildren();
    this.chips = [];
    this.chipOf = []; // by token: a character of several has one chip
    const whole = element("section", "", this.root);
    if (this.data.before) this.strip(whole);
    const pair = element("div", "pair", whole);
    const block = (key) => {
      const box = element("section", "", pair);
      element("div", "part-title", box, this.words.say(key));
      return this.listen(element("div", "answer", box));
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
    this.list = this.listen(list);
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
      chip.lines = lines;
      this.chips.push(chip);
      for (let j = group.first; j <= i; j++) this.chipOf[j] = chip;
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

  // Tokens of the run in a box can be pointed at and pinned.
  listen(box) {
    const tokenAt = ({ target }) =>
      target.dataset.token === undefined ? null : Number(target.dataset.token);
    box.onpointerover = (event) => this.hover(tokenAt(event), event.target);
    box.onpointerleave = () => this.hover(null);
    box.onclick = (event) => {
      const token = tokenAt(event);
      if (token !== null) this.pin(token === this.pinned ? null : token);
    };
    return box;
  }

  // Both answers; what comes after they part is marked, and there the changed one's are no tokens
  // of the run.
  write() {
    const { answer, written, parting, n_prompt: first } = this.data;
    const state = JSON.stringify([answer.length, written.length, parting]);
    if (state === this.state && this.untouched.childNodes.length) return;
    this.state = state;
    const put = (box, texts, shared) => {
      box.replaceChildren();
      const end = parting === null ? texts.length : Math.min(parting, texts.length);
      const common = element("span", "", box);
      const apart = element("span", "apart", box);
      texts.forEach((text, j) => {
        const piece = element("span", "piece", j < end ? common : apart, text);
        if (j < shared) piece.dataset.token = first + j;
      });
    };
    put(this.untouched, answer, answer.length);
    put(this.changed, written, Math.min(parting ?? answer.length, answer.length));
    if (!written.length) this.changed.textContent = this.words.say("not_yet");
  }

  mark() {
    for (const node of this.root.querySelectorAll(".current, .pinned")) {
      node.classList.remove("current", "pinned");
      if (node.role === "option") node.ariaSelected = "false";
    }
    for (const [token, name] of [[this.hovered, "current"], [this.pinned, "pinned"]]) {
      if (token === null) continue;
      this.chipOf[token]?.classList.add(name);
      for (const piece of this.root.querySelectorAll(`.piece[data-token="${token}"]`))
        piece.classList.add(name);
    }
    if (this.chipOf[this.pinned]) this.chipOf[this.pinned].ariaSelected = "true";
  }

  hover(token, at = null) {
    const lines = this.chipOf[token]?.lines;
    if (at && lines) this.showTip(lines, at);
    else this.hideTip();
    if (token === this.hovered) return;
    this.hovered = token;
    this.mark();
    tellOthers(this, this.run);
  }

  pin(token) {
    this.keep(token);
    tellOthers(this, this.run);
  }

  keep(token, wait = PAUSE) {
    this.pinned = token;
    this.touched = true; // from now on the viewer's choice counts, not the page's
    this.mark();
    clearTimeout(this.sending);
    const value = { run: this.run, token };
    this.sending = setTimeout(() => this.send("pinned", value), wait);
  }

  follow(told) {
    const { from, run, hovered, pinned } = told;
    if (from === this || run !== this.run) return;
    this.hovered = hovered;
    if (pinned !== this.pinned) this.keep(pinned, nextTurn(told));
    this.mark();
  }

  pressed(event) {
    if (event.target !== this.list || !this.chips.length) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const here = this.chips.indexOf(this.chipOf[this.hovered ?? this.pinned]);
      const next = here < 0 ? (step > 0 ? 0 : this.chips.length - 1) : here + step;
      const chip = this.chips[Math.max(0, Math.min(this.chips.length - 1, next))];
      this.list.setAttribute("aria-activedescendant", chip.id);
      this.hover(Number(chip.dataset.token), chip);
    } else if (event.key === "Enter" && this.hovered !== null) {
      this.pin(this.hovered === this.pinned ? null : this.hovered);
    } else if (event.key === "Escape") {
      this.hover(null);
      if (this.pinned !== null) this.pin(null);
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

  destroy() {
    clearTimeout(this.sending);
    window.removeEventListener(LINK, this.onLink);
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".compare-view");
  if (!views.has(root)) views.set(root, new CompareView(root));
  const view = views.get(root);
  view.update(data, setStateValue);
  return () => {
    view.destroy();
    views.delete(root);
  };
}
