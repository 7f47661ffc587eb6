// One mount of the component: what is shown, hovered and pinned, and which parts draw it.
// A pin reaches Python; a hover only the other parts, and other mounts that show the same run.

const TOKENS_PER_SECOND = 16; // when a recorded run is played
const MAKERS = {
  strip: makeStrip, text: makeText, grid: makeGrid,
  heatmap: makeHeatmap, multiples: makeMultiples, cache: makeCache,
};
const BESIDE = ["grid", "cache"];

class View extends Teller {
  constructor(root) {
    super();
    this.root = root;
    this.run = null;
    this.parts = [];
    this.frame = 0;
    this.resize = new ResizeObserver(() => this.redraw());
    this.resize.observe(root);
    this.onLink = (event) => this.follow(event.detail);
    window.addEventListener(LINK, this.onLink);
    root.onkeydown = (event) => this.key(event);
    root.onpointerdown = () => this.hideTip();
  }

  update(data, emit) {
    this.emit = emit;
    this.data = data;
    this.charts ??= new LinkedCharts(this, data.charts);
    const before = this.run;
    const built = JSON.stringify([data.parts, data.locale, data.saving, data.playing, data.run?.layers, !data.run?.pooled]);
    this.live = data.live;
    this.words = new Words(data.labels, data.locale);
    this.run = data.run ? new Run(data.run) : null;
    const same = this.run && this.run.continues(before);
    if (!this.run || built !== this.built || !same) this.build(data, built, same);
    if (this.run) {
      if (!same) [this.touched, this.zoom] = [false, 1];
      if (!same || (data.pinned !== this.givenPin && !this.touched)) this.pinned = data.pinned;
      if (!same || (data.layer !== this.givenLayer && !this.touched))
        this.layer = Math.max(0, this.run.layers.indexOf(data.layer ?? this.run.layers[0]));
      this.givenPin = data.pinned;
      this.givenLayer = data.layer;
      if (!same) this.begin(data.playing);
      else if (!this.player) this.shown = this.run.length;
      if (!data.playing) this.player = null;
      if (!this.looking) this.wanted = this.run.first;
      if (same && before.first !== this.run.first) for (const part of this.parts) part.reset();
      if (before && same && !data.live && this.wasLive) this.announce();
      this.wasLive = data.live;
    }
    this.redraw();
  }

  build(data, built, same) {
    this.built = built;
    this.root.replaceChildren();
    this.parts = [];
    if (!same) this.hovered = this.pinned = null;
    if (!this.run) {
      element("div", "waiting", this.root, this.words.say("waiting"));
      return;
    }
    if (data.playing) this.buildPlayer();
    const sides = data.parts.some((p) => BESIDE.includes(p));
    const mains = data.parts.some((p) => !BESIDE.includes(p));
    const columns = element("div", sides && mains ? "columns two" : "columns", this.root);
    const main = mains ? element("div", "column", columns) : null;
    const side = sides ? element("div", "column", columns) : null;
    for (const name of data.parts) {
      const column = BESIDE.includes(name) ? side : main;
      const part = MAKERS[name](this, column);
      this.parts.push(part);
      if (name !== "text") this.saving(column.lastElementChild, part, name);
    }
    this.tip = element("div", "tip", this.root);
    this.tip.hidden = true;
    this.status = element("div", "only-read", this.root);
    this.status.setAttribute("role", "status");
  }

  saving(box, part, name) {
    const place = box.querySelector(":scope > .legend") || box;
    const title = [...box.querySelectorAll(".part-title")].at(-1).textContent;
    saveButton(this, place, box, title, name, () => part.draw(this.shown, this.current()));
  }

  // --- Playing a recorded run -------------------------------------------------------------

  buildPlayer() {
    const bar = element("div", "player", this.root);
    this.button = element("button", "play", bar);
    this.button.type = "button";
    this.button.onclick = () => this.pressPlay();
    this.progress = element("span", "progress", bar);
  }

  begin(playing) {
    this.player = null;
    this.shown = this.run.length;
    if (!playing) return;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (still) this.player = { at: Infinity, running: false };
    else this.replay();
  }

  replay() {
    this.player = { at: 0, running: true, last: null };
    this.shown = Math.max(1, this.run.n_prompt);
    for (const part of this.parts) part.reset();
    this.hideTip();
    this.pin(null);
    this.redraw();
  }

  pressPlay() {
    if (this.shown >= this.run.length) return this.replay();
    this.player.running = !this.player.running;
    this.player.last = null;
    this.redraw();
  }

  // Seconds after the start at which token i appears: its recorded time at a readable speed.
  due(i) {
    const { n_prompt, seconds, length } = this.run;
    const start = seconds[Math.max(0, n_prompt - 1)];
    const lasted = seconds[length - 1] - start || 1;
    const stretched = (length - n_prompt) / TOKENS_PER_SECOND;
    return 0.4 + ((seconds[i] - start) / lasted) * stretched;
  }

  advance(now) {
    if (!this.player?.running) return;
    if (this.player.last !== null) this.player.at += Math.min(0.25, (now - this.player.last) / 1000);
    this.player.last = now;
    while (this.shown < this.run.length && this.due(this.shown) <= this.player.at) this.shown += 1;
    if (this.shown >= this.run.length) {
      this.player.running = false;
      this.announce();
    }
  }

