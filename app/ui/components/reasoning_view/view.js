// One mount: the player of recorded replies, the strips, the columns, the tip and the colours.

const TOKENS_PER_SECOND = 16; // of the longest reply when recorded ones are played
const UNSURE = 2; // nats: as if 7 tokens were equally likely; the colours end here

// What tokens can be coloured by: a place on its scale for the value of a token, and the scale.
const COLOURS = {
  probability: { values: "probs", place: (p) => p, colour: cividis, ink: inkOn },
  entropy: {
    values: "entropies",
    place: (nats) => Math.min(1, nats / UNSURE),
    colour: (x) => `rgb(${[[250, 84], [247, 39], [255, 143]].map(([a, b]) => Math.round(a + (b - a) * x)).join(" ")})`,
    ink: (x) => (x > 0.66 ? "#ffffff" : "#10151c"),
  },
};

class ReasoningView {
  constructor(root) {
    this.root = root;
    this.columns = [];
    this.colour = null; // or a key of COLOURS
    this.frame = 0;
  }

  update(data, trigger) {
    const before = this.data;
    this.trigger = trigger;
    this.data = data;
    this.words = new Words(data.labels, data.locale);
    const key = JSON.stringify([data.columns.map((c) => c.id), data.locale, data.playing]);
    const same = key === this.key;
    this.key = key;
    if (!same) this.build();
    else this.columns.forEach((column, i) => (column.data = data.columns[i]));
    this.offerSaving();
    if (!same) this.begin();
    if (!data.playing) this.player = null;
    if (!this.player) for (const column of this.columns) column.shown = column.length;
    if (same && before.live && !data.live) this.announce();
    this.redraw();
  }

  build() {
    this.root.replaceChildren();
    this.pick = null;
    this.whole = element("section", "", this.root);
    this.bar = element("div", "tools", this.whole);
    this.saver = null;
    this.button = null;
    if (this.data.playing) {
      this.button = element("button", "tool", this.bar);
      this.button.type = "button";
      this.button.onclick = () => this.pressPlay();
    }
    this.colourButtons = Object.keys(COLOURS).map((by) => {
      const button = element("button", "tool", this.bar, this.words.say(`colour_${by}`));
      button.type = "button";
      button.onclick = () => this.toggleColour(by);
      return button;
    });
    this.legend = element("span", "colour-legend", this.bar);
    const columns = element("div", `reply-columns of-${this.data.columns.length}`);
    this.columns = this.data.columns.map((_, i) => new Column(this, i, columns));
    this.strips = makeStrips(this, this.whole);
    this.whole.append(columns);
    element("p", "key", this.whole, this.words.say("key"));
    this.tip = element("div", "tip", this.root);
    this.tip.hidden = true;
    this.status = element("div", "only-read", this.root);
    this.status.setAttribute("role", "status");
    this.showColour();
  }

  offerSaving() {
    if (this.saver?.format === this.data.saving.format) return;
    this.saver?.button.remove();
    const title = this.words.say("picture", { names: this.data.columns.map((c) => c.name).join(" · ") });
    const button = saveButton(this, this.bar, this.whole, title, "replies");
    this.saver = { button, format: this.data.saving.format };
  }

  // --- Playing ------------------------------------------------------------------------------

  begin() {
    this.player = null;
    if (!this.data.playing) return;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (still) this.player = { at: Infinity, running: false };
    else this.replay();
    if (still) for (const column of this.columns) column.shown = column.length;
  }

  replay() {
    const longest = this.columns.reduce((a, b) => (a.length >= b.length ? a : b));
    const lasted = longest.data.seconds[longest.length - 1] || 1;
    this.slower = longest.length / TOKENS_PER_SECOND / lasted;
    this.player = { at: 0, running: true, last: null };
    for (const column of this.columns) column.shown = Math.min(column.data.given, column.length);
    this.hideTip();
    this.redraw();
  }

  pressPlay() {
    if (this.over()) return this.replay();
    this.player.running = !this.player.running;
    this.player.last = null;
    this.redraw();
  }

  over() {
    return this.columns.every((column) => column.shown >= column.length);
  }

  advance(now) {
    if (!this.player?.running) return;
    if (this.player.last !== null) this.player.at += Math.min(0.25, (now - this.player.last) / 1000);
    this.player.last = now;
    for (const column of this.columns) {
      const { seconds } = column.data;
      const due = () => 0.4 + seconds[column.shown] * this.slower <= this.player.at;
      while (column.shown < column.length && due()) column.shown += 1;
    }
    if (!this.over()) return;
    this.player.running = false;
    this.announce();
  }

  announce() {
    this.status.textContent = this.words.say("ended");
  }

  // --- Drawing ------------------------------------------------------------------------------

  redraw() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  draw(now) {
    this.frame = 0;
    this.advance(now);
    const state = JSON.stringify([this.colour, this.pick, this.columns.map((c) => c.shown)]);
    if (state !== this.state || !this.player) {
      this.state = state;
      for (const column of this.columns) column.draw();
      this.strips.draw();
    }
    if (this.button) {
      const key = this.over() ? "replay" : this.player?.running ? "pause" : "play";
      const text = this.words.say(key);
      if (this.button.textContent !== text) this.button.textContent = text;
    }
    if (this.player?.running) this.redraw();
  }

  // --- Colour, tip, choice --------------------------------------------------------------------

  toggleColour(by) {
    this.colour = this.colour === by ? null : by;
    this.showColour();
    this.redraw();
  }

  showColour() {
    Object.keys(COLOURS).forEach((by, i) =>
      this.colourButtons[i].setAttribute("aria-pressed", String(this.colour === by)));
    this.legend.replaceChildren();
    if (!this.colour) return;
    const { colour } = COLOURS[this.colour];
    element("span", "", this.legend, this.words.say(`legend_${this.colour}_low`));
    const bar = element("span", "legend-bar", this.legend);
    const stops = Array.from({ length: 9 }, (_, i) => colour(i / 8));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    element("span", "", this.legend, this.words.say(`legend_${this.colour}_high`));
  }

  picked(column) {
    return this.pick && this.pick.run === column.data.id ? this.pick.mark : null;
  }

  choose(column, mark) {
    if (!this.data.clickable) return;
    this.pick = { run: column.data.id, mark };
    this.trigger("step", this.pick);
    this.redraw();
  }

  showTip(lines, target) {
    this.tip.replaceChildren();
    for (const line of lines) element("div", "", this.tip, line);
    const spot = target.getBoundingClientRect();
    const frame = this.root.getBoundingClientRect();
    this.tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const below = spot.bottom + 6 + height < window.innerHeight;
    const left = Math.max(0, Math.min(spot.left - frame.left, frame.width - width));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${(below ? spot.bottom + 6 : spot.top - height - 6) - frame.top}px`;
  }

  hideTip() {
    this.tip.hidden = true;
  }

  destroy() {
    cancelAnimationFrame(this.frame);
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".reasoning-view");
  if (!views.has(root)) views.set(root, new ReasoningView(root));
  const view = views.get(root);
  view.update(data, setTriggerValue);
  return () => {
    view.destroy();
    views.delete(root);
  };
}
