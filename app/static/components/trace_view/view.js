// A place where a run is shown: its state (shown, hovered and pinned tokens) and its parts.
// Pins are sent to Python; hovering only affects the other parts and other views of the same run.

/** @import { Common, Given, Send } from "../../shared/mount.js" */
/** @import { Told } from "../../shared/link.js" */
/** @import { Player } from "../../shared/player.js" */
/** @import { Spot } from "../../shared/tip.js" */
/** @import { Part, PartName } from "./parts.js" */
/** @import { RunData } from "./run.js" */

import { Controls, playerOf } from "../../shared/controls.js";
import { element, target } from "../../shared/element.js";
import { Frames } from "../../shared/frames.js";
import { hearOthers, nextTurn, PAUSE, tellOthers } from "../../shared/link.js";
import { mount } from "../../shared/mount.js";
import { saveButton } from "../../shared/save.js";
import { Words } from "../../shared/words.js";
import { LinkedCharts } from "./charts.js";
import { BESIDE, MAKERS } from "./parts.js";
import { Run } from "./run.js";
import { Teller } from "./teller.js";

/**
 * @typedef {object} Data what Python sends (app/ui/components/trace_view)
 * @property {PartName[]} parts
 * @property {boolean} playing
 * @property {string[]} charts keys of charts on the page that are linked with this run
 * @property {RunData} run
 * @property {string[]} notes texts on what is missing from the record, and so from the picture
 * @property {number | null} [pinned]
 * @property {number | null} [layer] counting all layers of the model
 */