  announce() {
    this.status.textContent = this.words.say("ended", {
      n: this.run.total - this.run.n_prompt,
    });
  }

  // --- Drawing ----------------------------------------------------------------------------

  redraw() {
    this.dirty = true;
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  draw(now) {
    this.frame = 0;
    if (!this.run) return;
    const shown = this.shown;
    this.advance(now);
    if (this.dirty || shown !== this.shown) {
      this.dirty = false;
      const current = this.current();
      this.root.classList.toggle("behind", this.isBehind());
      for (const part of this.parts) part.draw(this.shown, current);
      this.charts.draw();
      this.drawPlayer();
    }
    if (this.player?.running) this.frame = requestAnimationFrame((t) => this.draw(t));
  }

  drawPlayer() {
    if (!this.player) return;
    const done = this.shown >= this.run.length;
    const key = done ? "replay" : this.player.running ? "pause" : "play";
    if (this.button.dataset.key !== key) {
      this.button.dataset.key = key;
      this.button.textContent = this.words.say(key);
    }
    this.progress.textContent = this.words.say("progress", {
      token: this.shown, tokens: this.run.length,
    });
  }

  // --- Selection --------------------------------------------------------------------------

  // Does the picture follow its newest token? A window on what was written does not.
  get grows() {
    return this.live || !this.run.pooled;
  }

  current() {
    const { first } = this.run;
    const usual = this.grows ? Math.min(this.shown, this.run.fed) - 1 : first;
    const here = (i) => i !== null && i >= first && i < this.shown;
    const chosen = [this.pinned, this.hovered].find(here);
    return chosen ?? Math.max(first, usual);
  }

  hover(i, at = null, cell = null) {
    if (i === null) this.hideTip();
    else this.showToken(i, at, cell);
    if (i === this.hovered) return;
    this.hovered = i;
    this.tell();
    this.redraw();
  }

  // A finger cannot hover, so a tap also says what it pins.
  toggle(i, event = null, at = null, cell = null) {
    if (i === null) return;
    this.pin(i === this.pinned ? null : i);
    if (event?.pointerType !== "touch") return;
    if (this.pinned === null) this.hideTip();
    else this.showToken(i, at, cell);
  }

  pin(i) {
    if (i === this.pinned) return;
    this.keep(i);
    this.tell();
  }

  keep(i, wait = PAUSE) {
    this.pinned = i;
    this.touched = true; // from now on the viewer's choice counts, not the page's
    this.redraw();
    if (this.run.pooled) this.look(this.wanted); // the window stays, wherever the pin is
    clearTimeout(this.sending);
    const value = { run: this.run.id, token: i };
    this.sending = setTimeout(() => this.emit("pinned", value), wait);
  }

  chooseLayer(l) {
    this.layer = l;
    this.touched = true;
    this.redraw();
    this.emit("layer", this.run.layers[l]);
  }

  // Move the window of a run too large to draw whole; its tokens are fetched where it comes to rest.
  look(first) {
    const { id, total, span } = this.run;
    this.wanted = Math.round(Math.min(total - span, Math.max(0, first)));
    this.redraw();
    clearTimeout(this.looking);
    this.looking = setTimeout(() => {
      this.looking = 0;
      this.emit("window", { run: id, first: this.wanted });
    }, 150);
  }

  // Is the window, or the layer, on its way?
  isBehind() {
    const { pooled, first, layers } = this.run;
    return Boolean(pooled) && (this.wanted !== first || pooled.layer !== layers[this.layer]);
  }

  tell() {
    tellOthers(this, this.run.id);
  }

  follow(told) {
    const { from, run, hovered, pinned } = told;
    if (from === this || !this.run || this.run.id !== run) return;
    const inside = (i) => (i !== null && i < this.run.length ? i : null);
    this.hovered = inside(hovered);
    if (inside(pinned) !== this.pinned) this.keep(inside(pinned), nextTurn(told));
    this.redraw();
  }

  key(event) {
    if (!this.run || ["BUTTON", "SELECT"].includes(event.target.tagName)) return;
    const last = (this.run.pooled ? this.run.total : this.shown) - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) this.move(Math.min(last, Math.max(0, this.current() + step)));
    else if (event.key === "Home") this.move(0);
    else if (event.key === "End") this.move(last);
    else if (event.key === "Enter" || event.key === " ") this.toggle(this.current());
    else if (event.key === "Escape") {
      this.pin(null);
      this.hover(null);
    } else return;
    event.preventDefault();
  }

  move(i) {
    if (i < this.run.first || i >= this.run.length) this.look(i - this.run.span / 2);
    if (this.pinned !== null) {
      this.hover(null);
      return this.pin(i);
    }
    const strip = this.parts.find((part) => part.anchor);
    this.hover(i, strip ? strip.anchor(i) : null);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.sending);
    clearTimeout(this.looking);
    this.resize.disconnect();
    this.charts.end();
    window.removeEventListener(LINK, this.onLink);
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".trace-view");
  if (!views.has(root)) views.set(root, new View(root));
  const view = views.get(root);
  view.update(data, setStateValue);
  return () => {
    view.destroy();
    views.delete(root);
  };
}