export class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Run | null} */
    this.found = null;
    /** @type {Part[]} */
    this.parts = [];
    /** @type {number | null} */
    this.hovered = null;
    /** @type {number | null} */
    this.pinned = null;
    /** @type {number | null | undefined} */
    this.givenPin = null;
    /** @type {number | null | undefined} */
    this.givenLayer = null;
    this.layer = 0; // the index of the layer in the heatmap
    this.zoom = 1;
    this.drawn = 0; // tokens
    this.wanted = 0; // the first token of the requested window
    this.touched = false; // whether the viewer has pinned or selected anything
    this.built = "";
    this.frames = new Frames((now) => this.draw(now));
    this.sending = 0;
    this.looking = 0;
    /** @type {Player | null} */
    this.player = null;
    /** @type {Controls | null} */
    this.controls = null;
    /** @type {LinkedCharts | null} */
    this.charts = null;
    this.words = new Words({}, "en");
    this.tip = new Teller(this);
    this.status = element("div");
    /** @type {Send} */
    this.emit = () => {};
    this.resize = new ResizeObserver(() => this.redraw());
    this.resize.observe(root);
    this.deafen = hearOthers(this, (told) => this.follow(told));
    root.onkeydown = (event) => this.key(event);
    root.onpointerdown = () => this.tip.hide();
  }

  /** The run; parts exist only once Python has sent it. */
  get run() {
    if (!this.found) throw new Error("there is no run yet");
    return this.found;
  }

  /**
   * @param {Data & Common} data
   * @param {Given} given
   */
  update(data, given) {
    this.emit = given.setStateValue;
    this.data = data;
    this.charts ??= new LinkedCharts(this, data.charts);
    const before = this.found;
    const run = new Run(data.run);
    const { parts, notes, locale, saving, playing } = data;
    const built = JSON.stringify([parts, notes, locale, saving, playing, run.layers, !run.pooled]);
    this.words = new Words(data.labels, locale);
    this.found = run;
    const same = run.is(before);
    const { player } = this;
    this.player = this.playerFor(data, run, same);
    if (this.player !== player || built !== this.built || !same) this.build(data, built, same);
    if (!same) [this.touched, this.zoom] = [false, 1];
    if (!same || (data.pinned !== this.givenPin && !this.touched))
      this.pinned = data.pinned ?? null;
    if (!same || (data.layer !== this.givenLayer && !this.touched))
      this.layer = Math.max(0, run.layers.indexOf(data.layer ?? run.layers[0]));
    this.givenPin = data.pinned;
    this.givenLayer = data.layer;
    if (!this.looking) this.wanted = run.first;
    if (same && before?.first !== run.first) for (const part of this.parts) part.reset();
    this.redraw();
  }

  /**
   * @param {Data & Common} data
   * @param {string} built
   * @param {boolean} same
   */
  build(data, built, same) {
    this.built = built;
    this.root.replaceChildren();
    this.parts = [];
    this.drawn = 0;
    if (!same) this.hovered = this.pinned = null;
    this.controls = this.player && this.controlsOf(this.player);
    const sides = data.parts.some((p) => BESIDE.includes(p));
    const mains = data.parts.some((p) => !BESIDE.includes(p));
    const columns = element("div", sides && mains ? "columns two" : "columns", this.root);
    const main = mains ? element("div", "column", columns) : columns;
    const side = sides ? element("div", "column", columns) : columns;
    for (const name of data.parts) {
      const column = BESIDE.includes(name) ? side : main;
      const part = MAKERS[name](this, column);
      this.parts.push(part);
      const box = /** @type {HTMLElement} */ (column.lastElementChild);
      if (name !== "text") this.saving(data, box, part, name);
    }
    for (const note of data.notes) element("p", "note", this.root, note);
    this.tip = new Teller(this);
    this.status = element("div", "only-read", this.root);
    this.status.setAttribute("role", "status");
  }

  /**
   * @param {Common} data
   * @param {HTMLElement} box
   * @param {Part} part
   * @param {PartName} name
   */
  saving(data, box, part, name) {
    /** @type {HTMLElement} */
    const place = box.querySelector(":scope > .legend") ?? box;
    const title = [...box.querySelectorAll(".part-title")].at(-1)?.textContent ?? "";
    const draw = () => part.draw(this.shown, this.current());
    saveButton({ root: this.root, data }, place, box, title, name, draw);
  }

  // --- Playing a record -------------------------------------------------------------------

  /**
   * Create the player of a record that is played: at its end if a token is pinned, else playing.
   *
   * @param {Data} data
   * @param {Run} run
   * @param {boolean} same
   */
  playerFor(data, run, same) {
    if (!data.playing) return null;
    if (same && this.player) return this.player;
    const waits = typeof data.pinned === "number";
    return playerOf(run.times, Math.max(1, run.n_prompt), waits);
  }

  /** The number of tokens shown. */
  get shown() {
    if (!this.found) return 0;
    return this.player ? this.player.shown : this.found.length;
  }

  /** @param {Player} player */
  controlsOf(player) {
    const seconds = this.run.seconds?.at(-1) ?? null;
    return new Controls(this.root, this.words, player, seconds, () => this.played());
  }

  // After using the controls, the newest token is the current one, not the pinned one.
  played() {
    this.tip.hide();
    this.pin(null);
    this.redraw();
  }

  announce() {
    const { total, n_prompt } = this.run;
    this.status.textContent = this.words.say("ended", { n: total - n_prompt });
  }

  // --- Drawing ----------------------------------------------------------------------------

  redraw() {
    this.dirty = true;
    this.frames.ask();
  }

  /** @param {number} now */
  draw(now) {
    const { player } = this;
    if (!this.found) return;
    if (player?.tick(now)) {
      this.dirty = true;
      if (player.over) this.announce();
    }
    const { shown } = this;
    if (this.dirty) {
      this.dirty = false;
      if (shown < this.drawn) for (const part of this.parts) part.reset();
      this.drawn = shown;
      const current = this.current();
      this.root.classList.toggle("behind", this.isBehind());
      for (const part of this.parts) part.draw(shown, current);
      this.charts?.draw();
      this.controls?.draw();
    }
    if (player?.playing) this.frames.ask();
  }

  // --- Selection --------------------------------------------------------------------------

  // Whether the picture follows its newest token; a window on a finished run does not.
  get grows() {
    return !this.run.pooled;
  }

  current() {
    const { first } = this.run;
    const usual = this.grows ? Math.min(this.shown, this.run.fed) - 1 : first;
    for (const i of [this.pinned, this.hovered])
      if (i !== null && i >= first && i < this.shown) return i;
    return Math.max(first, usual);
  }

  /**
   * @param {number | null} i
   * @param {Spot | Element | null} [at] where the tooltip belongs
   * @param {number | null} [layer] the index of the hovered layer
   */
  hover(i, at = null, layer = null) {
    if (i === null) this.tip.hide();
    else this.tip.token(i, at, layer);
    if (i === this.hovered) return;
    this.hovered = i;
    this.tell();
    this.redraw();
  }

  /**
   * Pin or unpin a token. Touch cannot hover, so a tap also shows the tooltip.
   *
   * @param {number | null} i
   * @param {MouseEvent | null} [event]
   * @param {Spot | Element | null} [at]
   * @param {number | null} [layer]
   */
  toggle(i, event = null, at = null, layer = null) {
    if (i === null) return;
    this.pin(i === this.pinned ? null : i);
    if (!(event instanceof PointerEvent) || event.pointerType !== "touch") return;
    if (this.pinned === null) this.tip.hide();
    else this.tip.token(i, at, layer);
  }

  /** @param {number | null} i */
  pin(i) {
    if (i === this.pinned) return;
    this.keep(i);
    this.tell();
  }

  /** @param {number | null} i */
  keep(i, wait = PAUSE) {
    this.pinned = i;
    this.touched = true; // from now on the viewer's choice overrides the page's
    this.redraw();
    if (this.run.pooled) this.look(this.wanted); // the window stays, wherever the pin is
    clearTimeout(this.sending);
    const value = { run: this.run.id, token: i };
    this.sending = setTimeout(() => this.emit("pinned", value), wait);
  }

  /** @param {number} l */
  chooseLayer(l) {
    this.layer = l;
    this.touched = true;
    this.redraw();
    this.emit("layer", this.run.layers[l]);
  }

  /**
   * Move the window of a run too large to draw whole; its tokens are fetched once it stops moving.
   *
   * @param {number} first
   */
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

  // Whether a requested window or layer has not arrived yet.
  isBehind() {
    const { pooled, first, layers } = this.run;
    if (!pooled) return false;
    return this.wanted !== first || pooled.layer !== layers[this.layer];
  }

  tell() {
    tellOthers(this, this.run.id);
  }

  /** @param {Told} told */
  follow(told) {
    const run = this.found;
    if (!run || run.id !== told.run) return;
    /** @param {number | null} i */
    const inside = (i) => (i !== null && i < run.length ? i : null);
    this.hovered = inside(told.hovered);
    const pinned = inside(told.pinned);
    if (pinned !== this.pinned) this.keep(pinned, nextTurn(told));
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.found || ["BUTTON", "SELECT", "INPUT"].includes(target(event).tagName)) return;
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

  /** @param {number} i */
  move(i) {
    if (i < this.run.first || i >= this.run.length) this.look(i - this.run.span / 2);
    if (this.pinned !== null) {
      this.hover(null);
      return this.pin(i);
    }
    const strip = this.parts.find((part) => part.anchor);
    return this.hover(i, strip?.anchor?.(i));
  }

  destroy() {
    this.frames.cancel();
    clearTimeout(this.sending);
    clearTimeout(this.looking);
    this.resize.disconnect();
    this.charts?.end();
    this.deafen();
  }
}

export default mount(View);
